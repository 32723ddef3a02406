//! Packages of Debian and Ubuntu, see deb(5): an archive of ar with `debian-binary`, `control.tar` and `data.tar`.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use tar::EntryType;

use super::entry::{Entry, HEADERS, Kind, Limits, Visit, clean, damaged, refused, too_big, unpacked};
use super::package::Facts;
use crate::build::BuildError;
use crate::build::error::cannot;
use crate::source::metered::Metered;

/// The first bytes of an archive of ar.
pub(super) const MAGIC: &[u8] = b"!<arch>\n";
/// Most bytes of a control archive, unpacked, and of the file in it.
const CONTROL_MAX: u64 = 64 << 20;

/// A package that was opened.
#[derive(Debug)]
pub(super) struct Deb {
    path: PathBuf,
    facts: Facts,
    /// Where `data.tar` begins, and its length.
    data: (u64, u64),
}

/// A member of an archive of ar.
struct Member {
    name: String,
    start: u64,
    size: u64,
    mtime: u64,
}

impl Deb {
    /// Reads what the package says of itself.
    pub(super) fn open(path: &Path) -> Result<Self, BuildError> {
        let mut file = File::open(path).map_err(cannot("open", path))?;
        let members = members(&mut file).map_err(|error| damaged(path, error))?;
        let find = |start: &str| members.iter().find(|member| member.name.starts_with(start));
        let (Some(version), Some(control), Some(data)) = (find("debian-binary"), find("control.tar"), find("data.tar"))
        else {
            return Err(damaged(
                path,
                invalid("it is an archive of ar, but no package: it has no control.tar and data.tar"),
            ));
        };
        let text = control_file(&mut file, control).map_err(|error| damaged(path, error))?;
        let field = |name: &str| field(&text, name).unwrap_or_default().to_owned();
        let facts = Facts {
            name: field("Package"),
            version: field("Version"),
            arch: field("Architecture"),
            vendor: vendor(&field("Maintainer"), &field("Version")),
            source: match field("Source") {
                source if source.is_empty() => field("Package"),
                source => source,
            },
            epoch: i64::try_from(version.mtime).unwrap_or(0),
        };
        if facts.name.is_empty() || facts.version.is_empty() {
            return Err(damaged(path, invalid("its control file names no package and version")));
        }
        Ok(Self { path: path.to_owned(), facts, data: (data.start, data.size) })
    }

    pub(super) fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Shows every entry to `visit`, in the order of the package.
    pub(super) fn read(&self, limits: &Limits, visit: &mut Visit<'_>) -> Result<(), BuildError> {
        let path = self.path.as_path();
        let bad = |error| damaged(path, error);
        let mut file = File::open(path).map_err(cannot("open", path))?;
        file.seek(SeekFrom::Start(self.data.0)).map_err(cannot("read", path))?;
        let (input, meter) = Metered::new(unpacked(file.take(self.data.1)).map_err(bad)?);
        let mut archive = tar::Archive::new(input);
        meter.budget.set(HEADERS);
        let mut entries = archive.entries().map_err(bad)?;
        let mut count = 0;
        loop {
            meter.budget.set(HEADERS);
            let Some(entry) = entries.next() else { break };
            let mut entry = entry.map_err(bad)?;
            count += 1;
            let size = entry.size();
            if count > limits.entries {
                return Err(too_big(path, limits.entries, "entries"));
            } else if size > limits.file {
                return Err(too_big(path, limits.file, "bytes in one file"));
            } else if meter.total.get().saturating_add(size) > limits.total {
                return Err(too_big(path, limits.total, "bytes"));
            }
            if let Some(judged) = judge(path, &entry)? {
                meter.budget.set(size + HEADERS);
                visit(judged, &mut entry)?;
            }
        }
        // An archive ends with a block of zeros. One that just stops was cut off between two entries.
        if meter.ended.get() {
            return Err(bad(io::ErrorKind::UnexpectedEof.into()));
        }
        // What is left is padding; reading it lets the decompressor check its sums.
        meter.budget.set(limits.total.saturating_sub(meter.total.get()).max(1));
        io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(bad)?;
        Ok(())
    }
}

/// What an entry is; `None` for the root and for what only describes.
fn judge(package: &Path, entry: &tar::Entry<'_, impl Read>) -> Result<Option<Entry>, BuildError> {
    let name = entry.path_bytes().into_owned();
    let refuse = |why: &str| refused(package, &name, why);
    let Some(path) = clean(&name).map_err(refuse)? else { return Ok(None) };
    let target = || {
        let target = entry.link_name_bytes().unwrap_or_default().into_owned();
        String::from_utf8(target).ok().filter(|target| !target.is_empty() && !target.contains('\0'))
    };
    let kind = match entry.header().entry_type() {
        EntryType::XGlobalHeader => return Ok(None),
        EntryType::Directory => Kind::Directory,
        EntryType::Regular | EntryType::Continuous => {
            let mode = entry.header().mode().map_err(|error| damaged(package, error))?;
            Kind::File { executable: mode & 0o100 != 0, size: entry.size() }
        }
        EntryType::Symlink => Kind::Link(target().ok_or_else(|| refuse("is a link to nowhere"))?),
        EntryType::Link => {
            let target = target().ok_or_else(|| refuse("is a link to nowhere"))?;
            Kind::Same(clean(target.as_bytes()).map_err(refuse)?.ok_or_else(|| refuse("is a link to nowhere"))?)
        }
        EntryType::Char | EntryType::Block | EntryType::Fifo => return Err(refuse("is a device file")),
        _ => return Err(refuse("is of an unknown kind")),
    };
    Ok(Some(Entry { path, kind }))
}

/// The members of an archive of ar, each of which has to lie in the file.
fn members(file: &mut File) -> io::Result<Vec<Member>> {
    let length = file.metadata()?.len();
    let mut members = Vec::new();
    let mut at = MAGIC.len() as u64;
    while at < length {
        file.seek(SeekFrom::Start(at))?;
        let mut head = [0; 60];
        file.read_exact(&mut head)?;
        let text =
            |range: std::ops::Range<usize>| std::str::from_utf8(&head[range]).map(str::trim_end).unwrap_or_default();
        let bad = || invalid("a header of the archive makes no sense");
        if &head[58..] != b"`\n" {
            return Err(bad());
        }
        let size: u64 = text(48..58).parse().map_err(|_| bad())?;
        let name = text(0..16).trim_end_matches('/').to_owned();
        let member = Member { name, start: at + 60, size, mtime: text(16..28).parse().unwrap_or(0) };
        at = member.start + size + size % 2;
        if member.start + size > length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        members.push(member);
    }
    Ok(members)
}

/// The file `control` of the control archive.
fn control_file(file: &mut File, control: &Member) -> io::Result<String> {
    file.seek(SeekFrom::Start(control.start))?;
    let mut archive = tar::Archive::new(unpacked(file.take(control.size))?.take(CONTROL_MAX));
    for entry in archive.entries()? {
        let entry = entry?;
        if matches!(&*entry.path_bytes(), b"./control" | b"control") {
            let mut text = Vec::new();
            entry.take(CONTROL_MAX).read_to_end(&mut text)?;
            return Ok(String::from_utf8_lossy(&text).into_owned());
        }
    }
    Err(invalid("its control archive has no file 'control'"))
}

/// A field of a control file, see deb822(5).
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    Some(line.trim())
}

/// Whose package it is: the distribution's that maintains it, if it says so.
fn vendor(maintainer: &str, version: &str) -> String {
    let known = ["debian", "ubuntu", "proxmox", "raspberry"];
    let (maintainer, version) = (maintainer.to_lowercase(), version.to_lowercase());
    // A derivative may leave the maintainer as it was, and say so in the version.
    let found = known
        .iter()
        .rev()
        .find(|name| version.contains(**name))
        .or(known.iter().find(|name| maintainer.contains(**name)));
    (*found.unwrap_or(&"debian")).to_owned()
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
