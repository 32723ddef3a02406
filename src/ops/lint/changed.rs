//! Which files a branch or a person has changed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;

use super::OpError;
use super::inputs::{Set, Source};
use crate::git::{Git, work_tree};

/// The files that differ from where the current branch left a revision, new ones included.
pub(super) struct Changed {
    revision: String,
    /// Each repository that was asked: its top, and the changed paths, absolute.
    known: Vec<(PathBuf, BTreeSet<PathBuf>)>,
}

impl Changed {
    pub(super) fn since(revision: &str) -> Self {
        Self { revision: revision.to_owned(), known: Vec::new() }
    }

    /// Which files of a set changed, by their paths for display; `None` if nothing in its directory did.
    pub(super) fn of(&mut self, set: &Set) -> Result<Option<BTreeSet<String>>, OpError> {
        // What comes on stdin is new by itself.
        let Some(dir) = &set.dir else { return Ok(Some(set.files.iter().map(|file| file.shown.clone()).collect())) };
        let dir =
            dir.canonicalize().map_err(|error| OpError::because(format!("cannot read '{}'", set.shown), error))?;
        let changed = self.in_repository(&dir)?;
        if !changed.iter().any(|path| path.starts_with(&dir)) {
            return Ok(None);
        }
        let is_changed = |source: &Source| match source {
            Source::Disk(path) => path.canonicalize().is_ok_and(|path| changed.contains(&path)),
            Source::Memory(_) => true,
        };
        let files = set.files.iter().filter(|file| is_changed(&file.source)).map(|file| file.shown.clone());
        let entries = set.entries.iter().filter(|entry| changed.contains(&dir.join(&entry.name)));
        Ok(Some(files.chain(entries.map(|entry| format!("{}/{}", set.shown, entry.name))).collect()))
    }

    /// The changed files of the repository that a directory is in.
    fn in_repository(&mut self, dir: &Path) -> Result<&BTreeSet<PathBuf>, OpError> {
        let top = work_tree(dir).ok_or_else(|| {
            OpError::new(format!("'{}' is in no git repository", dir.display()))
                .hint("--changed-since needs patches that are kept in git")
        })?;
        if let Some(at) = self.known.iter().position(|(known, _)| known == top) {
            return Ok(&self.known[at].1);
        }
        let failed = |error| OpError::because("cannot ask git what changed", error);
        let git = Git::discover(top).map_err(failed)?;
        let commit = git.resolve(&format!("{}^{{commit}}", self.revision)).map_err(failed)?.ok_or_else(|| {
            OpError::new(format!("the repository of '{}' has no revision '{}'", dir.display(), self.revision))
                .hint("fetch it; in a shallow clone: git fetch origin main")
        })?;
        // What the other side has done since is none of this branch's business.
        let fork = git.run(["merge-base", commit.as_str(), "HEAD"]).ok();
        let fork = fork.and_then(|line| line.trim().to_str().ok().map(str::to_owned)).filter(|id| !id.is_empty());
        let names = git.changed_since(top, fork.as_deref().unwrap_or(&commit)).map_err(failed)?;
        let paths = names.iter().map(|name| top.join(name.to_path_lossy())).collect();
        self.known.push((top.to_owned(), paths));
        Ok(&self.known.last().expect("it was just put there").1)
    }
}
