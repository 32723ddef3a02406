//! Finds what became of each conflicting stretch in a file that somebody else has merged.

use std::ops::Range;

use crate::diff::histogram::changes_of_pieces;
use crate::diff::lines::{Change, split_lines};
use crate::diff::merge::Chunk;

/// For each stretch the lines that stand in its place in `merged`; `None` where the decided text around it was changed.
pub(super) fn stretches(chunks: &[Chunk], merged: &[u8]) -> Vec<Option<Vec<u8>>> {
    let places: Vec<Vec<u8>> = (0..chunks.len()).map(|at| format!("\0{at}").into_bytes()).collect();
    let mut decided: Vec<&[u8]> = Vec::new();
    let mut marks = Vec::new();
    for (at, chunk) in chunks.iter().enumerate() {
        match chunk {
            Chunk::Clean(text) => decided.extend(split_lines(text)),
            // No line of a file, since it has no end and is not the last one.
            Chunk::Conflict { .. } => {
                marks.push(decided.len());
                decided.push(&places[at]);
            }
        }
    }
    let merged = split_lines(merged);
    let changes = changes_of_pieces(&decided, &merged);
    let mut taken = vec![0u32; changes.len()];
    let found: Vec<Option<Place>> = marks.iter().map(|mark| place(*mark, &changes, &merged, &mut taken)).collect();
    let text = |place: Place| {
        // What slides to two stretches belongs to neither for certain.
        let sure = place.changes.clone().all(|change| taken[change] == 1);
        sure.then(|| merged[place.lines].concat())
    };
    found.into_iter().map(|place| place.and_then(text)).collect()
}

/// The same where nothing but the stretches was changed; `None` otherwise.
pub(super) fn whole(chunks: &[Chunk], merged: &[u8]) -> Option<Vec<Vec<u8>>> {
    let found: Vec<Vec<u8>> = stretches(chunks, merged).into_iter().collect::<Option<_>>()?;
    let mut texts = found.iter();
    let mut rest = merged;
    for chunk in chunks {
        let text = match chunk {
            Chunk::Clean(text) => text,
            Chunk::Conflict { .. } => texts.next()?,
        };
        rest = rest.strip_prefix(text.as_slice())?;
    }
    rest.is_empty().then_some(found)
}

/// Where a stretch is in the merged file.
struct Place {
    lines: Range<usize>,
    /// The changes that say so.
    changes: Range<usize>,
}

/// The lines that stand for the mark, with insertions that slide up or down to it.
fn place(mark: usize, changes: &[Change], merged: &[&[u8]], taken: &mut [u32]) -> Option<Place> {
    let at = changes.iter().position(|change| change.old.contains(&(mark as u32)))?;
    if changes[at].old.len() != 1 {
        return None;
    }
    let lines = |change: &Change| change.new.start as usize..change.new.end as usize;
    let mut place = Place { lines: lines(&changes[at]), changes: at..at + 1 };
    if let Some(next) = changes.get(at + 1).filter(|next| next.old.is_empty()) {
        let (by, new) = (next.old.start as usize - mark - 1, lines(next));
        if (1..=by).all(|line| merged[new.start - line] == merged[new.end - line]) {
            place.lines.end = new.end - by;
            place.changes.end = at + 2;
        }
    }
    if let Some(before) = at.checked_sub(1).map(|before| &changes[before]).filter(|before| before.old.is_empty()) {
        let (by, new) = (mark - before.old.start as usize, lines(before));
        if (0..by).all(|line| merged[new.start + line] == merged[new.end + line]) {
            place.lines.start = new.start + by;
            place.changes.start = at - 1;
        }
    }
    place.changes.clone().for_each(|change| taken[change] += 1);
    Some(place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::merge::{Merged, merge};

    fn chunks(base: &str, ours: &str, theirs: &str) -> Vec<Chunk> {
        match merge(base.as_bytes(), ours.as_bytes(), theirs.as_bytes()) {
            Merged::Conflict(chunks) => chunks,
            Merged::Clean(_) => panic!("the sides do not conflict"),
        }
    }

    fn found(chunks: &[Chunk], merged: &str) -> Vec<Option<String>> {
        let text = |text: Vec<u8>| String::from_utf8(text).expect("test text is UTF-8");
        stretches(chunks, merged.as_bytes()).into_iter().map(|found| found.map(text)).collect()
    }

    #[test]
    fn each_stretch_is_found_in_its_place() {
        let chunks = chunks("a\nb\nc\nd\ne\nf\n", "a\nB\nc\nd\nE\nf\n", "a\nBB\nc\nd\nEE\nf\n");
        let both = "a\nB and BB\nc\nd\ntwo\nlines\nf\n";
        assert_eq!(found(&chunks, both), [Some("B and BB\n".into()), Some("two\nlines\n".into())]);
        assert!(whole(&chunks, both.as_bytes()).is_some());
        assert_eq!(found(&chunks, "a\nc\nd\nx\nf\n"), [Some(String::new()), Some("x\n".into())]);
    }

    #[test]
    fn changed_decided_text_hides_the_stretches_beside_it_only() {
        let chunks = chunks("a\nb\nc\nd\ne\nf\n", "a\nB\nc\nd\nE\nf\n", "a\nBB\nc\nd\nEE\nf\n");
        let merged = "a\nB\nc\nd\nE\nchanged\n";
        assert_eq!(found(&chunks, merged), [Some("B\n".into()), None]);
        assert_eq!(whole(&chunks, merged.as_bytes()), None);
    }

    #[test]
    fn lines_that_look_like_their_surroundings_belong_to_the_stretch() {
        let chunks = chunks("{\na\n}\n}\n", "{\nb\n}\n}\n", "{\nc\n}\n}\n");
        let merged = "{\n{\nb\n}\nc\n}\n}\n}\n";
        assert_eq!(whole(&chunks, merged.as_bytes()).map(|found| found.concat()), Some(b"{\nb\n}\nc\n}\n".to_vec()));
    }
}
