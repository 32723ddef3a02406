//! Hunks on one file, placed as `git apply` places them.

use bstr::{BString, ByteSlice as _};
use sha1::{Digest as _, Sha1};

use super::lines::{self, Lines, Pattern};
use super::{Applied, ContentError, HunkFailure, Reason};
use crate::diff::{BinaryHunk, Content, FileDiff, Hunk, LineKind, Operation, binary};

/// Applies the hunks of one file in order.
///
/// Each is looked for where its header says, then one line further, one line back, two lines further and so on. A hunk
/// that starts at line 0 or 1 must match at the beginning, one without context after its changes at the end. Lines
/// that an earlier hunk has placed, context included, do not match again.
///
/// In one point this is stricter than git, which can glue two lines together: a line without newline matches and is
/// written at the end of the file only.
pub fn apply(hunks: &[Hunk], old: &[u8]) -> Result<Applied, HunkFailure> {
    let lines = Lines::new(old);
    let mut image = Image::new(lines.len());
    let mut offsets = Vec::with_capacity(hunks.len());
    for (number, hunk) in hunks.iter().enumerate() {
        let pattern = Pattern::new(hunk, LineKind::Insert);
        let expected = hunk.new_start.saturating_sub(1) as usize;
        let at =
            place(&image, &lines, hunk, &pattern, expected).map_err(|reason| lines::failure(hunks, number, reason))?;
        image.replace(at, pattern.lines, number, Pattern::new(hunk, LineKind::Delete).lines);
        offsets.push(at as i64 - expected as i64);
    }
    let content = image.content(&lines, hunks)?;
    Ok(Applied { content, offsets })
}

/// Finds the image line at which the hunk applies.
fn place(image: &Image, lines: &Lines<'_>, hunk: &Hunk, old: &Pattern, expected: usize) -> Result<usize, Reason> {
    let at_beginning = hunk.old_start <= 1;
    let at_end = lines::context(hunk).1 == 0;
    let last = image.len.checked_sub(old.lines);
    let reason = match (at_beginning, at_end) {
        (true, _) => Reason::NotAtBeginning,
        (false, true) => Reason::NotAtEnd,
        (false, false) => Reason::NotFound,
    };
    let last = last.ok_or(reason)?;
    let (from, to) = match (at_beginning, at_end) {
        (true, true) if last > 0 => return Err(reason),
        (true, _) => (0, 0),
        (false, true) => (last, last),
        (false, false) => (0, last),
    };
    if old.lines == 0 {
        // Nothing to look for: without context that can only be the end.
        return Ok(last);
    }
    let spots = image.spots(old.lines, from, to);
    nearest(&spots, expected.clamp(from, to), |line| lines.matches(line, old)).ok_or(reason)
}

/// A run of image lines at which a hunk of some length fits into untouched lines.
struct Spot {
    from: usize,
    to: usize,
    /// The line of the old file at `from`.
    old: usize,
}

/// The position next to `start` that matches; of two equally far ones the later.
fn nearest(spots: &[Spot], start: usize, matches: impl Fn(usize) -> bool) -> Option<usize> {
    let old = |spot: &Spot, at: usize| (at, spot.old + at - spot.from);
    let mut forward =
        spots.iter().flat_map(|spot| (spot.from.max(start)..spot.to).map(move |at| old(spot, at))).peekable();
    let mut backward = spots
        .iter()
        .rev()
        .flat_map(|spot| (spot.from..spot.to.min(start)).rev().map(move |at| old(spot, at)))
        .peekable();
    loop {
        let next = match (forward.peek(), backward.peek()) {
            (Some((further, _)), Some((back, _))) if further - start > start - back => backward.next(),
            (Some(_), _) => forward.next(),
            (None, _) => backward.next(),
        };
        let (at, line) = next?;
        if matches(line) {
            return Some(at);
        }
    }
}

/// The file as it stands between two hunks: runs of old lines, and the lines that hunks have placed.
struct Image {
    runs: Vec<Run>,
    /// How many lines there are.
    len: usize,
}

struct Run {
    /// How many lines it has.
    len: usize,
    source: Source,
}

#[derive(Clone, Copy)]
enum Source {
    /// Lines of the old file, from this one on.
    Old(usize),
    /// What this hunk has placed.
    Hunk(usize),
}

impl Image {
    fn new(len: usize) -> Self {
        let source = Source::Old(0);
        Self { runs: vec![Run { len, source }], len }
    }

    /// Where `lines` untouched lines stand together, starting in `from..=to`.
    fn spots(&self, lines: usize, from: usize, to: usize) -> Vec<Spot> {
        let mut spots = Vec::with_capacity(self.runs.len());
        let mut start = 0;
        for run in &self.runs {
            if let Source::Old(old) = run.source
                && run.len >= lines
            {
                let first = start.max(from);
                let end = (start + run.len - lines).min(to) + 1;
                if first < end {
                    spots.push(Spot { from: first, to: end, old: old + first - start });
                }
            }
            start += run.len;
        }
        spots
    }

    /// Puts the `new` lines of a hunk in the place of `old` untouched lines at `at`.
    fn replace(&mut self, at: usize, old: usize, hunk: usize, new: usize) {
        let mut start = 0;
        let index = self.runs.iter().position(|run| {
            let holds = at + old <= start + run.len && (old > 0 || at == self.len && start + run.len == self.len);
            start += if holds { 0 } else { run.len };
            holds
        });
        let placed = Run { len: new, source: Source::Hunk(hunk) };
        self.len = self.len - old + new;
        let Some(index) = index else {
            self.runs.push(placed);
            return;
        };
        let Run { len, source } = self.runs[index];
        match source {
            Source::Old(first) => {
                let before = at - start;
                let after = len - before - old;
                let old_run = |len, line| Run { len, source: Source::Old(line) };
                let parts = [old_run(before, first), placed, old_run(after, first + before + old)];
                let parts = parts.into_iter().filter(|run| run.len > 0 || matches!(run.source, Source::Hunk(_)));
                self.runs.splice(index..=index, parts);
            }
            // Only the empty pattern at the end comes here.
            Source::Hunk(_) => self.runs.push(placed),
        }
    }

    /// Writes the file out.
    fn content(&self, lines: &Lines<'_>, hunks: &[Hunk]) -> Result<Vec<u8>, HunkFailure> {
        let inserted = |hunk: &Hunk| hunk.lines.iter().map(|line| line.text.len()).sum::<usize>();
        let size = lines.bytes(0, lines.len()).len() + hunks.iter().map(inserted).sum::<usize>();
        let mut out = Vec::with_capacity(size);
        let mut last_hunk = 0;
        for run in &self.runs {
            let glues = |out: &[u8], text: &[u8]| !text.is_empty() && !out.is_empty() && !out.ends_with(b"\n");
            match run.source {
                Source::Old(line) => {
                    let text = lines.bytes(line, line + run.len);
                    if glues(&out, text) {
                        return Err(lines::failure(hunks, last_hunk, Reason::MissingNewline));
                    }
                    out.extend_from_slice(text);
                }
                Source::Hunk(hunk) => {
                    last_hunk = hunk;
                    for line in hunks[hunk].lines.iter().filter(|line| line.kind != LineKind::Delete) {
                        if glues(&out, &line.text) {
                            return Err(lines::failure(hunks, hunk, Reason::MissingNewline));
                        }
                        out.extend_from_slice(&line.text);
                    }
                }
            }
        }
        Ok(out)
    }
}

/// Applies a diff to the bytes of its old file (of its source, for a rename or copy); `None` where there is no file.
/// A binary patch is checked against the ids of its `index` line on both sides.
pub fn apply_content(diff: &FileDiff, old: Option<&[u8]>) -> Result<Applied, ContentError> {
    let old = match (diff.operation, old) {
        (Operation::Create, Some(_)) => return Err(ContentError::Exists),
        (Operation::Create, None) => &[],
        (_, Some(old)) => old,
        (_, None) if diff.may_create() => &[],
        (_, None) => return Err(ContentError::Missing),
    };
    let whole = |content| Applied { content, offsets: Vec::new() };
    let applied = match &diff.content {
        Content::Unchanged => whole(old.to_vec()),
        Content::Text(hunks) => apply(hunks, old)?,
        Content::Binary { forward, .. } => whole(apply_binary(diff, forward, old)?),
        Content::BinaryDiffers => return Err(ContentError::NoBinaryData),
    };
    if diff.operation == Operation::Delete && !applied.content.is_empty() {
        return Err(ContentError::Leftover);
    }
    Ok(applied)
}

fn apply_binary(diff: &FileDiff, forward: &BinaryHunk, old: &[u8]) -> Result<Vec<u8>, ContentError> {
    let is_full = |id: &BString| id.len() == 40;
    let (old_id, new_id) = diff.index.as_ref().ok_or(ContentError::NoFullIndex)?;
    if !is_full(old_id) || !is_full(new_id) {
        return Err(ContentError::NoFullIndex);
    }
    if diff.operation != Operation::Create && blob_id(old) != *old_id {
        return Err(ContentError::OldContent { expected: old_id.clone() });
    }
    if new_id.bytes().all(|digit| digit == b'0') {
        return Ok(Vec::new());
    }
    let new = match forward {
        BinaryHunk::Literal(new) => new.clone(),
        BinaryHunk::Delta(delta) => binary::apply_delta(delta, old).map_err(ContentError::Delta)?,
    };
    if blob_id(&new) != *new_id {
        return Err(ContentError::NewContent { expected: new_id.clone() });
    }
    Ok(new)
}

/// The id under which git stores these bytes, in hex.
fn blob_id(content: &[u8]) -> String {
    let mut hash = Sha1::new_with_prefix(format!("blob {}\0", content.len()));
    hash.update(content);
    let digits = hash.finalize();
    digits.iter().fold(String::with_capacity(40), |mut out, byte| {
        out.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])));
        out
    })
}
