//! A tree of a repository becomes files. Nothing of git's ways of changing files at checkout is heeded: what is in the repository is written.

use std::collections::HashMap;
use std::path::Path;

use bstr::{BString, ByteSlice as _};

use super::files::{self, Dirs, Files};
use super::git_failed;
use crate::build::{BuildError, Watch};
use crate::event::Event;
use crate::git::{Entry, MODE_TREE, Oid, Store};

/// How many files are read between two looks at the outside.
const BATCH: usize = 4096;

/// All files of a tree.
pub(super) fn list(store: &Store, tree: Oid) -> Result<Files, BuildError> {
    let mut files = Files::default();
    let mut dirs = vec![(BString::default(), tree)];
    while let Some((dir, id)) = dirs.pop() {
        for entry in store.tree(id).map_err(git_failed)?.iter() {
            let mut path = dir.clone();
            path.extend_from_slice(&entry.name);
            if entry.mode == MODE_TREE {
                path.push(b'/');
                dirs.push((path, entry.id));
            } else if files.0.insert(path.clone(), Entry { mode: entry.mode, id: entry.id }).is_some() {
                let twice = format!("'{}' is in the tree of the release twice", crate::text::visible(&path));
                return Err(BuildError::Input(twice, None));
            }
        }
    }
    files.check()?;
    Ok(files)
}

/// Writes `files`, whose contents `store` has, into the empty directory `top`, on two threads.
pub(super) fn write(store: &Store, files: &Files, top: &Path, watch: Watch<'_>) -> Result<(), BuildError> {
    let mut places: HashMap<Oid, Vec<(&BString, u32)>> = HashMap::new();
    let mut ids = Vec::with_capacity(files.0.len());
    for (path, entry) in &files.0 {
        let known = places.entry(entry.id).or_default();
        if known.is_empty() {
            ids.push(entry.id);
        }
        known.push((path, entry.mode));
    }
    let mut dirs = Dirs::default();
    files.0.keys().try_for_each(|path| dirs.above(top, path.as_bstr()))?;
    for batch in ids.chunks(BATCH) {
        if watch.interrupt.is_raised() {
            return Err(BuildError::Interrupted);
        }
        let written = store.map_blobs(batch, |id, bytes| {
            places[&id].iter().try_for_each(|(path, mode)| files::write(top, path.as_bstr(), *mode, bytes))
        });
        for (id, written) in batch.iter().zip(written.map_err(git_failed)?) {
            written?;
            places[id].iter().for_each(|_| watch.observer.event(&Event::Step));
        }
    }
    Ok(())
}
