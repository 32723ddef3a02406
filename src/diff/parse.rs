//! Reads unified diffs and git's extended headers, as `git apply` reads them.

use bstr::ByteSlice as _;

use super::header::{self, Header};
use super::{Content, FileDiff, Hunk, Line, LineKind, Mode, Operation, binary};

/// A diff that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at byte {offset})")]
pub struct ParseError {
    /// Where the first wrong line starts, in bytes; counted like the spans.
    pub offset: usize,
    /// What is wrong with it, in git's words where git has any.
    pub message: String,
}

/// Reads all diffs of `text`, the part of a patch after its message; text around them is passed over, as `git apply`
/// does. `base` is added to all spans and offsets. Every line end is kept.
pub fn parse(text: &[u8], base: usize) -> Result<Vec<FileDiff>, ParseError> {
    let mut parser = Parser::new(text, base);
    let mut diffs = Vec::new();
    let mut at = 0;
    while let Some((header, start)) = header::next(&mut parser, at)? {
        let diff = parser.file_diff(header, start)?;
        at = diff.span.end - base;
        diffs.push(diff);
    }
    Ok(diffs)
}

/// What reading needs to remember between the diffs of one text.
pub(super) struct Parser<'a> {
    pub(super) text: &'a [u8],
    base: usize,
    /// Leading path components to take off: one, unless the first names of the text have none.
    pub(super) strip: usize,
    /// True once `strip` is settled.
    pub(super) strip_known: bool,
}

impl<'a> Parser<'a> {
    fn new(text: &'a [u8], base: usize) -> Self {
        Self { text, base, strip: 1, strip_known: false }
    }

    /// The line at `at` with its line feed (the last line may lack it); empty at the end.
    pub(super) fn line(&self, at: usize) -> &'a [u8] {
        let rest = &self.text[at..];
        &rest[..rest.find_byte(b'\n').map_or(rest.len(), |end| end + 1)]
    }

    pub(super) fn error<T>(&self, at: usize, message: impl Into<String>) -> Result<T, ParseError> {
        Err(ParseError { offset: self.base + at, message: message.into() })
    }

    /// Reads what follows a header, and joins both. `start` is where the diff begins.
    fn file_diff(&self, header: Header, start: usize) -> Result<FileDiff, ParseError> {
        let (hunks, mut end) = self.hunks(header.end)?;
        let removes = hunks.iter().any(|hunk| hunk.old_len > 0);
        let adds = hunks.iter().any(|hunk| hunk.new_len > 0);
        if header.is_new() && removes {
            return self.error(header.end, "new file depends on old contents");
        }
        if header.is_delete() && adds {
            return self.error(header.end, "deleted file still has contents");
        }
        let content = if hunks.is_empty() {
            let (content, binary_end) = self.binary(header.end)?;
            end = binary_end;
            content
        } else {
            Content::Text(hunks)
        };
        if content == Content::Unchanged && !header.changes_metadata() {
            return self.error(header.start, "patch with only garbage");
        }
        // Two names without extended headers: git reads the one and writes the other.
        let moves = header.old != header.new;
        let unsaid = if moves { Operation::Rename } else { Operation::Modify };
        let operation = header.operation.unwrap_or(unsaid);
        Ok(FileDiff {
            span: self.base + start..self.base + end,
            old_path: header.old.filter(|_| operation != Operation::Create),
            new_path: header.new.filter(|_| operation != Operation::Delete),
            old_mode: header.old_mode.filter(|_| operation != Operation::Create),
            new_mode: header.new_mode.filter(|_| operation != Operation::Delete),
            operation,
            index: header.index,
            content,
        })
    }

    fn hunks(&self, mut at: usize) -> Result<(Vec<Hunk>, usize), ParseError> {
        let mut hunks = Vec::new();
        while self.text[at..].starts_with(b"@@ -") {
            let (hunk, end) = self.hunk(at)?;
            hunks.push(hunk);
            at = end;
        }
        Ok((hunks, at))
    }

    /// Reads the hunk whose `@@` line is at `start`; returns it and where it ends.
    fn hunk(&self, start: usize) -> Result<(Hunk, usize), ParseError> {
        let head = self.line(start);
        let Some(mut hunk) = hunk_header(head) else {
            return self.error(start, "corrupt patch: malformed hunk header");
        };
        let (mut old_left, mut new_left) = (hunk.old_len, hunk.new_len);
        let mut at = start + head.len();
        let mut changes = false;
        while old_left > 0 || new_left > 0 {
            let line = self.line(at);
            let [marker, text @ ..] = line else {
                return self.error(at, "corrupt patch: hunk ends before its line counts");
            };
            if !line.ends_with(b"\n") {
                return self.error(at, "corrupt patch: hunk ends in the middle of a line");
            }
            let (kind, text) = match marker {
                // Some tools and mailers drop the blank of an empty context line.
                b'\n' => (LineKind::Context, line),
                b' ' => (LineKind::Context, text),
                b'-' => (LineKind::Delete, text),
                b'+' => (LineKind::Insert, text),
                b'\\' if is_no_newline(line) => {
                    drop_newline(&mut hunk);
                    at += line.len();
                    continue;
                }
                _ => return self.error(at, "corrupt patch: unexpected line in a hunk"),
            };
            let uses = (u32::from(kind != LineKind::Insert), u32::from(kind != LineKind::Delete));
            let (Some(old), Some(new)) = (old_left.checked_sub(uses.0), new_left.checked_sub(uses.1)) else {
                return self.error(at, "corrupt patch: hunk has more lines than its header says");
            };
            (old_left, new_left) = (old, new);
            changes |= kind != LineKind::Context;
            hunk.lines.push(Line { kind, text: text.into() });
            at += line.len();
        }
        if !changes {
            return self.error(start, "corrupt patch: hunk without changes");
        }
        // As in git, a shorter rest cannot be this marker.
        if self.text.len() - at > 12 && self.text[at..].starts_with(b"\\ ") {
            drop_newline(&mut hunk);
            at += self.line(at).len();
        }
        Ok((hunk, at))
    }

    /// Reads a binary patch, or the line that says that binary files differ; returns where it ends.
    fn binary(&self, at: usize) -> Result<(Content, usize), ParseError> {
        let line = self.line(at);
        if line == b"GIT binary patch\n" {
            let read = |at: usize| {
                binary::read(self.text, at)
                    .or_else(|(at, error)| self.error(at, format!("corrupt binary patch: {error}")))
            };
            let Some((forward, end)) = read(at + line.len())? else {
                return self.error(at, "unrecognized binary patch");
            };
            let (reverse, end) = match read(end)? {
                Some((reverse, end)) => (Some(reverse), end),
                None => (None, end),
            };
            return Ok((Content::Binary { forward, reverse }, end));
        }
        if line.ends_with(b" differ\n") && (line.starts_with(b"Binary files ") || line.starts_with(b"Files ")) {
            return Ok((Content::BinaryDiffers, at + line.len()));
        }
        Ok((Content::Unchanged, at))
    }
}

/// True for `\ No newline at end of file` in any language: only its first two bytes and least length are certain.
fn is_no_newline(line: &[u8]) -> bool {
    line.len() >= 12 && line.starts_with(b"\\ ")
}

/// The line just read is the last one of its file and has no line end.
fn drop_newline(hunk: &mut Hunk) {
    if let Some(line) = hunk.lines.last_mut()
        && line.text.ends_with(b"\n")
    {
        line.text.pop();
    }
}

/// Reads `@@ -l,s +l,s @@ section`; the hunk has no lines yet.
pub(crate) fn hunk_header(line: &[u8]) -> Option<Hunk> {
    let line = line.strip_suffix(b"\n")?;
    let (old_start, old_len, rest) = range(line.strip_prefix(b"@@ -")?)?;
    let (new_start, new_len, rest) = range(rest.strip_prefix(b" +")?)?;
    Some(Hunk { old_start, old_len, new_start, new_len, section: rest.strip_prefix(b" @@")?.into(), lines: Vec::new() })
}

/// Reads `start` or `start,length`.
fn range(text: &[u8]) -> Option<(u32, u32, &[u8])> {
    let (start, rest) = number(text)?;
    match rest.strip_prefix(b",") {
        Some(rest) => number(rest).map(|(length, rest)| (start, length, rest)),
        None => Some((start, 1, rest)),
    }
}

fn number(text: &[u8]) -> Option<(u32, &[u8])> {
    let len = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(len);
    Some((digits.to_str().ok()?.parse().ok()?, rest))
}

/// Reads an octal mode as git does: of the permissions of a file only the owner's `x` counts.
pub(super) fn mode(text: &[u8]) -> Option<Mode> {
    let len = text.iter().take_while(|byte| matches!(byte, b'0'..=b'7')).count();
    let (digits, rest) = text.split_at(len);
    if !rest.first().is_none_or(|&byte| super::names::is_space(byte)) {
        return None;
    }
    let mode = Mode::from_str_radix(digits.to_str().ok()?, 8).ok()?;
    Some(match mode & 0o170_000 {
        0o100_000 if mode & 0o100 != 0 => 0o100_755,
        0o100_000 => 0o100_644,
        0o120_000 => 0o120_000,
        _ => mode,
    })
}
