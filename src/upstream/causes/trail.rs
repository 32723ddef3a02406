//! Follows one path through a history, from the target back to the base.

use std::collections::BTreeSet;

use bstr::{BStr, BString, ByteSlice as _};

use crate::git::{GitError, Oid, Store, Walk};
use crate::upstream::History;

/// A file that more commits changed than this is not followed further; no conflict is explained by hundreds of them.
pub(super) const MOST: usize = 400;

/// A commit that changed the file.
pub(super) struct Touch {
    /// Its place in the history.
    pub(super) at: usize,
    /// What it did: the path that the file has after it, and the file before and after.
    pub(super) walk: Walk,
    /// The path that the file had before, if the commit moved it.
    pub(super) moved_from: Option<BString>,
}

/// The commits that changed a file.
pub(super) struct Trail {
    /// Newest first.
    pub(super) touches: Vec<Touch>,
    /// False if there were too many.
    pub(super) is_whole: bool,
}

/// Follows `path` back, also where a commit gave it another name. Merges are passed over: what they bring, the commits
/// that they merge brought.
pub(super) fn trail(store: &Store, history: &History, path: &BStr) -> Result<Trail, GitError> {
    let mut trail = Trail { touches: Vec::new(), is_whole: true };
    let mut path = path.to_owned();
    for (at, known) in history.commits().iter().enumerate() {
        let Some(before) = known.before else { continue };
        let Some(mut walk) = store.diff_path(before, known.tree, path.as_bstr())? else { continue };
        walk.old = walk.old.filter(|entry| entry.is_blob());
        walk.new = walk.new.filter(|entry| entry.is_blob());
        if walk.old == walk.new {
            continue;
        }
        if trail.touches.len() == MOST {
            trail.is_whole = false;
            break;
        }
        let moved_from = if walk.old.is_none() { source(store, [before, known.tree], &path)? } else { None };
        if let Some(from) = &moved_from {
            walk.old = store.entry(before, from.as_bstr())?;
            path.clone_from(from);
        }
        trail.touches.push(Touch { at, walk, moved_from });
    }
    Ok(trail)
}

/// Where a file that a commit brings was before, if the commit moved it.
fn source(store: &Store, [before, after]: [Oid; 2], path: &BString) -> Result<Option<BString>, GitError> {
    // In a blobless clone every comparison would be a fetch.
    if store.is_partial() {
        return Ok(None);
    }
    let mut gone = BTreeSet::new();
    store.diff_trees(Some(before), Some(after), &mut |walk| {
        if walk.new.is_none() {
            gone.insert(walk.path);
        }
    })?;
    let moves = store.renames(before, after, &gone)?;
    Ok(moves.into_iter().find(|(_, to)| to == path).map(|(from, _)| from))
}
