//! Three-way merge of text, decided as git decides it.
//!
//! Two edits of one base that neither overlap nor touch are both taken; equal edits are taken once; anything else is a
//! conflict. The differences are histogram differences, as in git's `ort` merges.

use std::ops::Range;

use super::histogram::changes;
use super::lines::{Change, split_lines};

/// What became of a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Merged {
    /// Both edits, without a conflict.
    Clean(Vec<u8>),
    /// At least one stretch needs a person.
    Conflict(Vec<Chunk>),
}

/// A stretch of a merge that has conflicts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chunk {
    /// Decided.
    Clean(Vec<u8>),
    /// Not decided: the three versions of the stretch.
    Conflict {
        /// The common ancestor's lines.
        base: Vec<u8>,
        /// Our lines.
        ours: Vec<u8>,
        /// Their lines.
        theirs: Vec<u8>,
        /// The stretch in our file, in lines counted from 1.
        ours_lines: Range<u32>,
    },
}

/// What stands behind the markers of a conflict.
#[derive(Debug, Clone, Copy)]
pub struct Labels<'a> {
    /// Names the ancestor; if empty, the ancestor's lines are left out, as in git's `merge` style.
    pub base: &'a str,
    /// Names our side.
    pub ours: &'a str,
    /// Names their side.
    pub theirs: &'a str,
}

/// A group of changes that overlap or touch, as line ranges of the three files.
struct Region {
    base: Range<u32>,
    ours: Range<u32>,
    theirs: Range<u32>,
    by: By,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Ours,
    Theirs,
    Both,
}

/// Git's rule: a NUL among the first 8,000 bytes.
pub fn is_binary(content: &[u8]) -> bool {
    content[..content.len().min(8000)].contains(&0)
}

/// Merges the edits `base → ours` and `base → theirs`.
pub fn merge(base: &[u8], ours: &[u8], theirs: &[u8]) -> Merged {
    let ours_changes = changes(base, ours);
    let theirs_changes = changes(base, theirs);
    let files = Files { base: split_lines(base), ours: split_lines(ours), theirs: split_lines(theirs) };
    assemble(&files, &regions(&ours_changes, &theirs_changes))
}

struct Files<'a> {
    base: Vec<&'a [u8]>,
    ours: Vec<&'a [u8]>,
    theirs: Vec<&'a [u8]>,
}

/// Walks both lists of changes in step and joins those that overlap or touch.
fn regions(ours: &[Change], theirs: &[Change]) -> Vec<Region> {
    let mut regions = Vec::new();
    let (mut i, mut j) = (0, 0);
    // How far our and their line numbers are from the base's, behind the changes that are done with.
    let (mut ours_shift, mut theirs_shift) = (0i64, 0i64);
    while i < ours.len() || j < theirs.len() {
        let start = [ours.get(i), theirs.get(j)].into_iter().flatten().map(|change| change.old.start).min();
        let start = start.expect("one list is not empty");
        let mut end = start;
        let (first_i, first_j) = (i, j);
        let (ours_start, theirs_start) = (moved(start, ours_shift), moved(start, theirs_shift));
        loop {
            let touches = |change: Option<&Change>, fresh: bool| {
                change.is_some_and(|change| {
                    change.old.start < end || (change.old.start == end && !fresh) || change.old.start == start
                })
            };
            let fresh = i == first_i && j == first_j;
            if touches(ours.get(i), fresh) {
                end = end.max(ours[i].old.end);
                ours_shift += growth(&ours[i]);
                i += 1;
            } else if touches(theirs.get(j), fresh) {
                end = end.max(theirs[j].old.end);
                theirs_shift += growth(&theirs[j]);
                j += 1;
            } else {
                break;
            }
        }
        let by = match (i > first_i, j > first_j) {
            (true, false) => By::Ours,
            (false, true) => By::Theirs,
            _ => By::Both,
        };
        regions.push(Region {
            base: start..end,
            ours: ours_start..moved(end, ours_shift),
            theirs: theirs_start..moved(end, theirs_shift),
            by,
        });
    }
    regions
}

fn growth(change: &Change) -> i64 {
    change.new.len() as i64 - change.old.len() as i64
}

fn moved(line: u32, shift: i64) -> u32 {
    u32::try_from(i64::from(line) + shift).expect("a line of one file has its place in the other")
}

fn assemble(files: &Files<'_>, regions: &[Region]) -> Merged {
    let mut chunks: Vec<Chunk> = Vec::new();
    let mut clean: Vec<u8> = Vec::new();
    let mut conflicts = false;
    let mut at = 0u32;
    for region in regions {
        extend(&mut clean, slice(&files.ours, at..region.ours.start));
        at = region.ours.end;
        let ours = slice(&files.ours, region.ours.clone());
        let theirs = slice(&files.theirs, region.theirs.clone());
        match region.by {
            By::Ours => extend(&mut clean, ours),
            By::Theirs => extend(&mut clean, theirs),
            By::Both if ours == theirs => extend(&mut clean, ours),
            By::Both => {
                conflicts = true;
                let (head, tail) = common_ends(ours, theirs);
                extend(&mut clean, &ours[..head]);
                chunks.push(Chunk::Clean(std::mem::take(&mut clean)));
                chunks.push(Chunk::Conflict {
                    base: slice(&files.base, region.base.clone()).concat(),
                    ours: ours[head..ours.len() - tail].concat(),
                    theirs: theirs[head..theirs.len() - tail].concat(),
                    ours_lines: region.ours.start + head as u32 + 1..region.ours.end - tail as u32 + 1,
                });
                extend(&mut clean, &ours[ours.len() - tail..]);
            }
        }
    }
    extend(&mut clean, slice(&files.ours, at..files.ours.len() as u32));
    if !conflicts {
        return Merged::Clean(clean);
    }
    chunks.push(Chunk::Clean(clean));
    chunks.retain(|chunk| !matches!(chunk, Chunk::Clean(text) if text.is_empty()));
    Merged::Conflict(chunks)
}

/// How many lines both sides share at the start and at the end (git's zdiff3 leaves them out of the markers).
fn common_ends(ours: &[&[u8]], theirs: &[&[u8]]) -> (usize, usize) {
    let head = ours.iter().zip(theirs).take_while(|(a, b)| a == b).count();
    let tail = ours[head..].iter().rev().zip(theirs[head..].iter().rev()).take_while(|(a, b)| a == b).count();
    (head, tail)
}

fn slice<'s, 'a>(lines: &'s [&'a [u8]], range: Range<u32>) -> &'s [&'a [u8]] {
    &lines[range.start as usize..range.end as usize]
}

fn extend(out: &mut Vec<u8>, lines: &[&[u8]]) {
    for line in lines {
        // Only a file's last line may lack its end; text that follows it starts a line of its own.
        if !out.is_empty() && !out.ends_with(b"\n") {
            out.push(b'\n');
        }
        out.extend_from_slice(line);
    }
}

/// Renders chunks with git's zdiff3 markers.
pub fn with_markers(chunks: &[Chunk], labels: &Labels<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    let whole_lines = |out: &mut Vec<u8>, text: &[u8]| {
        out.extend_from_slice(text);
        if !out.is_empty() && !out.ends_with(b"\n") {
            out.push(b'\n');
        }
    };
    for (number, chunk) in chunks.iter().enumerate() {
        match chunk {
            Chunk::Clean(text) if number + 1 == chunks.len() => out.extend_from_slice(text),
            Chunk::Clean(text) => whole_lines(&mut out, text),
            Chunk::Conflict { base, ours, theirs, .. } => {
                whole_lines(&mut out, format!("<<<<<<< {}\n", labels.ours).as_bytes());
                whole_lines(&mut out, ours);
                if !labels.base.is_empty() {
                    whole_lines(&mut out, format!("||||||| {}\n", labels.base).as_bytes());
                    whole_lines(&mut out, base);
                }
                whole_lines(&mut out, b"=======\n");
                whole_lines(&mut out, theirs);
                whole_lines(&mut out, format!(">>>>>>> {}\n", labels.theirs).as_bytes());
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(base: &str, ours: &str, theirs: &str) -> String {
        match merge(base.as_bytes(), ours.as_bytes(), theirs.as_bytes()) {
            Merged::Clean(text) => String::from_utf8(text).expect("test text is UTF-8"),
            Merged::Conflict(chunks) => panic!("unexpected conflict: {chunks:?}"),
        }
    }

    #[test]
    fn separate_edits_are_both_taken() {
        assert_eq!(clean("a\nb\nc\nd\ne\n", "A\nb\nc\nd\ne\n", "a\nb\nc\nd\nE\n"), "A\nb\nc\nd\nE\n");
    }

    #[test]
    fn equal_edits_are_taken_once() {
        assert_eq!(clean("a\nb\nc\n", "a\nX\nc\n", "a\nX\nc\n"), "a\nX\nc\n");
    }

    #[test]
    fn touching_edits_conflict() {
        let merged = merge(b"a\nb\nc\nd\n", b"a\nB\nc\nd\n", b"a\nb\nC\nd\n");
        assert!(matches!(merged, Merged::Conflict(_)));
    }

    #[test]
    fn insertions_at_one_place_conflict_and_show_markers() {
        let Merged::Conflict(chunks) = merge(b"a\nb\n", b"a\nx\nsame\nb\n", b"a\ny\nsame\nb\n") else {
            panic!("two insertions at one place")
        };
        let text = with_markers(&chunks, &Labels { base: "v1", ours: "v2", theirs: "patch" });
        assert_eq!(
            String::from_utf8(text).expect("test text is UTF-8"),
            "a\n<<<<<<< v2\nx\n||||||| v1\n=======\ny\n>>>>>>> patch\nsame\nb\n"
        );
    }

    #[test]
    fn a_missing_last_line_end_stays_missing() {
        assert_eq!(clean("a\nb\nc\nd\ne", "A\nb\nc\nd\ne", "a\nb\nc\nd\ne"), "A\nb\nc\nd\ne");
    }
}
