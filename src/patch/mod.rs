//! One patch: a mail header, a message, a diff, and every byte that they came from.

use std::ops::Range;
use std::sync::Arc;

use crate::diff::FileDiff;
use crate::message::{self, Message};

mod armor;
mod layout;
mod name;
mod quoted;
mod read;
mod recount;
mod split;
mod stat;
#[cfg(test)]
mod tests;

pub use armor::{armor, unsafe_line};
pub use name::file_name;
pub use read::{examine, read};
pub use recount::recount;
pub use split::split;
pub(crate) use stat::find as diffstat;

/// Files of more bytes are refused.
pub const MAX_FILE: usize = 256 << 20;

/// Files with a line of more bytes are refused.
pub const MAX_LINE: usize = 1 << 20;

/// One patch of a patch set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// The name of the file it was read from, without directories.
    pub file: String,
    /// Its position among the patches of that file, from 0; nearly always 0.
    pub part: usize,
    /// Every byte of this patch; the patches of a file, joined, are the file.
    pub bytes: Arc<[u8]>,
    /// The patch as plain text, if the mail came in base64, quoted-printable, several parts or flowed lines: what
    /// `layout` and the spans of `diff` then point into instead of `bytes`. See [`Patch::text`].
    pub decoded: Option<Arc<[u8]>>,
    /// Where the parts of the patch stand in its text.
    pub layout: Layout,
    /// Author, date, subject, body.
    pub message: Message,
    /// The files it changes, at least one; spans point into its text.
    pub diff: Vec<FileDiff>,
}

impl Patch {
    /// What `layout` and the spans of `diff` point into: the bytes, or for an encoded mail the plain text that they
    /// stand for.
    pub fn text(&self) -> &[u8] {
        self.decoded.as_deref().unwrap_or(&self.bytes)
    }
}

/// One patch of a file, read as far as it can be: what is wrong with one part does not hide the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The name of the file, as it was given.
    pub file: String,
    /// Its position among the patches of that file, from 0.
    pub part: usize,
    /// Where it stands in the file, in bytes.
    pub span: Range<usize>,
    /// The line of the file that it begins in, from 1.
    pub first_line: usize,
    /// Every byte of it.
    pub bytes: Arc<[u8]>,
    /// Author, date, subject, body.
    pub message: message::Draft,
    /// The first thing that is wrong with the message.
    pub unread: Option<PatchError>,
    /// The files it changes, at least one; or why they cannot be read.
    pub diff: Result<Vec<FileDiff>, PatchError>,
    /// A diff that the message quotes at line start.
    pub quoted: Option<PatchError>,
    /// Where the parts stand in its text, as far as they are known.
    pub layout: Layout,
}

/// The parts of a patch, as ranges of its text. In order, without gaps: head, notes, stat, gap, diff, tail.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layout {
    /// The mail header and the message, up to and including the `---` line where there is one.
    pub head: Range<usize>,
    /// Text between `---` and the diffstat (or the diff): a note of the author that no commit keeps.
    pub notes: Range<usize>,
    /// The diffstat with its summary lines, without blank lines around it; empty where there is none.
    pub stat: Range<usize>,
    /// Blank lines or more notes between the diffstat and the diff.
    pub gap: Range<usize>,
    /// From the first line of the first diff to the last line of the last hunk.
    pub diff: Range<usize>,
    /// What follows: the `-- ` signature, a base-commit line, blank lines.
    pub tail: Range<usize>,
}

/// Why a file of patches could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct PatchError {
    /// The name of the file, as it was given.
    pub file: String,
    /// The line, from 1; in the body of an encoded mail, as it counts once decoded.
    pub line: usize,
    /// What kind of trouble it is.
    pub trouble: Trouble,
    /// What is wrong, fit for display.
    pub message: String,
    /// The way out, where one is known.
    pub hint: Option<String>,
}

/// The kinds of trouble with a file of patches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// There is nothing in the file.
    Empty,
    /// The file, or a line of it, is too large for a patch.
    TooLarge,
    /// The message cannot be read.
    Message,
    /// There is no diff.
    NoDiff,
    /// The diff cannot be read.
    Corrupt,
    /// The message quotes a diff, which would be applied.
    Quoted,
    /// The number of the file says another place than its name has.
    Misplaced,
}
