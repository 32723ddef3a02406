//! What placing hunks needs of a file and of a hunk: lines as offsets, never as copies.

use super::{HunkFailure, Reason};
use crate::diff::{Hunk, LineKind};

/// A file by its lines, counted from 0. The last line may lack its line feed.
pub(super) struct Lines<'a> {
    text: &'a [u8],
    /// Where every line starts, and the end of the text.
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        // Source lines average some 30 bytes.
        let mut starts = Vec::with_capacity(text.len() / 24 + 2);
        starts.push(0);
        starts.extend(memchr::memchr_iter(b'\n', text).map(|end| end + 1));
        if starts.last() != Some(&text.len()) {
            starts.push(text.len());
        }
        Self { text, starts }
    }

    /// How many lines there are.
    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The bytes of the lines `from..to`, which must exist.
    pub(super) fn bytes(&self, from: usize, to: usize) -> &'a [u8] {
        &self.text[self.starts[from]..self.starts[to]]
    }

    /// True where `old` stands at line `at`. The lengths are compared first, which settles nearly every line.
    pub(super) fn matches(&self, at: usize, old: &Pattern) -> bool {
        at + old.lines < self.starts.len() && self.bytes(at, at + old.lines) == old.bytes
    }
}

/// The lines that a hunk looks for.
pub(super) struct Pattern {
    pub(super) bytes: Vec<u8>,
    pub(super) lines: usize,
}

impl Pattern {
    /// The lines of `hunk` without those of kind `without`: the old ones without the inserted ones.
    pub(super) fn new(hunk: &Hunk, without: LineKind) -> Self {
        let mut pattern = Self { bytes: Vec::new(), lines: 0 };
        for line in hunk.lines.iter().filter(|line| line.kind != without) {
            pattern.bytes.extend_from_slice(&line.text);
            // A context line of nothing at all is what git makes of an empty line that has no newline.
            pattern.lines += usize::from(line.kind != LineKind::Context || !line.text.is_empty());
        }
        pattern
    }
}

/// How many context lines stand before the first and after the last change.
pub(super) fn context(hunk: &Hunk) -> (usize, usize) {
    let is_context = |line: &&crate::diff::Line| line.kind == LineKind::Context;
    let leading = hunk.lines.iter().take_while(is_context).count();
    let trailing = hunk.lines.iter().rev().take_while(is_context).count();
    (leading, trailing)
}

/// The failure of hunk number `at`, counted from 0.
pub(super) fn failure(hunks: &[Hunk], at: usize, reason: Reason) -> HunkFailure {
    HunkFailure { hunk: at + 1, line: hunks[at].old_start, reason }
}
