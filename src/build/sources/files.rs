//! The files of a tree: where, of which mode, with which content.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::{self, File, FileTimes};
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{OpenOptionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bstr::{BStr, BString, ByteSlice as _};

use crate::build::BuildError;
use crate::build::error::cannot;
use crate::git::{Entry, MODE_EXECUTABLE, MODE_FILE, MODE_SYMLINK, Oid};
use crate::source::tarball::reader::{check_parts, leads_out};
use crate::text::visible;

/// What the names of object directories, which lie in the tree, begin with.
pub(super) const OBJECTS: &str = "obj-";
/// What the names of files begin with that say what the tree is.
pub(super) const OWN: &str = ".kpatch-";

/// The time that unpacked files have, since 1970: the same for all, and before that of every object, so that `make` sees by it alone what has
/// changed since.
const UNPACKED: Duration = Duration::from_secs(946_684_800);

/// The files and links of a tree by path, with mode and git's id of the content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Files(pub(super) BTreeMap<BString, Entry>);

impl Files {
    /// Fails for a path that has no place in a tree of sources.
    pub(super) fn check(&self) -> Result<(), BuildError> {
        let mut dirs: BTreeSet<&[u8]> = BTreeSet::new();
        for (path, entry) in &self.0 {
            let refused = |why: &str| Err(BuildError::Input(format!("'{}' {why}", visible(path)), None));
            if let Err(why) = check_parts(path) {
                return refused(why);
            }
            if path.contains(&b'\n') || path.contains(&0) {
                return refused("has a control character in its name");
            }
            let is_own = |prefix: &str| path.starts_with(prefix.as_bytes());
            if is_own(OBJECTS) || is_own(OWN) {
                return refused("has a name that kpatch needs in the tree for itself");
            }
            if ![MODE_FILE, MODE_EXECUTABLE, MODE_SYMLINK].contains(&entry.mode) {
                return refused("is neither a file nor a link");
            }
            for (at, _) in path.iter().enumerate().rev().filter(|(_, byte)| **byte == b'/') {
                if !dirs.insert(&path[..at]) {
                    break;
                }
                if self.0.contains_key(path[..at].as_bstr()) {
                    return refused("is below something that is no directory");
                }
            }
        }
        Ok(())
    }

    /// One line for each file, as `git ls-files -s` has them but with paths as they are.
    pub(super) fn print(&self) -> Vec<u8> {
        let mut text = Vec::new();
        for (path, entry) in &self.0 {
            text.extend_from_slice(format!("{:o} {} ", entry.mode, entry.id).as_bytes());
            text.extend_from_slice(path);
            text.push(b'\n');
        }
        text
    }

    /// Reads what [`Files::print`] wrote; `None` for anything else.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let mut files = BTreeMap::new();
        for line in text.lines() {
            let mut fields = line.splitn(3, |byte| *byte == b' ');
            let mode = u32::from_str_radix(fields.next()?.to_str().ok()?, 8).ok()?;
            let id = Oid::from_hex(fields.next()?).ok()?;
            files.insert(BString::from(fields.next()?), Entry { mode, id });
        }
        Some(Self(files))
    }
}

/// Fails for a link whose target could lie outside of the tree.
pub(super) fn check_link(path: &BStr, target: &[u8]) -> Result<(), BuildError> {
    if target.is_empty() || target.contains(&0) || leads_out(path, target) {
        let (path, target) = (visible(path), visible(target));
        return Err(BuildError::Input(format!("'{path}' is a link to '{target}', outside of the sources"), None));
    }
    Ok(())
}

/// Writes a file or a link that is not there yet below `top`, into a directory that is there. The time of files is [`UNPACKED`].
pub(super) fn write(top: &Path, path: &BStr, mode: u32, content: &[u8]) -> Result<(), BuildError> {
    let to = at(top, path);
    if mode == MODE_SYMLINK {
        check_link(path, content)?;
        return symlink(OsStr::from_bytes(content), &to).map_err(cannot("write", &to));
    }
    let bits = if mode == MODE_EXECUTABLE { 0o777 } else { 0o666 };
    let write = || -> io::Result<()> {
        let mut file = File::options().write(true).create_new(true).mode(bits).open(&to)?;
        file.write_all(content)?;
        file.set_times(FileTimes::new().set_modified(SystemTime::UNIX_EPOCH + UNPACKED))
    };
    write().map_err(cannot("write", &to))
}

/// Makes directories where they are missing.
#[derive(Default)]
pub(super) struct Dirs(BTreeSet<PathBuf>);

impl Dirs {
    /// Makes those above a path.
    pub(super) fn above(&mut self, top: &Path, path: &BStr) -> Result<(), BuildError> {
        let Some(end) = path.rfind_byte(b'/') else { return Ok(()) };
        let dir = at(top, path[..end].as_bstr());
        if !self.0.contains(&dir) {
            fs::create_dir_all(&dir).map_err(cannot("make", &dir))?;
            self.0.insert(dir);
        }
        Ok(())
    }
}

/// Where a path of the tree is.
pub(super) fn at(top: &Path, path: &BStr) -> PathBuf {
    top.join(OsStr::from_bytes(path))
}

/// The bytes of a file, or the target of a link.
pub(super) fn content(top: &Path, path: &BStr, mode: u32) -> Result<Vec<u8>, BuildError> {
    let from = at(top, path);
    let read = || -> io::Result<Vec<u8>> {
        if mode == MODE_SYMLINK {
            return Ok(fs::read_link(&from)?.into_os_string().into_encoded_bytes());
        }
        fs::read(&from)
    };
    read().map_err(cannot("read", &from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::blob_id;

    fn files(paths: &[&str]) -> Files {
        let entry = Entry { mode: MODE_FILE, id: blob_id(b"x") };
        Files(paths.iter().map(|path| (BString::from(*path), entry)).collect())
    }

    #[test]
    fn lists_come_back() {
        let mut all = files(&["Makefile", "a b/c", "a b.c"]);
        all.0.insert("link".into(), Entry { mode: MODE_SYMLINK, id: blob_id(b"y") });
        assert_eq!(Files::parse(&all.print()), Some(all));
        assert_eq!(Files::parse(b"100644 123 x\n"), None);
    }

    #[test]
    fn paths_without_a_place_are_refused() {
        files(&["Makefile", "obj/x", "a/b", "a.b", "a/c/d"]).check().expect("good");
        for bad in [
            &["a", "a/b"][..],
            &["../x"],
            &["a/../x"],
            &["obj-x/y"],
            &[".kpatch-source"],
            &[".git/x"],
            &["a//b"],
            &["a\nb"],
        ] {
            assert!(files(bad).check().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn links_stay_inside() {
        for (path, target) in [("a/b/c", "../../x"), ("a/b", ".././x/y"), ("a", "b"), ("a/b", "c/d")] {
            check_link(path.into(), target.as_bytes()).expect(target);
        }
        for (path, target) in
            [("a", "../x"), ("a/b", "../../x"), ("a", "/etc"), ("a/b", "c/../../x"), ("a", "b/.."), ("a", "")]
        {
            assert!(check_link(path.into(), target.as_bytes()).is_err(), "{path} -> {target}");
        }
    }
}
