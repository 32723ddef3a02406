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
    // The longest line is the rarest, and most of what is asked for is not there at all.
    let Some((index, longest)) = block.iter().enumerate().max_by_key(|(_, line)| line.len()) else { return Vec::new() };
    let starts = whole_lines(content, longest).filter_map(|line| {
        let start = upwards(content, line.start, &block[..index])?;
        downwards(content, line.end, &block[index + 1..]).then_some(start)
    });
    starts.map(|start| content[..start].find_iter(b"\n").count() as u32 + 1).collect()
}

/// True if a line, given without the white space around it, stands somewhere in a file. A blank line stands nowhere.
pub fn has_line(content: &[u8], line: &[u8]) -> bool {
    whole_lines(content, line).next().is_some()
}

/// Where a line that is not blank stands in a file.
fn whole_lines<'a>(content: &'a [u8], line: &'a [u8]) -> impl Iterator<Item = Range<usize>> + 'a {
    let hits = content.find_iter(line).filter(|_| !line.is_empty()).map(|at| line_at(content, at));
    hits.filter(move |range| content[range.clone()].trim_ascii() == line)
}

/// The line that holds the byte at `at`, without its end.
fn line_at(content: &[u8], at: usize) -> Range<usize> {
    let start = content[..at].rfind_byte(b'\n').map_or(0, |end| end + 1);
    start..content[at..].find_byte(b'\n').map_or(content.len(), |end| at + end)
}

/// The start of the first of `lines`, if they are the last ones before `start`.
fn upwards(content: &[u8], mut start: usize, lines: &[&[u8]]) -> Option<usize> {
    let mut left = lines.iter().rev().peekable();
    while let Some(wanted) = left.peek() {
        let line = line_at(content, start.checked_sub(1)?);
        start = line.start;
        match content[line].trim_ascii() {
            b"" => {}
            text if text == **wanted => drop(left.next()),
            _ => return None,
        }
    }
    Some(start)
}

/// True if `lines` are the first ones behind the line that ends at `end`.
fn downwards(content: &[u8], mut end: usize, lines: &[&[u8]]) -> bool {
    let mut left = lines.iter().peekable();
    while let Some(wanted) = left.peek() {
        if end + 1 >= content.len() {
            return false;
        }
        let line = line_at(content, end + 1);
        end = line.end;
        match content[line].trim_ascii() {
            b"" => {}
            text if text == **wanted => drop(left.next()),
            _ => return false,
        }
    }
    true
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
        for other in [&b"a();\nx\nb();\n"[..], b"a();", b"b();\n", b"a();\n\n", b""] {
            assert!(find_block(other, &wanted).is_empty());
        }
        assert_eq!(find_block(b"x\nlonger\ny\n", &[b"longer", b"y"]), [2]);
        assert_eq!(find_block(b"x\nlonger\ny\n", &[b"x", b"longer"]), [1]);
        assert!(find_block(b"\n\n", &block(&lines, &(1..2))).is_empty());
    }
}
