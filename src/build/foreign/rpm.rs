//! Packages of Fedora, Red Hat and SUSE: a lead, a header with signatures, a header with tags, and an archive of cpio.
//!
//! The format is that of rpm's own documentation ("RPM v4 Package Format"). It is read here rather than by a library, since nothing that
//! a header says of places and numbers may be believed before it was looked at.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::entry::{Entry, HEADERS, Kind, Limits, Visit, clean, damaged, refused, too_big, unpacked};
use super::package::Facts;
use crate::build::BuildError;
use crate::build::cpio::{self, DIRECTORY, LINK, REGULAR, TYPE};
use crate::build::error::cannot;
use crate::source::metered::Metered;

/// The first bytes of a package.
pub(super) const MAGIC: &[u8] = b"\xed\xab\xee\xdb";
/// The bytes of the lead.
const LEAD: u64 = 96;
/// The first bytes of a header.
const HEADER_MAGIC: &[u8] = b"\x8e\xad\xe8\x01";
/// Most bytes of a header, as rpm itself has it.
const HEADER_MAX: u64 = 256 << 20;
/// Most bytes of files with several names, which have to be kept until the last name comes.
const SHARED_MAX: u64 = 64 << 20;
/// Longest target of a link, in bytes.
const TARGET_MAX: u64 = 4096;

/// The tags that are read.
mod tag {
    pub(super) const NAME: u32 = 1000;
    pub(super) const VERSION: u32 = 1001;
    pub(super) const RELEASE: u32 = 1002;
    pub(super) const BUILD_TIME: u32 = 1006;
    pub(super) const DISTRIBUTION: u32 = 1010;
    pub(super) const VENDOR: u32 = 1011;
    pub(super) const ARCH: u32 = 1022;
    pub(super) const FILE_SIZES: u32 = 1028;
    pub(super) const FILE_MODES: u32 = 1030;
    pub(super) const SOURCE_RPM: u32 = 1044;
    pub(super) const FILE_DEVICES: u32 = 1095;
    pub(super) const FILE_INODES: u32 = 1096;
    pub(super) const DIR_INDEXES: u32 = 1116;
    pub(super) const BASE_NAMES: u32 = 1117;
    pub(super) const DIR_NAMES: u32 = 1118;
    pub(super) const PAYLOAD_FORMAT: u32 = 1124;
    pub(super) const LONG_FILE_SIZES: u32 = 5008;
}

/// A package that was opened.
#[derive(Debug)]
pub(super) struct Rpm {
    path: PathBuf,
    facts: Facts,
    /// The files by their numbers, for archives that have nothing but numbers.
    files: Vec<cpio::Header>,
    /// Where the archive begins.
    payload: u64,
}

/// The tags of a header, with their data.
struct Header {
    /// Type, place and number of the data of each.
    tags: HashMap<u32, (u32, usize, usize)>,
    store: Vec<u8>,
    /// Where in the file it ends.
    end: u64,
}

impl Header {
    /// Reads the header that begins at `start` of a file with `length` bytes.
    fn read(file: &mut File, start: u64, length: u64) -> io::Result<Self> {
        file.seek(SeekFrom::Start(start))?;
        let mut head = [0; 16];
        file.read_exact(&mut head)?;
        if !head.starts_with(HEADER_MAGIC) {
            return Err(invalid("a header does not begin as one"));
        }
        let number = |at: usize| u64::from(u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]));
        let (index, store) = (number(8) * 16, number(12));
        let end = start + 16 + index + store;
        if index + store > HEADER_MAX {
            return Err(invalid("a header is too long"));
        }
        if end > length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut bytes = vec![0; (index + store) as usize];
        file.read_exact(&mut bytes)?;
        let store = bytes.split_off(index as usize);
        let tags = bytes.chunks_exact(16).map(|entry| {
            let number = |at: usize| u32::from_be_bytes([entry[at], entry[at + 1], entry[at + 2], entry[at + 3]]);
            (number(0), (number(4), number(8) as usize, number(12) as usize))
        });
        Ok(Self { tags: tags.collect(), store, end })
    }

    /// A text; of texts in several languages the first.
    fn text(&self, tag: u32) -> Option<String> {
        self.texts(tag).into_iter().next()
    }

    fn texts(&self, tag: u32) -> Vec<String> {
        let Some((6 | 8 | 9, at, count)) = self.tags.get(&tag) else { return Vec::new() };
        let texts = self.store.get(*at..).unwrap_or_default().split(|byte| *byte == 0).take(*count);
        texts.map(|text| String::from_utf8_lossy(text).into_owned()).collect()
    }

    /// Numbers of 16, 32 or 64 bits.
    fn numbers(&self, tag: u32) -> Vec<u64> {
        let Some((kind @ 3..=5, at, count)) = self.tags.get(&tag) else { return Vec::new() };
        let size = 1 << (kind - 2);
        let numbers = self.store.get(*at..).unwrap_or_default().chunks_exact(size).take(*count);
        numbers.map(|bytes| bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))).collect()
    }

    /// The files that the header lists.
    fn files(&self) -> Vec<cpio::Header> {
        let (names, dirs, indexes) =
            (self.texts(tag::BASE_NAMES), self.texts(tag::DIR_NAMES), self.numbers(tag::DIR_INDEXES));
        let (modes, inodes, devices) =
            (self.numbers(tag::FILE_MODES), self.numbers(tag::FILE_INODES), self.numbers(tag::FILE_DEVICES));
        let sizes = Some(self.numbers(tag::LONG_FILE_SIZES)).filter(|sizes| !sizes.is_empty());
        let sizes = sizes.unwrap_or_else(|| self.numbers(tag::FILE_SIZES));
        let at = |numbers: &[u64], file: usize| numbers.get(file).copied().unwrap_or_default();
        let inode = |file: usize| (0, at(&devices, file) as u32, at(&inodes, file) as u32);
        let mut links: HashMap<(u32, u32, u32), u32> = HashMap::new();
        (0..names.len()).for_each(|file| *links.entry(inode(file)).or_default() += 1);
        let header = |(file, name): (usize, &String)| {
            let dir = dirs.get(at(&indexes, file) as usize).map_or("", String::as_str);
            // Names in the header begin at the root.
            let name = format!("{dir}{name}").trim_start_matches('/').as_bytes().to_vec();
            let links = if inodes.is_empty() { 1 } else { links[&inode(file)] };
            cpio::Header { name, mode: at(&modes, file) as u32, inode: inode(file), links, size: at(&sizes, file) }
        };
        names.iter().enumerate().map(header).collect()
    }
}

impl Rpm {
    /// Reads what the package says of itself.
    pub(super) fn open(path: &Path) -> Result<Self, BuildError> {
        let mut file = File::open(path).map_err(cannot("open", path))?;
        let header = (|| {
            let length = file.metadata()?.len();
            let signatures = Header::read(&mut file, LEAD, length)?;
            // Padding lets the next header begin on a multiple of eight.
            Header::read(&mut file, signatures.end.next_multiple_of(8), length)
        })()
        .map_err(|error| damaged(path, error))?;
        let text = |tag| header.text(tag).unwrap_or_default();
        if text(tag::PAYLOAD_FORMAT) != "cpio" && header.tags.contains_key(&tag::PAYLOAD_FORMAT) {
            return Err(damaged(path, invalid("it does not hold an archive of cpio")));
        }
        let facts = Facts {
            name: text(tag::NAME),
            version: format!("{}-{}", text(tag::VERSION), text(tag::RELEASE)),
            arch: text(tag::ARCH),
            vendor: vendor(&[text(tag::VENDOR), text(tag::DISTRIBUTION), text(tag::RELEASE)]),
            source: text(tag::SOURCE_RPM),
            epoch: header.numbers(tag::BUILD_TIME).first().map_or(0, |time| *time as i64),
        };
        if facts.name.is_empty() || facts.version.starts_with('-') {
            return Err(damaged(path, invalid("its header names no package and version")));
        }
        Ok(Self { path: path.to_owned(), facts, files: header.files(), payload: header.end })
    }

    pub(super) fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Shows every entry to `visit`, in the order of the package.
    pub(super) fn read(&self, limits: &Limits, visit: &mut Visit<'_>) -> Result<(), BuildError> {
        let path = self.path.as_path();
        let bad = |error| damaged(path, error);
        let mut file = File::open(path).map_err(cannot("open", path))?;
        file.seek(SeekFrom::Start(self.payload)).map_err(cannot("read", path))?;
        let (input, meter) = Metered::new(unpacked(BufReader::new(file)).map_err(bad)?);
        let mut archive = cpio::Reader::new(input, self.files.clone());
        let mut shared = Shared::default();
        let mut count = 0;
        loop {
            // What is left of the last file is passed over first.
            meter.budget.set(limits.file + HEADERS);
            let Some(header) = archive.next().map_err(bad)? else { break };
            count += 1;
            if count > limits.entries {
                return Err(too_big(path, limits.entries, "entries"));
            } else if header.size > limits.file {
                return Err(too_big(path, limits.file, "bytes in one file"));
            } else if meter.total.get().saturating_add(header.size) > limits.total {
                return Err(too_big(path, limits.total, "bytes"));
            }
            meter.budget.set(header.size + HEADERS);
            self.entry(&header, &mut archive, &mut shared, visit)?;
        }
        shared.finish(visit)
    }

    fn entry(
        &self,
        header: &cpio::Header,
        archive: &mut dyn Read,
        shared: &mut Shared,
        visit: &mut Visit<'_>,
    ) -> Result<(), BuildError> {
        let refuse = |why: &str| refused(&self.path, &header.name, why);
        let Some(path) = clean(&header.name).map_err(refuse)? else { return Ok(()) };
        let executable = header.mode & 0o100 != 0;
        match header.mode & TYPE {
            DIRECTORY => visit(Entry { path, kind: Kind::Directory }, &mut io::empty()),
            LINK if header.size > TARGET_MAX => Err(refuse("is a link with too long a target")),
            LINK => {
                let mut target = String::new();
                archive.read_to_string(&mut target).map_err(|error| damaged(&self.path, error))?;
                if target.is_empty() || target.contains('\0') {
                    return Err(refuse("is a link to nowhere"));
                }
                visit(Entry { path, kind: Kind::Link(target) }, &mut io::empty())
            }
            REGULAR if header.links > 1 => {
                // The content comes with the last of the names.
                let waiting = shared.files.entry(header.inode).or_default();
                waiting.push((path, executable));
                if header.size == 0 {
                    return Ok(());
                }
                if header.size > SHARED_MAX {
                    return Err(refuse("is too big a file with several names"));
                }
                let mut content = Vec::new();
                archive.read_to_end(&mut content).map_err(|error| damaged(&self.path, error))?;
                let waiting = std::mem::take(waiting);
                Shared::show(waiting, &content, visit)
            }
            REGULAR => visit(Entry { path, kind: Kind::File { executable, size: header.size } }, archive),
            _ => Err(refuse("is neither a file, nor a directory, nor a link")),
        }
    }
}

/// Files with several names, of which the content did not come yet.
#[derive(Default)]
struct Shared {
    files: HashMap<(u32, u32, u32), Vec<(String, bool)>>,
}

impl Shared {
    fn show(names: Vec<(String, bool)>, content: &[u8], visit: &mut Visit<'_>) -> Result<(), BuildError> {
        let size = content.len() as u64;
        names.into_iter().try_for_each(|(path, executable)| {
            visit(Entry { path, kind: Kind::File { executable, size } }, &mut &content[..])
        })
    }

    /// What has no content at the end is empty.
    fn finish(self, visit: &mut Visit<'_>) -> Result<(), BuildError> {
        let mut empty: Vec<(String, bool)> = self.files.into_values().flatten().collect();
        empty.sort();
        Self::show(empty, &[], visit)
    }
}

/// Whose package it is, in one word.
fn vendor(texts: &[String]) -> String {
    const KNOWN: [(&str, &str); 10] = [
        ("fedora", "fedora"),
        ("centos", "centos"),
        ("red hat", "rhel"),
        ("alma", "almalinux"),
        ("rocky", "rocky"),
        ("oracle", "oracle"),
        ("amazon", "amazon"),
        ("opensuse", "opensuse"),
        ("suse", "suse"),
        (".fc", "fedora"),
    ];
    let all = texts.join(" ").to_lowercase();
    KNOWN.iter().find(|(word, _)| all.contains(word)).map_or("rpm", |(_, name)| name).to_owned()
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
