//! What a patch that is taken from a newer tree builds on.

use bstr::ByteSlice as _;

use super::found::Found;
use super::stretch::{Share, Stretch, Text, text_share};
use super::trail::trail;
use super::{Cause, Deed};
use crate::git::{GitError, Oid, PathConflict, Store};
use crate::upstream::History;

/// The ancestors of `commit` that the commit `target` lacks and that made the conflicting lines what the patch expects,
/// the most telling first; five at most.
///
/// `conflicts` are what taking `commit` to `target` gives. The newest `limit` ancestors are looked through, by the text
/// of the lines; nothing is found where the paths have other names in the newer tree, or where blobs are missing.
pub fn prerequisites(
    store: &Store,
    commit: Oid,
    target: Oid,
    conflicts: &[PathConflict],
    limit: usize,
) -> Result<Vec<Cause>, GitError> {
    if store.is_partial() {
        return Ok(Vec::new());
    }
    let mut ancestors = store.newest_between(target, commit, limit.saturating_add(1))?;
    ancestors.retain(|id| *id != commit);
    ancestors.truncate(limit);
    let history = History::of(store, &ancestors)?;
    let mut found = Found::default();
    for conflict in conflicts {
        let stretches: Vec<Stretch<'_>> = conflict.chunks.iter().filter_map(Stretch::of).collect();
        // What the target lacks is what its side of the conflict has not.
        let text = Text::of(&stretches).reversed();
        for touch in trail(store, &history, conflict.path.as_bstr())?.touches {
            let share = Share { passing: 0, ..text_share(store, &text, &touch.walk)? };
            if share.tells() {
                found.credit(touch.at, &conflict.path, Deed::Prerequisite, share);
            }
        }
    }
    Ok(found.into_causes(&history))
}
