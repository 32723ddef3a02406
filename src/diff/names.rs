//! File names in diff headers: quoting, prefixes and timestamps, as git reads and writes them.

use bstr::{BString, ByteSlice as _};

/// The part of a `--- ` or `+++ ` line that stands for "no such file".
const DEV_NULL: &[u8] = b"/dev/null";

/// What git takes for white space: no vertical tab, no form feed.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// True where `line` (what follows `--- `) is `/dev/null`, perhaps with a timestamp.
pub(super) fn is_dev_null(line: &[u8]) -> bool {
    line.strip_prefix(DEV_NULL).is_some_and(|rest| rest.first().is_none_or(|&byte| is_space(byte)))
}

/// Reads a C-quoted name at the start of `text`; returns it with the length of its quoted form.
pub fn unquote(text: &[u8]) -> Option<(BString, usize)> {
    let mut out = BString::default();
    let mut at = 1;
    if text.first() != Some(&b'"') {
        return None;
    }
    loop {
        let byte = *text.get(at)?;
        at += 1;
        match byte {
            b'"' => return Some((out, at)),
            b'\n' => return None,
            b'\\' => {
                let escape = *text.get(at)?;
                at += 1;
                out.push(match escape {
                    b'a' => 7,
                    b'b' => 8,
                    b't' => b'\t',
                    b'n' => b'\n',
                    b'v' => 11,
                    b'f' => 12,
                    b'r' => b'\r',
                    b'"' | b'\\' => escape,
                    b'0'..=b'3' => {
                        let low = text.get(at..at + 2)?;
                        at += 2;
                        if !low.iter().all(|digit| matches!(digit, b'0'..=b'7')) {
                            return None;
                        }
                        (escape - b'0') << 6 | (low[0] - b'0') << 3 | (low[1] - b'0')
                    }
                    _ => return None,
                });
            }
            _ => out.push(byte),
        }
    }
}

/// Writes `prefix` and `name` the way git does: C-quoted as a whole where a byte of the name needs it.
pub fn quote(prefix: &str, name: &[u8]) -> Vec<u8> {
    let plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
    if name.iter().all(|&byte| plain(byte)) {
        return [prefix.as_bytes(), name].concat();
    }
    let mut out = vec![b'"'];
    out.extend_from_slice(prefix.as_bytes());
    for &byte in name {
        let escape = match byte {
            7 => b'a',
            8 => b'b',
            b'\t' => b't',
            b'\n' => b'n',
            11 => b'v',
            12 => b'f',
            b'\r' => b'r',
            b'"' | b'\\' => byte,
            _ if plain(byte) => {
                out.push(byte);
                continue;
            }
            _ => {
                out.extend([b'\\', b'0' + (byte >> 6), b'0' + (byte >> 3 & 7), b'0' + (byte & 7)]);
                continue;
            }
        };
        out.extend([b'\\', escape]);
    }
    out.push(b'"');
    out
}

/// Where a name ends in its line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// At a tab or carriage return: a timestamp may follow.
    Tab,
    /// At a carriage return only.
    Line,
    /// Nowhere before the end of the slice.
    Slice,
}

/// The name in `line` (without its line feed) with `strip` leading components taken off.
pub(super) fn find(line: &[u8], strip: usize, end: End) -> Option<BString> {
    find_quoted(line, strip).or_else(|| find_plain(line, None, strip, end))
}

/// The name in the `--- ` or `+++ ` line of a traditional diff. `other` is the name of the first line: where the
/// second is the first with something appended (`x` and `x.orig`), the shorter one is meant.
pub(super) fn find_traditional(line: &[u8], other: Option<&BString>, strip: usize) -> Option<BString> {
    if let Some(name) = find_quoted(line, strip) {
        return Some(name);
    }
    match timestamp_len(line) {
        0 => find_plain(line, other, strip, End::Tab),
        len => find_plain(&line[..line.len() - len], other, strip, End::Slice),
    }
}

fn find_quoted(line: &[u8], strip: usize) -> Option<BString> {
    let (name, _) = unquote(line)?;
    let mut rest = name.as_bytes();
    for _ in 0..strip {
        rest = &rest[rest.find_byte(b'/')? + 1..];
    }
    Some(squash_slashes(rest))
}

fn find_plain(line: &[u8], other: Option<&BString>, strip: usize, end: End) -> Option<BString> {
    let mut left = strip;
    let mut start = (strip == 0).then_some(0);
    let mut stop = line.len();
    for (at, &byte) in line.iter().enumerate() {
        if (byte == b'\r' && end != End::Slice) || (byte == b'\t' && end == End::Tab) {
            stop = at;
            break;
        }
        if byte == b'/' && left > 0 {
            left -= 1;
            if left == 0 {
                start = Some(at + 1);
            }
        }
    }
    let name = start.map_or(&[][..], |start| &line[start..stop]);
    match other {
        Some(other) if name.is_empty() || (other.len() < name.len() && name.starts_with(other)) => Some(other.clone()),
        _ if name.is_empty() => None,
        _ => Some(squash_slashes(name)),
    }
}

fn squash_slashes(name: &[u8]) -> BString {
    let mut out = BString::from(Vec::with_capacity(name.len()));
    for &byte in name {
        if byte != b'/' || out.last() != Some(&b'/') {
            out.push(byte);
        }
    }
    out
}

/// What follows the first `strip` components; `None` where there are fewer, or for an absolute name.
fn skip_prefix(name: &[u8], strip: usize) -> Option<&[u8]> {
    if strip == 0 {
        return (name.first() != Some(&b'/')).then_some(name);
    }
    let slash = name.find_iter(b"/").nth(strip - 1)?;
    (slash != 0).then(|| &name[slash + 1..])
}

/// The name in `diff --git a/x b/x` (`line` is what follows `diff --git `, without its line feed), which is certain
/// only where both names are the same.
pub(super) fn find_in_git_header(line: &[u8], strip: usize) -> Option<BString> {
    if line.first() == Some(&b'"') {
        let (first, len) = unquote(line)?;
        let first = skip_prefix(&first, strip)?;
        let second = line[len..].trim_start_with(|c| c.is_ascii() && is_space(c as u8));
        let same = if second.first() == Some(&b'"') {
            unquote(second).is_some_and(|(second, _)| skip_prefix(&second, strip) == Some(first))
        } else {
            skip_prefix(second, strip) == Some(first)
        };
        return same.then(|| first.into());
    }
    let name = skip_prefix(line, strip)?;
    if let Some(quote) = name.find_byte(b'"') {
        let (second, _) = unquote(&name[quote..])?;
        let second = skip_prefix(&second, strip)?;
        let same = second.len() < quote && name.starts_with(second) && is_space(name[second.len()]);
        return same.then(|| second.into());
    }
    find_repeated(name, strip)
}

/// In `x b/x`: the `x`. The separator is the one blank after which the same name stands once more, so the second
/// name begins as far from the end as the blank stands from the start.
fn find_repeated(name: &[u8], strip: usize) -> Option<BString> {
    // The ends of the components, from the left; both cursors only move forward, which keeps this linear.
    let slashes: Vec<usize> = name.find_iter(b"/").collect();
    let mut next = 0;
    for (blank, _) in name.iter().enumerate().filter(|&(_, &byte)| matches!(byte, b' ' | b'\t')) {
        while slashes.get(next).is_some_and(|&slash| slash <= blank) {
            next += 1;
        }
        let start = match strip {
            0 if name.get(blank + 1) == Some(&b'/') => continue,
            0 => blank + 1,
            // A slash right after the blank makes the second name absolute, so this is not the separator.
            _ if slashes.get(next) == Some(&(blank + 1)) => continue,
            _ => match slashes.get(next + strip - 1) {
                Some(slash) => slash + 1,
                None => return None,
            },
        };
        if name.len() - start == blank && name[start..] == name[..blank] {
            return Some(name[..blank].into());
        }
    }
    None
}

/// True where the line carries the timestamp of the epoch, with which `diff -N` marks a file that is not there.
pub(super) fn has_epoch_timestamp(line: &[u8]) -> bool {
    epoch_distance(line) == Some(0)
}

/// Minutes between the timestamp of `line` and the epoch; `None` where it is not a time on the days around it.
fn epoch_distance(line: &[u8]) -> Option<i64> {
    let stamp = &line[line.rfind_byte(b'\t')? + 1..];
    let (midnight, time) = if let Some(time) = stamp.strip_prefix(b"1969-12-31 ") {
        (24 * 60, time)
    } else {
        (0, stamp.strip_prefix(b"1970-01-01 ")?)
    };
    let (hours, rest) = two_digits(time, b'2')?;
    let (minutes, rest) = two_digits(rest.strip_prefix(b":")?, b'5')?;
    let mut rest = rest.strip_prefix(b":00")?;
    if let Some(fraction) = rest.strip_prefix(b".") {
        let zeros = fraction.iter().take_while(|&&byte| byte == b'0').count();
        rest = (zeros > 0).then(|| &fraction[zeros..])?;
    }
    let (sign, zone) = match rest.strip_prefix(b" ")?.split_first()? {
        (b'+', zone) => (1, zone),
        (b'-', zone) => (-1, zone),
        _ => return None,
    };
    let (zone_hours, zone) = two_digits(zone, b'2')?;
    let (zone_minutes, end) = two_digits(zone.strip_prefix(b":").unwrap_or(zone), b'5')?;
    let local = hours * 60 + minutes;
    end.is_empty().then(|| local - sign * (zone_hours * 60 + zone_minutes) - midnight)
}

/// Two digits, the first one at most `most`.
fn two_digits(text: &[u8], most: u8) -> Option<(i64, &[u8])> {
    match text {
        [tens, ones, rest @ ..] if (b'0'..=most).contains(tens) && ones.is_ascii_digit() => {
            Some((i64::from(tens - b'0') * 10 + i64::from(ones - b'0'), rest))
        }
        _ => None,
    }
}

/// True where the end of `text` looks like `shape`, in which `0` stands for a digit, `+` for a sign.
fn ends_like(text: &[u8], shape: &[u8]) -> bool {
    text.len() >= shape.len()
        && text[text.len() - shape.len()..].iter().zip(shape).all(|(&byte, &want)| match want {
            b'0' => byte.is_ascii_digit(),
            b'+' => matches!(byte, b'+' | b'-'),
            _ => byte == want,
        })
}

/// The length of a timestamp with its separator at the end of a traditional header line; 0 where there is none.
fn timestamp_len(line: &[u8]) -> usize {
    let mut rest = line;
    let mut cut = |shape: &[u8]| {
        let found = ends_like(rest, shape);
        if found {
            rest = &rest[..rest.len() - shape.len()];
        }
        found
    };
    if !cut(b" +0000") {
        cut(b" +00:00");
    }
    if !cut(b" 00:00:00") {
        let digits = rest.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let whole = rest[..rest.len() - digits].strip_suffix(b".").unwrap_or_default();
        if digits > 0 && ends_like(whole, b" 00:00:00") {
            rest = &whole[..whole.len() - b" 00:00:00".len()];
        }
    }
    if ends_like(rest, b"0000-00-00") {
        rest = &rest[..rest.len() - 10];
    } else if ends_like(rest, b"00-00-00") {
        rest = &rest[..rest.len() - 8];
    } else {
        return 0;
    }
    match rest.last() {
        Some(b'\t') => rest = &rest[..rest.len() - 1],
        // A mailer turned the tab into spaces.
        Some(b' ') => rest = rest.trim_end_with(|c| c == ' '),
        _ => return 0,
    }
    line.len() - rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting_goes_both_ways() {
        for name in [&b"plain name"[..], b"tab\tquote\"back\\slash", "\u{e4}\u{1}\u{7f}".as_bytes(), b"\xff\r\n\x07"] {
            let quoted = quote("a/", name);
            if quoted[0] == b'"' {
                let (back, len) = unquote(&quoted).expect("well formed");
                assert_eq!((&back[2..], len), (name, quoted.len()));
            } else {
                assert_eq!(&quoted[2..], name);
            }
        }
        for broken in [&b"\"a"[..], b"\"\\", b"\"\\400\"", b"\"\\08\"", b"\"\\q\"", b"a"] {
            assert_eq!(unquote(broken), None);
        }
    }

    #[test]
    fn equal_names_are_found_in_the_git_header() {
        for (line, want) in [
            ("a/x b/x", Some("x")),
            ("a/x y b/x y", Some("x y")),
            ("a/x b/x b/x b/x", Some("x b/x")),
            ("a/d /e b/d /e", Some("d /e")),
            ("a/x b/y", None),
            ("a/x b/x ", None),
            ("\"a/x\" b/x", Some("x")),
            ("\"a/\\303\\244\" \"b/\\303\\244\"", Some("\u{e4}")),
            ("a/x \"b/x\"", Some("x")),
            ("/x /x", None),
            ("", None),
        ] {
            let want = want.map(BString::from);
            assert_eq!(find_in_git_header(line.as_bytes(), 1), want, "{line}");
        }
        let long = [b"a/".to_vec(), vec![b' '; 1 << 20]].concat();
        assert_eq!(find_in_git_header(&long, 1), None);
    }

    #[test]
    fn timestamps_and_prefixes_are_taken_off() {
        for (line, want) in [
            ("linux.orig/a/b.c\t2010-07-05 19:41:17.620000023 -0500", "a/b.c"),
            ("linux.orig/a/b c   2010-07-05 19:41:17 +08:00", "a/b c"),
            ("a/x///y\tanything", "x/y"),
            ("a/x 72-02-05", "x"),
            ("a/x\r", "x"),
        ] {
            assert_eq!(find_traditional(line.as_bytes(), None, 1).expect(line), want);
        }
        assert_eq!(find_traditional(b"a/x.c.orig", Some(&"x.c".into()), 1), Some("x.c".into()));
        assert!(has_epoch_timestamp(b"x\t1970-01-01 00:00:00.000000000 +0000"));
        assert!(has_epoch_timestamp(b"x\t1969-12-31 19:00:00 -0500"));
        assert!(has_epoch_timestamp(b"x\t1970-01-01 01:00:00 +01:00"));
        assert!(!has_epoch_timestamp(b"x\t1970-01-01 00:00:01 +0000"));
        assert!(!has_epoch_timestamp(b"x 1970-01-01 00:00:00 +0000"));
    }
}
