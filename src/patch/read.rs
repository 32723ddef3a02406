//! Reads a file of patches.

use std::ops::Range;
use std::sync::Arc;

use bstr::ByteSlice;

use super::{Draft, Layout, MAX_FILE, MAX_LINE, Patch, PatchError, Trouble, quoted, split::split};
use crate::diff::FileDiff;
use crate::message::{self, Boundary, MessageError, Reading, lines};

/// Reads the patches of one file as `git am --keep-cr` would: an mbox of one or several mails, a bare mail, a patch
/// exported by `StGit` or Mercurial; and, which git refuses, one with a DEP-3 header.
///
/// `file` is its name for messages. No byte is lost: the `bytes` of the patches, joined, are `bytes`.
pub fn read(file: &str, bytes: &[u8]) -> Result<Vec<Patch>, PatchError> {
    examine(file, bytes)?.into_iter().map(Draft::into_patch).collect()
}

/// Reads the patches of one file as [`read`] does, and goes on where something is wrong with a part of one.
///
/// Fails where nothing can be said of any part: an empty file, one that is too large, one that is no text.
pub fn examine(file: &str, bytes: &[u8]) -> Result<Vec<Draft>, PatchError> {
    guard(file, bytes)?;
    let parts = split(bytes);
    let last = parts.len().saturating_sub(1);
    let mut first_line = 1;
    let mut drafts = Vec::with_capacity(parts.len());
    for (part, span) in parts.into_iter().enumerate() {
        let bytes = &bytes[span.clone()];
        let input = Input { file, part, is_last: part == last, first_line, bytes };
        drafts.push(input.examine(span));
        first_line += count_lines(bytes);
    }
    Ok(drafts)
}

/// Refuses what no patch can be, before anything is built of it.
fn guard(file: &str, bytes: &[u8]) -> Result<(), PatchError> {
    let error = |trouble, line, message: String, hint: &str| {
        Err(PatchError { file: file.to_owned(), line, trouble, message, hint: Some(hint.to_owned()) })
    };
    if bytes.len() > MAX_FILE {
        let message = format!("{} bytes are too many for a patch file, the limit is {MAX_FILE}", bytes.len());
        return error(Trouble::TooLarge, 1, message, "split the file");
    }
    if bytes.trim_ascii().is_empty() {
        return error(Trouble::Empty, 1, "empty file".to_owned(), "remove the file, or restore the patch");
    }
    match long_line(bytes) {
        None => Ok(()),
        Some((line, length)) => error(Trouble::TooLarge, line, too_long(length), SPLIT),
    }
}

const SPLIT: &str = "this is no text; split the line, or remove the file";

fn too_long(length: usize) -> String {
    format!("a line of {length} bytes, the limit is {MAX_LINE}")
}

/// The first line that is too long: its number from 1, and its length in bytes.
fn long_line(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut all = lines(bytes, 0).enumerate();
    all.find(|(_, line)| line.len() > MAX_LINE).map(|(number, line)| (number + 1, line.len()))
}

fn count_lines(bytes: &[u8]) -> usize {
    bytes.find_iter(b"\n").count()
}

/// One mail of a file.
#[derive(Debug, Clone, Copy)]
struct Input<'a> {
    file: &'a str,
    part: usize,
    is_last: bool,
    /// The line of the file that the mail begins in, from 1.
    first_line: usize,
    bytes: &'a [u8],
}

impl Input<'_> {
    fn examine(self, span: Range<usize>) -> Draft {
        let message = message::examine(self.bytes);
        let text = message.decoded.as_deref().unwrap_or(self.bytes);
        let long = message.decoded.as_deref().and_then(long_line);
        let (diff, quoted, layout) = match (long, message.boundary) {
            (Some((_, length)), _) => {
                (Err(self.error(text, 0, Trouble::TooLarge, too_long(length), Some(SPLIT))), None, Layout::head(text))
            }
            (None, None) => (Err(self.no_diff(text)), None, Layout::head(text)),
            (None, Some(boundary)) => self.diffs(text, boundary),
        };
        let unread = self.unread(&message);
        Draft {
            file: self.file.to_owned(),
            part: self.part,
            span,
            first_line: self.first_line,
            bytes: Arc::from(self.bytes),
            message,
            unread,
            diff,
            quoted,
            layout,
        }
    }

    /// What follows the message.
    fn diffs(self, text: &[u8], boundary: Boundary) -> (Result<Vec<FileDiff>, PatchError>, Option<PatchError>, Layout) {
        let separator = if boundary.separator { lines(text, boundary.offset).next() } else { None };
        let head = separator.map_or(boundary.offset, |line| line.end);
        let layout = |diff: &[FileDiff]| Layout::of(text, head, diff);
        match crate::diff::parse::parse(&text[head..], head) {
            Ok(diff) if diff.is_empty() => (Err(self.no_diff(text)), None, layout(&[])),
            Ok(diff) => {
                let quoted = quoted::find(text, &diff).map(|found| {
                    let hint = "indent a diff that the message quotes by one space";
                    self.error(text, found.offset, Trouble::Quoted, found.message, Some(hint))
                });
                let layout = layout(&diff);
                (Ok(diff), quoted, layout)
            }
            Err(error) => {
                (Err(self.error(text, error.offset, Trouble::Corrupt, error.message, None)), None, layout(&[]))
            }
        }
    }

    fn no_diff(self, text: &[u8]) -> PatchError {
        let hint = if self.is_last {
            "remove the file, or restore its diff"
        } else {
            "a line of the message that looks like the start of another mail, 'From ... 2001', ends it: indent that line"
        };
        self.error(text, 0, Trouble::NoDiff, "a message without a diff".to_owned(), Some(hint))
    }

    /// The first thing that is wrong with the message.
    fn unread(self, message: &message::Draft) -> Option<PatchError> {
        let error = message.first_error()?;
        // The `From ` line that opened this mail may have been meant as text of the one before.
        let stray = self.part > 0 && matches!(error, MessageError::NoAuthor { .. });
        let hint = if stray { "indent the line if it belongs to the message before it" } else { error.hint() };
        Some(self.error(self.bytes, error.offset(), Trouble::Message, error.to_string(), Some(hint)))
    }

    fn error(self, text: &[u8], offset: usize, trouble: Trouble, message: String, hint: Option<&str>) -> PatchError {
        let line = self.first_line + count_lines(&text[..offset.min(text.len())]);
        PatchError { file: self.file.to_owned(), line, trouble, message, hint: hint.map(str::to_owned) }
    }
}

impl Draft {
    /// What `layout` and the spans of `diff` point into; see [`Patch::text`].
    pub fn text(&self) -> &[u8] {
        self.message.decoded.as_deref().unwrap_or(&self.bytes)
    }

    /// The line of the file that `offset` of the text is in, from 1; in the body of an encoded mail, as it counts once
    /// decoded.
    pub fn line(&self, offset: usize) -> usize {
        let text = self.text();
        self.first_line + count_lines(&text[..offset.min(text.len())])
    }

    /// The patch, if nothing is wrong with it; else the first trouble.
    pub fn into_patch(self) -> Result<Patch, PatchError> {
        // Only a message that can be read is without `unread`.
        let reading = match (self.unread, self.message.into_reading()) {
            (Some(error), _) => return Err(error),
            (None, reading) => reading,
        };
        let diff = self.diff?;
        if let Some(error) = self.quoted {
            return Err(error);
        }
        let Ok(Reading { message, decoded, .. }) = reading else { unreachable!("unread says what is wrong") };
        Ok(Patch {
            file: self.file,
            part: self.part,
            bytes: self.bytes,
            decoded: decoded.map(Arc::from),
            layout: self.layout,
            message,
            diff,
        })
    }
}
