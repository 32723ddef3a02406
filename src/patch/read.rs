//! Reads a file of patches.

use std::sync::Arc;

use bstr::ByteSlice;

use super::{Layout, MAX_FILE, MAX_LINE, Patch, PatchError, quoted, split::split};
use crate::message::{self, Reading, lines};

/// Reads the patches of one file as `git am --keep-cr` would: an mbox of one or several mails, a bare mail, a patch
/// exported by `StGit` or Mercurial; and, which git refuses, one with a DEP-3 header.
///
/// `file` is its name for messages. No byte is lost: the `bytes` of the patches, joined, are `bytes`.
pub fn read(file: &str, bytes: &[u8]) -> Result<Vec<Patch>, PatchError> {
    guard(file, bytes)?;
    let mut patches = Vec::new();
    let parts = split(bytes);
    let last = parts.len().saturating_sub(1);
    for (part, span) in parts.into_iter().enumerate() {
        let first_line = 1 + count_lines(&bytes[..span.start]);
        let input = Input { file, part, is_last: part == last, first_line, bytes: &bytes[span] };
        patches.push(input.read()?);
    }
    Ok(patches)
}

/// Refuses what no patch can be, before anything is built of it.
fn guard(file: &str, bytes: &[u8]) -> Result<(), PatchError> {
    let error = |line, message: String, hint: &str| {
        Err(PatchError { file: file.to_owned(), line, message, hint: Some(hint.to_owned()) })
    };
    if bytes.len() > MAX_FILE {
        let message = format!("{} bytes are too many for a patch file, the limit is {MAX_FILE}", bytes.len());
        return error(1, message, "split the file");
    }
    if bytes.trim_ascii().is_empty() {
        return error(1, "empty file".to_owned(), "remove the file, or restore the patch");
    }
    match long_line(bytes) {
        None => Ok(()),
        Some((line, length)) => error(line, too_long(length), SPLIT),
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
    fn read(self) -> Result<Patch, PatchError> {
        let Reading { message, decoded, boundary } = message::read(self.bytes).map_err(|error| {
            // The `From ` line that opened this mail may have been meant as text of the one before.
            let stray = self.part > 0 && matches!(error, message::MessageError::NoAuthor { .. });
            let hint = if stray { "indent the line if it belongs to the message before it" } else { error.hint() };
            self.error(self.bytes, error.offset(), error.to_string(), Some(hint))
        })?;
        let text = decoded.as_deref().unwrap_or(self.bytes);
        if let Some((_, length)) = decoded.as_deref().and_then(long_line) {
            return Err(self.error(text, 0, too_long(length), Some(SPLIT)));
        }
        let no_diff = || {
            let hint = if self.is_last {
                "remove the file, or restore its diff"
            } else {
                "a line of the message that looks like the start of another mail, 'From ... 2001', ends it: indent that line"
            };
            self.error(text, 0, "a message without a diff".to_owned(), Some(hint))
        };
        let boundary = boundary.ok_or_else(no_diff)?;
        let separator = if boundary.separator { lines(text, boundary.offset).next() } else { None };
        let head = separator.map_or(boundary.offset, |line| line.end);

        let diff = crate::diff::parse::parse(&text[head..], head)
            .map_err(|error| self.error(text, error.offset, error.message, None))?;
        if diff.is_empty() {
            return Err(no_diff());
        }
        if let Some(found) = quoted::find(text, &diff) {
            let hint = "indent a diff that the message quotes by one space";
            return Err(self.error(text, found.offset, found.message, Some(hint)));
        }
        Ok(Patch {
            file: self.file.to_owned(),
            part: self.part,
            layout: Layout::of(text, head, &diff),
            bytes: Arc::from(self.bytes),
            decoded: decoded.map(Arc::from),
            message,
            diff,
        })
    }

    fn error(self, text: &[u8], offset: usize, message: String, hint: Option<&str>) -> PatchError {
        let line = self.first_line + count_lines(&text[..offset.min(text.len())]);
        PatchError { file: self.file.to_owned(), line, message, hint: hint.map(str::to_owned) }
    }
}
