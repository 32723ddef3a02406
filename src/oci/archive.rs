//! Tar archives that depend on nothing but names, contents, targets of links, and which files are programs.
//!
//! Entries of a directory are in the order of the bytes of their names, a directory before what is in it. Owner and group are 0, without
//! names; modes are 644, or 755 for directories and for what its owner may execute; every time is the epoch that is given. Files with
//! several names are written once for each. Nothing of the file system gets in besides: no extended attributes, no inode numbers.
//!
//! The format is that of POSIX.1-1988 (ustar). A name that it cannot hold is written the way that GNU tar does, since Busybox, which
//! unpacks `kernel-dev.tar` in many builds, passes over the names of POSIX.1-2001.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};

use tar::{EntryType, Header};

use super::Error;
use super::error::cannot;

/// The unit of the format, in bytes.
const BLOCK: usize = 512;
/// What is read at once, in bytes.
const BUFFER: usize = 256 << 10;
/// The longest name, and the longest beginning of one, that the format has room for.
const NAME: usize = 100;
const PREFIX: usize = 155;

/// Writes the tree below `dir` as an archive. Its entries are named relative to `dir`, below `prefix` if there is one, whose directories
/// are entries as well. `epoch` is the time of every entry, in seconds since 1970. Whatever comes back is what was given as `out`.
///
/// # Errors
/// When something cannot be read or written, is neither file, directory nor link, or changes meanwhile.
pub fn write<W: Write>(dir: &Path, prefix: Option<&Path>, epoch: i64, out: W) -> Result<W, Error> {
    let mut archive = Archive::new(out, epoch);
    archive.tree(dir, prefix.unwrap_or(Path::new("")))?;
    archive.finish()
}

/// An archive that is written entry by entry; [`Archive::finish`] ends it.
///
/// Paths are relative; `.` and a leading `/` are passed over, `..` is refused. The directories above an entry are written before it where
/// they were not yet.
#[derive(Debug)]
#[must_use = "an archive has no end before it is finished"]
pub struct Archive<W: Write> {
    out: W,
    epoch: u64,
    dirs: HashSet<PathBuf>,
    buffer: Vec<u8>,
}

impl<W: Write> Archive<W> {
    /// An archive without entries. Writes come in pieces of any size.
    pub fn new(out: W, epoch: i64) -> Self {
        let epoch = u64::try_from(epoch).unwrap_or(0);
        Self { out, epoch, dirs: HashSet::new(), buffer: vec![0; BUFFER] }
    }

    /// Adds a directory; one that is there already is not written again.
    ///
    /// # Errors
    /// When the name cannot be, or nothing can be written.
    pub fn dir(&mut self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = inside(path.as_ref())?;
        self.dirs_of(&path)
    }

    /// Adds a file with `size` bytes of `contents`.
    ///
    /// # Errors
    /// When there are fewer bytes, or nothing can be read or written.
    pub fn file(
        &mut self,
        path: impl AsRef<Path>,
        executable: bool,
        size: u64,
        mut contents: impl Read,
    ) -> Result<(), Error> {
        let path = inside(path.as_ref())?;
        self.above(&path)?;
        let mut header = self.header(EntryType::Regular, if executable { 0o755 } else { 0o644 });
        header.set_size(size);
        self.entry(header, path.as_os_str().as_bytes(), b"")?;
        let mut left = size;
        while left > 0 {
            let most = self.buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            match contents.read(&mut self.buffer[..most]) {
                Ok(0) => return Err(Error::Entry { path, why: "became shorter while it was read" }),
                Ok(read) => {
                    self.out.write_all(&self.buffer[..read]).map_err(Error::sink)?;
                    left -= read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(cannot("read", &path)(error)),
            }
        }
        self.pad(size)
    }

    /// Adds a symbolic link; its target is taken as it is.
    ///
    /// # Errors
    /// When the name cannot be, or nothing can be written.
    pub fn symlink(&mut self, path: impl AsRef<Path>, target: impl AsRef<Path>) -> Result<(), Error> {
        let path = inside(path.as_ref())?;
        self.above(&path)?;
        let header = self.header(EntryType::Symlink, 0o777);
        self.entry(header, path.as_os_str().as_bytes(), target.as_ref().as_os_str().as_bytes())
    }

    /// Adds what is below `dir`, named below `prefix`.
    ///
    /// # Errors
    /// As [`write()`].
    pub fn tree(&mut self, dir: &Path, prefix: &Path) -> Result<(), Error> {
        self.dir(prefix)?;
        for name in names(dir)? {
            self.any(&dir.join(&name), &prefix.join(&name))?;
        }
        Ok(())
    }

    /// Adds the file, link or directory `from`, with all that is in it, under the name `path`.
    ///
    /// # Errors
    /// As [`write()`].
    pub fn any(&mut self, from: &Path, path: &Path) -> Result<(), Error> {
        let found = fs::symlink_metadata(from).map_err(cannot("look at", from))?;
        if found.is_dir() {
            return self.tree(from, path);
        }
        if found.is_symlink() {
            return self.symlink(path, fs::read_link(from).map_err(cannot("read", from))?);
        }
        if !found.is_file() {
            return Err(Error::Entry { path: from.to_owned(), why: "is neither a file, nor a directory, nor a link" });
        }
        let mut file = File::open(from).map_err(cannot("open", from))?;
        let executable = found.permissions().mode() & 0o100 != 0;
        self.file(path, executable, found.len(), &mut file).map_err(|error| named(error, from))?;
        let grown = file.read(&mut [0]).map_err(cannot("read", from))? > 0;
        if grown {
            return Err(Error::Entry { path: from.to_owned(), why: "became longer while it was read" });
        }
        Ok(())
    }

    /// Ends the archive, and gives back where it was written to.
    ///
    /// # Errors
    /// When the end cannot be written.
    pub fn finish(mut self) -> Result<W, Error> {
        self.out.write_all(&[0; 2 * BLOCK]).and_then(|()| self.out.flush()).map_err(Error::sink)?;
        Ok(self.out)
    }

    /// Writes the directories above `path` that were not written yet.
    fn above(&mut self, path: &Path) -> Result<(), Error> {
        match path.parent() {
            Some(parent) => self.dirs_of(parent),
            None => Ok(()),
        }
    }

    /// Writes `path` and the directories above it that were not written yet.
    fn dirs_of(&mut self, path: &Path) -> Result<(), Error> {
        if path.as_os_str().is_empty() || self.dirs.contains(path) {
            return Ok(());
        }
        self.above(path)?;
        let name = [path.as_os_str().as_bytes(), b"/"].concat();
        self.entry(self.header(EntryType::Directory, 0o755), &name, b"")?;
        self.dirs.insert(path.to_owned());
        Ok(())
    }

    fn header(&self, kind: EntryType, mode: u32) -> Header {
        let mut header = Header::new_ustar();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(self.epoch);
        header.set_size(0);
        header
    }

    /// Writes the header of an entry, and before it the names that do not fit.
    fn entry(&mut self, mut header: Header, name: &[u8], target: &[u8]) -> Result<(), Error> {
        if !put_name(&mut header, name) {
            self.long(EntryType::GNULongName, name)?;
            put_name(&mut header, &name[..NAME]);
        }
        if target.len() > NAME {
            self.long(EntryType::GNULongLink, target)?;
        }
        if let Some(fields) = header.as_ustar_mut() {
            let fits = target.len().min(NAME);
            fields.linkname[..fits].copy_from_slice(&target[..fits]);
        }
        header.set_cksum();
        self.out.write_all(header.as_bytes()).map_err(Error::sink)
    }

    /// Writes a name for the entry that follows, as GNU tar does.
    fn long(&mut self, kind: EntryType, name: &[u8]) -> Result<(), Error> {
        let mut header = self.header(kind, 0o644);
        put_name(&mut header, b"././@LongLink");
        header.set_mtime(0);
        let size = name.len() as u64 + 1;
        header.set_size(size);
        header.set_cksum();
        let parts = [header.as_bytes(), name, b"\0"];
        parts.iter().try_for_each(|part| self.out.write_all(part)).map_err(Error::sink)?;
        self.pad(size)
    }

    /// Fills the last block of `size` bytes.
    fn pad(&mut self, size: u64) -> Result<(), Error> {
        let over = (size % BLOCK as u64) as usize;
        if over == 0 { Ok(()) } else { self.out.write_all(&[0; BLOCK][over..]).map_err(Error::sink) }
    }
}

/// The names in a directory, in the order of their bytes.
fn names(dir: &Path) -> Result<Vec<OsString>, Error> {
    let entries = fs::read_dir(dir).map_err(cannot("read", dir))?;
    let mut names: Vec<_> = entries
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<Result<_, _>>()
        .map_err(cannot("read", dir))?;
    names.sort_unstable_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
    Ok(names)
}

/// `path` without `.` and a leading `/`.
fn inside(path: &Path) -> Result<PathBuf, Error> {
    let mut inside = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => inside.push(part),
            Component::CurDir | Component::RootDir => {}
            Component::ParentDir | Component::Prefix(_) => {
                return Err(Error::Entry { path: path.to_owned(), why: "leads out of the archive" });
            }
        }
    }
    Ok(inside)
}

/// The error with the name of the file on disk instead of that in the archive.
fn named(error: Error, from: &Path) -> Error {
    let path = from.to_owned();
    match error {
        Error::Io { what, source, .. } => Error::Io { what, path, source },
        Error::Entry { why, .. } => Error::Entry { path, why },
        other => other,
    }
}

/// Puts a name into its fields, cut at a slash if it is long; false if it does not fit.
fn put_name(header: &mut Header, name: &[u8]) -> bool {
    let Some(fields) = header.as_ustar_mut() else { return false };
    let (prefix, rest) = if name.len() <= NAME {
        (&b""[..], name)
    } else {
        // The slash at the end of a directory is no place to cut.
        let last = (name.len() - 1).min(PREFIX + 1);
        let Some(cut) = name[..last].iter().rposition(|byte| *byte == b'/').filter(|cut| *cut > 0) else {
            return false;
        };
        (&name[..cut], &name[cut + 1..])
    };
    if rest.len() > NAME {
        return false;
    }
    fields.prefix[..prefix.len()].copy_from_slice(prefix);
    fields.name[..rest.len()].copy_from_slice(rest);
    true
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::os::unix::fs::symlink;

    use super::*;

    fn tree() -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a directory");
        let root = dir.path();
        fs::create_dir_all(root.join("lib/modules/6.6.13/kernel")).expect("made");
        fs::create_dir(root.join("empty")).expect("made");
        fs::write(root.join("lib/modules/6.6.13/kernel/a.ko"), vec![7; 1000]).expect("written");
        fs::write(root.join("lib/modules/6.6.13/modules.dep"), "").expect("written");
        fs::write(root.join("run"), "#!/bin/sh\n").expect("written");
        fs::set_permissions(root.join("run"), fs::Permissions::from_mode(0o4750)).expect("chmod");
        fs::hard_link(root.join("run"), root.join("again")).expect("a link");
        symlink("/usr/src/linux-headers-6.6.13", root.join("lib/modules/6.6.13/build")).expect("a link");
        dir
    }

    fn bytes(dir: &Path, prefix: Option<&str>) -> Vec<u8> {
        write(dir, prefix.map(Path::new), 1_700_000_000, Vec::new()).expect("an archive")
    }

    /// Path, kind, mode, size and target of each entry, as an independent reader sees them.
    fn listed(archive: &[u8]) -> Vec<(String, EntryType, u32, u64, String)> {
        let mut reader = tar::Archive::new(archive);
        let entries = reader.entries().expect("entries").map(|entry| {
            let entry = entry.expect("an entry");
            let header = entry.header();
            assert_eq!((header.uid().expect("uid"), header.gid().expect("gid")), (0, 0));
            assert_eq!(header.mtime().expect("mtime"), 1_700_000_000);
            assert_eq!(header.username(), Ok(Some("")));
            let target = entry.link_name_bytes().map(|name| String::from_utf8_lossy(&name).into_owned());
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            (path, header.entry_type(), header.mode().expect("mode"), entry.size(), target.unwrap_or_default())
        });
        entries.collect()
    }

    #[test]
    fn entries_are_sorted_and_plain() {
        use EntryType::{Directory, Regular, Symlink};
        let dir = tree();
        let entry = |path: &str, kind, mode, size, target: &str| (path.into(), kind, mode, size, target.to_owned());
        let expected = vec![
            entry("again", Regular, 0o755, 10, ""),
            entry("empty/", Directory, 0o755, 0, ""),
            entry("lib/", Directory, 0o755, 0, ""),
            entry("lib/modules/", Directory, 0o755, 0, ""),
            entry("lib/modules/6.6.13/", Directory, 0o755, 0, ""),
            entry("lib/modules/6.6.13/build", Symlink, 0o777, 0, "/usr/src/linux-headers-6.6.13"),
            entry("lib/modules/6.6.13/kernel/", Directory, 0o755, 0, ""),
            entry("lib/modules/6.6.13/kernel/a.ko", Regular, 0o644, 1000, ""),
            entry("lib/modules/6.6.13/modules.dep", Regular, 0o644, 0, ""),
            entry("run", Regular, 0o755, 10, ""),
        ];
        let archive = bytes(dir.path(), None);
        assert_eq!(listed(&archive), expected);
        assert_eq!(archive.len() % BLOCK, 0);
    }

    #[test]
    fn the_same_tree_elsewhere_gives_the_same_bytes() {
        let (one, two) = (tree(), tree());
        fs::set_permissions(two.path().join("empty"), fs::Permissions::from_mode(0o700)).expect("chmod");
        assert_eq!(bytes(one.path(), None), bytes(two.path(), None));
        fs::write(two.path().join("run"), "#!/bin/SH\n").expect("written");
        assert_ne!(bytes(one.path(), None), bytes(two.path(), None));
    }

    #[test]
    fn a_prefix_has_its_directories() {
        let dir = tempfile::tempdir().expect("a directory");
        fs::write(dir.path().join("x"), "x").expect("written");
        let paths = |prefix| listed(&bytes(dir.path(), prefix)).into_iter().map(|entry| entry.0).collect::<Vec<_>>();
        assert_eq!(paths(Some("/usr/src/./linux")), ["usr/", "usr/src/", "usr/src/linux/", "usr/src/linux/x"]);
        assert!(write(dir.path(), Some(Path::new("../x")), 0, Vec::new()).is_err());
    }

    #[test]
    fn names_of_every_length_come_back() {
        let mut contents = BTreeMap::new();
        for length in [1, 99, 100, 101, 150, 200, 255, 256, 257, 300, 600] {
            // Pieces of 30, and one without any slash that can be cut at.
            let pieces: String =
                (0..length).map(|at| if at % 31 == 30 && at + 1 < length { '/' } else { 'p' }).collect();
            contents.insert(pieces, format!("target-{length}"));
        }
        contents.insert("n".repeat(180), "t".repeat(180));
        contents.insert(format!("{}/x", "d".repeat(170)), "t".repeat(100));
        let mut archive = Archive::new(Vec::new(), 1_700_000_000);
        for (path, target) in &contents {
            if path.len() % 2 == 0 {
                archive.symlink(path, target).expect("written");
            } else {
                archive.file(path, false, target.len() as u64, target.as_bytes()).expect("written");
            }
        }
        let archive = archive.finish().expect("finished");
        let seen = listed(&archive);
        for (path, target) in &contents {
            let entry = seen.iter().find(|entry| entry.0 == *path).unwrap_or_else(|| panic!("no {path}"));
            if path.len() % 2 == 0 {
                assert_eq!(entry.4, *target);
            } else {
                assert_eq!(entry.3, target.len() as u64);
            }
        }
        let dirs = seen.iter().filter(|entry| entry.1 == EntryType::Directory);
        let mut names: Vec<&str> = dirs.map(|entry| entry.0.as_str()).collect();
        let all = names.len();
        names.dedup();
        assert!(all > 10 && names.len() == all && names.iter().all(|name| name.ends_with('/')));
    }

    #[test]
    fn what_no_archive_holds_is_named() {
        let dir = tempfile::tempdir().expect("a directory");
        let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("socket")).expect("a socket");
        let error = write(dir.path(), None, 0, Vec::new()).expect_err("refused");
        assert!(error.to_string().contains("socket' is neither"), "{error}");
        let mut archive = Archive::new(Vec::new(), 0);
        let error = archive.file("short", false, 9, &b"12345"[..]).expect_err("refused");
        assert_eq!(error.to_string(), "'short' became shorter while it was read");
        let error = write(&dir.path().join("none"), None, 0, Vec::new()).expect_err("refused");
        assert!(error.to_string().starts_with("cannot read"), "{error}");
    }
}
