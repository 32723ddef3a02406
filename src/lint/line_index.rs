//! Finds the lines of a text by offset and by number, without a walk over the whole text each time.

use std::ops::Range;

use bstr::ByteSlice as _;

/// So many bytes are walked over at most.
const BLOCK: usize = 4096;

/// How many lines end before each block of a text.
#[derive(Debug)]
pub(super) struct LineIndex<'a> {
    text: &'a [u8],
    before: Vec<usize>,
}

impl<'a> LineIndex<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        let mut ended = 0;
        let count = |block: &[u8]| {
            let before = ended;
            ended += block.find_iter(b"\n").count();
            before
        };
        Self { text, before: text.chunks(BLOCK).map(count).collect() }
    }

    /// How many lines end before `offset`.
    pub(super) fn ended_before(&self, offset: usize) -> usize {
        let offset = offset.min(self.text.len());
        // The end of the text may be the end of its last block.
        let block = (offset / BLOCK).min(self.before.len().saturating_sub(1));
        let rest = &self.text[block * BLOCK..offset];
        self.before.get(block).map_or(0, |before| before + rest.find_iter(b"\n").count())
    }

    /// The line of that number, from 1, with its line end; `None` behind the last one.
    pub(super) fn line(&self, number: usize) -> Option<Range<usize>> {
        let before = number.checked_sub(1)?;
        // The last block with fewer ends before it has the end of the line before.
        let block = self.before.partition_point(|ended| *ended < before).saturating_sub(1);
        let base = block * BLOCK;
        let start = match before.checked_sub(self.before.get(block).copied()?)? {
            0 => base,
            ends => base + self.text[base..].find_iter(b"\n").nth(ends - 1)? + 1,
        };
        let rest = self.text.get(start..).filter(|rest| !rest.is_empty())?;
        Some(start..start + rest.find_byte(b'\n').map_or(rest.len(), |end| end + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::lines;

    #[test]
    fn it_says_what_a_walk_says() {
        for text in [String::new(), "a".to_owned(), "a\n".to_owned(), "ab\n\n".repeat(3000), "x".repeat(5000) + "\ny\n"]
        {
            let text = text.as_bytes();
            let index = LineIndex::new(text);
            let walked: Vec<Range<usize>> = lines(text, 0).collect();
            for number in 0..walked.len() + 2 {
                let expected = number.checked_sub(1).and_then(|at| walked.get(at).cloned());
                assert_eq!(index.line(number), expected, "line {number} of {} bytes", text.len());
            }
            for offset in (0..text.len() + 2).step_by(7).chain([4095, 4096, 4097, 8192]) {
                let expected = text[..offset.min(text.len())].find_iter(b"\n").count();
                assert_eq!(index.ended_before(offset), expected);
            }
        }
    }
}
