//! The small moves of a landing: copies, renames and the exchange of two directories.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::landing::Hook;
use super::{FilesError, cannot, lstat, sync_dir, write_new, write_unsynced};

pub(super) fn remove_staged(path: &Path) -> Result<(), FilesError> {
    let is_dir = lstat(path)?.is_some_and(|found| found.is_dir());
    let removed = if is_dir { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.map_err(cannot("remove", path))
}

/// The permission bits of what is there.
pub(super) fn mode_of(path: &Path) -> Result<u32, FilesError> {
    Ok(fs::metadata(path).map_err(cannot("look at", path))?.permissions().mode() & 0o7777)
}

/// Makes `staged` with `files` and those entries of `old` that are to be kept. Files that do not change are the old
/// ones, so that their times and permissions stay.
pub(super) fn stage_dir(
    old: &Path,
    staged: &Path,
    files: &[(String, Vec<u8>)],
    keep: &[OsString],
    hook: Hook<'_>,
) -> Result<(), FilesError> {
    fs::create_dir(staged).map_err(cannot("create", staged))?;
    if lstat(old)?.is_some() {
        let permissions = Permissions::from_mode(mode_of(old)?);
        fs::set_permissions(staged, permissions).map_err(cannot("set the permissions of", staged))?;
    }
    let mut written: Vec<File> = Vec::new();
    for (name, bytes) in files {
        check_name(OsStr::new(name))?;
        hook("stage a patch")?;
        let (before, to) = (old.join(name), staged.join(name));
        let replaced = lstat(&before)?.filter(fs::Metadata::is_file);
        if replaced.is_some() && fs::read(&before).map_err(cannot("read", &before))? == *bytes {
            copy(&before, &to)?;
        } else {
            written.push(write_unsynced(&to, bytes, replaced.map(|found| found.permissions().mode() & 0o7777))?);
        }
        if written.len() == SYNC_TOGETHER {
            sync_files(&mut written, staged)?;
        }
    }
    sync_files(&mut written, staged)?;
    for name in keep {
        check_name(name)?;
        hook("stage a file that stays")?;
        copy(&old.join(name), &staged.join(name))?;
    }
    sync_dir(staged)
}

/// How many files may wait to be synced: the first sync brings most of the others to the disk as well.
const SYNC_TOGETHER: usize = 200;

fn sync_files(files: &mut Vec<File>, dir: &Path) -> Result<(), FilesError> {
    files.drain(..).try_for_each(|file| file.sync_all()).map_err(cannot("write the files of", dir))
}

/// One component, and none of those that mean something else.
fn check_name(name: &OsStr) -> Result<(), FilesError> {
    let mut components = Path::new(name).components();
    let plain = matches!(components.next(), Some(std::path::Component::Normal(only)) if only == name);
    if plain { Ok(()) } else { Err(FilesError::Name { name: name.to_string_lossy().into_owned() }) }
}

/// Another name for a file, or a copy of it with its permissions; directories and links are made anew.
fn copy(from: &Path, to: &Path) -> Result<(), FilesError> {
    let found = fs::symlink_metadata(from).map_err(cannot("look at", from))?;
    if found.is_symlink() {
        let link = fs::read_link(from).map_err(cannot("read", from))?;
        return std::os::unix::fs::symlink(link, to).map_err(cannot("create", to));
    }
    if found.is_dir() {
        fs::create_dir(to).map_err(cannot("create", to))?;
        fs::set_permissions(to, found.permissions()).map_err(cannot("set the permissions of", to))?;
        for entry in fs::read_dir(from).map_err(cannot("read", from))? {
            let entry = entry.map_err(cannot("read", from))?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        return sync_dir(to);
    }
    if fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    let bytes = fs::read(from).map_err(cannot("read", from))?;
    write_new(to, &bytes, Some(found.permissions().mode() & 0o7777))
}

/// Renames, and refuses to replace anything.
pub(super) fn rename_new(from: &Path, to: &Path) -> Result<(), FilesError> {
    if lstat(to)?.is_some() {
        return Err(FilesError::Changed { path: to.to_owned() });
    }
    fs::rename(from, to).map_err(cannot("rename to", to))
}

/// Swaps two directories in one instant; false if this system or file system cannot.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
pub(super) fn exchange(a: &Path, b: &Path) -> Result<bool, FilesError> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(true),
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => Ok(false),
        Err(error) => Err(cannot("replace", b)(error.into())),
    }
}

/// Swaps two directories in one instant; false if this system or file system cannot.
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
pub(super) fn exchange(_: &Path, _: &Path) -> Result<bool, FilesError> {
    Ok(false)
}
