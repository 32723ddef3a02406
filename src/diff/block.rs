//! Blocks of lines, found again whatever the white space around them.

use std::ops::Range;

use bstr::ByteSlice as _;

/// Those of some lines that are not blank, without the white space around them.
pub fn block<'a>(lines: &[&'a [u8]], range: &Range<u32>) -> Vec<&'a [u8]> {
    let lines = lines[range.start as usize..range.end as usize].iter();
    lines.map(|line| line.trim_ascii()).filter(|line| !line.is_empty()).collect()
}

/// Where a [`block`] stands in a file, with or without blank lines between its lines: the numbers of the first lines,
/// from 1. An empty block stands nowhere.
pub fn find_block(content: &[u8], block: &[&[u8]]) -> Vec<u32> {
    let Some(longest) = block.iter().max_by_key(|line| line.len()) else { return Vec::new() };
    // Nearly all that is asked for is not there, and this is the fastest way to know.
    if content.find(longest).is_none() {
        return Vec::new();
    }
    let numbered = (1..).zip(content.lines()).map(|(number, line)| (number, line.trim_ascii()));
    let lines: Vec<(u32, &[u8])> = numbered.filter(|(_, line)| !line.is_empty()).collect();
    let is_block = |lines: &&[(u32, &[u8])]| lines.iter().map(|(_, line)| line).eq(block);
    lines.windows(block.len()).filter(is_block).map(|lines| lines[0].0).collect()
}

/// True if a line, given without the white space around it, stands somewhere in a file. A blank line stands nowhere.
pub fn has_line(content: &[u8], line: &[u8]) -> bool {
    let is_whole = |at: usize| {
        let start = content[..at].rfind_byte(b'\n').map_or(0, |end| end + 1);
        let rest = &content[at + line.len()..];
        let end = rest.find_byte(b'\n').unwrap_or(rest.len());
        content[start..at].trim_ascii().is_empty() && rest[..end].trim_ascii().is_empty()
    };
    !line.is_empty() && content.find_iter(line).any(is_whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::lines::split_lines;

    #[test]
    fn a_line_is_whole() {
        let content = b"  a();\r\nb(); c();\n\td();";
        for (line, there) in
            [("a();", true), ("b();", false), ("c();", false), ("d();", true), ("", false), ("d()", false)]
        {
            assert_eq!(has_line(content, line.as_bytes()), there, "{line}");
            assert_eq!(!find_block(content, &[line.as_bytes()]).is_empty() && !line.is_empty(), there, "{line}");
        }
    }

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
