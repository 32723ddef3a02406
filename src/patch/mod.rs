//! One patch: a mail header, a message, a diff, and every byte that they came from.

use std::ops::Range;
use std::sync::Arc;

use crate::diff::FileDiff;
use crate::message::Message;

/// One patch of a patch set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// The name of the file it was read from, without directories.
    pub file: String,
    /// Its position among the patches of that file, from 0; nearly always 0.
    pub part: usize,
    /// Every byte of this patch; the patches of a file, joined, are the file.
    pub bytes: Arc<[u8]>,
    /// Where the parts of the patch stand in `bytes`.
    pub layout: Layout,
    /// Author, date, subject, body.
    pub message: Message,
    /// The files it changes; spans point into `bytes`.
    pub diff: Vec<FileDiff>,
}

/// The parts of a patch, as ranges of its bytes. In order, without gaps: head, notes, stat, gap, diff, tail.
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
