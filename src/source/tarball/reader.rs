//! What a tarball says, checked before anybody acts on it.

use std::collections::{HashMap, HashSet};
use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;

use tar::EntryType;

use super::super::metered::Metered;
use super::{Error, damaged};
use crate::text::visible;

/// Most bytes between the contents of two files: headers, long names, padding. Keeps a hostile header from
/// filling the memory.
const HEADERS: u64 = 2 * 1024 * 1024;
/// Most memory that unpacking xz may take, in bytes; `xz -9` needs 65 MiB.
const XZ_MEMORY: u64 = 512 * 1024 * 1024;
/// The end of the year 9999, in seconds since 1970: what git can still print as a date.
const LAST_SECOND: i64 = 253_402_300_799;

/// What a kernel release stays far below.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Most entries.
    pub(crate) entries: u64,
    /// Most bytes of the whole unpacked archive.
    pub(crate) total: u64,
    /// Most bytes of one file.
    pub(crate) file: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { entries: 1_000_000, total: 16 << 30, file: 1 << 30 }
    }
}

/// What an entry is in git's eyes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A regular file, perhaps executable.
    File {
        /// Whether its owner may execute it.
        executable: bool,
    },
    /// A symbolic link; the content is where it points to.
    Symlink,
    /// The same file as the one at this path, which came earlier.
    HardLink(Vec<u8>),
}

/// One file or link of the release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    /// The path below the top directory: relative, without `.` or `..`, never in a `.git`.
    pub(crate) path: Vec<u8>,
    /// What it is.
    pub(crate) kind: Kind,
}

/// The bytes of an item, of which there are exactly [`Content::size`].
pub(crate) struct Content<'a> {
    from: &'a mut dyn Read,
    size: u64,
    left: u64,
}

impl<'a> Content<'a> {
    /// `size` bytes from `from`.
    pub(crate) fn new(from: &'a mut dyn Read, size: u64) -> Self {
        Self { from, size, left: size }
    }

    /// How many bytes it has.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }
}

impl Read for Content<'_> {
    /// Fails with `UnexpectedEof` where the archive ends too early.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let count = self.from.read(&mut buffer[..most])?;
        if count == 0 {
            return Err(truncated());
        }
        self.left -= count as u64;
        Ok(count)
    }
}

fn truncated() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "it ends too early")
}

/// The archive in `input`, unpacked by what its first bytes say it is. It is read to its end with the archive.
pub(crate) fn decompressed<'a>(mut input: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let mut magic = Vec::new();
    input.by_ref().take(6).read_to_end(&mut magic)?;
    let file = BufReader::with_capacity(256 * 1024, Cursor::new(magic.clone()).chain(input));
    Ok(if magic.starts_with(b"\xfd7zXZ\0") {
        let flags = liblzma::stream::CONCATENATED;
        let stream = liblzma::stream::Stream::new_stream_decoder(XZ_MEMORY, flags).map_err(io::Error::from)?;
        Box::new(liblzma::bufread::XzDecoder::new_stream(file, stream))
    } else if magic.starts_with(b"\x1f\x8b") {
        Box::new(flate2::bufread::MultiGzDecoder::new(file))
    } else {
        Box::new(file)
    })
}

/// What is told of every file and link, in the order of the archive.
pub(crate) type Visit<'a, E> = dyn FnMut(Item, &mut Content<'_>) -> Result<(), E> + 'a;

/// Reads the archive `input` to its end and shows every file and link to `visit`. Returns the newest modification
/// time of all entries, in seconds since 1970.
///
/// # Errors
/// At the first entry that is refused, and for an archive that has no end or no files. `path` is for messages.
pub(crate) fn read<E: From<Error>>(
    input: impl Read,
    path: &Path,
    limits: &Limits,
    visit: &mut Visit<'_, E>,
) -> Result<i64, E> {
    let (input, meter) = Metered::new(input);
    let mut archive = tar::Archive::new(input);
    let mut walk = Walk { path, top: None, files: HashMap::new(), dirs: HashSet::new(), newest: 0 };
    let mut count = 0;
    // Not one global budget but one per step, see `HEADERS`.
    meter.budget.set(HEADERS);
    let mut entries = archive.entries().map_err(|source| damaged(path, source))?;
    loop {
        meter.budget.set(HEADERS);
        let Some(entry) = entries.next() else { break };
        let mut entry = entry.map_err(|source| damaged(path, source))?;
        count += 1;
        if count > limits.entries {
            return Err(Error::TooBig { path: path.to_owned(), limit: limits.entries, unit: "entries" }.into());
        }
        let size = entry.size();
        if size > limits.file {
            return Err(Error::TooBig { path: path.to_owned(), limit: limits.file, unit: "bytes in one file" }.into());
        }
        if meter.total.get().saturating_add(size) > limits.total {
            return Err(Error::TooBig { path: path.to_owned(), limit: limits.total, unit: "bytes" }.into());
        }
        let Some(item) = walk.judge(&mut entry)? else { continue };
        match &item.kind {
            Kind::File { .. } => {
                meter.budget.set(size + HEADERS);
                visit(item, &mut Content::new(&mut entry, size))?;
            }
            Kind::Symlink => {
                let target = entry.link_name_bytes().unwrap_or_default().into_owned();
                visit(item, &mut Content::new(&mut target.as_slice(), target.len() as u64))?;
            }
            Kind::HardLink(_) => visit(item, &mut Content::new(&mut io::empty(), 0))?,
        }
    }
    // An archive ends with a block of zeros. One that just stops was cut off between two entries.
    if meter.ended.get() {
        return Err(damaged(path, truncated()).into());
    }
    if walk.files.is_empty() {
        let none = io::Error::new(io::ErrorKind::InvalidData, "there are no files in it");
        return Err(damaged(path, none).into());
    }
    // What is left is padding; reading it lets the decompressor check its sums.
    meter.budget.set(limits.total.saturating_sub(meter.total.get()).max(1));
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(|source| damaged(path, source))?;
    Ok(walk.newest)
}

/// What was seen so far.
struct Walk<'a> {
    path: &'a Path,
    top: Option<Vec<u8>>,
    /// All files and links; true for those that another name may be a hard link to.
    files: HashMap<Vec<u8>, bool>,
    /// All directories in which there are files.
    dirs: HashSet<Vec<u8>>,
    newest: i64,
}

impl Walk<'_> {
    /// What an entry is, or `None` for what git does not store.
    fn judge(&mut self, entry: &mut tar::Entry<'_, impl Read>) -> Result<Option<Item>, Error> {
        let kind = entry.header().entry_type();
        if kind == EntryType::XGlobalHeader {
            return Ok(None);
        }
        let name = entry.path_bytes().into_owned();
        let refuse = |why| refused(self.path, &name, why);
        let seconds = modified(entry, self.path)?;
        if seconds > LAST_SECOND {
            return Err(refuse("has an impossible date"));
        }
        let inside = strip_top(&name, &mut self.top).map_err(refuse)?;
        self.newest = self.newest.max(seconds);
        // Archives from before POSIX tell directories by their names.
        let is_directory = kind.is_dir() || (kind.is_file() && name.ends_with(b"/"));
        let Some(inside) = inside else {
            return if is_directory { Ok(None) } else { Err(refuse("is not in a top directory")) };
        };
        if is_directory {
            return if self.files.contains_key(&inside) {
                Err(refuse("is both a file and a directory"))
            } else {
                Ok(None)
            };
        }
        let kind = match kind {
            EntryType::Regular | EntryType::Continuous => {
                let mode = entry.header().mode().map_err(|source| damaged(self.path, source))?;
                Kind::File { executable: mode & 0o100 != 0 }
            }
            EntryType::Symlink => match entry.link_name_bytes() {
                Some(target) if leads_out(&inside, &target) => {
                    return Err(refuse("is a link that leads out of the tree"));
                }
                Some(target) if !target.is_empty() && !target.contains(&0) => Kind::Symlink,
                _ => return Err(refuse("is a link to nowhere")),
            },
            EntryType::Link => {
                let target = entry.link_name_bytes().unwrap_or_default().into_owned();
                match strip_top(&target, &mut self.top).map_err(refuse)? {
                    Some(target) if self.files.get(&target) == Some(&true) => Kind::HardLink(target),
                    _ => return Err(refuse("is a hard link to no file before it")),
                }
            }
            EntryType::Char | EntryType::Block | EntryType::Fifo => return Err(refuse("is a device file")),
            _ => return Err(refuse("is of an unknown kind")),
        };
        self.take_place(&inside, kind != Kind::Symlink).map_err(|why| refused(self.path, &name, why))?;
        Ok(Some(Item { path: inside, kind }))
    }

    /// Notes the path of a file, which must be free, as must be the directories above it.
    fn take_place(&mut self, path: &[u8], linkable: bool) -> Result<(), &'static str> {
        if self.dirs.contains(path) {
            return Err("is both a file and a directory");
        }
        for (at, _) in path.iter().enumerate().rev().filter(|(_, byte)| **byte == b'/') {
            if self.files.contains_key(&path[..at]) {
                return Err("is below something that is no directory");
            }
            if !self.dirs.insert(path[..at].to_vec()) {
                // The ones further up are known since then.
                break;
            }
        }
        match self.files.insert(path.to_vec(), linkable) {
            Some(_) => Err("is there twice"),
            None => Ok(()),
        }
    }
}

/// The error for an entry that has no place in a release.
pub(crate) fn refused(path: &Path, name: &[u8], why: &'static str) -> Error {
    Error::Refused { path: path.to_owned(), entry: visible(name), why }
}

/// The modification time in whole seconds since 1970, at least 0. Fails for headers that tell of sparse files.
fn modified(entry: &mut tar::Entry<'_, impl Read>, path: &Path) -> Result<i64, Error> {
    let seconds = entry.header().mtime().map_err(|source| damaged(path, source))?;
    let mut seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    let name = entry.path_bytes().into_owned();
    let Some(extensions) = entry.pax_extensions().map_err(|source| damaged(path, source))? else {
        return Ok(seconds);
    };
    for extension in extensions {
        let extension = extension.map_err(|source| damaged(path, source))?;
        if extension.key_bytes().starts_with(b"GNU.sparse") {
            return Err(refused(path, &name, "is a sparse file"));
        }
        if extension.key_bytes() == b"mtime" {
            let text = extension.value().unwrap_or_default();
            let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
            let bad = io::Error::new(io::ErrorKind::InvalidData, "a date is not a number");
            seconds = whole.parse().map_err(|_| damaged(path, bad))?;
        }
    }
    Ok(seconds.max(0))
}

/// The path below the top directory, which is noted at first sight; `None` for the top directory itself.
fn strip_top(name: &[u8], top: &mut Option<Vec<u8>>) -> Result<Option<Vec<u8>>, &'static str> {
    if name.starts_with(b"/") {
        return Err("is an absolute path");
    }
    if name.contains(&0) {
        return Err("has a zero byte in its name");
    }
    let mut name = name;
    while let Some(rest) = name.strip_prefix(b"./") {
        name = rest;
    }
    let name = name.strip_suffix(b"/").unwrap_or(name);
    if name.is_empty() || name == b"." {
        return Ok(None);
    }
    check_parts(name)?;
    let first = name.split(|byte| *byte == b'/').next().unwrap_or_default();
    match top {
        None => *top = Some(first.to_vec()),
        Some(top) if top != first => return Err("is not in the one top directory"),
        Some(_) => {}
    }
    Ok(name.get(first.len() + 1..).map(<[u8]>::to_vec))
}

/// Refuses a path that is not strictly below its directory, or leads into a `.git`.
pub(crate) fn check_parts(path: &[u8]) -> Result<(), &'static str> {
    path.split(|byte| *byte == b'/').try_for_each(|part| match part {
        b".." => Err("leaves the tree"),
        b"" | b"." => Err("has an empty part in its name"),
        _ if is_dot_git(part) => Err("is in a .git directory"),
        _ => Ok(()),
    })
}

/// True for a link at `path` whose target could lie outside of the tree: an absolute one, one with more `..` than directories above it, and one
/// with `..` after a name, which may be a link itself.
pub(crate) fn leads_out(path: &[u8], target: &[u8]) -> bool {
    let mut above = path.split(|byte| *byte == b'/').count() - 1;
    let mut descends = false;
    let mut parts = target.split(|byte| *byte == b'/');
    target.starts_with(b"/")
        || parts.any(|part| match part {
            b"" | b"." => false,
            b".." if descends || above == 0 => true,
            b".." => {
                above -= 1;
                false
            }
            _ => {
                descends = true;
                false
            }
        })
}

/// True for `.git` and for every name that some file system takes for it: in capitals, with ignored characters
/// (HFS+), with trailing dots, blanks or streams, or shortened (NTFS).
fn is_dot_git(part: &[u8]) -> bool {
    let lower: Vec<u8> = part.iter().filter(|byte| byte.is_ascii()).map(u8::to_ascii_lowercase).collect();
    let Some(rest) = lower.strip_prefix(b".git").or(lower.strip_prefix(b"git~1")) else {
        return false;
    };
    matches!(rest.first(), Some(b':' | b'\\')) || rest.iter().all(|byte| matches!(byte, b'.' | b' '))
}
