//! Applies whole patches to trees.

use std::collections::BTreeMap;
use std::sync::Arc;

use bstr::{BStr, BString, ByteSlice as _};

use super::{Applied, ContentError, patch_utility, text};
use crate::diff::{FileDiff, Mode, Operation, safety};
use crate::git::{Entry, GitError, Kind, MODE_FILE, MODE_SYMLINK, MODE_TREE, Oid, Store, TreeChanges, Walk};
use crate::text::visible;

/// Whose rules place the hunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// `git am` and `git apply`.
    Git,
    /// `patch -t -F0 -N -u -p1`, as the image build runs it.
    PatchUtility,
}

/// A patch that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The tree with the patch.
    pub tree: Oid,
    /// The paths that changed, in path order; renames stand as a deletion and a creation.
    pub changes: Vec<Walk>,
    /// For each file of the patch, in its order: how far each hunk stood from the line that it names.
    pub offsets: Vec<FileOffsets>,
}

/// Where the hunks of one file went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileOffsets {
    /// The file, as it is called after the patch.
    pub path: BString,
    /// Found line minus named line, for each hunk.
    pub offsets: Vec<i64>,
}

/// The largest distance of a hunk from the line that it names, in lines.
pub fn max_offset(files: &[FileOffsets]) -> u64 {
    files.iter().flat_map(|file| &file.offsets).map(|offset| offset.unsigned_abs()).max().unwrap_or(0)
}

/// Why a patch does not apply.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The patch wants to write where no patch may.
    #[error("{0}")]
    Refused(String),
    /// A file that the patch changes is not there.
    #[error("{}: does not exist in the tree", visible(.0))]
    NoSuchFile(BString),
    /// A file that the patch creates is there already.
    #[error("{}: already exists in the tree", visible(.0))]
    Exists(BString),
    /// The file is of another type than the patch says.
    #[error("{}: is of mode {found:o}, the patch expects {expected:o}", visible(path))]
    WrongType {
        /// The file.
        path: BString,
        /// Its mode.
        found: Mode,
        /// The mode that the patch names.
        expected: Mode,
    },
    /// The content of a file does not take the change: a hunk without a place, most of the time.
    #[error("{}: {}", visible(path), in_words(reason))]
    Content {
        /// The file.
        path: BString,
        /// Why.
        reason: ContentError,
    },
    /// The repository failed.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl ApplyError {
    /// True if the patch is hostile or broken by itself, on whatever tree.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(_))
    }
}

/// A file as the patch being applied sees it.
#[derive(Clone)]
struct File {
    mode: Mode,
    content: Arc<[u8]>,
}

/// Applies `diffs` to `tree`: all of it, or an error. Exact context, no fuzz.
pub fn apply(store: &Store, tree: Oid, diffs: &[FileDiff], engine: Engine) -> Result<Placed, ApplyError> {
    let mut work = Work { store, tree, engine, files: BTreeMap::new() };
    let offsets = work.apply_files(diffs)?;
    work.finish(offsets)
}

/// What [`apply`] would change in the tree, without making the tree that comes of it.
pub fn apply_changes(
    store: &Store,
    tree: Oid,
    diffs: &[FileDiff],
    engine: Engine,
) -> Result<(TreeChanges, Vec<FileOffsets>), ApplyError> {
    let mut work = Work { store, tree, engine, files: BTreeMap::new() };
    let offsets = work.apply_files(diffs)?;
    let changes = work.changes()?;
    Ok((changes.into_iter().map(|walk| (walk.path, walk.new)).collect(), offsets))
}

/// Applies several patches, one after the other, and gives the tree of all of them.
///
/// The trees in between are not made, which is most of the cost of [`apply`]. The error names the patch by its index.
pub fn apply_all<'d>(
    store: &Store,
    tree: Oid,
    patches: impl Iterator<Item = &'d [FileDiff]>,
    engine: Engine,
) -> Result<Oid, (usize, ApplyError)> {
    let mut work = Work { store, tree, engine, files: BTreeMap::new() };
    let mut last = 0;
    for (at, diffs) in patches.enumerate() {
        last = at;
        work.apply_files(diffs).map_err(|error| (at, error))?;
    }
    work.finish(Vec::new()).map(|placed| placed.tree).map_err(|error| (last, error))
}

struct Work<'s> {
    store: &'s Store,
    tree: Oid,
    engine: Engine,
    files: BTreeMap<BString, Option<File>>,
}

impl Work<'_> {
    fn file(&self, path: &BStr) -> Result<Option<File>, ApplyError> {
        if let Some(file) = self.files.get(path) {
            return Ok(file.clone());
        }
        self.refuse_links(path)?;
        match self.store.entry(self.tree, path)? {
            Some(entry) if entry.mode != MODE_TREE => {
                Ok(Some(File { mode: entry.mode, content: self.store.content(Some(entry))? }))
            }
            _ => Ok(None),
        }
    }

    /// No patch may reach through a symbolic link, be it of the tree or made by the same patch.
    fn refuse_links(&self, path: &BStr) -> Result<(), ApplyError> {
        for slash in path.find_iter(b"/") {
            let parent = path[..slash].as_bstr();
            let mode = match self.files.get(parent) {
                Some(file) => file.as_ref().map(|file| file.mode),
                None => self.store.entry(self.tree, parent)?.map(|entry| entry.mode),
            };
            match mode {
                Some(MODE_SYMLINK) => {
                    let (path, parent) = (visible(path), visible(parent));
                    return Err(ApplyError::Refused(format!("'{path}' lies beyond the symbolic link '{parent}'")));
                }
                Some(_) => {}
                None => return Ok(()),
            }
        }
        Ok(())
    }

    fn apply_file(&mut self, diff: &FileDiff) -> Result<FileOffsets, ApplyError> {
        let path = diff.new_path.as_ref().or(diff.old_path.as_ref()).expect("a diff names a file");
        let old = match &diff.old_path {
            None => None,
            Some(old_path) => match self.file(old_path.as_bstr())? {
                Some(file) => {
                    check_type(old_path, &file, diff)?;
                    Some(file)
                }
                None if diff.may_create() => None,
                None => return Err(ApplyError::NoSuchFile(old_path.clone())),
            },
        };
        let moves = matches!(diff.operation, Operation::Create | Operation::Rename | Operation::Copy);
        if moves && self.file(path.as_bstr())?.is_some() && diff.old_path.as_ref() != Some(path) {
            return Err(ApplyError::Exists(path.clone()));
        }
        let applied = self.content(path, diff, old.as_ref())?;
        let mode = diff.new_mode.or(old.as_ref().map(|old| old.mode)).unwrap_or(MODE_FILE);
        if diff.operation == Operation::Delete {
            self.files.insert(path.clone(), None);
        } else {
            if let (Operation::Rename, Some(old_path)) = (diff.operation, &diff.old_path) {
                self.files.insert(old_path.clone(), None);
            }
            self.files.insert(path.clone(), Some(File { mode, content: applied.content.into() }));
        }
        Ok(FileOffsets { path: path.clone(), offsets: applied.offsets })
    }

    fn content(&self, path: &BString, diff: &FileDiff, old: Option<&File>) -> Result<Applied, ApplyError> {
        let old = old.map(|old| &*old.content);
        let applied = match self.engine {
            Engine::Git => text::apply_content(diff, old),
            Engine::PatchUtility => patch_utility::apply_content(diff, old),
        };
        applied.map_err(|reason| ApplyError::Content { path: path.clone(), reason })
    }

    fn apply_files(&mut self, diffs: &[FileDiff]) -> Result<Vec<FileOffsets>, ApplyError> {
        let checked = |diff| safety::check(diff).map_err(|refusal| ApplyError::Refused(refusal.to_string()));
        diffs.iter().map(|diff| checked(diff).and_then(|()| self.apply_file(diff))).collect()
    }

    /// The paths that are not as they were.
    fn changes(self) -> Result<Vec<Walk>, ApplyError> {
        let mut changes = Vec::new();
        for (path, file) in self.files {
            let old = self.store.entry(self.tree, path.as_bstr())?.filter(|entry| entry.mode != MODE_TREE);
            let new = file.map(|file| Entry { mode: file.mode, id: self.store.insert(Kind::Blob, file.content) });
            if old != new {
                changes.push(Walk { path, old, new });
            }
        }
        Ok(changes)
    }

    fn finish(self, offsets: Vec<FileOffsets>) -> Result<Placed, ApplyError> {
        let (store, tree) = (self.store, self.tree);
        let changes = self.changes()?;
        let edits: TreeChanges = changes.iter().map(|walk| (walk.path.clone(), walk.new)).collect();
        Ok(Placed { tree: store.edit_tree(tree, &edits)?, changes, offsets })
    }
}

/// A hunk's own reason says more than that the content does not fit.
fn in_words(reason: &ContentError) -> String {
    match reason {
        ContentError::Hunk(failure) => failure.to_string(),
        other => other.to_string(),
    }
}

/// A file, a symbolic link and a submodule are not changed into each other without saying so.
fn check_type(path: &BString, file: &File, diff: &FileDiff) -> Result<(), ApplyError> {
    let kind = |mode: Mode| mode & 0o170_000;
    match diff.old_mode {
        Some(expected) if kind(expected) != kind(file.mode) => {
            Err(ApplyError::WrongType { path: path.clone(), found: file.mode, expected })
        }
        _ => Ok(()),
    }
}
