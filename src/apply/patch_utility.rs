//! Hunks on one file, placed as the patch utility places them in an image build: `patch -t -F0 -N -u -p1`.

use super::lines::{self, Lines, Pattern};
use super::{Applied, ContentError, HunkFailure, Reason, text};
use crate::diff::{Content, FileDiff, Hunk, LineKind, Operation};

/// Applies the hunks of one file in order, as GNU patch 2.7 does with `-F0 -N`.
///
/// A hunk is looked for at its old line plus the offset of the hunk before, then further and back by one line more
/// each. One with less context before than after its changes belongs to the beginning if it starts there, one with
/// less after than before to the end. The search begins after the last changed line of the hunk before: its trailing
/// context may match again, unlike in git.
pub fn apply(hunks: &[Hunk], old: &[u8]) -> Result<Applied, HunkFailure> {
    let mut output = Output { lines: Lines::new(old), written: 0, content: Vec::with_capacity(old.len() + 1024) };
    let mut offset = 0;
    let mut offsets = Vec::with_capacity(hunks.len());
    for (number, hunk) in hunks.iter().enumerate() {
        let fail = |reason| lines::failure(hunks, number, reason);
        let search = Search::new(hunk, LineKind::Insert, offset);
        let Some(at) = search.locate(&output) else {
            // The first hunk of a file is tried the other way round too.
            let reversed = Search::new(hunk, LineKind::Delete, 0);
            let applied = number == 0 && reversed.locate(&output).is_some();
            return Err(fail(if applied { Reason::AlreadyApplied } else { search.reason() }));
        };
        offset += at - search.first_guess;
        offsets.push(offset);
        output.write_hunk(hunk, at).map_err(fail)?;
    }
    let rest = output.lines.len() as i64;
    if output.written < rest {
        output.copy_to(rest);
    }
    Ok(Applied { content: output.content, offsets })
}

/// Applies a diff to the bytes of its old file (of its source, for a rename or copy); `None` where there is no file.
pub fn apply_content(diff: &FileDiff, old: Option<&[u8]>) -> Result<Applied, ContentError> {
    let hunks = match &diff.content {
        Content::Binary { .. } | Content::BinaryDiffers => return Err(ContentError::BinaryUnsupported),
        Content::Unchanged => return text::apply_content(diff, old),
        Content::Text(hunks) => hunks,
    };
    let old = match (diff.operation, old) {
        (Operation::Create, Some(old)) if !old.is_empty() => return Err(ContentError::Exists),
        (_, Some(old)) => old,
        (Operation::Create, None) => &[],
        (_, None) if diff.may_create() => &[],
        (_, None) => return Err(ContentError::Missing),
    };
    let applied = apply(hunks, old)?;
    if diff.operation == Operation::Delete && !applied.content.is_empty() {
        return Err(ContentError::Leftover);
    }
    Ok(applied)
}

/// One way round of a hunk, and where to look for it. Lines are counted from 1.
struct Search {
    pattern: Pattern,
    /// The line that the header names.
    first: i64,
    first_guess: i64,
    /// Context lines before and after the changes.
    prefix: usize,
    suffix: usize,
}

impl Search {
    /// Looks for the lines of `hunk` without those of kind `without`: the old ones without the inserted ones.
    fn new(hunk: &Hunk, without: LineKind, offset: i64) -> Self {
        let pattern = Pattern::new(hunk, without);
        let (start, len) = match without {
            LineKind::Delete => (hunk.new_start, hunk.new_len),
            _ => (hunk.old_start, hunk.old_len),
        };
        // Where there are no lines, the header names the line before.
        let first = i64::from(start) + i64::from(len == 0);
        let (prefix, suffix) = lines::context(hunk);
        Self { pattern, first, first_guess: first + offset, prefix, suffix }
    }

    fn at_beginning(&self) -> bool {
        self.prefix < self.suffix && self.first <= 1
    }

    fn at_end(&self) -> bool {
        self.suffix < self.prefix
    }

    fn reason(&self) -> Reason {
        match (self.at_beginning(), self.at_end()) {
            (true, _) => Reason::NotAtBeginning,
            (_, true) => Reason::NotAtEnd,
            _ => Reason::NotFound,
        }
    }

    /// The line at which the hunk applies.
    fn locate(&self, output: &Output<'_>) -> Option<i64> {
        // Without lines to look for, the guess is right.
        if self.pattern.lines == 0 {
            return Some(self.first_guess);
        }
        let last = output.lines.len() as i64 - self.pattern.lines as i64 + 1;
        let from = (output.written + 1).max(1);
        let matches = |at: i64| at >= 1 && output.lines.matches((at - 1) as usize, &self.pattern);
        if self.at_beginning() {
            return (output.written <= self.prefix as i64 && last >= 1 && matches(1)).then_some(1);
        }
        if self.at_end() {
            return (last >= from && matches(last)).then_some(last);
        }
        let furthest = (last - self.first_guess).max(self.first_guess - from);
        // A guess outside of the file is as far from all lines as from the nearest one.
        let nearest = (self.first_guess - last).max(from - self.first_guess).max(0);
        (nearest..=furthest).find_map(|offset| {
            let (further, back) = (self.first_guess + offset, self.first_guess - offset);
            let fits = |at: i64| (from..=last).contains(&at) && matches(at);
            if fits(further) { Some(further) } else { fits(back).then_some(back) }
        })
    }
}

/// The new file as far as it is written.
struct Output<'a> {
    lines: Lines<'a>,
    /// How many old lines have been copied or dropped.
    written: i64,
    content: Vec<u8>,
}

impl Output<'_> {
    /// Copies old lines up to and including line `last`.
    fn copy_to(&mut self, last: i64) {
        let end = (last.max(0) as usize).min(self.lines.len());
        let start = (self.written as usize).min(end);
        let text = self.lines.bytes(start, end);
        self.push(text);
        self.written = last;
    }

    /// Appends text; a line that lacks its newline gets it as soon as another one follows.
    fn push(&mut self, text: &[u8]) {
        if !text.is_empty() && !self.content.is_empty() && !self.content.ends_with(b"\n") {
            self.content.push(b'\n');
        }
        self.content.extend_from_slice(text);
    }

    /// Writes the hunk at old line `at`, after the old lines before its first change.
    fn write_hunk(&mut self, hunk: &Hunk, at: i64) -> Result<(), Reason> {
        let mut next = at;
        for line in &hunk.lines {
            if line.kind != LineKind::Context {
                if self.written > next - 1 {
                    return Err(Reason::Misordered);
                }
                self.copy_to(next - 1);
            }
            match line.kind {
                LineKind::Context => next += 1,
                LineKind::Delete => {
                    self.written += 1;
                    next += 1;
                }
                LineKind::Insert => self.push(&line.text),
            }
        }
        Ok(())
    }
}
