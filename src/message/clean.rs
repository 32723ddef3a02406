//! Subjects and bodies as `git am` writes them into a commit.

use bstr::ByteSlice;

use super::lines::{is_space, lines, trim, trim_end};

/// Every run of white space becomes one space.
pub(super) fn squeeze(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for &byte in text {
        if !is_space(byte) {
            out.push(byte);
        } else if out.last() != Some(&b' ') {
            out.push(b' ');
        }
    }
    out
}

/// A subject without `[PATCH …]`, `Re:` and stray colons in front; brackets that do not say PATCH stay, and what the
/// list put between them goes.
pub(super) fn subject(text: &[u8]) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut rest = text;
    loop {
        match rest {
            [b' ' | b'\t' | b':', after @ ..] => rest = after,
            [b'r' | b'R', b'e' | b'E', b':', after @ ..] if !after.is_empty() => rest = after,
            [b'[', ..] => {
                let Some(length) = rest.find_byte(b']').map(|end| end + 1) else {
                    break;
                };
                let (bracket, after) = rest.split_at(length);
                rest = after;
                if !bracket.contains_str("PATCH") {
                    kept.extend_from_slice(bracket);
                    if let [space, after @ ..] = rest
                        && is_space(*space)
                    {
                        kept.push(b' ');
                        rest = after;
                    }
                }
            }
            _ => break,
        }
    }
    kept.extend_from_slice(rest);
    squeeze(trim(&kept))
}

/// A body without blank lines at its ends, runs of blank lines made one, and no white space at line ends; ends in a
/// line end unless it is empty.
pub(super) fn body(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 1);
    let mut blank = false;
    for line in lines(text, 0) {
        let line = trim_end(&text[line]);
        if line.is_empty() {
            blank = true;
            continue;
        }
        if blank && !out.is_empty() {
            out.push(b'\n');
        }
        blank = false;
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects() {
        let cases = [
            ("[PATCH 1/2] foo: bar", "foo: bar"),
            ("[PATCH v2 net-next]foo", "foo"),
            ("Re: re: [PATCH] foo", "foo"),
            ("[media] foo", "[media] foo"),
            ("[PATCH] [media]   foo\tbar", "[media] foo bar"),
            ("[media] [PATCH 2/3] foo", "[media] foo"),
            ("[a][b] Re: [c", "[a][b] [c"),
            ("revert it", "revert it"),
            ("Re:", "Re:"),
            (": [PATCH]", ""),
        ];
        for (given, wanted) in cases {
            assert_eq!(subject(given.as_bytes()).as_bstr(), wanted, "{given}");
        }
    }

    #[test]
    fn bodies() {
        assert_eq!(body(b"\n \na  \n\n\t\n\nb\r\n\n\n").as_bstr(), "a\n\nb\n");
        assert_eq!(body(b" \n\n").as_bstr(), "");
        assert_eq!(body(b"#include <x>\n  c").as_bstr(), "#include <x>\n  c\n");
    }
}
