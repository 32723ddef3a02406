//! Proposals for the conflicts of real patch sets, beside what the maintainers made of the same patches.

use std::collections::HashMap;

use bstr::{BStr, BString, ByteSlice as _};
use kpatch::apply::{Release, Stack, touched_paths};
use kpatch::diff::merge::{Chunk, Merged, merge};
use kpatch::diff::{adjacency, token};
use kpatch::event::{Interrupt, Silent};
use kpatch::git::{Merge, Oid, Renames, Store, TreeChanges, Walk};
use kpatch::patch_set::PatchSet;
use kpatch::propose::{Mergiraf, Proposal, Question, Resolutions, propose};
use kpatch::upstream::{Effect, Releases, peel};

use crate::support::by_git::patch_files;
use crate::support::{Random, Sandbox, corpus};

/// What the proposals for the patches of one set came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Patches that conflict, and that the maintainers carry on.
    pub asked: usize,
    /// Of these, those whose first proposal does what the maintainers' patch does.
    pub right: usize,
    /// Those whose first proposal does something else.
    pub wrong: usize,
    /// Of the wrong ones, those that are right but for white space and blank lines.
    pub blank: usize,
    /// Of the wrong ones, those where another proposal is right.
    pub later: usize,
    /// Patches that conflict and that the maintainers dropped.
    pub dropped: usize,
    /// Of these, those with a proposal.
    pub needless: usize,
}

/// One bump, with the maintainers' next set as the answer.
pub struct Bump<'a> {
    pub base: &'a str,
    pub target: &'a str,
    pub sets: &'a [&'a str],
    pub answers: &'a [&'a str],
}

fn read(sets: &[&str]) -> PatchSet {
    let files = sets.iter().flat_map(|set| patch_files(&corpus().join(set)));
    let named = |(number, path): (usize, std::path::PathBuf)| {
        let name = path.file_name().unwrap().to_str().unwrap();
        let (_, rest) = name.split_once('-').unwrap();
        (format!("{number:04}-{rest}"), std::fs::read(&path).unwrap())
    };
    PatchSet::read((1..).zip(files).map(named).collect()).unwrap()
}

fn stack(store: &Store, set: &PatchSet, tag: &str) -> Stack {
    let release = Release::find(store, tag).unwrap();
    Stack::build(store, release, &set.patches, &Silent, &Interrupt::new()).unwrap().unwrap()
}

/// What a proposal changes in the tip, with what merges without a conflict.
fn effect(store: &Store, tip: Oid, merge: &Merge, proposal: &Proposal) -> (Oid, Vec<Walk>) {
    let mut changes: TreeChanges = merge.changes.clone();
    changes.extend(proposal.files.iter().map(|file| (file.path.clone(), file.entry)));
    let tree = store.edit_tree(tip, &changes).unwrap();
    let mut walks = Vec::new();
    store.diff_trees(Some(tip), Some(tree), &mut |walk| walks.push(walk)).unwrap();
    (tree, walks)
}

/// True if both change the same files to the same content, or by the same lines; `blank` leaves white space out.
fn same(store: &Store, one: &[Walk], other: &[Walk], blank: bool) -> bool {
    let lines = |walk: &Walk| -> Vec<BString> {
        let lines = store.changed_lines(walk).unwrap();
        if !blank {
            return lines;
        }
        let bare = lines.iter().map(|line| line.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect());
        bare.filter(|line: &BString| line.len() > 1).collect()
    };
    let alike = |a: &Walk, b: &Walk| a.path == b.path && (a.new == b.new || lines(a) == lines(b));
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| alike(a, b))
}

/// A patch that conflicts and that the maintainers carry on.
pub struct Asked {
    pub subject: BString,
    pub proposals: Vec<Proposal>,
    /// Whether each of them does what the maintainers' patch does.
    pub right: Vec<bool>,
}

/// A set on its way, with the maintainers' patches by their subjects.
struct Journey<'a> {
    store: &'a Store,
    mergiraf: Option<&'a Mergiraf>,
    base: Oid,
    target: Oid,
    answers: &'a HashMap<&'a BString, &'a [Walk]>,
    renames: Renames,
    tip: Oid,
    tally: Tally,
    asked: Vec<Asked>,
}

impl Journey<'_> {
    /// Carries one patch. After a conflict the tip is what a person would have left: a right proposal, or else the
    /// maintainers' patch where it merges.
    fn carry(&mut self, subject: &BString, changes: &[Walk]) {
        let Self { store, mergiraf, base, target, tip, .. } = *self;
        let merge = store.three_way(changes, tip, &self.renames).unwrap();
        if merge.is_clean() {
            self.tip = store.edit_tree(tip, &merge.changes).unwrap();
            return;
        }
        let (conflicts, recorded) = (&merge.conflicts, &Resolutions::default());
        let proposals =
            propose(&Question { store, tip, base, target, changes, conflicts, recorded, mergiraf }).unwrap();
        let Some(answer) = self.answers.get(subject) else {
            self.tally.dropped += 1;
            self.tally.needless += usize::from(!proposals.is_empty());
            return;
        };
        let effects: Vec<(Oid, Vec<Walk>)> =
            proposals.iter().map(|proposal| effect(store, tip, &merge, proposal)).collect();
        let right: Vec<bool> = effects.iter().map(|(_, walks)| same(store, walks, answer, false)).collect();
        self.tally.asked += 1;
        if let (Some(first), Some((_, walks))) = (right.first(), effects.first()) {
            self.tally.right += usize::from(*first);
            self.tally.wrong += usize::from(!first);
            self.tally.blank += usize::from(!first && same(store, walks, answer, true));
            self.tally.later += usize::from(!first && right.contains(&true));
        }
        let by_answer = store.three_way(answer, tip, &Renames::new()).unwrap();
        if let Some(at) = right.iter().position(|right| *right) {
            self.tip = effects[at].0;
        } else if by_answer.is_clean() {
            self.tip = store.edit_tree(tip, &by_answer.changes).unwrap();
        }
        self.asked.push(Asked { subject: subject.clone(), proposals, right });
    }
}

/// Carries a set patch by patch, conflicts included, and holds every first proposal against the maintainers' patch.
pub fn measure(store: &Store, bump: &Bump<'_>, mergiraf: Option<&Mergiraf>) -> (Tally, Vec<Asked>) {
    let (set, next) = (read(bump.sets), read(bump.answers));
    let (old, new) = (stack(store, &set, bump.base), stack(store, &next, bump.target));
    let answered = next.patches.iter().zip(&new.steps);
    let answers: HashMap<&BString, &[Walk]> = answered
        .filter_map(|(patch, step)| Some((&patch.message.subject, step.result.as_ref().ok()?.changes.as_slice())))
        .collect();
    let (base, target) = (old.base.tree, new.base.tree);
    let renames = store.renames(base, target, &touched_paths(&set.patches)).unwrap();
    let placed = old.steps.iter().map(|step| step.result.as_ref().ok());
    let effects: Vec<Option<Effect<'_>>> = placed
        .zip(&set.patches)
        .map(|(placed, patch)| Some(Effect { changes: &placed?.changes, diffs: &patch.diff }))
        .collect();
    let peeled = peel(store, &effects, Releases { base, target }, &renames).unwrap();
    let (tally, asked) = (Tally::default(), Vec::new());
    let mut journey = Journey { store, mergiraf, base, target, answers: &answers, renames, tip: target, tally, asked };
    for ((effect, patch), peeled) in effects.iter().zip(&set.patches).zip(peeled) {
        if let Some(effect) = effect.as_ref().filter(|_| !peeled) {
            journey.carry(&patch.message.subject, effect.changes);
        }
    }
    (journey.tally, journey.asked)
}

fn corpus_tally(base: &str, target: &str) -> Tally {
    let sandbox = Sandbox::new();
    let store = Store::open(&sandbox.linux()).unwrap();
    let sets = |release: &str| [format!("patches-{release}"), format!("patches-{release}-rt")];
    let (old, new) = (sets(base), sets(target));
    let (sets, answers) = (old.each_ref().map(String::as_str), new.each_ref().map(String::as_str));
    let (base, target) = (format!("v{base}"), format!("v{target}"));
    let bump = Bump { base: &base, target: &target, sets: &sets, answers: &answers };
    let (tally, asked) = measure(&store, &bump, None);
    for Asked { subject, proposals, right } in asked {
        let is_sound = |proposal: &Proposal| !proposal.files.is_empty() && !proposal.summary.contains('\n');
        assert!(proposals.len() == right.len() && proposals.iter().all(is_sound), "{subject}");
    }
    tally
}

#[test]
fn within_a_series_proposals_do_what_the_maintainers_do() {
    for (base, target) in [("6.1.170", "6.1.176"), ("6.1.176", "6.1.170")] {
        let tally = corpus_tally(base, target);
        assert_eq!((tally.asked, tally.right, tally.wrong), (1, 1, 0), "{base} to {target}: {tally:?}");
        assert_eq!(tally.needless, 0, "{base} to {target}: {tally:?}");
    }
}

#[test]
fn across_series_every_third_proposal_does_what_the_maintainers_do() {
    for (base, target, asked, right, wrong) in
        [("6.1.176", "6.12.100", 23, 9, 5), ("6.1.170", "6.12.100", 23, 9, 5), ("6.12.100", "6.1.176", 22, 11, 4)]
    {
        let tally = corpus_tally(base, target);
        assert_eq!(tally.asked, asked, "{base} to {target}: {tally:?}");
        assert!(tally.right >= right && tally.wrong <= wrong, "{base} to {target}: {tally:?}");
        assert!(tally.wrong * 4 < tally.asked && tally.right * 10 > tally.asked * 3, "{tally:?}");
        assert!(tally.wrong - tally.blank <= 2, "most of the wrong ones differ in blank lines: {tally:?}");
        // Most of what the maintainers dropped has come upstream in another form, and is left to a person.
        assert!(tally.needless * 4 <= tally.dropped, "{base} to {target}: {tally:?}");
    }
}

/// A text of lines that are all different, cut by `edit` in a few places that are near each other.
fn edited(random: &mut Random, base: &[String], side: &str, shared: &str, words: bool) -> Vec<String> {
    let mut lines = base.to_vec();
    for number in 0..=random.below(3) {
        let at = 3 + random.below(4);
        let new = format!("{side}{number} {side}{number}new\n");
        match random.below(5) {
            0 => lines.insert(at, new),
            1 if lines.len() > 9 => drop(lines.remove(at)),
            2 => lines.insert(at, shared.to_owned()),
            // An equal edit that is edited once more would be none.
            _ if words && lines[at] != shared => {
                let word = lines[at].split(' ').next().unwrap().to_owned();
                let last = lines[at].trim_end().rsplit(' ').next().unwrap().to_owned();
                let old = if random.below(2) == 0 { word } else { last };
                lines[at] = lines[at].replace(&old, &format!("{side}{number}x{at}"));
            }
            _ => lines[at] = new,
        }
    }
    lines
}

/// How often each piece of a text stands in it.
type Counts<'a> = HashMap<&'a [u8], usize>;

/// A strategy: base, ours and theirs to what it makes of them.
type Resolve = fn(&[u8], &[u8], &[u8]) -> Option<Vec<u8>>;

fn counts<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Counts<'a> {
    let mut counts = HashMap::new();
    for piece in pieces {
        *counts.entry(piece).or_default() += 1;
    }
    counts
}

/// Every piece that a side adds is there once, every piece that a side removes is not; only pieces that are unique
/// within each version are looked at. Returns how many were.
fn check(versions: &[Counts<'_>; 3], merged: &Counts<'_>, show: &str) -> usize {
    let [base, ours, theirs] = versions;
    let pieces: std::collections::HashSet<&&[u8]> = versions.iter().flat_map(HashMap::keys).collect();
    let mut checked = 0;
    for piece in pieces {
        let count = |side: &HashMap<&[u8], usize>| side.get(*piece).copied().unwrap_or(0);
        let (base, ours, theirs) = (count(base), count(ours), count(theirs));
        if base.max(ours).max(theirs) > 1 {
            continue;
        }
        let wanted = if base == 1 { ours.min(theirs) } else { ours.max(theirs) };
        assert_eq!(count(merged), wanted, "{}\n{show}", piece.as_bstr());
        checked += 1;
    }
    checked
}

/// Merges random edits by one strategy; returns how many stretches it decides and how many pieces were looked at.
fn random_stretches(words: bool, resolve: Resolve) -> (usize, usize, usize) {
    let mut random = Random::new(1_701);
    let (mut decided, mut open, mut checked) = (0, 0, 0);
    for round in 0..4000 {
        let base: Vec<String> = (0..12).map(|line| format!("b{line} c{line}\n")).collect();
        let shared = format!("shared{round} sharedby{round}\n");
        let ours = edited(&mut random, &base, "ours", &shared, words).concat();
        let theirs = edited(&mut random, &base, "theirs", &shared, words).concat();
        let base = base.concat();
        let Merged::Conflict(chunks) = merge(base.as_bytes(), ours.as_bytes(), theirs.as_bytes()) else { continue };
        for chunk in &chunks {
            let Chunk::Conflict { base, ours, theirs, .. } = chunk else { continue };
            let Some(merged) = resolve(base, ours, theirs) else {
                open += 1;
                continue;
            };
            decided += 1;
            let pieces = |text| -> Vec<&[u8]> {
                let lines = BStr::new(text).lines_with_terminator();
                if words { lines.flat_map(|line| line.fields()).collect() } else { lines.collect() }
            };
            let show = [base, ours, theirs, &merged].map(|text| text.as_bstr().to_string()).join("--\n");
            let versions = [base, ours, theirs].map(|text| counts(pieces(text).into_iter()));
            checked += check(&versions, &counts(pieces(&merged).into_iter()), &show);
        }
    }
    (decided, open, checked)
}

#[test]
fn what_either_side_adds_is_there_once_and_what_it_removes_is_gone() {
    let (decided, open, checked) = random_stretches(false, adjacency::resolve);
    assert!(decided > 400 && open > 400 && checked > 1000, "lines: {decided} decided, {open} open, {checked} checked");
    let (decided, open, checked) = random_stretches(true, token::resolve);
    assert!(decided > 400 && open > 400 && checked > 1000, "words: {decided} decided, {open} open, {checked} checked");
}
