//! Puts the hunks of a patch on files: exact context, offsets as git searches them, fuzz never.

use bstr::BString;

use crate::diff::binary::BinaryError;

mod lines;
pub mod patch_utility;
mod stack;
#[cfg(test)]
mod tests;
pub mod text;
mod tree;

pub use stack::{Refused, Release, Stack, Step, commit, prefetch, touched_paths};
pub use tree::{ApplyError, Engine, FileOffsets, Placed, apply, apply_all, apply_changes, max_offset};

/// What applying a diff to one file gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The new bytes; empty for a deleted file.
    pub content: Vec<u8>,
    /// For every hunk: the line where it was put less the line that its header names, as git and patch report it.
    pub offsets: Vec<i64>,
}

/// A hunk that does not apply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("hunk #{hunk} at line {line} does not apply: {reason}")]
pub struct HunkFailure {
    /// Which hunk of its file, from 1.
    pub hunk: usize,
    /// The old line that its header names.
    pub line: u32,
    /// Why not.
    pub reason: Reason,
}

/// Why a hunk does not apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Its old lines stand nowhere in the file, or only where an earlier hunk has been.
    #[error("its lines are not in the file")]
    NotFound,
    /// It belongs to the first line of the file, which has other lines there.
    #[error("it must match at the beginning of the file")]
    NotAtBeginning,
    /// It has no context after its last change, so it belongs to the end of the file, which has other lines there.
    #[error("it must match at the end of the file")]
    NotAtEnd,
    /// A line without a line end would come to stand before another line.
    #[error("a line without newline would not be the last one")]
    MissingNewline,
    /// It begins before lines that an earlier hunk has written.
    #[error("it is misordered")]
    Misordered,
    /// Its new lines are there already.
    #[error("reversed (or previously applied) patch detected")]
    AlreadyApplied,
}

/// Why a diff does not apply to the bytes of its file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// The file that is to be changed does not exist.
    #[error("file does not exist")]
    Missing,
    /// The file that is to be created exists.
    #[error("file already exists")]
    Exists,
    /// A hunk does not apply.
    #[error("patch does not apply")]
    Hunk(#[source] HunkFailure),
    /// A deletion whose hunks do not remove everything.
    #[error("removal patch leaves file contents")]
    Leftover,
    /// `Binary files differ`: the patch does not hold the new bytes.
    #[error("patch does not hold the binary data")]
    NoBinaryData,
    /// The patch utility cannot read binary patches.
    #[error("git binary diffs are not supported by patch")]
    BinaryUnsupported,
    /// A binary patch whose `index` line does not hold both full ids cannot be checked, so it is not applied.
    #[error("cannot apply binary patch without full index line")]
    NoFullIndex,
    /// The bytes of the file are not those that the binary patch is made for.
    #[error("binary patch applies to {expected}, which does not match the current contents")]
    OldContent {
        /// The id of the expected bytes, in hex.
        expected: BString,
    },
    /// The binary patch gives other bytes than it says.
    #[error("binary patch creates incorrect result, expecting {expected}")]
    NewContent {
        /// The id of the expected bytes, in hex.
        expected: BString,
    },
    /// The delta of the binary patch does not apply.
    #[error("binary patch does not apply")]
    Delta(#[source] BinaryError),
}

impl From<HunkFailure> for ContentError {
    fn from(failure: HunkFailure) -> Self {
        Self::Hunk(failure)
    }
}
