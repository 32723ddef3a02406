//! Resolutions that a person confirmed, kept as small text files that can be reviewed.
//!
//! As with `git rerere`, a resolution belongs to the three texts of a stretch and not to a file or a patch, so that it
//! is offered wherever the same conflict comes up: in the next release, and in other series. One file holds one:
//!
//! ```text
//! kpatch resolution 1
//! path drivers/net/veth.c
//! patch veth: count what is dropped
//! base
//!  a line of the ancestor
//! ours
//!  a line of the target
//! theirs
//!  a line of the patch
//! resolved
//!  a line of the resolution
//! \ No newline at end of file
//! ```
//!
//! Every line of content stands behind one blank, as in a diff; the last line says that the one before it has no end.
//! A path or a subject that would not look like itself stands in double quotes with C escapes, as git writes names.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bstr::BString;
use sha1::{Digest as _, Sha1};

use super::align;
use super::files::stretches;
use crate::diff::lines::split_lines;
use crate::diff::merge::Chunk;
use crate::diff::{quote, unquote};
use crate::git::PathConflict;
use crate::text::visible;

const FIRST_LINE: &[u8] = b"kpatch resolution 1";
const NO_NEWLINE: &[u8] = b"\\ No newline at end of file\n";
const SECTIONS: [&str; 4] = ["base", "ours", "theirs", "resolved"];

/// One conflicting stretch and what a person made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// Where it was resolved; for people, not for finding it.
    pub path: BString,
    /// The subject of the patch that conflicted; for people.
    pub subject: BString,
    /// The common ancestor's lines.
    pub base: Vec<u8>,
    /// The target's lines.
    pub ours: Vec<u8>,
    /// The patch's lines.
    pub theirs: Vec<u8>,
    /// The lines in their place.
    pub resolved: Vec<u8>,
}

/// Why resolutions cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ResolutionError {
    /// The text of a resolution is not what it should be.
    #[error("line {line}: {reason}")]
    Text {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A file is not what it should be.
    #[error("{}:{line}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The system refuses.
    #[error("cannot read '{}'", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Resolution {
    /// The name of its file: 40 hex digits and `.txt`.
    pub fn file_name(&self) -> String {
        format!("{}.txt", key(&self.base, &self.ours, &self.theirs))
    }

    /// The resolutions in a file that a person resolved: one for each stretch of `conflict`, save for those beside which
    /// the person changed decided text as well.
    pub fn from_file(conflict: &PathConflict, resolved: &[u8], subject: &[u8]) -> Vec<Self> {
        let found = align::stretches(&conflict.chunks, resolved);
        let resolution = |(sides, resolved): (super::files::Sides<'_>, Option<Vec<u8>>)| {
            Some(Self {
                path: conflict.path.clone(),
                subject: subject.into(),
                base: sides.base.to_vec(),
                ours: sides.ours.to_vec(),
                theirs: sides.theirs.to_vec(),
                resolved: resolved?,
            })
        };
        stretches(&conflict.chunks).zip(found).filter_map(resolution).collect()
    }

    /// The file's text.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = FIRST_LINE.to_vec();
        for (name, value) in [("path", &self.path), ("patch", &self.subject)] {
            out.extend_from_slice(format!("\n{name} ").as_bytes());
            out.extend_from_slice(&one_line(value));
        }
        out.push(b'\n');
        for (name, text) in SECTIONS.iter().zip([&self.base, &self.ours, &self.theirs, &self.resolved]) {
            out.extend_from_slice(name.as_bytes());
            out.push(b'\n');
            for line in split_lines(text) {
                out.push(b' ');
                out.extend_from_slice(line);
            }
            if !out.ends_with(b"\n") {
                out.push(b'\n');
                out.extend_from_slice(NO_NEWLINE);
            }
        }
        out
    }

    /// Reads what [`Resolution::to_bytes`] writes.
    pub fn parse(text: &[u8]) -> Result<Self, ResolutionError> {
        let mut reader = Reader { lines: split_lines(text), at: 0 };
        if reader.next() != Some(FIRST_LINE) {
            return Err(reader.error("not a resolution, or one of a newer kpatch"));
        }
        let path = reader.value("path")?;
        let subject = reader.value("patch")?;
        let mut texts: [Vec<u8>; 4] = Default::default();
        for (name, text) in SECTIONS.iter().zip(&mut texts) {
            *text = reader.section(name)?;
        }
        if reader.next().is_some() {
            return Err(reader.error("nothing is expected after the resolution"));
        }
        let [base, ours, theirs, resolved] = texts;
        Ok(Self { path, subject, base, ours, theirs, resolved })
    }
}

/// The id of a conflict: SHA-1 over the lengths and bytes of its three texts, in hex.
fn key(base: &[u8], ours: &[u8], theirs: &[u8]) -> String {
    let mut hash = Sha1::new();
    for text in [base, ours, theirs] {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    hash.finalize().iter().fold(String::with_capacity(40), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The value itself, or quoted where it would not look like itself on a line.
fn one_line(value: &[u8]) -> Vec<u8> {
    let plain = !value.starts_with(b"\"") && visible(value).as_bytes() == value;
    if plain {
        return value.to_vec();
    }
    let quoted = quote("", value);
    // Git quotes no blanks, and a quotation mark at the start needs it by itself.
    if quoted.starts_with(b"\"") { quoted } else { [b"\"", &quoted[..], b"\""].concat() }
}

struct Reader<'a> {
    lines: Vec<&'a [u8]>,
    /// How many lines were read.
    at: usize,
}

impl<'a> Reader<'a> {
    /// The next line without its end.
    fn next(&mut self) -> Option<&'a [u8]> {
        let line = self.lines.get(self.at)?;
        self.at += 1;
        Some(line.strip_suffix(b"\n").unwrap_or(line))
    }

    /// An error at the line that was read last.
    fn error(&self, reason: impl Into<String>) -> ResolutionError {
        ResolutionError::Text { line: self.at.max(1), reason: reason.into() }
    }

    fn value(&mut self, name: &str) -> Result<BString, ResolutionError> {
        let line = self.next().unwrap_or_default();
        let value = line.strip_prefix(name.as_bytes()).and_then(|rest| rest.strip_prefix(b" "));
        let value = value.ok_or_else(|| self.error(format!("expected '{name} ...'")))?;
        if !value.starts_with(b"\"") {
            return Ok(value.into());
        }
        let whole = unquote(value).filter(|(_, len)| *len == value.len());
        whole.map(|(value, _)| value).ok_or_else(|| self.error("the quotes are broken"))
    }

    fn section(&mut self, name: &str) -> Result<Vec<u8>, ResolutionError> {
        if self.next() != Some(name.as_bytes()) {
            return Err(self.error(format!("expected '{name}'")));
        }
        let mut text = Vec::new();
        while let Some(line) = self.lines.get(self.at).copied() {
            if line == NO_NEWLINE && text.ends_with(b"\n") {
                self.at += 1;
                text.pop();
                break;
            }
            let Some(content) = line.strip_prefix(b" ") else { break };
            self.at += 1;
            if !content.ends_with(b"\n") {
                return Err(self.error("the file is cut off"));
            }
            text.extend_from_slice(content);
        }
        Ok(text)
    }
}

/// The resolutions of a folder, by conflict.
#[derive(Debug, Clone, Default)]
pub struct Resolutions {
    by_key: BTreeMap<String, Resolution>,
}

impl Resolutions {
    /// Reads the `*.txt` files of a folder, which need not exist; other files are left alone.
    ///
    /// A file that cannot be read, that is no resolution, or that has not the name that belongs to its texts, is an
    /// error.
    pub fn read(folder: &Path) -> Result<Self, ResolutionError> {
        let cannot = |path: &Path| {
            let path = path.to_owned();
            move |source| ResolutionError::Io { path, source }
        };
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            found => found.map_err(cannot(folder))?,
        };
        let mut paths = Vec::new();
        for entry in entries {
            paths.push(entry.map_err(cannot(folder))?.path());
        }
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
        // The first error is the same one in every run.
        paths.sort();
        let mut all = Self::default();
        for path in paths {
            let text = fs::read(&path).map_err(cannot(&path))?;
            let broken = |line, reason| ResolutionError::File { path: path.clone(), line, reason };
            let resolution = Resolution::parse(&text).map_err(|error| match error {
                ResolutionError::Text { line, reason } => broken(line, reason),
                other => other,
            })?;
            let name = resolution.file_name();
            if path.file_name().is_none_or(|found| found != name.as_str()) {
                return Err(broken(1, format!("a resolution of these texts is called {name}")));
            }
            all.add(resolution);
        }
        Ok(all)
    }

    /// Adds one; it takes the place of another one of the same conflict.
    pub fn add(&mut self, resolution: Resolution) {
        self.by_key.insert(key(&resolution.base, &resolution.ours, &resolution.theirs), resolution);
    }

    /// What was made of the same three texts before.
    pub fn find(&self, chunk: &Chunk) -> Option<&Resolution> {
        match chunk {
            Chunk::Conflict { base, ours, theirs, .. } => self.by_key.get(&key(base, ours, theirs)),
            Chunk::Clean(_) => None,
        }
    }

    /// All of them, in the order of their files' names.
    pub fn iter(&self) -> impl Iterator<Item = &Resolution> {
        self.by_key.values()
    }
}

#[cfg(test)]
#[path = "recorded_tests.rs"]
mod tests;
