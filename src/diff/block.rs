//! Blocks of lines, found again whatever the white space around them.

use std::ops::Range;

use bstr::ByteSlice as _;

/// Those of some lines that are not blank, without the white space around them.
pub fn block<'a>(lines: &[&'a [u8]], range: &Range<u32>) -> Vec<&'a [u8]> {
    let lines = lines[range.start as usize..range.end as usize].iter();
    lines.map(|line| line.trim()).filter(|line| !line.is_empty()).collect()
}

/// Where a [`block`] stands in a file, with or without blank lines between its lines: the numbers of the first lines,
/// from 1. An empty block stands nowhere.
pub fn find_block(content: &[u8], block: &[&[u8]]) -> Vec<u32> {
    let Some(longest) = block.iter().max_by_key(|line| line.len()) else { return Vec::new() };
    // Nearly all that is asked for is not there, and this is the fastest way to know.
    if content.find(longest).is_none() {
        return Vec::new();
    }
    let numbered = (1..).zip(content.lines()).map(|(number, line)| (number, line.trim()));
    let lines: Vec<(u32, &[u8])> = numbered.filter(|(_, line)| !line.is_empty()).collect();
    let is_block = |lines: &&[(u32, &[u8])]| lines.iter().map(|(_, line)| line).eq(block);
    lines.windows(block.len()).filter(is_block).map(|lines| lines[0].0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::lines::split_lines;

    #[test]
    fn a_block_is_found_whatever_the_white_space() {
        let lines = split_lines(b"\ta();\n\n\tb();\n");
        let wanted = block(&lines, &(0..3));
        assert_eq!(wanted, [&b"a();"[..], b"b();"]);
        assert_eq!(find_block(b"x\na();\nb();\n  a();\r\n\n \n\tb();", &wanted), [2, 4]);
        assert!(find_block(b"a();\nx\nb();\n", &wanted).is_empty());
        assert!(find_block(b"\n\n", &block(&lines, &(1..2))).is_empty());
    }
}
