//! Quoted-printable, base64, and the encoded words of RFC 2047.

use bstr::ByteSlice;

use super::charset::{self, NotText};
use super::lines::is_space;

/// Decodes one line of quoted-printable. A `=` at the end joins the next line; any other stray `=` stays.
pub(super) fn quoted_printable(line: &[u8]) -> Vec<u8> {
    decode_q(line, false)
}

fn decode_q(text: &[u8], in_word: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b'=' => match &text[at..] {
                [] | [b'\n', ..] => break,
                [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                    out.push(hex(*high) << 4 | hex(*low));
                    at += 2;
                }
                _ => out.push(byte),
            },
            b'_' if in_word => out.push(b' '),
            _ => out.push(byte),
        }
    }
    out
}

fn hex(digit: u8) -> u8 {
    char::from(digit).to_digit(16).map_or(0, |value| value as u8)
}

/// Decodes one line of base64; whatever is not of its alphabet is skipped.
pub(super) fn base64(line: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(line.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0);
    for &byte in line {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    out
}

/// A header's value with its encoded words in UTF-8. White space between two of them is dropped; what only looks like
/// one stays as it is. The error is the name of the character set that failed.
pub(super) fn words(value: &[u8]) -> Result<Vec<u8>, Vec<u8>> {
    let mut out = Vec::with_capacity(value.len());
    let (mut at, mut after_word) = (0, false);
    // Without an end ahead nothing is a word; this also keeps a header full of starts from taking forever.
    let last_end = value.rfind(b"?=").unwrap_or(0);
    while let Some(start) = value[at..].find(b"=?").map(|found| at + found).filter(|&start| start < last_end) {
        let Some(word) = Word::read(&value[start..]) else {
            out.extend_from_slice(&value[at..start + 2]);
            (at, after_word) = (start + 2, false);
            continue;
        };
        let between = &value[at..start];
        if !(after_word && between.iter().all(|&byte| is_space(byte))) {
            out.extend_from_slice(between);
        }
        let text = charset::to_utf8(&word.bytes, word.charset).map_err(|NotText| word.charset.to_vec())?;
        out.extend_from_slice(&text);
        (at, after_word) = (start + word.length, true);
    }
    out.extend_from_slice(&value[at..]);
    Ok(out)
}

/// One `=?charset?q?text?=`.
struct Word<'a> {
    charset: &'a [u8],
    bytes: Vec<u8>,
    length: usize,
}

impl<'a> Word<'a> {
    fn read(text: &'a [u8]) -> Option<Self> {
        let inner = text.strip_prefix(b"=?")?;
        let (charset, inner) = inner.split_once_str("?")?;
        let (&encoding, inner) = inner.split_first()?;
        let inner = inner.strip_prefix(b"?")?;
        if !matches!(encoding, b'q' | b'Q' | b'b' | b'B') {
            return None;
        }
        let end = inner.find(b"?=")?;
        let content = &inner[..end];
        let bytes = if encoding.eq_ignore_ascii_case(&b'q') { decode_q(content, true) } else { base64(content) };
        Some(Self { charset, bytes, length: text.len() - inner.len() + end + 2 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> String {
        String::from_utf8(words(text.as_bytes()).expect("known charsets")).expect("UTF-8")
    }

    #[test]
    fn encoded_words() {
        assert_eq!(decoded("=?UTF-8?q?J=C3=B6rg?= <j@x>"), "J\u{f6}rg <j@x>");
        assert_eq!(decoded("a =?utf-8?B?w7Y=?= =?iso-8859-1?Q?=F6_b?= c"), "a \u{f6}\u{f6} b c");
        assert_eq!(decoded("a =? b =?utf-8?x?c?= =?utf-8?q?d"), "a =? b =?utf-8?x?c?= =?utf-8?q?d");
        assert_eq!(words(b"=?nope?q?=F6?="), Err(b"nope".to_vec()));
    }

    #[test]
    fn a_header_full_of_starts_is_no_trouble() {
        let text = "=?a?q? ".repeat(150_000);
        assert_eq!(decoded(&text), text);
    }

    #[test]
    fn transfer_encodings() {
        assert_eq!(quoted_printable(b"a=3Db_=zz=\n"), b"a=b_=zz");
        assert_eq!(base64(b"aGVsbG8K\r\n"), b"hello\n");
        assert_eq!(base64(b"aGVsbA=="), b"hell");
    }
}
