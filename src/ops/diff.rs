//! `kpatch diff`: two patch sets side by side.

use serde::Serialize;

use super::{OpError, Places, Watch};
use crate::compare::{Pair, Relation, compare};
use crate::event::Event;
use crate::patch_set::PatchSet;
use crate::text::visible;

pub(super) mod range;
mod side;
mod source;

use side::{Member, Side};
use source::Source;

/// What to compare.
#[derive(Debug, Clone, Default)]
pub struct DiffOptions {
    /// Where the kit and the linux tree are.
    pub places: Places,
    /// The old set: a series of the kit (`6.6.x`), a directory of patches, a directory at a revision of the kit's
    /// repository (`HEAD~1:kernel/patches-6.6.x`, also `HEAD~1:6.6.x`), or commits of the linux tree (`A..B`).
    pub old: String,
    /// The new set, written in the same ways. Without one, `old` has to be a series or a directory: the files as they
    /// are now are the new set, those of the last commit the old one.
    pub new: Option<String>,
}

/// Two patch sets side by side.
#[derive(Debug, Clone, Serialize)]
pub struct DiffReport {
    /// The old set.
    pub old: SetReport,
    /// The new set.
    pub new: SetReport,
    /// True if nothing differs but places.
    pub same: bool,
    /// How many pairs stand in each relation.
    pub counts: RelationCounts,
    /// Every patch of both sets, in the order of `git range-diff`.
    pub pairs: Vec<PairReport>,
}

/// One of the two sets.
#[derive(Debug, Clone, Serialize)]
pub struct SetReport {
    /// What the user called it, for display.
    pub name: String,
    /// How many patches it has.
    pub patches: usize,
}

/// How many pairs stand in each [`Relation`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the fields are the relations")]
pub struct RelationCounts {
    pub total: usize,
    pub same: usize,
    pub moved: usize,
    pub message: usize,
    pub context: usize,
    pub changed: usize,
    pub dropped: usize,
    pub added: usize,
}

/// A patch with its counterpart, or without one.
#[derive(Debug, Clone, Serialize)]
pub struct PairReport {
    /// The patch of the old set; absent for an added one.
    pub old: Option<PatchPlace>,
    /// The patch of the new set; absent for a dropped one.
    pub new: Option<PatchPlace>,
    /// The subject of the old patch, or of the added one, for display.
    pub subject: String,
    /// How they stand to each other, as [`Relation::word`] says it.
    pub relation: &'static str,
    /// The sign of `git range-diff`.
    pub sign: char,
    /// Author or message differ, whatever else does.
    pub message_differs: bool,
    /// It stands at another place among the others, whatever else differs.
    pub moved: bool,
    /// The diff between the two patches, for display; absent where the relation says all.
    pub diff: Option<String>,
}

/// Where a patch stands in its set.
#[derive(Debug, Clone, Serialize)]
pub struct PatchPlace {
    /// Its number in the set, from 1.
    pub number: usize,
    /// Its patch file; absent for a commit.
    pub file: Option<String>,
    /// Its commit, 40 hex digits; absent for a patch file.
    pub commit: Option<String>,
}

/// Compares two patch sets. Nothing is written.
pub fn diff(options: &DiffOptions, watch: Watch<'_>) -> Result<DiffReport, OpError> {
    let source = Source::new(&options.places, watch);
    let (old, new) = match &options.new {
        Some(new) => (source.place(&options.old)?, source.place(new)?),
        None => source.committed_and_working(&options.old)?,
    };
    let old = source.read(&old)?;
    let new = source.read(&new)?;
    watch.observer.event(&Event::Stage { name: "comparing".into(), total: None });
    if watch.interrupt.is_raised() {
        return Err(OpError::interrupted());
    }
    Ok(report(&old, &new))
}

/// Two sets of files that were read already.
pub(super) fn of_sets(old: (String, PatchSet), new: (String, PatchSet)) -> DiffReport {
    report(&Side::of_files(old.0, old.1), &Side::of_files(new.0, new.1))
}

fn report(old: &Side, new: &Side) -> DiffReport {
    let [old_members, new_members] =
        [old, new].map(|side| side.members.iter().map(Member::compared).collect::<Vec<_>>());
    let pairs = compare(&old_members, &new_members);
    let counts = count(&pairs);
    let same = counts.same + counts.moved == counts.total;
    let set = |side: &Side| SetReport { name: visible(side.name.as_bytes()), patches: side.members.len() };
    let pairs = pairs.iter().map(|pair| row(pair, old, new)).collect();
    DiffReport { old: set(old), new: set(new), same, counts, pairs }
}

fn count(pairs: &[Pair]) -> RelationCounts {
    let mut counts = RelationCounts { total: pairs.len(), ..RelationCounts::default() };
    for pair in pairs {
        *match pair.relation {
            Relation::Same => &mut counts.same,
            Relation::Moved => &mut counts.moved,
            Relation::Message => &mut counts.message,
            Relation::Context => &mut counts.context,
            Relation::Changed => &mut counts.changed,
            Relation::Dropped => &mut counts.dropped,
            Relation::Added => &mut counts.added,
        } += 1;
    }
    counts
}

fn row(pair: &Pair, old: &Side, new: &Side) -> PairReport {
    let place = |side: &Side, at: Option<usize>| at.map(|at| side.members[at].place(at + 1));
    PairReport {
        old: place(old, pair.old),
        new: place(new, pair.new),
        subject: visible(&pair.title),
        relation: pair.relation.word(),
        sign: pair.relation.sign(),
        message_differs: pair.message_differs,
        moved: pair.moved,
        diff: (!pair.diff.is_empty()).then(|| displayed(&pair.diff)),
    }
}

/// Lines for display; tabs and line ends stay.
pub(super) fn displayed(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in text.split_inclusive(|byte| matches!(byte, b'\t' | b'\n')) {
        let (words, end) = match piece.split_last() {
            Some((b'\t', words)) => (words, "\t"),
            Some((b'\n', words)) => (words, "\n"),
            _ => (piece, ""),
        };
        out += &visible(words);
        out += end;
    }
    out
}

/// From one text to another as a unified diff for display; `from` and `to` are their paths, and what is empty counts as a
/// file that is not there.
pub(super) fn unified(before: &[u8], after: &[u8], from: &str, to: &str) -> String {
    let (before, after) = (displayed(before), displayed(after));
    let diff = similar::TextDiff::from_lines(&before, &after);
    let from = if before.is_empty() { "/dev/null".to_owned() } else { format!("a/{from}") };
    diff.unified_diff().context_radius(3).header(&from, &format!("b/{to}")).to_string()
}
