//! Cuts a file into mails, where `git mailsplit -b` would.

use std::ops::Range;

use crate::message::lines;

/// The mails of a file, in order and without gaps; blank lines before the first one are part of it.
pub fn split(bytes: &[u8]) -> Vec<Range<usize>> {
    let start = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let mut ends: Vec<usize> = Vec::new();
    for (number, line) in lines(bytes, start).enumerate() {
        let is_from = is_from_line(&bytes[line.clone()]);
        // A file that does not begin like an mbox is one mail, whatever its text says.
        if number == 0 && !is_from {
            break;
        }
        if number > 0 && is_from {
            ends.push(line.start);
        }
    }
    ends.push(bytes.len());
    let mut begin = 0;
    ends.into_iter().map(|end| std::mem::replace(&mut begin, end)..end).collect()
}

/// `From somebody Mon Sep 17 00:00:00 2001`: the last colon stands in a time of day, and a year follows it.
pub(super) fn is_from_line(line: &[u8]) -> bool {
    let Some(text) = line.strip_prefix(b"From ").filter(|_| line.len() >= 20) else {
        return false;
    };
    let Some(colon) = text[..text.len() - 1].iter().rposition(|&byte| byte == b':') else {
        return false;
    };
    let digit = |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(u8::is_ascii_digit);
    let around = [colon.checked_sub(4), colon.checked_sub(2), colon.checked_sub(1), Some(colon + 1), Some(colon + 2)];
    if !around.into_iter().all(digit) {
        return false;
    }
    let year = text[colon + 3..].trim_ascii_start();
    let digits = year.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 4 || std::str::from_utf8(&year[..digits]).is_ok_and(|year| year.parse::<u32>().is_ok_and(|year| year > 90))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_lines() {
        for (line, expected) in [
            ("From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\n", true),
            ("From a@b Mon Sep 17 00:00:00 2001\r\n", true),
            ("From x Mon Sep 17 00:00 2001 and more\n", true),
            ("From x Mon Sep 00:00 2001\n", false),
            ("From here on: it is 12:30\n", false),
            ("From: a <b@c> Mon Sep 17 00:00:00 2001\n", false),
        ] {
            assert_eq!(is_from_line(line.as_bytes()), expected, "{line}");
        }
    }

    #[test]
    fn only_an_mbox_is_cut() {
        let from = "From x Mon Sep 17 00:00:00 2001\n";
        assert_eq!(split(format!("\n{from}a\n{from}b\n").as_bytes()).len(), 2);
        assert_eq!(split(format!("From: a\n\n{from}b\n").as_bytes()).len(), 1);
        assert_eq!(split(b"").len(), 1);
    }
}
