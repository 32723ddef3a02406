//! Where the sources of one kernel are unpacked, and what is known of them.
//!
//! The tree holds two files of its own: a list of what was unpacked, and a stamp that says what it was unpacked from. A new tree is made
//! beside it, stamp and all, and takes its place in one step. So there is an old tree or a new one, never half of one.

use std::ffi::OsString;
use std::fs::{self, File, FileTimes, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bstr::ByteSlice as _;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde::{Deserialize, Serialize};
use tempfile::{NamedTempFile, TempDir};

use super::files::{Files, OBJECTS, at};
use crate::build::BuildError;
use crate::build::error::cannot;
use crate::files::{FilesError, Lock, write_atomic};
use crate::git::MODE_SYMLINK;

/// The names of the tree's own files.
const STAMP: &str = ".kpatch-source";
const LIST: &str = ".kpatch-files";
/// What the names of unfinished trees and archives begin with.
const UNFINISHED: &str = ".new-";

/// What a tree was unpacked from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    /// See [`Prepared::source_id`](super::Prepared::source_id).
    pub(super) source_id: String,
    /// When the release was made, in seconds since 1970.
    pub(super) released: i64,
    /// What the proof of a tarball depended on; empty for a tree.
    pub(super) proof: String,
    /// What is to be told of it.
    pub(super) notes: Vec<String>,
}

/// The directory with the sources of one kernel; nobody else changes it meanwhile.
pub(super) struct Place {
    work: PathBuf,
    tree: PathBuf,
    _lock: Lock,
}

impl Place {
    /// Takes the directory `work` for the sources `name`, and removes what earlier runs did not finish.
    pub(super) fn open(work: &Path, name: &str) -> Result<Self, BuildError> {
        fs::create_dir_all(work).map_err(cannot("make", work))?;
        let lock = Lock::acquire(&work.join("lock"), &format!("the sources of {name}")).map_err(files_failed)?;
        for entry in fs::read_dir(work).map_err(cannot("read", work))? {
            let entry = entry.map_err(cannot("read", work))?;
            if entry.file_name().as_encoded_bytes().starts_with(UNFINISHED.as_bytes()) {
                // What stays costs space and nothing else.
                let path = entry.path();
                let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
            }
        }
        Ok(Self { work: work.to_owned(), tree: work.join(format!("linux-{name}")), _lock: lock })
    }

    /// The directory that everything is in.
    pub(super) fn work(&self) -> &Path {
        &self.work
    }

    /// The tree, whether it is there or not.
    pub(super) fn tree(&self) -> &Path {
        &self.tree
    }

    /// What the tree was unpacked from; `None` if there is no whole tree.
    pub(super) fn stamp(&self) -> Option<Stamp> {
        serde_json::from_slice(&fs::read(self.tree.join(STAMP)).ok()?).ok()
    }

    /// What was unpacked; `None` if there is no whole tree.
    pub(super) fn files(&self) -> Option<Files> {
        Files::parse(&fs::read(self.tree.join(LIST)).ok()?)
    }

    /// Changes what is known of the tree as it is.
    pub(super) fn write_stamp(&self, stamp: &Stamp) -> Result<(), BuildError> {
        write_atomic(&self.tree.join(STAMP), &text(stamp)).map_err(files_failed)
    }

    /// An empty directory that goes away when it is dropped.
    pub(super) fn unfinished(&self) -> Result<TempDir, BuildError> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(UNFINISHED).permissions(Permissions::from_mode(0o755));
        builder.tempdir_in(&self.work).map_err(cannot("make a directory in", &self.work))
    }

    /// A file that goes away when it is dropped.
    pub(super) fn unfinished_file(&self) -> Result<NamedTempFile, BuildError> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(UNFINISHED).permissions(Permissions::from_mode(0o644));
        builder.tempfile_in(&self.work).map_err(cannot("make a file in", &self.work))
    }

    /// Puts the tree `new`, which holds `files`, in the place of the old one. Its objects stay, and what has not changed keeps its time, so
    /// that `make` compiles what depends on the changes alone.
    pub(super) fn replace(&self, new: &Path, files: &Files, stamp: &Stamp) -> Result<(), BuildError> {
        let old = self.stamp().and_then(|_| self.files());
        let objects = if old.is_some() { self.objects()? } else { Vec::new() };
        if let (Some(old), false) = (&old, objects.is_empty()) {
            self.keep_times(new, files, old)?;
        }
        for (name, bytes) in [(LIST, files.print()), (STAMP, text(stamp))] {
            let path = new.join(name);
            fs::write(&path, bytes).map_err(cannot("write", &path))?;
        }
        exchange(new, &self.tree).map_err(cannot("put in place", &self.tree))?;
        for name in objects {
            // Where this fails, as for objects of another user, they are made once more.
            let _ = fs::rename(new.join(&name), self.tree.join(&name));
        }
        Ok(())
    }

    /// The names of the directories with objects in the tree.
    fn objects(&self) -> Result<Vec<OsString>, BuildError> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.tree).map_err(cannot("read", &self.tree))? {
            let name = entry.map_err(cannot("read", &self.tree))?.file_name();
            if name.as_encoded_bytes().starts_with(OBJECTS.as_bytes()) {
                names.push(name);
            }
        }
        Ok(names)
    }

    /// Gives the files in `new` that are as in the tree the time that they have there, and the others the present one. The old time may be
    /// later than that of unpacking: what changed before, and was not compiled since.
    fn keep_times(&self, new: &Path, files: &Files, old: &Files) -> Result<(), BuildError> {
        let now = SystemTime::now();
        for (path, entry) in files.0.iter().filter(|(_, entry)| entry.mode != MODE_SYMLINK) {
            let (before, after) = (at(&self.tree, path.as_bstr()), at(new, path.as_bstr()));
            let same = old.0.get(path) == Some(entry);
            let set = || -> io::Result<()> {
                let kept = if same { fs::symlink_metadata(&before)?.modified()? } else { now };
                if fs::symlink_metadata(&after)?.modified()? != kept {
                    File::open(&after)?.set_times(FileTimes::new().set_modified(kept))?;
                }
                Ok(())
            };
            set().map_err(cannot("set the time of", &after))?;
        }
        Ok(())
    }
}

/// Lets two directories change places; one that is there alone goes to the other place.
fn exchange(new: &Path, tree: &Path) -> io::Result<()> {
    match renameat_with(CWD, new, CWD, tree, RenameFlags::EXCHANGE) {
        Err(rustix::io::Errno::NOENT) => fs::rename(new, tree),
        // A file system that cannot do it in one step: a crash in between leaves no tree, which is unpacked again then.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
            let aside = new.with_extension("old");
            fs::rename(tree, &aside)?;
            fs::rename(new, tree)?;
            fs::rename(aside, new)
        }
        done => Ok(done?),
    }
}

fn text(stamp: &Stamp) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(stamp).unwrap_or_default();
    text.push(b'\n');
    text
}

fn files_failed(error: FilesError) -> BuildError {
    match error {
        FilesError::Io { what, path, source } => BuildError::Io { what, path, source },
        error @ FilesError::Busy { .. } => BuildError::Input(error.to_string(), Some("wait until it has ended".into())),
        error => BuildError::Input(error.to_string(), None),
    }
}
