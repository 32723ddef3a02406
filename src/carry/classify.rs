//! Decides what became of one patch: three-way merge, strict application, and what they agree on.

use bstr::ByteSlice as _;

use super::Context;
use super::hazard::{CleanMerge, Hazard};
use super::outcome::{Conflict, Outcome, Pick, Proof, TreeProof};
use crate::apply::{ApplyError, Engine, Placed, apply_changes, max_offset};
use crate::git::{GitError, Merge, Oid, Renames, Store, TreeChanges, Walk};
use crate::patch::Patch;
use crate::text::visible;
use crate::upstream::{Claim, How, Releases, Search};

/// One patch, ready to be carried.
pub(super) struct Case<'a> {
    pub(super) store: &'a Store,
    pub(super) patch: &'a Patch,
    /// What it does on its base.
    pub(super) placed: &'a Placed,
    /// The tree of the target so far.
    pub(super) tip: Oid,
    pub(super) renames: &'a Renames,
    pub(super) releases: Releases,
    /// The target was proven to have it.
    pub(super) peeled: bool,
}

impl Case<'_> {
    /// What the three-way merge alone gives.
    pub(super) fn merge(&self) -> Result<Merge, GitError> {
        self.store.three_way(&self.placed.changes, self.tip, self.renames)
    }

    pub(super) fn classify(&self) -> Result<Pick, GitError> {
        // Two computations that know nothing of each other, side by side.
        let (merge, strict) = std::thread::scope(|scope| {
            let strict = scope.spawn(|| apply_changes(self.store, self.tip, &self.patch.diff, Engine::Git));
            let merge = self.merge();
            (merge, strict.join().expect("applying a patch does not panic"))
        });
        let merge = merge?;
        let merged = if merge.is_clean() { Some(self.store.edit_tree(self.tip, &merge.changes)?) } else { None };
        let empty = merged == Some(self.tip);
        if self.peeled && (empty || !self.is_revert()) {
            let proof = Proof { tree: Some(TreeProof::Peeled), evidence: None };
            return Ok(Pick::skipped(self.tip, Outcome::Upstreamed(proof)));
        }
        let Some(merged) = merged else {
            return Ok(Pick::skipped(self.tip, Outcome::Conflict(Conflict::Merge(merge.conflicts))));
        };
        if empty {
            return Ok(Pick::skipped(self.tip, Outcome::Emptied));
        }
        let kept = match strict {
            Err(ApplyError::Git(error)) => return Err(error),
            Ok((changes, offsets)) => {
                // Equal changes of one tree are equal trees; most of the time nothing has to be made to know it.
                let strict =
                    if changes == merge.changes { merged } else { self.store.edit_tree(self.tip, &changes)? };
                if strict != merged {
                    let conflict = Conflict::Disagreement { strict, merged };
                    return Ok(Pick { offsets, ..Pick::skipped(self.tip, Outcome::Conflict(conflict)) });
                }
                let lines = max_offset(&offsets);
                let outcome = if lines == 0 { Outcome::Same } else { Outcome::Offset { lines } };
                Pick { offsets, ..self.kept(merged, outcome) }
            }
            Err(error) => self.kept(merged, self.moved_or_partial(merged, &error)?),
        };
        self.held_back(kept, &merge.changes)
    }

    /// A patch that could be kept waits for a person if its clean merge hides something.
    fn held_back(&self, kept: Pick, merged: &TreeChanges) -> Result<Pick, GitError> {
        let &Self { store, patch, placed, tip, renames, releases, .. } = self;
        let Placed { changes, .. } = placed;
        let merge = CleanMerge { store, changes, diffs: &patch.diff, tip, merged, renames, releases };
        let hazards = merge.hazards()?;
        if hazards.is_empty() {
            return Ok(kept);
        }
        let conflict = Conflict::Hazard { kept: Box::new(kept), hazards };
        Ok(Pick::skipped(tip, Outcome::Conflict(conflict)))
    }

    fn kept(&self, after: Oid, outcome: Outcome) -> Pick {
        Pick { after, ..Pick::skipped(self.tip, outcome) }
    }

    /// The merge is clean although the patch as it stands does not apply: its surroundings changed, or part of it is
    /// in the target already.
    fn moved_or_partial(&self, merged: Oid, error: &ApplyError) -> Result<Outcome, GitError> {
        let count = |walks: &[Walk]| -> Result<usize, GitError> {
            walks.iter().try_fold(0, |sum, walk| Ok(sum + self.store.changed_lines(walk)?.len()))
        };
        let mut now = Vec::new();
        self.store.diff_trees(Some(self.tip), Some(merged), &mut |walk| now.push(walk))?;
        let (left, of) = (count(&now)?, count(&self.placed.changes)?);
        if left < of && now.len() <= self.placed.changes.len() {
            return Ok(Outcome::Partial { left, of });
        }
        let moved = self.placed.changes.iter().find_map(|walk| Some((&walk.path, self.renames.get(&walk.path)?)));
        let reason = match (error, moved) {
            (ApplyError::NoSuchFile(_), Some((from, to))) => {
                format!("{} is now {}", visible(from), visible(to))
            }
            _ => error.to_string(),
        };
        Ok(Outcome::Refreshed { reason })
    }

    fn is_revert(&self) -> bool {
        let message = &self.patch.message;
        message.subject.starts_with_str("Revert \"") || message.body.contains_str("This reverts commit ")
    }
}

/// Adds what history knows: a name for what the trees have proven, and a proof where the trees alone have none.
pub(super) fn weigh_history(
    pick: &mut Pick,
    context: Context<'_>,
    claim: &Claim,
    changes: &[Walk],
) -> Result<(), GitError> {
    let Some(history) = context.history else { return Ok(()) };
    let search = match &pick.outcome {
        outcome if outcome.is_kept() => Search::Names,
        Outcome::Upstreamed(_) => Search::Anywhere,
        _ => Search::Context,
    };
    let Some(evidence) = history.evidence(context.store, claim, changes, search)? else { return Ok(()) };
    let is_revert = claim.title.starts_with_str("Revert \"");
    let sure = evidence.how != How::Title && evidence.reverted_by.is_none();
    let proof = |tree| Outcome::Upstreamed(Proof { tree, evidence: Some(evidence.clone()) });
    match &mut pick.outcome {
        Outcome::Upstreamed(proof) => proof.evidence = Some(evidence.clone()),
        // What a ChangeLog says is no reason to drop what may be empty for another one.
        Outcome::Emptied if sure && history.knows_changes() => pick.outcome = proof(Some(TreeProof::Empty)),
        Outcome::Conflict(Conflict::Merge(_)) if sure && evidence.how == How::PatchId && !is_revert => {
            pick.outcome = proof(None);
        }
        // What is there twice is there: the commit that brought it is the patch, and a later one moved its lines.
        Outcome::Conflict(Conflict::Hazard { hazards, .. })
            if sure && evidence.how == How::PatchId && !is_revert && hazards.iter().all(Hazard::is_twin) =>
        {
            pick.outcome = proof(None);
        }
        _ => {}
    }
    pick.evidence = Some(evidence);
    Ok(())
}
