//! One kpatch at a time: an advisory lock that dies with its process.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use super::{FilesError, WORK_DIR, cannot, lstat, parent, tidy};

/// How often the lock file may vanish under our hands, each time because another process has just finished.
const ATTEMPTS: usize = 100;
/// How long a lock whose holder is dead is waited for, each time.
const PATIENCE: Duration = Duration::from_millis(20);
/// What is read of a lock file, in bytes: enough for a pid and what it is doing.
const HOLDER_LIMIT: u64 = 4096;

/// An exclusive lock, held until it is dropped or the process dies, however it dies.
///
/// The file is removed on release. One that a dead process left behind locks nobody out.
#[derive(Debug)]
pub struct Lock {
    /// The lock belongs to the open file.
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock `path`, or says who holds it. `what` tells others what is being done, such as `bump 6.6.x`.
    /// The directory of the lock is made if it is missing.
    pub fn acquire(path: &Path, what: &str) -> Result<Self, FilesError> {
        for _ in 0..ATTEMPTS {
            let Some(mut file) = open(path)? else { continue };
            match file.try_lock() {
                Ok(()) => {}
                // A child that was just being started may outlive its parent, with the lock, until it becomes a
                // program of its own.
                Err(TryLockError::WouldBlock) if is_dead(&mut file) => {
                    std::thread::sleep(PATIENCE);
                    continue;
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(FilesError::Busy { path: path.to_owned(), holder: holder(&mut file) });
                }
                Err(TryLockError::Error(error)) => return Err(cannot("lock", path)(error)),
            }
            // The last holder removes the file: the lock of a removed file excludes nobody.
            if !is_at(&file, path)? {
                continue;
            }
            let text = format!("{}\n{}\n", std::process::id(), what.replace(['\n', '\r'], " "));
            file.set_len(0).and_then(|()| file.write_all(text.as_bytes())).map_err(cannot("write", path))?;
            return Ok(Self { file, path: path.to_owned() });
        }
        Err(FilesError::Busy { path: path.to_owned(), holder: "pid unknown".to_owned() })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Removed while it is held, so that no other process can have locked this very file; a file that was put
        // in its place is somebody else's.
        if is_at(&self.file, &self.path).unwrap_or(false) {
            let _ = fs::remove_file(&self.path);
        }
        let dir = parent(&self.path);
        if dir.ends_with(WORK_DIR) {
            tidy(dir);
        }
    }
}

/// Opens the lock file, made if need be; `None` if its directory was removed at the same moment.
fn open(path: &Path) -> Result<Option<File>, FilesError> {
    let dir = parent(path);
    match fs::create_dir(dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(cannot("create", dir)(error)),
        _ => {}
    }
    if lstat(dir)?.is_some_and(|found| found.is_symlink()) {
        return Err(FilesError::Symlink { path: dir.to_owned() });
    }
    let no_follow = rustix::fs::OFlags::NOFOLLOW.bits() as i32;
    match File::options().read(true).write(true).create(true).truncate(false).custom_flags(no_follow).open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(cannot("open", path)(error)),
    }
}

/// True if `path` still names the file that is open.
fn is_at(file: &File, path: &Path) -> Result<bool, FilesError> {
    let open = file.metadata().map_err(cannot("look at", path))?;
    Ok(lstat(path)?.is_some_and(|found| found.ino() == open.ino() && found.dev() == open.dev()))
}

/// True if the lock file names a process that is no more.
fn is_dead(file: &mut File) -> bool {
    let mut text = String::new();
    let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.take(HOLDER_LIMIT).read_to_string(&mut text));
    let pid = text.lines().next().filter(|_| read.is_ok()).and_then(|line| Pid::from_raw(line.parse().ok()?));
    pid.is_some_and(|pid| test_kill_process(pid) == Err(Errno::SRCH))
}

/// What the lock file says of its holder. It may be read before the holder has written it.
fn holder(file: &mut File) -> String {
    let mut text = Vec::new();
    let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.take(HOLDER_LIMIT).read_to_end(&mut text));
    let text = crate::text::visible(&text.split(|&b| b == b'\n').take(2).collect::<Vec<_>>().join(&b'\t'));
    match text.split_once("\\u{9}").filter(|_| read.is_ok()) {
        Some((pid, what)) if !pid.is_empty() => format!("pid {pid}, {what}"),
        _ => "pid unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_one_is_told_who_holds_the_lock() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join(WORK_DIR).join("lock");
        let lock = Lock::acquire(&path, "bump\n6.6.x").expect("the lock");
        let error = Lock::acquire(&path, "export").expect_err("held");
        let expected = format!("another kpatch (pid {}, bump 6.6.x) is at work", std::process::id());
        assert!(error.to_string().starts_with(&expected), "{error}");
        drop(lock);
        assert!(!dir.path().join(WORK_DIR).exists());
        drop(Lock::acquire(&path, "export").expect("free again"));
    }

    #[test]
    fn the_file_of_a_dead_process_does_not_lock() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("lock");
        fs::write(&path, "1\nbump of long ago with a long description\n").expect("written");
        let lock = Lock::acquire(&path, "x").expect("the lock");
        assert_eq!(fs::read_to_string(&path).expect("a file"), format!("{}\nx\n", std::process::id()));
        drop(lock);
        assert!(!path.exists());
    }

    #[test]
    fn only_one_of_many_is_inside() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join(WORK_DIR).join("lock");
        let inside = std::sync::atomic::AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let Ok(lock) = Lock::acquire(&path, "x") else { continue };
                        assert_eq!(inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                        inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                        drop(lock);
                    }
                });
            }
        });
    }

    #[test]
    fn a_link_in_place_of_the_lock_is_not_followed() {
        let dir = tempfile::tempdir().expect("a directory");
        fs::write(dir.path().join("precious"), "precious").expect("written");
        std::os::unix::fs::symlink("precious", dir.path().join("lock")).expect("a link");
        assert!(Lock::acquire(&dir.path().join("lock"), "x").is_err());
        assert_eq!(fs::read(dir.path().join("precious")).expect("a file"), b"precious");
    }
}
