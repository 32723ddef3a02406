//! Bytes for people: what is printed can neither forge a terminal nor a table.

use std::fmt::Write as _;

/// Decodes `bytes` for display: invalid UTF-8 becomes `\xNN`, control, bidi and zero-width characters become
/// `\u{..}`. Never use the result as data.
pub fn visible(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if is_invisible(c) {
                let _ = write!(out, "\\u{{{:x}}}", c as u32);
            } else {
                out.push(c);
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// The line that a place of a text is in, from 1; `at` counts bytes.
pub fn line_of(text: &[u8], at: usize) -> usize {
    text[..at].split(|byte| *byte == b'\n').count()
}

/// True for characters that change how the text around them looks, or that cannot be seen.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{61c}')
}

/// An error with its causes, in one phrase.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        words = format!("{words}: {source}");
        cause = source.source();
    }
    words
}

/// Bytes as lower-case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::{line_of, visible};

    #[test]
    fn control_and_bidi_characters_become_visible() {
        assert_eq!(visible(b"a\x1b[31mb"), "a\\u{1b}[31mb");
        assert_eq!(visible("x\u{202e}y".as_bytes()), "x\\u{202e}y");
        assert_eq!(visible(b"J\xf6rg"), "J\\xf6rg");
        assert_eq!(visible("Jörg".as_bytes()), "Jörg");
    }

    #[test]
    fn lines_are_counted_from_one() {
        assert_eq!([0, 1, 2, 4].map(|at| line_of(b"a\n\nb", at)), [1, 1, 2, 3]);
    }
}
