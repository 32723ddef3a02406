//! The files that a patch was made for, put together from the blobs that its `index` lines name, as `git am -3` does.

use bstr::ByteSlice as _;

use crate::apply::{ApplyError, Engine, Step, apply};
use crate::git::{Entry, GitError, MODE_FILE, Oid, Store, TreeChanges};
use crate::patch::Patch;

/// The patch on the files that it names: `tip` with those files in the place of its own. `None` if the linux tree does
/// not have one of them, or if the patch does not apply even there.
pub(super) fn placed(store: &Store, patch: &Patch, tip: Oid) -> Result<Option<Step>, GitError> {
    let mut edits = TreeChanges::new();
    for diff in &patch.diff {
        let Some(name) = &diff.old_path else {
            // A file that the patch makes was not there.
            edits.insert(diff.path().to_owned(), None);
            continue;
        };
        let Some((old, _)) = &diff.index else { return Ok(None) };
        let Some(id) = store.find_blob(old)? else { return Ok(None) };
        let here = store.entry(tip, name.as_bstr())?.filter(|entry| entry.is_blob());
        let mode = diff.old_mode.or(here.map(|entry| entry.mode)).unwrap_or(MODE_FILE);
        edits.insert(name.clone(), Some(Entry { mode, id }));
    }
    let before = match store.edit_tree(tip, &edits) {
        Ok(before) => before,
        Err(GitError::InTheWay { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    match apply(store, before, &patch.diff, Engine::Git) {
        Ok(placed) => Ok(Some(Step { before, result: Ok(placed) })),
        Err(ApplyError::Git(error)) => Err(error),
        Err(_) => Ok(None),
    }
}
