//! The patches of a kernel, put on its sources by the rules of `patch -t -F0 -N -u -p1`.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::fs;
use std::io;
use std::path::Path;

use bstr::{BStr, BString, ByteSlice as _};

use super::files::{self, Dirs, Files, at, content};
use super::git_failed;
use crate::apply::{ApplyError, Engine, apply, apply_all, prefetch, touched_paths};
use crate::build::BuildError;
use crate::build::error::{cannot, kit_failed};
use crate::diff::FileDiff;
use crate::git::{Entry, GitError, Kind, Oid, Store, TreeChanges};
use crate::kit::Kit;
use crate::patch::{self, Patch, PatchError};
use crate::version::KernelVersion;

/// A file of patches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatchFile {
    /// How messages name it: `kernel/patches-6.6.x/0001-a.patch`.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl PatchFile {
    /// The patches of a version in the order in which an image is built: those of its variant, then those of its series.
    ///
    /// # Errors
    /// When the kit cannot be read.
    pub fn of(kit: &Kit, version: &KernelVersion) -> Result<Vec<Self>, BuildError> {
        let mut files = Vec::new();
        for variant in [version.variant(), ""].into_iter().take(if version.variant().is_empty() { 1 } else { 2 }) {
            let dir = kit.patches_dir_of(&version.series(), variant).map_err(kit_failed)?;
            for (name, bytes) in crate::kit::patch_files(&dir).map_err(kit_failed)? {
                files.push(Self { name: kit.shown(&dir.join(name)), bytes });
            }
        }
        Ok(files)
    }
}

/// Patches that were read, in order.
pub(super) struct Patches {
    patches: Vec<Patch>,
    /// For each of them the name of its file.
    names: Vec<String>,
}

impl Patches {
    /// Reads files of patches.
    pub(super) fn read(files: &[PatchFile]) -> Result<Self, BuildError> {
        let mut all = Self { patches: Vec::new(), names: Vec::new() };
        for file in files {
            let read = patch::read(&file.name, &file.bytes).map_err(unreadable)?;
            all.names.extend(read.iter().map(|_| file.name.clone()));
            all.patches.extend(read);
        }
        Ok(all)
    }

    fn touched(&self) -> BTreeSet<BString> {
        touched_paths(&self.patches)
    }

    /// The tree with all patches, in memory.
    pub(super) fn on_tree(&self, store: &Store, tree: Oid) -> Result<Oid, BuildError> {
        if self.patches.is_empty() {
            return Ok(tree);
        }
        prefetch(store, &self.touched(), &[tree]).map_err(git_failed)?;
        let diffs = self.patches.iter().map(|patch| -> &[FileDiff] { &patch.diff });
        apply_all(store, tree, diffs, Engine::PatchUtility).map_err(|(at, error)| match error {
            // That a directory is in the way shows when the tree of all patches is made.
            ApplyError::Git(error @ GitError::InTheWay { .. }) => self.refused(self.first_failing(store, tree), &error),
            ApplyError::Git(error) => git_failed(error),
            error => self.refused(at, &error),
        })
    }

    fn refused(&self, at: usize, why: &dyn Display) -> BuildError {
        let name = self.names.get(at).map_or("the patches", String::as_str);
        let hint = "kpatch verify tells which patches still apply; kpatch bump carries them to another release";
        BuildError::Input(format!("{name}: {why}"), Some(hint.into()))
    }

    /// The first patch whose tree cannot be made.
    fn first_failing(&self, store: &Store, tree: Oid) -> usize {
        let mut tip = tree;
        let fails = |patch: &Patch| match apply(store, tip, &patch.diff, Engine::PatchUtility) {
            Ok(placed) => {
                tip = placed.tree;
                false
            }
            Err(_) => true,
        };
        self.patches.iter().position(fails).unwrap_or(self.patches.len())
    }

    /// Puts all patches on the files in `top`. `scratch` is an empty directory for as long as that takes.
    pub(super) fn on_files(&self, top: &Path, files: &mut Files, scratch: &Path) -> Result<(), BuildError> {
        if self.patches.is_empty() {
            return Ok(());
        }
        let store = Store::scratch(scratch).map_err(git_failed)?;
        let touched = self.touched();
        let mut known = TreeChanges::new();
        for path in &touched {
            for (path, entry) in around(files, path.as_bstr()) {
                let bytes = content(top, path, entry.mode)?;
                known.insert(path.to_owned(), Some(Entry { mode: entry.mode, id: store.insert(Kind::Blob, bytes) }));
            }
        }
        let empty = store.insert(Kind::Tree, Vec::new());
        let old = store.edit_tree(empty, &known).map_err(git_failed)?;
        let new = self.on_tree(&store, old)?;
        let mut changes = Vec::new();
        for path in touched {
            let find = |tree| store.entry(tree, path.as_bstr()).map_err(git_failed);
            let (old, new) = (find(old)?.filter(|entry| entry.is_blob()), find(new)?.filter(|entry| entry.is_blob()));
            if old != new {
                match new {
                    Some(entry) => files.0.insert(path.clone(), entry),
                    None => files.0.remove(&path),
                };
                changes.push((path, old, new));
            }
        }
        files.check()?;
        for (path, _, _) in changes.iter().filter(|(_, old, _)| old.is_some()) {
            remove(top, path.as_bstr())?;
        }
        let mut dirs = Dirs::default();
        for (path, _, new) in &changes {
            if let Some(entry) = new {
                let bytes = store.blob(entry.id).map_err(git_failed)?;
                dirs.above(top, path.as_bstr())?;
                files::write(top, path.as_bstr(), entry.mode, &bytes)?;
            }
        }
        Ok(())
    }
}

#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn unreadable(error: PatchError) -> BuildError {
    BuildError::Input(error.to_string(), error.hint.clone())
}

/// What is at a path, on the way to it or, where it is a directory, below it: one file is enough to see that.
fn around<'f>(files: &'f Files, path: &BStr) -> Vec<(&'f BStr, Entry)> {
    let ends = path.find_iter(b"/").chain([path.len()]);
    let on_the_way = ends.filter_map(|end| files.0.get_key_value(path[..end].as_bstr()));
    let inside = [path.as_bytes(), b"/"].concat();
    let below = files.0.range(BString::from(inside.as_slice())..).next().filter(|(path, _)| path.starts_with(&inside));
    on_the_way.chain(below).map(|(path, entry)| (path.as_bstr(), *entry)).collect()
}

/// Removes a file, and the directories that become empty by that.
fn remove(top: &Path, path: &BStr) -> Result<(), BuildError> {
    let mut gone = at(top, path);
    fs::remove_file(&gone).map_err(cannot("remove", &gone))?;
    while gone.pop() && gone != top {
        match fs::remove_dir(&gone) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => break,
            Err(error) => return Err(cannot("remove", &gone)(error)),
        }
    }
    Ok(())
}
