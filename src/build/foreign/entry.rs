//! What packages hold: files, links and directories, judged before anybody acts on them.

use std::collections::HashMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::build::BuildError;
use crate::text::visible;

/// Most bytes between the contents of two files: headers, long names, padding.
pub(super) const HEADERS: u64 = 2 << 20;
/// Most memory that unpacking xz may take, in bytes; `xz -9` needs 65 MiB.
const XZ_MEMORY: u64 = 256 << 20;

/// What kernel packages stay far below.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Most entries of one package.
    pub(super) entries: u64,
    /// Most bytes of one package, unpacked.
    pub(super) total: u64,
    /// Most bytes of one file.
    pub(super) file: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { entries: 500_000, total: 16 << 30, file: 2 << 30 }
    }
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Directory,
    File {
        executable: bool,
        size: u64,
    },
    /// A symbolic link, and where it points to, as it is written.
    Link(String),
    /// The same file as that at this path, which came earlier.
    Same(String),
}

/// An entry of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Relative to the root, without `.` and `..`.
    pub(super) path: String,
    pub(super) kind: Kind,
}

/// Is told of every entry; files come with their contents.
pub(super) type Visit<'a> = dyn FnMut(Entry, &mut dyn Read) -> Result<(), BuildError> + 'a;

/// The error for a package that cannot be read to its end.
pub(super) fn damaged(path: &Path, source: io::Error) -> BuildError {
    // A writer below may have failed for a reason of its own.
    match source.downcast::<BuildError>() {
        Ok(inner) => inner,
        Err(source) => {
            let why = if source.kind() == io::ErrorKind::UnexpectedEof {
                "it ends too early".into()
            } else {
                source.to_string()
            };
            let message = format!("'{}' is damaged: {}", path.display(), visible(why.as_bytes()));
            BuildError::Input(message, Some("get the package again, and compare its checksum".into()))
        }
    }
}

/// The error for an entry that no kernel package has.
pub(super) fn refused(package: &Path, name: &[u8], why: &str) -> BuildError {
    BuildError::Input(format!("refusing '{}': '{}' {why}", package.display(), visible(name)), None)
}

/// The error for more than a kernel package can be.
pub(super) fn too_big(package: &Path, limit: u64, unit: &str) -> BuildError {
    BuildError::Input(format!("refusing '{}': it has more than {limit} {unit}", package.display()), None)
}

/// A name in a package as a path relative to the root; `None` for the root itself.
pub(super) fn clean(name: &[u8]) -> Result<Option<String>, &'static str> {
    if name.starts_with(b"/") {
        return Err("is an absolute path");
    }
    let name = std::str::from_utf8(name).map_err(|_| "is not a name in UTF-8")?;
    if name.contains('\0') {
        return Err("has a zero byte in its name");
    }
    let parts: Vec<&str> = name.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if parts.contains(&"..") {
        return Err("leads out of the package");
    }
    Ok((!parts.is_empty()).then(|| parts.join("/")))
}

/// Where a link at `path` leads, from the root; an error if that is outside.
pub(super) fn leads_to(path: &str, target: &str) -> Result<String, &'static str> {
    let mut parts: Vec<&str> = if target.starts_with('/') { Vec::new() } else { path.split('/').collect() };
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop().ok_or("is a link that leads out of the package")?),
            part => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

/// The way from a link at `path` to `to`, both from the root.
pub(super) fn relative(path: &str, to: &str) -> String {
    let (from, to): (Vec<&str>, Vec<&str>) = (path.split('/').collect(), to.split('/').collect());
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count().min(from.len() - 1);
    let up = std::iter::repeat_n("..", from.len() - 1 - common);
    up.chain(to[common..].iter().copied()).collect::<Vec<_>>().join("/")
}

/// The names that are taken, so that no entry is written through a link or over another one.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// True for directories.
    taken: HashMap<PathBuf, bool>,
}

impl Names {
    /// Takes a name. `Ok(false)` for a directory that is there already.
    pub(super) fn take(&mut self, path: &str, is_directory: bool) -> Result<bool, &'static str> {
        let path = Path::new(path);
        for above in path.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty()) {
            match self.taken.get(above) {
                Some(true) => break,
                Some(false) => return Err("is below something that is no directory"),
                None => drop(self.taken.insert(above.to_owned(), true)),
            }
        }
        match (self.taken.get(path), is_directory) {
            (None, _) => {
                self.taken.insert(path.to_owned(), is_directory);
                Ok(true)
            }
            (Some(true), true) => Ok(false),
            _ => Err("is there twice"),
        }
    }
}

/// The bytes of an archive, unpacked by what its first bytes say it is.
pub(super) fn unpacked<'a>(mut from: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let mut magic = Vec::new();
    from.by_ref().take(6).read_to_end(&mut magic)?;
    let is = |start: &[u8]| magic.starts_with(start);
    let (xz, gzip, zstd) = (is(b"\xfd7zXZ\0"), is(b"\x1f\x8b"), is(b"\x28\xb5\x2f\xfd"));
    let other = [(b"BZh".as_slice(), "bzip2"), (b"\x5d\0\0", "lzma")].into_iter().find(|(start, _)| is(start));
    let all = io::BufReader::with_capacity(256 << 10, io::Cursor::new(magic).chain(from));
    Ok(if xz {
        let flags = liblzma::stream::CONCATENATED;
        let stream = liblzma::stream::Stream::new_stream_decoder(XZ_MEMORY, flags).map_err(io::Error::from)?;
        Box::new(liblzma::bufread::XzDecoder::new_stream(all, stream))
    } else if gzip {
        Box::new(flate2::bufread::MultiGzDecoder::new(all))
    } else if zstd {
        Box::new(zstd::stream::read::Decoder::with_buffer(all)?)
    } else if let Some((_, name)) = other {
        return Err(io::Error::new(
            io::ErrorKind::Unsupported,
            format!("it is packed by {name}, which no kernel package is any more"),
        ));
    } else {
        Box::new(all)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_the_package() {
        assert_eq!(clean(b"./boot//vmlinuz-1").unwrap().as_deref(), Some("boot/vmlinuz-1"));
        assert_eq!(clean(b"./").unwrap(), None);
        for bad in [&b"/etc/passwd"[..], b"../x", b"a/../../x", b"a\0b", b"a\xff"] {
            assert!(clean(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn links_are_followed_on_paper() {
        assert_eq!(leads_to("usr/src/a/scripts", "../../lib/kbuild/scripts").unwrap(), "usr/lib/kbuild/scripts");
        assert_eq!(leads_to("usr/src/a", "/usr/src/b").unwrap(), "usr/src/b");
        assert_eq!(leads_to("usr/x", "y/./z").unwrap(), "usr/y/z");
        for out in ["../../x", "../../../etc/passwd", "../a/../../../b"] {
            assert!(leads_to("usr/x", out).is_err(), "{out}");
        }
        assert!(leads_to("x", "/..").is_err());
        assert_eq!(relative("usr/src/a/scripts", "usr/lib/kbuild"), "../../lib/kbuild");
        assert_eq!(relative("usr/src/a", "usr/src/b"), "b");
        assert_eq!(relative("a", "a/b"), "a/b");
    }

    #[test]
    fn nothing_is_written_through_a_link_or_over_a_file() {
        let mut names = Names::default();
        assert_eq!(names.take("a/b/file", false), Ok(true));
        assert_eq!(names.take("a/b", true), Ok(false));
        assert_eq!(names.take("a/b", false), Err("is there twice"));
        assert_eq!(names.take("a/b/file", false), Err("is there twice"));
        assert_eq!(names.take("a/b/file/below", false), Err("is below something that is no directory"));
        assert_eq!(names.take("a/c/d/e", true), Ok(true));
    }
}
