//! Where image references stand in a text of any kind: YAML, a Dockerfile, a shell script.

use std::ops::Range;

use bstr::ByteSlice as _;

use super::Reference;

/// All references in a text, with their places in bytes, in the order of the text.
///
/// The longest runs of characters that references are made of are read as a whole, so that none is found inside a longer
/// word, a URL or a path. A run that a template or a shell would go on with, as in `kernel:6.6.${PATCH}`, is none, either.
/// A full stop or a colon that ends a sentence does not count.
pub fn references(text: &[u8]) -> impl Iterator<Item = (Range<usize>, Reference<'_>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + text[at..].iter().position(|byte| is_inner(*byte))?;
            let end =
                text[start..].iter().position(|byte| !is_inner(*byte)).map_or(text.len(), |length| start + length);
            at = end;
            let end = end - usize::from(ends_a_sentence(text, end));
            if goes_on_before(text, start) || goes_on_behind(text, start, end) {
                continue;
            }
            let word = std::str::from_utf8(&text[start..end]).ok();
            if let Some(reference) = word.and_then(|word| Reference::parse(word).ok()) {
                return Some((start..end, reference));
            }
        }
    })
}

fn is_inner(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'/' | b':' | b'@' | b'-')
}

fn ends_a_sentence(text: &[u8], end: usize) -> bool {
    matches!(text[end - 1], b'.' | b':') && text.get(end).is_none_or(u8::is_ascii_whitespace)
}

/// True if what stands before the run belongs to the same word.
fn goes_on_before(text: &[u8], start: usize) -> bool {
    match text[..start] {
        [.., b'$' | b'}' | b')' | b'%' | b'>' | b'*' | b'+' | b'~'] => true,
        [.., b'{'] => is_template(text, start - 1),
        _ => text[..start].chars().next_back().is_some_and(char::is_alphanumeric),
    }
}

/// True if what stands behind the run belongs to the same word.
fn goes_on_behind(text: &[u8], start: usize, end: usize) -> bool {
    match text[end..] {
        [b'$' | b'{' | b'[' | b'<' | b'%' | b'*' | b'+' | b'~' | b'=', ..] | [b'\\', b'.' | b'-', ..] => true,
        [b'}', ..] => opening(text, start).is_some_and(|open| is_template(text, open)),
        // In a shell a word goes on behind its quotes.
        [b'"' | b'\'', b'$' | b'{' | b'-', ..] => true,
        [b'"' | b'\'', b'.', next, ..] if !next.is_ascii_whitespace() => true,
        [b'"' | b'\'', quote @ (b'"' | b'\''), ..] => !text[..start].ends_with(&[quote, text[end]]),
        [b'"' | b'\'', next, ..] => next.is_ascii_alphanumeric(),
        _ => text[end..].chars().next().is_some_and(char::is_alphanumeric),
    }
}

/// The bracket of the same line that is still open at `at`.
fn opening(text: &[u8], at: usize) -> Option<usize> {
    let mut closed = 0_usize;
    for place in (0..at).rev().take_while(|place| text[*place] != b'\n') {
        match text[place] {
            b'}' => closed += 1,
            b'{' if closed == 0 => return Some(place),
            b'{' => closed -= 1,
            _ => {}
        }
    }
    None
}

/// True if a bracket begins something that a shell or a template replaces, and not a mapping of YAML.
fn is_template(text: &[u8], open: usize) -> bool {
    matches!(text[..open].last(), Some(b'$' | b'{' | b'%' | b'@' | b'#'))
}
