//! Merges of stretches that git leaves open: edits that touch without overlapping are both taken.
//!
//! Git counts two edits as a conflict as soon as no unchanged line stands between them, and shows everything from the
//! first of them to the last as one stretch. Here a stretch is looked at by itself, and only edits of the same lines,
//! or insertions at the same place, are a conflict. What that gives can be wrong where the meaning of neighbouring
//! lines hangs together, so it is good for a proposal and for nothing more.

use std::collections::HashMap;
use std::ops::Range;

use super::histogram::changes_of_pieces;
use super::lines::{Change, split_lines};

/// Merges two edits of one stretch line by line; `None` if they overlap or insert at one place.
///
/// A line that both sides add at different places counts as a conflict, too. Equal edits are taken once, and of two insertions at one place of which one contains the other the larger one. Lines
/// that both sides remove as part of different removals are removed.
pub fn resolve(base: &[u8], ours: &[u8], theirs: &[u8]) -> Option<Vec<u8>> {
    let sides = [base, ours, theirs].map(split_lines);
    let [base, ours, theirs] = &sides;
    let pieces = Pieces { base, ours, theirs };
    let merged = pieces.merge(&changes_of_pieces(base, ours), &changes_of_pieces(base, theirs), true)?;
    if doubles_a_line(&sides, &merged) {
        return None;
    }
    let mut out = Vec::new();
    for line in merged {
        // A file's last line that lacks its end may have got others behind it.
        if !out.is_empty() && !out.ends_with(b"\n") {
            out.push(b'\n');
        }
        out.extend_from_slice(line);
    }
    Some(out)
}

/// True if a line stands in the merged text more often than in any of its versions: both sides have added it, at two
/// places, and most likely it is one and the same change.
pub(super) fn doubles_a_line(versions: &[Vec<&[u8]>; 3], merged: &[&[u8]]) -> bool {
    let counts = |lines: &[&'_ [u8]]| {
        let mut counts: HashMap<Vec<u8>, usize> = HashMap::new();
        for line in lines.iter().filter(|line| says_something(line)) {
            *counts.entry(line.trim_ascii().to_vec()).or_default() += 1;
        }
        counts
    };
    let versions = versions.each_ref().map(|lines| counts(lines));
    let most = |line| versions.iter().filter_map(|counts| counts.get(line)).max().copied();
    // A line that no version has was put together from both.
    counts(merged).iter().any(|(line, count)| most(line).is_some_and(|most| *count > most))
}

/// The three versions of a stretch, cut into lines or smaller pieces.
pub(super) struct Pieces<'s, 'a> {
    pub(super) base: &'s [&'a [u8]],
    pub(super) ours: &'s [&'a [u8]],
    pub(super) theirs: &'s [&'a [u8]],
}

/// A change with the base pieces that it may as well stand at.
struct Edit {
    old: Range<usize>,
    /// The pieces of its side that come.
    new: Range<usize>,
    /// `old`, widened by how far a mere insertion or removal slides without giving another text.
    reach: Range<usize>,
}

impl Edit {
    fn inserts(&self) -> bool {
        self.old.is_empty()
    }

    fn removes(&self) -> bool {
        self.new.is_empty()
    }

    fn slides(&self) -> bool {
        self.reach != self.old
    }
}

/// How an edit of ours and one of theirs go together.
enum Pair {
    /// Both are taken.
    Apart,
    /// One of them says what the other says too: the index is 0 to drop ours, 1 to drop theirs.
    Drop(usize),
    Conflict,
}

impl<'a> Pieces<'_, 'a> {
    /// The pieces with the edits of both sides, or `None` for a conflict. `contained` allows an insertion that contains
    /// the other side's one to stand for both.
    pub(super) fn merge(&self, ours: &[Change], theirs: &[Change], contained: bool) -> Option<Vec<&'a [u8]>> {
        let mut ours = edits(self.base, self.ours, ours);
        let mut theirs = edits(self.base, self.theirs, theirs);
        make_way(&mut ours, &theirs);
        make_way(&mut theirs, &ours);
        let mut keep = [vec![true; ours.len()], vec![true; theirs.len()]];
        for (i, our) in ours.iter().enumerate() {
            // Edits and their reaches are in order on both sides, so only a few can meet.
            let first = theirs.partition_point(|their| their.reach.end < our.reach.start);
            let near = theirs.iter().enumerate().skip(first);
            for (j, their) in near.take_while(|(_, their)| their.reach.start <= our.reach.end) {
                let new = (&self.ours[our.new.clone()], &self.theirs[their.new.clone()]);
                match pair((our, new.0), (their, new.1), contained) {
                    Pair::Apart => {}
                    Pair::Drop(0) => keep[0][i] = false,
                    Pair::Drop(_) => keep[1][j] = false,
                    Pair::Conflict => return None,
                }
            }
        }
        let [keep_ours, keep_theirs] = keep;
        let kept = |edits: Vec<Edit>, keep: Vec<bool>, side| {
            edits.into_iter().zip(keep).filter_map(move |(edit, keep)| keep.then_some((edit, side)))
        };
        let mut all: Vec<(Edit, &[&'a [u8]])> =
            kept(ours, keep_ours, self.ours).chain(kept(theirs, keep_theirs, self.theirs)).collect();
        // At one place a mere insertion stands before what replaces the pieces behind it.
        all.sort_by_key(|(edit, _)| (edit.old.start, edit.old.end));
        let mut out = Vec::new();
        let mut at = 0;
        for (edit, side) in all {
            if edit.old.start > at {
                out.extend_from_slice(&self.base[at..edit.old.start]);
            }
            out.extend_from_slice(&side[edit.new]);
            at = at.max(edit.old.end);
        }
        out.extend_from_slice(&self.base[at..]);
        Some(out)
    }
}

fn edits(base: &[&[u8]], side: &[&[u8]], changes: &[Change]) -> Vec<Edit> {
    let within = |range: &Range<u32>| range.start as usize..range.end as usize;
    let mut edits = Vec::with_capacity(changes.len());
    for (at, change) in changes.iter().enumerate() {
        let (old, new) = (within(&change.old), within(&change.new));
        // Between two changes there are as many unchanged pieces on one side as on the other.
        let above = old.start - at.checked_sub(1).map_or(0, |before| changes[before].old.end as usize);
        let below = changes.get(at + 1).map_or(base.len(), |next| next.old.start as usize) - old.end;
        let (up, down) = match (old.is_empty(), new.is_empty()) {
            (true, false) => room(side, &new, above, below),
            (false, true) => room(base, &old, above, below),
            _ => (0, 0),
        };
        edits.push(Edit { reach: old.start - up..old.end + down, old, new });
    }
    edits
}

/// How many pieces a run of inserted or removed pieces may slide up and down.
fn room(pieces: &[&[u8]], run: &Range<usize>, above: usize, below: usize) -> (usize, usize) {
    let up = (1..=above).take_while(|by| pieces[run.start - by] == pieces[run.end - by]).count();
    let down = (0..below).take_while(|by| pieces[run.start + by] == pieces[run.end + by]).count();
    (up, down)
}

/// Slides insertions out of what the other side changes, where that leaves them on one side of it only.
fn make_way(edits: &mut [Edit], others: &[Edit]) {
    for edit in edits.iter_mut().filter(|edit| edit.inserts() && edit.slides()) {
        let first = others.partition_point(|other| other.reach.end <= edit.reach.start);
        for other in others[first..].iter().filter(|other| !other.inserts()) {
            let (from, to) = (other.reach.start, other.reach.end);
            if from >= edit.reach.end {
                break;
            }
            if from < edit.reach.start && to <= edit.reach.end {
                edit.reach.start = to;
            } else if from >= edit.reach.start && to > edit.reach.end {
                edit.reach.end = from;
            }
        }
        let place = edit.old.start.clamp(edit.reach.start, edit.reach.end);
        let new = edit.new.start + place - edit.old.start;
        edit.new = new..new + edit.new.len();
        edit.old = place..place;
    }
}

fn pair((our, our_new): (&Edit, &[&[u8]]), (their, their_new): (&Edit, &[&[u8]]), contained: bool) -> Pair {
    if our.old == their.old && our_new == their_new {
        return Pair::Drop(1);
    }
    if our.inserts() && their.inserts() {
        // Where one of them slides onto the other, nobody knows which comes first.
        if our.reach.start > their.reach.end || their.reach.start > our.reach.end {
            return Pair::Apart;
        }
        return match () {
            () if contained && our.old == their.old && contains(our_new, their_new) => Pair::Drop(1),
            () if contained && our.old == their.old && contains(their_new, our_new) => Pair::Drop(0),
            () => Pair::Conflict,
        };
    }
    if our.reach.start >= their.reach.end || their.reach.start >= our.reach.end {
        return Pair::Apart;
    }
    let removals = our.removes() && their.removes() && !our.slides() && !their.slides();
    if removals { Pair::Apart } else { Pair::Conflict }
}

/// True if `part`, which must say something, stands in `whole`.
fn contains(whole: &[&[u8]], part: &[&[u8]]) -> bool {
    part.iter().any(|piece| says_something(piece)) && whole.windows(part.len()).any(|window| window == part)
}

/// False for what stands in any file many times: braces, blank lines, very short words.
pub fn says_something(line: &[u8]) -> bool {
    line.iter().filter(|byte| byte.is_ascii_alphanumeric() || **byte >= 0x80).count() >= 6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(base: &str, ours: &str, theirs: &str) -> Option<String> {
        let out = resolve(base.as_bytes(), ours.as_bytes(), theirs.as_bytes())?;
        Some(String::from_utf8(out).expect("test text is UTF-8"))
    }

    #[test]
    fn touching_edits_are_both_taken() {
        assert_eq!(resolved("a\nb\n", "A\nb\n", "a\nB\n").as_deref(), Some("A\nB\n"));
        assert_eq!(resolved("a\nb\n", "b\n", "a\nB\n").as_deref(), Some("B\n"));
        assert_eq!(resolved("a\n", "x\na\n", "A\n").as_deref(), Some("x\nA\n"));
        assert_eq!(resolved("a\n", "A\n", "a\nx\n").as_deref(), Some("A\nx\n"));
        assert_eq!(resolved("gone\n", "", "gone\nnew\n").as_deref(), Some("new\n"));
    }

    #[test]
    fn overlaps_and_insertions_at_one_place_stay_open() {
        assert_eq!(resolved("a\n", "b\n", "c\n"), None);
        assert_eq!(resolved("", "b\n", "c\n"), None);
        assert_eq!(resolved("a\nb\nc\n", "x\nc\n", "a\ny\n"), None);
        assert_eq!(resolved("a\nb\nc\n", "", "a\nb\nx\nc\n"), None);
    }

    #[test]
    fn what_both_say_is_taken_once() {
        assert_eq!(resolved("a\nb\nc\n", "A\nb\n", "A\nC\n"), None);
        assert_eq!(resolved("a\nb\nc\nd\n", "A\nb\nC\nd\n", "A\nb\nc\nD\n").as_deref(), Some("A\nb\nC\nD\n"));
        let (small, large) = ("select GAMMA_RAYS\n", "select GAMMA_RAYS\nselect X_RAYS\n");
        assert_eq!(resolved("", small, large).as_deref(), Some(large));
        assert_eq!(resolved("", large, small).as_deref(), Some(large));
        assert_eq!(resolved("", "}\n", "x\n}\n"), None, "a brace says nothing");
        assert_eq!(resolved("a\n", "check(it);\na\n", "a\ncheck(it);\n"), None, "one check at two places");
    }

    #[test]
    fn removals_that_overlap_are_one_removal() {
        assert_eq!(resolved("a\nb\nc\nd\n", "d\n", "a\nd\n").as_deref(), Some("d\n"));
        assert_eq!(resolved("a\nb\nc\nd\n", "c\nd\n", "a\nd\n").as_deref(), Some("d\n"));
    }

    #[test]
    fn an_insertion_that_could_stand_on_either_side_of_the_other_stays_open() {
        // Ours could have come before or behind the first line of the base, theirs too.
        assert_eq!(resolved("}\n", "}\na\n}\n", "}\nb\n}\n"), None);
        assert_eq!(resolved("x\ny\n", "x\nx\ny\n", "x\nb\ny\n"), None);
    }

    #[test]
    fn an_insertion_slides_out_of_what_the_other_side_removes() {
        let theirs = "\nif (gfx)\n\treturn 1;\n\nif (gpu)\n\treturn 1;\n";
        assert_eq!(resolved("\nif (gfx)\n\treturn 1;\n", "", theirs).as_deref(), Some("\nif (gpu)\n\treturn 1;\n"));
    }

    #[test]
    fn a_missing_last_line_end_does_not_glue_lines_together() {
        assert_eq!(resolved("a\nb", "A\nb", "a\nb\nc").as_deref(), Some("A\nb\nc"));
        assert_eq!(resolved("a", "a\nx", "y\na").as_deref(), Some("y\na\nx"));
    }
}
