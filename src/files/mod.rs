//! Files that are written whole or not at all.

mod journal;
mod landing;
mod lock;
mod moves;
mod sum;

use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

pub use landing::{Change, Committed, Landing, Recovered};
pub use lock::Lock;
pub use sum::sha256;

/// The directory inside `kernel/` that holds the lock and a landing while kpatch is at work, and that is gone
/// afterwards.
pub const WORK_DIR: &str = ".kpatch";

/// Why files could not be written.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// The system refused one step.
    #[error("cannot {what} '{}'", path.display())]
    Io {
        /// The step, as a verb.
        what: &'static str,
        /// What it was to be done to.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Somebody else holds the lock.
    #[error("another kpatch ({holder}) is at work; its lock is '{}'", path.display())]
    Busy {
        /// The lock file.
        path: PathBuf,
        /// `pid N, on WHAT`, as far as the lock file tells.
        holder: String,
    },
    /// A symbolic link where a file or directory of the user's own has to be.
    #[error("'{}' is a symbolic link; refusing to write through it", path.display())]
    Symlink {
        /// The link.
        path: PathBuf,
    },
    /// A target that leaves the kit, or that a journal cannot hold.
    #[error("'{}' is not a path inside the kit", path.display())]
    Outside {
        /// The refused path.
        path: PathBuf,
    },
    /// A file name that is no plain name.
    #[error("'{}' is not a file name", crate::text::visible(name.as_bytes()))]
    Name {
        /// The refused name.
        name: String,
    },
    /// The target lies on another file system than the work directory, so that no rename can reach it.
    #[error("'{}' is on another file system than '{}'", path.display(), work.display())]
    CrossDevice {
        /// The target.
        path: PathBuf,
        /// The work directory.
        work: PathBuf,
    },
    /// The target is not what it was when the change was prepared.
    #[error("'{}' has been changed by somebody else in the meantime", path.display())]
    Changed {
        /// The target.
        path: PathBuf,
    },
    /// A landing of an earlier run waits for its end.
    #[error("an earlier change was interrupted; '{}' has to be recovered first", path.display())]
    Unfinished {
        /// The waiting landing.
        path: PathBuf,
    },
    /// A landing that has begun to take effect cannot be thrown away.
    #[error("the change in '{}' has taken effect in part and can only be completed", path.display())]
    Begun {
        /// The landing.
        path: PathBuf,
    },
    /// The journal of a landing cannot be used.
    #[error("the journal '{}' cannot be used: {reason}", path.display())]
    Journal {
        /// The journal file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The caller's update of refs failed.
    #[error("cannot update the refs")]
    Refs(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Turns an `io::Error` into one that names the step and the path.
fn cannot(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FilesError {
    let path = path.to_owned();
    move |source| FilesError::Io { what, path, source }
}

/// The metadata of `path` itself (links are not followed); `None` if there is nothing.
fn lstat(path: &Path) -> Result<Option<fs::Metadata>, FilesError> {
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(cannot("look at", path)(error)),
    }
}

/// Makes the entries of a directory durable.
fn sync_dir(path: &Path) -> Result<(), FilesError> {
    File::open(path).and_then(|dir| dir.sync_all()).map_err(cannot("sync", path))
}

/// The directory that holds `path`; `.` for a bare name.
fn parent(path: &Path) -> &Path {
    path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes a new file with all of `bytes`, durable; `mode` is kept as it is, `None` means the usual mode of new files.
fn write_new(path: &Path, bytes: &[u8], mode: Option<u32>) -> Result<(), FilesError> {
    let file = write_unsynced(path, bytes, mode)?;
    file.sync_all().map_err(cannot("write", path))
}

/// [`write_new`] without waiting for the disk: the caller syncs the file.
fn write_unsynced(path: &Path, bytes: &[u8], mode: Option<u32>) -> Result<File, FilesError> {
    let mut file = File::options().write(true).create_new(true).open(path).map_err(cannot("create", path))?;
    if let Some(mode) = mode {
        file.set_permissions(Permissions::from_mode(mode)).map_err(cannot("set the permissions of", path))?;
    }
    file.write_all(bytes).map_err(cannot("write", path))?;
    Ok(file)
}

/// Writes `bytes` to `path` so that a reader, or the next boot, sees either the old or the new file as a whole.
///
/// The permissions of an existing file are kept. A symbolic link is refused, since the rename would replace it.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), FilesError> {
    let old = lstat(path)?;
    if old.as_ref().is_some_and(fs::Metadata::is_symlink) {
        return Err(FilesError::Symlink { path: path.to_owned() });
    }
    let dir = parent(path);
    let mut temporary = tempfile::Builder::new()
        .prefix(".kpatch-")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(dir)
        .map_err(cannot("create a file in", dir))?;
    temporary.write_all(bytes).map_err(cannot("write", path))?;
    if let Some(old) = old {
        let permissions = Permissions::from_mode(old.permissions().mode() & 0o7777);
        temporary.as_file().set_permissions(permissions).map_err(cannot("set the permissions of", path))?;
    }
    temporary.as_file().sync_all().map_err(cannot("sync", path))?;
    temporary.persist(path).map_err(|error| cannot("replace", path)(error.error))?;
    sync_dir(dir)
}

/// Removes the work directory if nothing is left in it.
fn tidy(work: &Path) {
    // A lock or another landing may still be there; an empty directory that stays does no harm.
    let _ = fs::remove_dir(work);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_file_keeps_its_mode_and_leaves_nothing_beside_it() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("Makefile");
        write_atomic(&path, b"one").expect("written");
        fs::set_permissions(&path, Permissions::from_mode(0o751)).expect("chmod");
        write_atomic(&path, b"two").expect("written");
        assert_eq!(fs::read(&path).expect("a file"), b"two");
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o7777, 0o751);
        assert_eq!(fs::read_dir(dir.path()).expect("a directory").count(), 1);
    }

    #[test]
    fn links_and_missing_directories_are_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        fs::write(dir.path().join("real"), "real").expect("written");
        std::os::unix::fs::symlink("real", dir.path().join("link")).expect("a link");
        assert!(matches!(write_atomic(&dir.path().join("link"), b"x"), Err(FilesError::Symlink { .. })));
        assert!(matches!(write_atomic(&dir.path().join("real/x"), b"x"), Err(FilesError::Io { .. })));
        assert!(matches!(write_atomic(&dir.path().join("none/x"), b"x"), Err(FilesError::Io { .. })));
        assert_eq!(fs::read(dir.path().join("real")).expect("a file"), b"real");
    }
}
