//! Character sets: everything becomes UTF-8.

use std::borrow::Cow;

use bstr::BString;
use encoding_rs::Encoding;

/// Says that bytes are not text in the character set that was named.
#[derive(Debug)]
pub(super) struct NotText;

/// `bytes` in UTF-8. Text that calls itself UTF-8, or nothing at all, is left as it is: see [`sanitize`].
pub(super) fn to_utf8<'a>(bytes: &'a [u8], charset: &[u8]) -> Result<Cow<'a, [u8]>, NotText> {
    if charset.is_empty() || bytes.is_ascii() && !is_stateful(charset) {
        return Ok(Cow::Borrowed(bytes));
    }
    if is_latin1(charset) {
        // The WHATWG labels, which encoding_rs follows, take Latin-1 for windows-1252; mail and git do not.
        return Ok(Cow::Owned(encoding_rs::mem::decode_latin1(bytes).into_owned().into_bytes()));
    }
    let encoding = Encoding::for_label(charset).ok_or(NotText)?;
    if encoding == encoding_rs::UTF_8 {
        return Ok(Cow::Borrowed(bytes));
    }
    match encoding.decode_without_bom_handling_and_without_replacement(bytes) {
        Some(text) => Ok(Cow::Owned(text.into_owned().into_bytes())),
        None => Err(NotText),
    }
}

/// In these a text of ASCII bytes says something else.
fn is_stateful(charset: &[u8]) -> bool {
    Encoding::for_label(charset)
        .is_none_or(|encoding| encoding == encoding_rs::ISO_2022_JP || !encoding.is_ascii_compatible())
        && !is_latin1(charset)
}

fn is_latin1(charset: &[u8]) -> bool {
    let names: [&[u8]; 5] = [b"iso-8859-1", b"iso8859-1", b"iso_8859-1", b"latin1", b"latin-1"];
    names.iter().any(|name| name.eq_ignore_ascii_case(charset))
}

/// Makes bytes UTF-8 as `git commit` does: a byte that belongs to no character is one of Latin-1.
pub(super) fn sanitize(bytes: &[u8]) -> BString {
    let mut out = Vec::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for part in chunk.valid().chars() {
            let mut buffer = [0; 4];
            let encoded = part.encode_utf8(&mut buffer).as_bytes();
            if is_noncharacter(part) {
                push_latin1(&mut out, encoded);
            } else {
                out.extend_from_slice(encoded);
            }
        }
        push_latin1(&mut out, chunk.invalid());
    }
    out.into()
}

/// Code points that git takes for a broken byte sequence.
fn is_noncharacter(part: char) -> bool {
    let code = u32::from(part);
    code & 0xfffe == 0xfffe || (0xfdd0..=0xfdef).contains(&code)
}

fn push_latin1(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(encoding_rs::mem::decode_latin1(bytes).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_utf8_is_latin1() {
        assert_eq!(sanitize(b"a\xe9b"), "a\u{e9}b");
        assert_eq!(sanitize("\u{fdd0}\u{fffd}".as_bytes()), "\u{ef}\u{b7}\u{90}\u{fffd}");
        assert_eq!(sanitize(b"\xe2\x82"), "\u{e2}\u{82}");
    }

    #[test]
    fn charsets() {
        let utf8 = |bytes: &[u8], name: &str| to_utf8(bytes, name.as_bytes()).map(Cow::into_owned).ok();
        assert_eq!(utf8(b"\xe9\x80", "ISO-8859-1"), Some("\u{e9}\u{80}".into()));
        assert_eq!(utf8(b"\xa4", "iso-8859-15"), Some("\u{20ac}".into()));
        assert_eq!(utf8(b"\x1b$B$\"\x1b(B", "iso-2022-jp"), Some("\u{3042}".into()));
        assert_eq!(utf8(b"\xe9", "utf-8"), Some(vec![0xe9]));
        assert_eq!(utf8(b"\xff", "gb2312"), None);
        assert_eq!(utf8(b"\xff", "no-such"), None);
    }
}
