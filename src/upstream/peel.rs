//! Proof by trees: a patch is upstream if taking it out of the target and putting it back gives the target again.
//!
//! The patches are tried from the last to the first, each on what the ones before it left, so that stacks whose middle
//! patches would conflict on the way forward are found as well.

use bstr::ByteSlice as _;

use super::{Effect, Releases};
use crate::diff::{Content, LineKind};
use crate::git::{GitError, Oid, Renames, Store, TreeChanges, Walk};

/// For each patch of a stack, in order: `true` if the target has it, proven by trees.
pub fn peel(
    store: &Store,
    effects: &[Option<Effect<'_>>],
    releases: Releases,
    renames: &Renames,
) -> Result<Vec<bool>, GitError> {
    let mut tip = releases.target;
    let mut found = vec![false; effects.len()];
    for (at, effect) in effects.iter().enumerate().rev() {
        let Some(effect) = effect else { continue };
        if !touched_by_upstream(store, effect, releases)? || !has_its_lines(store, effect, tip, renames)? {
            continue;
        }
        if let Some(without) = take_out(store, effect, tip, renames)? {
            found[at] = true;
            tip = without;
        }
    }
    Ok(found)
}

/// A release can have taken a patch only if it changed one of the patch's files.
fn touched_by_upstream(store: &Store, effect: &Effect<'_>, releases: Releases) -> Result<bool, GitError> {
    for walk in effect.changes {
        let path = walk.path.as_bstr();
        if store.entry(releases.base, path)? != store.entry(releases.target, path)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What can be taken out must be in: of each hunk, the longest line that it adds stands somewhere in the file.
///
/// A cheap look that settles nearly all patches; the proof is [`take_out`].
fn has_its_lines(store: &Store, effect: &Effect<'_>, tip: Oid, renames: &Renames) -> Result<bool, GitError> {
    for diff in effect.diffs {
        let (Some(path), Content::Text(hunks)) = (&diff.new_path, &diff.content) else { continue };
        let here = store.entry(tip, path.as_bstr())?.filter(|entry| entry.is_blob());
        let moved = || renames.get(path).map(|to| store.entry(tip, to.as_bstr())).transpose();
        let Some(entry) = here.map_or_else(|| moved().map(Option::flatten), |entry| Ok(Some(entry)))? else {
            // The patch itself may move the file; the merge knows.
            continue;
        };
        let content = store.content(Some(entry))?;
        for hunk in hunks {
            let added = hunk.lines.iter().filter(|line| line.kind == LineKind::Insert);
            if let Some(line) = added.max_by_key(|line| line.text.len())
                && content.find(line.text.trim_end_with(|c| c == '\n')).is_none()
            {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// The tree without the patch, if the patch can be taken out and put back exactly.
fn take_out(store: &Store, effect: &Effect<'_>, tip: Oid, renames: &Renames) -> Result<Option<Oid>, GitError> {
    let backwards: Vec<Walk> = effect.changes.iter().map(reversed).collect();
    let out = store.three_way(&backwards, tip, renames)?;
    if !out.is_clean() || out.changes.is_empty() {
        return Ok(None);
    }
    let without = store.edit_tree(tip, &out.changes)?;
    if without == tip {
        return Ok(None);
    }
    let again = store.three_way(effect.changes, without, renames)?;
    if !again.is_clean() || store.edit_tree(without, &again.changes)? != tip {
        return Ok(None);
    }
    let same = same_lines(store, effect.changes, tip, without, &out.changes)?;
    Ok(same.then_some(without))
}

fn reversed(walk: &Walk) -> Walk {
    Walk { path: walk.path.clone(), old: walk.new, new: walk.old }
}

/// True if what was taken out is line for line what the patch does, whatever stands around it.
fn same_lines(store: &Store, patch: &[Walk], tip: Oid, without: Oid, out: &TreeChanges) -> Result<bool, GitError> {
    let mut mine = patch.iter().map(|walk| store.changed_lines(walk)).collect::<Result<Vec<_>, _>>()?;
    let mut taken = Vec::new();
    for path in out.keys() {
        let (old, new) = (store.entry(without, path.as_bstr())?, store.entry(tip, path.as_bstr())?);
        taken.push(store.changed_lines(&Walk { path: path.clone(), old, new })?);
    }
    // A renamed file sorts elsewhere.
    mine.sort();
    taken.sort();
    Ok(mine == taken)
}
