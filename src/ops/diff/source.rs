//! Where sets come from: what the user wrote, and how it is read.

use std::path::{Path, PathBuf};

use super::range;
use super::side::Side;
use crate::event::Event;
use crate::git::{Git, GitError, MODE_EXECUTABLE, MODE_FILE, Oid, Store, work_tree};
use crate::kit::{Kit, is_series_name, patch_files};
use crate::ops::jobs::{find_series, unreadable};
use crate::ops::workspace::{self, kit_error};
use crate::ops::{OpError, Places, Watch};
use crate::patch_set::{PatchSet, is_patch_name};
use crate::text::visible;

/// A set that was named, not yet read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A directory as it is now.
    Folder { name: String, path: PathBuf },
    /// A directory at a revision of the kit's repository; empty if it may be absent and is.
    Revision { name: String, git_dir: PathBuf, spec: String, may_be_absent: bool },
    /// The commits that `tip` reaches and `base` does not.
    Range { name: String, base: String, tip: String },
}

/// Reads sets by their names.
pub(super) struct Source<'a> {
    places: &'a Places,
    watch: Watch<'a>,
}

/// Names and bytes of patch files.
type Files = Vec<(String, Vec<u8>)>;

const FORMS: &str =
    "a set is a series (6.6.x), a directory, REV:DIR in the kit's repository, or commits A..B of the linux tree";

impl<'a> Source<'a> {
    pub(super) fn new(places: &'a Places, watch: Watch<'a>) -> Self {
        Self { places, watch }
    }

    /// What `typed` names. A series wins over a directory of that name, which `./` in front still names; a directory
    /// that is there wins over the rest.
    pub(super) fn place(&self, typed: &str) -> Result<Place, OpError> {
        if let Some(folder) = self.folder(typed)? {
            return Ok(folder);
        }
        if let Some((base, tip)) = as_range(typed) {
            return Ok(Place::Range { name: typed.to_owned(), base: base.to_owned(), tip: tip.to_owned() });
        }
        if let Some((revision, dir)) = typed.split_once(':').filter(|(revision, _)| !revision.is_empty()) {
            return self.at_revision(typed, revision, dir);
        }
        Err(OpError::new(format!("'{typed}' names no patch set")).hint(FORMS))
    }

    /// The committed and the working files of a series or a directory.
    pub(super) fn committed_and_working(&self, typed: &str) -> Result<(Place, Place), OpError> {
        let Some(Place::Folder { name, path }) = self.folder(typed)? else {
            return Err(OpError::new(format!("'{typed}' needs a second set to be compared with"))
                .hint("alone, only a series or a directory is compared: its last commit with its files"));
        };
        let (git, inside) = repository(&path)?;
        if git.resolve("HEAD^{commit}").map_err(cannot_ask)?.is_none() {
            return Err(OpError::new(format!("the repository of '{}' has no commit yet", path.display())));
        }
        let old = Place::Revision {
            name: format!("HEAD:{inside}"),
            git_dir: git.git_dir().to_owned(),
            spec: format!("HEAD:{inside}"),
            may_be_absent: true,
        };
        Ok((old, Place::Folder { name, path }))
    }

    /// Reads a set.
    pub(super) fn read(&self, place: &Place) -> Result<Side, OpError> {
        match place {
            Place::Folder { name, path } => {
                let files = patch_files(path).map_err(kit_error)?;
                Ok(Side::of_files(name.clone(), set(path, files)?))
            }
            Place::Revision { name, git_dir, spec, may_be_absent } => {
                let files = match files_at(&Git::new(git_dir), spec)? {
                    Some(files) => files,
                    None if *may_be_absent => Vec::new(),
                    None => {
                        return Err(OpError::new(format!("the kit's repository has no '{spec}'"))
                            .hint("the directory counts from the top of the repository: HEAD~1:kernel/patches-6.6.x"));
                    }
                };
                Ok(Side::of_files(name.clone(), set(Path::new(spec), files)?))
            }
            Place::Range { name, base, tip } => {
                let kit = workspace::kit(self.places).ok();
                let linux = workspace::linux(self.places, kit.as_ref(), &[], self.watch)?;
                self.watch.observer.event(&Event::Stage { name: "reading commits".into(), total: None });
                let members = range::read(&linux.store, base, tip, self.watch)?;
                Ok(Side { name: name.clone(), members })
            }
        }
    }

    /// A series of the kit, or a directory.
    fn folder(&self, typed: &str) -> Result<Option<Place>, OpError> {
        let name = typed.to_owned();
        let path = PathBuf::from(typed);
        if is_series_name(typed) {
            match workspace::kit(self.places) {
                Ok(kit) => {
                    let path = find_series(&kit, typed)?.patches_dir;
                    return Ok(Some(Place::Folder { name, path }));
                }
                Err(error) if !path.is_dir() => return Err(error),
                Err(_) => {}
            }
        }
        Ok(path.is_dir().then_some(Place::Folder { name, path }))
    }

    fn at_revision(&self, typed: &str, revision: &str, dir: &str) -> Result<Place, OpError> {
        let kit = workspace::kit(self.places);
        let top = match &kit {
            Ok(kit) => kit.top().to_owned(),
            Err(_) => self.places.kit.clone().unwrap_or_else(|| PathBuf::from(".")),
        };
        let (git, _) = repository(&top)?;
        if git.resolve(&format!("{revision}^{{commit}}")).map_err(cannot_ask)?.is_none() {
            return Err(OpError::new(format!("the kit's repository has no revision '{revision}'")).hint(FORMS));
        }
        let dir = match &kit {
            Ok(kit) if is_series_name(dir) => series_dir(kit, dir)?,
            _ => dir.trim_end_matches('/').to_owned(),
        };
        let spec = format!("{revision}:{dir}");
        let git_dir = git.git_dir().to_owned();
        Ok(Place::Revision { name: typed.to_owned(), git_dir, spec, may_be_absent: false })
    }
}

/// Both ends of `A..B`. A path may have `..` in it too, but then as the name of a directory.
fn as_range(typed: &str) -> Option<(&str, &str)> {
    let (base, tip) = typed.split_once("..")?;
    let is_path = base.is_empty() || base.ends_with('/') || tip.is_empty() || tip.starts_with(['/', '.']);
    (!is_path && !tip.contains("..")).then_some((base, tip))
}

/// The directory of a series, from the top of the kit's repository.
fn series_dir(kit: &Kit, series: &str) -> Result<String, OpError> {
    repository(&find_series(kit, series)?.patches_dir).map(|(_, inside)| inside)
}

/// The repository whose work tree holds `path`, and where in it `path` is; the path itself need not exist.
fn repository(path: &Path) -> Result<(Git, String), OpError> {
    let none = || {
        OpError::new(format!("'{}' is in no git repository", path.display()))
            .hint("commits can only be looked at where the patches are kept in git")
    };
    let absolute = std::path::absolute(path).map_err(|error| OpError::because("cannot find a directory", error))?;
    let there = absolute.ancestors().find(|folder| folder.is_dir()).ok_or_else(none)?;
    let missing = absolute.strip_prefix(there).unwrap_or(Path::new(""));
    let there = there.canonicalize().map_err(|error| OpError::because("cannot find a directory", error))?;
    let git = Git::containing(&there).ok_or_else(none)?;
    let top = work_tree(&there).ok_or_else(none)?;
    let inside = there.strip_prefix(top).unwrap_or(Path::new("")).join(missing);
    match inside.to_str() {
        Some(inside) => Ok((git, inside.trim_end_matches('/').to_owned())),
        None => Err(OpError::new(format!("the name of '{}' is not UTF-8", path.display()))),
    }
}

fn set(folder: &Path, files: Files) -> Result<PatchSet, OpError> {
    PatchSet::read(files).map_err(|errors| unreadable(folder, &errors))
}

fn cannot_ask(error: crate::git::process::Error) -> OpError {
    OpError::because("cannot read the kit's repository", error)
}

/// The patch files of the directory that `spec`, `REV:DIR`, names; `None` if there is no such directory.
fn files_at(git: &Git, spec: &str) -> Result<Option<Files>, OpError> {
    let Some(id) = git.resolve(spec).map_err(cannot_ask)? else { return Ok(None) };
    let failed = |error: GitError| OpError::because(format!("cannot read '{spec}'"), error);
    let store = Store::open(git.git_dir()).map_err(failed)?;
    let id = Oid::from_hex(id.as_bytes()).map_err(|error| OpError::because(format!("cannot read '{spec}'"), error))?;
    let mut files = Vec::new();
    for entry in store.tree(id).map_err(failed)?.iter() {
        let Ok(name) = std::str::from_utf8(&entry.name) else {
            if entry.name.ends_with(b".patch") {
                return Err(OpError::new(format!("the name of '{}' is not UTF-8", visible(&entry.name))));
            }
            continue;
        };
        if !is_patch_name(name) {
            continue;
        }
        if entry.mode != MODE_FILE && entry.mode != MODE_EXECUTABLE {
            return Err(OpError::new(format!("'{spec}/{name}' is not a regular file")));
        }
        files.push((name.to_owned(), store.blob(entry.id).map_err(failed)?.to_vec()));
    }
    Ok(Some(files))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_told_from_paths() {
        assert_eq!(as_range("v6.6.13..ours"), Some(("v6.6.13", "ours")));
        assert_eq!(as_range("feature/a..feature/b"), Some(("feature/a", "feature/b")));
        for other in ["../patches", "a/../b", "v1...v2", "..b", "a..", "6.6.x", "a/..", "HEAD~1:a"] {
            assert_eq!(as_range(other), None, "{other}");
        }
    }

    #[test]
    fn series_are_told_from_the_rest() {
        assert!(is_series_name("6.6.x") && is_series_name("5.11.x-rt"));
        assert!(
            !is_series_name("6.6.13")
                && !is_series_name("./6.6.x")
                && !is_series_name("6.6.x/patches")
                && !is_series_name("x")
        );
    }
}
