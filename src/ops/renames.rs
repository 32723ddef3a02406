//! Remembers the renames between two releases, since looking for them is the longest part of a far jump.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use bstr::{BString, ByteSlice as _};
use serde::{Deserialize, Serialize};

use crate::apply::Release;
use crate::files::write_atomic;
use crate::git::{GitError, Renames, Store};

/// What was found between two trees; kept in the linux tree's git directory under `kpatch/renames`.
///
/// Losing it costs time only. A path that is not UTF-8 is looked up anew each time.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Found {
    version: u32,
    /// Path to new path; `None` for a path that went away or never moved.
    paths: BTreeMap<String, Option<String>>,
}

const VERSION: u32 = 1;

/// The memory of one run.
#[derive(Debug, Default)]
pub(super) struct Memory {
    fresh: Vec<(PathBuf, Found)>,
}

impl Memory {
    /// The renames of `paths` between two releases, searched only for those that were never asked for.
    pub(super) fn find(
        &mut self,
        store: &Store,
        paths: &BTreeSet<BString>,
        base: &Release,
        target: &Release,
    ) -> Result<Renames, GitError> {
        let file = store.common_dir().join("kpatch/renames").join(format!("{}-{}", base.tree, target.tree));
        let mut found = std::fs::read(&file)
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Found>(&bytes).ok())
            .filter(|found| found.version == VERSION)
            .unwrap_or(Found { version: VERSION, paths: BTreeMap::new() });
        let known = |path: &BString| path.to_str().is_ok_and(|path| found.paths.contains_key(path));
        let asked: BTreeSet<BString> = paths.iter().filter(|path| !known(path)).cloned().collect();
        let mut renames: Renames = found
            .paths
            .iter()
            .filter(|(path, _)| paths.contains(path.as_bytes().as_bstr()))
            .filter_map(|(path, to)| Some((BString::from(path.as_str()), BString::from(to.as_deref()?))))
            .collect();
        if asked.is_empty() {
            return Ok(renames);
        }
        let new = store.renames(base.tree, target.tree, &asked)?;
        for path in &asked {
            if let Ok(text) = path.to_str() {
                let to = new.get(path).map(|to| to.to_str().map(str::to_owned));
                match to {
                    Some(Err(_)) => {}
                    Some(Ok(to)) => drop(found.paths.insert(text.to_owned(), Some(to))),
                    None => drop(found.paths.insert(text.to_owned(), None)),
                }
            }
        }
        renames.extend(new);
        self.fresh.push((file, found));
        Ok(renames)
    }

    /// Writes down what this run found. Failing to is no reason to fail: it only costs the next run time.
    pub(super) fn keep(&self) {
        for (file, found) in &self.fresh {
            if let (Some(folder), Ok(bytes)) = (file.parent(), serde_json::to_vec(found))
                && std::fs::create_dir_all(folder).is_ok()
            {
                let _ = write_atomic(file, &bytes);
            }
        }
    }
}
