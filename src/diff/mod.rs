//! Unified diffs as data: what a patch does to files.

use std::ops::Range;

use bstr::{BStr, BString, ByteSlice as _};

pub mod adjacency;
pub mod attributes;
pub mod binary;
pub mod block;
mod compact;
pub mod format;
pub mod funcname;
mod header;
pub mod histogram;
pub mod id;
pub mod lines;
pub mod merge;
mod names;
pub mod parse;
pub mod print;
pub mod safety;
pub mod similarity;
pub mod stat;
pub mod token;
mod wildmatch;
pub mod words;

pub use names::{quote, unquote};

#[cfg(test)]
pub(crate) mod oracle;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

/// A git file mode as it stands in trees and extended headers, for example `0o100644`.
pub type Mode = u32;

/// What one `diff` of a patch does to one file.
///
/// Paths are relative to the top of the tree, as bytes, with the first component (`a/`, `linux.orig/`) stripped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDiff {
    /// Where it stands in the text it was parsed from, in bytes; from its first header line to its last hunk line.
    pub span: Range<usize>,
    /// The file that is read; `None` for a new file.
    pub old_path: Option<BString>,
    /// The file that is written; `None` for a deleted file.
    pub new_path: Option<BString>,
    /// The mode before, where a header names it.
    pub old_mode: Option<Mode>,
    /// The mode after, where a header names it; the mode of an `index` line is the old one only, as in git.
    pub new_mode: Option<Mode>,
    /// What happens to the file as a whole.
    pub operation: Operation,
    /// The `index` line: the ids before and after in hex, possibly abbreviated.
    pub index: Option<(BString, BString)>,
    /// What happens to the bytes.
    pub content: Content,
}

/// What happens to a file as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// It stays where it is.
    Modify,
    /// It is new.
    Create,
    /// It goes away.
    Delete,
    /// It moves from the old path to the new one.
    Rename,
    /// It is copied from the old path to the new one.
    Copy,
}

/// What happens to the bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Nothing: a pure rename, mode change, or an empty file.
    Unchanged,
    /// Text hunks, in order.
    Text(Vec<Hunk>),
    /// A `GIT binary patch`: forward, and the way back where it is given.
    Binary {
        /// Turns the old bytes into the new ones.
        forward: BinaryHunk,
        /// Turns the new bytes into the old ones.
        reverse: Option<BinaryHunk>,
    },
    /// `Binary files a/x and b/x differ`: says that something changed, but not what.
    BinaryDiffers,
}

/// The payload of a `GIT binary patch`, already decoded from base 85 and inflated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BinaryHunk {
    /// The whole new content.
    Literal(Vec<u8>),
    /// A git pack delta.
    Delta(Vec<u8>),
}

/// One `@@` hunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk {
    /// First line before, counted from 1 (0 where `old_len` is 0 and the file is empty or new).
    pub old_start: u32,
    /// Lines before.
    pub old_len: u32,
    /// First line after.
    pub new_start: u32,
    /// Lines after.
    pub new_len: u32,
    /// What follows the second `@@`, its blank included, without the line end: empty or ` name`.
    pub section: BString,
    /// The lines of the hunk, in order.
    pub lines: Vec<Line>,
}

/// One line of a hunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Whether it stays, goes or comes.
    pub kind: LineKind,
    /// The line without its marker; ends in `\n` unless `\ No newline at end of file` follows it.
    pub text: BString,
}

/// The marker in the first column of a hunk line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// ` `: in both files.
    Context,
    /// `-`: only in the old file.
    Delete,
    /// `+`: only in the new file.
    Insert,
}

impl FileDiff {
    /// The file that the diff is about: the new path, or the old one of a deleted file.
    pub fn path(&self) -> &BStr {
        let path = self.new_path.as_ref().or(self.old_path.as_ref());
        path.map_or(BStr::new(b""), |path| path.as_bstr())
    }

    /// The diff that takes this one back. A binary one without its reverse keeps its payload, which then means nothing.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let operation = match self.operation {
            Operation::Create => Operation::Delete,
            Operation::Delete => Operation::Create,
            other => other,
        };
        let content = match &self.content {
            Content::Text(hunks) => Content::Text(hunks.iter().map(Hunk::reversed).collect()),
            Content::Binary { forward, reverse: Some(reverse) } => {
                Content::Binary { forward: reverse.clone(), reverse: Some(forward.clone()) }
            }
            other => other.clone(),
        };
        // The mode of an `index` line is the one that stays.
        let stays = operation == self.operation && self.new_mode.is_none();
        let (old_mode, new_mode) = if stays { (self.old_mode, None) } else { (self.new_mode, self.old_mode) };
        Self {
            span: self.span.clone(),
            old_path: self.new_path.clone(),
            new_path: self.old_path.clone(),
            old_mode,
            new_mode,
            operation,
            index: self.index.clone().map(|(old, new)| (new, old)),
            content,
        }
    }

    /// True for a `---`/`+++` diff that only adds lines and does not say whether its file exists: git creates the file
    /// where it is missing.
    pub fn may_create(&self) -> bool {
        let plain = self.index.is_none() && self.old_mode.is_none() && self.new_mode.is_none();
        let adds = |hunks: &[Hunk]| matches!(hunks, [hunk] if hunk.old_len == 0);
        plain && self.operation == Operation::Modify && matches!(&self.content, Content::Text(hunks) if adds(hunks))
    }
}

impl Hunk {
    /// The hunk that takes this one back: what came goes before what went comes, as diffs have it.
    fn reversed(&self) -> Self {
        let mut lines = Vec::with_capacity(self.lines.len());
        for run in self.lines.chunk_by(|a, b| (a.kind == LineKind::Context) == (b.kind == LineKind::Context)) {
            let of = |kind, becomes| {
                let chosen = run.iter().filter(move |line| line.kind == kind);
                chosen.map(move |line| Line { kind: becomes, text: line.text.clone() })
            };
            lines.extend(of(LineKind::Context, LineKind::Context));
            lines.extend(of(LineKind::Insert, LineKind::Delete));
            lines.extend(of(LineKind::Delete, LineKind::Insert));
        }
        Self {
            old_start: self.new_start,
            old_len: self.new_len,
            new_start: self.old_start,
            new_len: self.old_len,
            section: self.section.clone(),
            lines,
        }
    }
}
