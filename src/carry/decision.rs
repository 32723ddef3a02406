//! What persons decide where carrying stops, and how it changes what becomes of a patch.

use std::collections::HashMap;

use bstr::{BString, ByteSlice as _};
use sha1::{Digest as _, Sha1};

use super::classify::Case;
use super::outcome::{Conflict, Outcome, Pick};
use crate::apply::max_offset;
use crate::git::{Entry, GitError, Oid, PathConflict, Store, TreeChanges, Walk};

/// Decisions, by the index of the patch in its set.
pub type Decisions = HashMap<usize, Decision>;

/// What a person decided on one patch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The new set goes without it.
    LeaveOut,
    /// A result that is at hand: an emptied or partial one, or one that may hide something.
    Take(Take),
    /// These files instead of what conflicts.
    Resolve(Resolution),
}

/// Which of two results; without a disagreement there is only the merged one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Take {
    /// That of the three-way merge.
    Merged,
    /// That of the strict application.
    Strict,
}

/// Files that a person put in the place of conflicts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// What was asked, as [`question`] names it. To another question this is no answer.
    pub question: String,
    /// What stands at these paths of the target with the patch; `None` for no file.
    pub files: Vec<(BString, Option<Entry>)>,
}

/// A name for what a pick leaves open, 40 hex digits: equal names mean equal paths with equal contents on all sides.
/// `None` if files cannot answer it.
pub fn question(store: &Store, pick: &Pick) -> Result<Option<String>, GitError> {
    let mut hash = Sha1::new();
    let mut side = |path: &BString, entries: &[Option<Entry>]| {
        hash.update(path);
        for entry in entries {
            let text = entry.map_or_else(|| " -".to_owned(), |entry| format!(" {:o} {}", entry.mode, entry.id));
            hash.update(text);
        }
        hash.update(b"\0");
    };
    match &pick.outcome {
        Outcome::Conflict(Conflict::Merge(conflicts)) => {
            for PathConflict { path, base, ours, theirs, .. } in conflicts {
                side(path, &[*base, *ours, *theirs]);
            }
        }
        Outcome::Conflict(Conflict::Disagreement { strict, merged }) => {
            for walk in between(store, *strict, *merged)? {
                let before = store.entry(pick.before, walk.path.as_bstr())?;
                side(&walk.path, &[before, walk.old, walk.new]);
            }
        }
        Outcome::Conflict(Conflict::Hazard { kept, .. }) => {
            for walk in between(store, pick.before, kept.after)? {
                side(&walk.path, &[walk.old, walk.new]);
            }
        }
        _ => return Ok(None),
    }
    Ok(Some(Oid::from_bytes_or_panic(&hash.finalize()).to_string()))
}

/// The paths that differ between two trees.
fn between(store: &Store, old: Oid, new: Oid) -> Result<Vec<Walk>, GitError> {
    let mut walks = Vec::new();
    store.diff_trees(Some(old), Some(new), &mut |walk| walks.push(walk))?;
    Ok(walks)
}

/// Lets `decision` change what became of a patch. One that does not fit what is open changes nothing.
pub(super) fn decide(case: &Case<'_>, pick: &mut Pick, decision: &Decision) -> Result<(), GitError> {
    let decided = match (decision, &pick.outcome) {
        (_, Outcome::Upstreamed(_)) => return Ok(()),
        (Decision::LeaveOut, _) => Some((case.tip, Outcome::LeftOut)),
        (Decision::Take(_), Outcome::Emptied | Outcome::Partial { .. }) => None,
        (Decision::Take(take), Outcome::Conflict(Conflict::Disagreement { strict, merged })) => Some(match take {
            Take::Merged => (*merged, Outcome::Resolved { paths: Vec::new() }),
            Take::Strict => (*strict, Outcome::Offset { lines: max_offset(&pick.offsets) }),
        }),
        (Decision::Take(Take::Merged), Outcome::Conflict(Conflict::Hazard { .. })) => {
            if let Outcome::Conflict(Conflict::Hazard { kept, .. }) =
                std::mem::replace(&mut pick.outcome, Outcome::Same)
            {
                *pick = Pick { evidence: pick.evidence.take(), ..*kept };
            }
            None
        }
        (Decision::Take(_), _) => return Ok(()),
        (Decision::Resolve(resolution), _) => {
            if question(case.store, pick)?.as_ref() != Some(&resolution.question) {
                return Ok(());
            }
            match resolved(case, pick, resolution)? {
                tree if tree == case.tip => Some((tree, Outcome::LeftOut)),
                tree => Some((tree, Outcome::Resolved { paths: conflicts(&mut pick.outcome) })),
            }
        }
    };
    if let Some((after, outcome)) = decided {
        (pick.after, pick.outcome) = (after, outcome);
    }
    pick.decided = true;
    Ok(())
}

fn conflicts(outcome: &mut Outcome) -> Vec<PathConflict> {
    match outcome {
        Outcome::Conflict(Conflict::Merge(paths)) => std::mem::take(paths),
        _ => Vec::new(),
    }
}

/// The tree with what merges by itself and with the person's files.
fn resolved(case: &Case<'_>, pick: &Pick, resolution: &Resolution) -> Result<Oid, GitError> {
    let (from, mut changes) = match &pick.outcome {
        Outcome::Conflict(Conflict::Disagreement { merged, .. }) => (*merged, TreeChanges::new()),
        Outcome::Conflict(Conflict::Hazard { kept, .. }) => (kept.after, TreeChanges::new()),
        _ => (case.tip, case.merge()?.changes),
    };
    changes.extend(resolution.files.iter().cloned());
    case.store.edit_tree(from, &changes)
}
