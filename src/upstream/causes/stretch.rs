//! Which commits changed the conflicting lines of a file.
//!
//! Where the history is a line, the lines are followed back from commit to commit, as `git log -L` does. Where it has
//! merges, no commit's line numbers lead to the next one's, and the text of the lines decides, as with `git log -S`.

use std::collections::HashSet;
use std::ops::Range;

use bstr::{BStr, ByteSlice as _};

use super::trail::Touch;
use crate::diff::lines::{Change, changes, split_lines};
use crate::diff::merge::Chunk;
use crate::diff::words::letters;
use crate::git::{Entry, GitError, Store, Walk};
use crate::text::visible;

/// A conflicting stretch of a file.
pub(super) struct Stretch<'c> {
    base: &'c [u8],
    ours: &'c [u8],
    /// Where it stands in our file, in lines counted from 0.
    lines: Range<u32>,
}

/// How much of a conflict is a commit's doing, in letters and digits of lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Share {
    /// Lines that the target has and the base has not, or the other way round.
    pub(super) visible: usize,
    /// Other lines of the stretch, which a later commit changed again.
    pub(super) passing: usize,
    /// How many lines have no letter at all.
    pub(super) trivial: usize,
}

impl Share {
    pub(super) fn tells(self) -> bool {
        self.visible + self.passing > 0
    }

    pub(super) fn add(&mut self, other: Self) {
        self.visible += other.visible;
        self.passing += other.passing;
        self.trivial += other.trivial;
    }
}

impl<'c> Stretch<'c> {
    /// The stretch that a chunk leaves open.
    pub(super) fn of(chunk: &'c Chunk) -> Option<Self> {
        match chunk {
            Chunk::Conflict { base, ours, ours_lines, .. } => {
                Some(Self { base, ours, lines: ours_lines.start - 1..ours_lines.end - 1 })
            }
            Chunk::Clean(_) => None,
        }
    }

    /// What upstream made of it, with counts.
    pub(super) fn in_words(&self, path: &BStr, [base, target]: [&str; 2]) -> String {
        let place = format!("{}:{}", visible(path), self.lines.start + 1);
        let lines = |count: usize| if count == 1 { "1 line".to_owned() } else { format!("{count} lines") };
        match (self.base.lines().count(), self.ours.lines().count()) {
            (0, ours) => format!("{place}: {target} has {} that {base} has not", lines(ours)),
            (was, 0) => format!("{place}: {target} has nothing where {base} has {}", lines(was)),
            (was, ours) => format!("{place}: {target} has {} where {base} has {}", lines(ours), lines(was)),
        }
    }
}

/// The lines of some stretches that came and went between base and target, without the white space around them.
pub(super) struct Text<'c> {
    pub(super) came: HashSet<&'c [u8]>,
    pub(super) went: HashSet<&'c [u8]>,
}

impl<'c> Text<'c> {
    pub(super) fn of(stretches: &[Stretch<'c>]) -> Self {
        let mut text = Self { came: HashSet::new(), went: HashSet::new() };
        for stretch in stretches {
            let set = |lines: &'c [u8]| lines.lines().map(<[u8]>::trim_ascii).collect::<HashSet<_>>();
            let (base, ours) = (set(stretch.base), set(stretch.ours));
            text.came.extend(ours.difference(&base));
            text.went.extend(base.difference(&ours));
        }
        text
    }

    /// The same, seen from the base.
    pub(super) fn reversed(self) -> Self {
        Self { came: self.went, went: self.came }
    }

    fn share(&self, removed: &[&[u8]], added: &[&[u8]]) -> Share {
        let mut share = Share::default();
        // What stands there now tells more than what went.
        for (lines, known, telling) in [(removed, &self.went, 1), (added, &self.came, 2)] {
            for line in lines.iter().map(|line| line.trim_ascii()) {
                match (letters(line), known.contains(line)) {
                    (0, known) => share.trivial += usize::from(known),
                    (letters, true) => share.visible += letters * telling,
                    (letters, false) => share.passing += letters,
                }
            }
        }
        share
    }
}

/// One share for each of `touches`, by following the lines back. `release` and `ours` are the target's file as the
/// release has it, and with the earlier patches of the set, to which the stretches belong.
pub(super) fn by_lines(
    store: &Store,
    touches: &[Touch],
    [release, ours]: [Option<Entry>; 2],
    stretches: &[Stretch<'_>],
) -> Result<Vec<Share>, GitError> {
    let text = Text::of(stretches);
    let mut ranges: Vec<Range<u32>> = stretches.iter().map(|stretch| stretch.lines.clone()).collect();
    if release != ours {
        let (old, new) = (store.content(release)?, store.content(ours)?);
        let changes = changes(&old, &new);
        ranges = ranges.iter().map(|range| followed(&changes, range).0).collect();
    }
    let mut shares = Vec::with_capacity(touches.len());
    for touch in touches {
        let (old, new) = (store.content(touch.walk.old)?, store.content(touch.walk.new)?);
        let changes = changes(&old, &new);
        let (old, new) = (split_lines(&old), split_lines(&new));
        let mut share = Share::default();
        for range in &mut ranges {
            let (before, hits) = followed(&changes, range);
            for hit in hits {
                let removed = &old[hit.old.start as usize..hit.old.end as usize];
                let (from, to) = (hit.new.start.max(range.start), hit.new.end.min(range.end));
                // A range without lines is touched by what stands at its place.
                let (from, to) = if (*range).is_empty() { (hit.new.start, hit.new.end) } else { (from, to.max(from)) };
                share.add(text.share(removed, &new[from as usize..to as usize]));
            }
            *range = before;
        }
        shares.push(share);
    }
    Ok(shares)
}

/// Where a range of the new file was in the old one, and the changes that made it what it is. Lines that went at its
/// ends belong to it.
fn followed<'c>(changes: &'c [Change], range: &Range<u32>) -> (Range<u32>, Vec<&'c Change>) {
    let touches = |change: &&Change| match (change.new.is_empty(), range.is_empty()) {
        (false, false) => change.new.start < range.end && range.start < change.new.end,
        _ => change.new.start <= range.end && range.start <= change.new.end,
    };
    let hits: Vec<&Change> = changes.iter().filter(touches).collect();
    let back = |line: u32| {
        let before = changes.iter().filter(|change| change.new.end <= line);
        let moved: i64 = before.map(|change| change.old.len() as i64 - change.new.len() as i64).sum();
        u32::try_from(i64::from(line) + moved).unwrap_or(0)
    };
    let start = match hits.first() {
        Some(first) if first.new.start <= range.start => first.old.start,
        _ => back(range.start),
    };
    let end = match hits.last() {
        Some(last) if last.new.end >= range.end => last.old.end,
        _ => back(range.end),
    };
    (start..end.max(start), hits)
}

/// One share for each of `touches`, by the text of the lines alone; all that they changed, if there are no stretches.
pub(super) fn by_text(store: &Store, touches: &[Touch], stretches: &[Stretch<'_>]) -> Result<Vec<Share>, GitError> {
    let text = Text::of(stretches);
    let share = |touch: &Touch| -> Result<Share, GitError> {
        let share = text_share(store, &text, &touch.walk)?;
        // Without the numbers of the lines, only the known ones are known to be of the stretch.
        Ok(if stretches.is_empty() { share } else { Share { passing: 0, ..share } })
    };
    touches.iter().map(share).collect()
}

/// What one commit did to the lines of a text.
pub(super) fn text_share(store: &Store, text: &Text<'_>, walk: &Walk) -> Result<Share, GitError> {
    let lines = store.changed_lines(walk)?;
    let of = |sign: u8| lines.iter().filter(|line| line[0] == sign).map(|line| &line[1..]).collect::<Vec<_>>();
    Ok(text.share(&of(b'-'), &of(b'+')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(old: Range<u32>, new: Range<u32>) -> Change {
        Change { old, new }
    }

    #[test]
    fn a_range_is_followed_back() {
        let changes = [change(2..2, 2..4), change(10..12, 12..13), change(20..23, 21..21)];
        let at = |range: Range<u32>| {
            let (was, hits) = followed(&changes, &range);
            (was, hits.len())
        };
        // Above, between, and below the changes.
        assert_eq!(at(0..2), (0..2, 0));
        assert_eq!(at(5..8), (3..6, 0));
        assert_eq!(at(30..32), (32..34, 0));
        // Within one, around one, and where lines went.
        assert_eq!(at(3..6), (2..4, 1));
        assert_eq!(at(11..15), (9..14, 1));
        assert_eq!(at(21..22), (20..24, 1));
        assert_eq!(at(19..21), (18..23, 1));
        assert_eq!(at(21..21), (20..23, 1));
    }
}
