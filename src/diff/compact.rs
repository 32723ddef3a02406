//! Where changed lines come to lie when several places would do: git's plain compaction, without its indent heuristic.
//!
//! Both files of a difference keep the same unchanged lines, so a file is described by its gaps: `gaps[n]` is the
//! number of changed lines right before unchanged line `n`, and the last gap is what follows the last unchanged line.
//! Gap `n` of one file faces gap `n` of the other. Sliding a group of changed lines by one line is then nothing but
//! moving the whole of one gap into its neighbour.

/// The gaps of a file, from one mark per line that says whether it changed.
pub(super) fn gaps(changed: &[bool]) -> Vec<u32> {
    let mut gaps = vec![0];
    for changed in changed {
        match (changed, gaps.last_mut()) {
            (true, Some(gap)) => *gap += 1,
            _ => gaps.push(0),
        }
    }
    gaps
}

/// Moves the groups of one file, whose lines are `lines`, to where git puts them, given the gaps of the other file.
///
/// Git does this to the old file first and then to the new one, against the old one's new gaps.
pub(super) fn compact<T: PartialEq>(lines: &[T], gaps: &mut [u32], facing: &[u32]) {
    debug_assert_eq!(gaps.len(), facing.len(), "both files keep the same lines");
    let mut group = Group { lines, gaps, at: 0, start: 0 };
    loop {
        if group.len() > 0 {
            settle(&mut group, facing);
        }
        if !group.next() {
            return;
        }
    }
}

/// Slides one group, with all that it swallows on the way, to its place: beside the last change of the other file
/// that it can reach, or else down as far as it goes.
fn settle<T: PartialEq>(group: &mut Group<'_, T>, facing: &[u32]) {
    let beside = loop {
        let len = group.len();
        while group.up() {}
        let mut beside = None;
        loop {
            if facing[group.at] > 0 {
                beside = Some(group.at);
            }
            if !group.down() {
                break;
            }
        }
        // A group that grew may have more room than before.
        if group.len() == len {
            break beside;
        }
    };
    if let Some(beside) = beside {
        while group.at > beside && group.up() {}
    }
}

/// The gap that is looked at, and its place in the file.
struct Group<'a, T> {
    lines: &'a [T],
    gaps: &'a mut [u32],
    /// Which gap.
    at: usize,
    /// Its first line.
    start: usize,
}

impl<T: PartialEq> Group<'_, T> {
    fn len(&self) -> usize {
        self.gaps[self.at] as usize
    }

    fn end(&self) -> usize {
        self.start + self.len()
    }

    /// Takes in the unchanged line above and gives up the last line, if they are equal.
    fn up(&mut self) -> bool {
        if self.at == 0 || self.lines[self.start - 1] != self.lines[self.end() - 1] {
            return false;
        }
        let len = std::mem::take(&mut self.gaps[self.at]);
        self.at -= 1;
        self.start -= 1 + self.len();
        self.gaps[self.at] += len;
        true
    }

    /// Takes in the unchanged line below and gives up the first line, if they are equal.
    fn down(&mut self) -> bool {
        if self.at + 1 == self.gaps.len() || self.lines[self.start] != self.lines[self.end()] {
            return false;
        }
        let len = std::mem::take(&mut self.gaps[self.at]);
        self.at += 1;
        self.gaps[self.at] += len;
        self.start += 1;
        true
    }

    /// Goes on to the next gap, if there is one.
    fn next(&mut self) -> bool {
        if self.at + 1 == self.gaps.len() {
            return false;
        }
        self.start = self.end() + 1;
        self.at += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compacted(lines: &str, changed: &[usize], facing: &[u32]) -> Vec<u32> {
        let marks: Vec<bool> = (0..lines.len()).map(|line| changed.contains(&line)).collect();
        let mut gaps = gaps(&marks);
        compact(lines.as_bytes(), &mut gaps, facing);
        gaps
    }

    #[test]
    fn a_group_goes_down_or_beside_the_other_file_s_change() {
        assert_eq!(compacted("ababa", &[0, 1], &[0, 0, 0, 0]), [0, 0, 0, 2]);
        assert_eq!(compacted("ababa", &[2, 3], &[1, 1, 0, 0]), [0, 2, 0, 0]);
    }

    #[test]
    fn groups_that_meet_stay_together() {
        assert_eq!(compacted("xaaay", &[1, 3], &[0, 0, 0, 0]), [0, 0, 2, 0]);
        assert_eq!(compacted("xaaay", &[1, 3], &[0, 1, 0, 0]), [0, 2, 0, 0]);
    }
}
