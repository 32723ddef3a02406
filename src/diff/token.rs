//! Merges of stretches by words instead of lines: two edits of one line are both taken where they leave each other's
//! words alone.
//!
//! Words, numbers, white space and punctuation mean much the same in C, Kconfig, make, device trees, assembler and
//! prose, so no language is known here.

use super::adjacency::{Pieces, doubles_a_line};
use super::histogram::changes_of_pieces;
use super::lines::{Change, split_lines};

/// Beyond so many bytes a stretch is no edit of a line any more, and chance words would decide.
const LONGEST: usize = 64 * 1024;

/// Merges two edits of one stretch word by word; `None` if they overlap, insert at one place, or are too much.
pub fn resolve(base: &[u8], ours: &[u8], theirs: &[u8]) -> Option<Vec<u8>> {
    if [base, ours, theirs].iter().any(|text| text.len() > LONGEST) {
        return None;
    }
    let lines = [base, ours, theirs].map(split_lines);
    let [base, ours, theirs] = [base, ours, theirs].map(split);
    let pieces = Pieces { base: &base, ours: &ours, theirs: &theirs };
    let merged = pieces.merge(&changes(&base, &ours), &changes(&base, &theirs), false)?.concat();
    (!doubles_a_line(&lines, &split_lines(&merged))).then_some(merged)
}

/// What a byte can be part of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Identifiers, numbers, and all that is not ASCII.
    Word,
    Blank,
    /// A piece of its own: line ends and punctuation.
    Single,
}

fn class(byte: u8) -> Class {
    match byte {
        b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | 0x80.. => Class::Word,
        b' ' | b'\t' => Class::Blank,
        _ => Class::Single,
    }
}

/// The tokens of a text; together they are the text.
fn split(text: &[u8]) -> Vec<&[u8]> {
    text.chunk_by(|a, b| class(*a) == class(*b) && class(*a) != Class::Single).collect()
}

/// The changed tokens. Changes with nothing but blanks and punctuation between them are one: such tokens are equal by
/// chance.
fn changes(old: &[&[u8]], new: &[&[u8]]) -> Vec<Change> {
    let mut joined: Vec<Change> = Vec::new();
    for change in changes_of_pieces(old, new) {
        match joined.last_mut() {
            Some(last) if !has_word(&old[last.old.end as usize..change.old.start as usize]) => {
                last.old.end = change.old.end;
                last.new.end = change.new.end;
            }
            _ => joined.push(change),
        }
    }
    joined
}

fn has_word(tokens: &[&[u8]]) -> bool {
    tokens.iter().any(|token| class(token[0]) == Class::Word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(base: &str, ours: &str, theirs: &str) -> Option<String> {
        let out = resolve(base.as_bytes(), ours.as_bytes(), theirs.as_bytes())?;
        Some(String::from_utf8(out).expect("test text is UTF-8"))
    }

    #[test]
    fn tokens_are_the_text() {
        let text = b"\tif (a_1 && !b)\n\t\treturn -EINVAL; /* \xc3\xa9 */\r\n";
        assert_eq!(split(text).concat(), text);
        assert_eq!(split(b"a_1 +=\t\tb"), [&b"a_1"[..], b" ", b"+", b"=", b"\t\t", b"b"]);
        assert!(split(b"").is_empty());
    }

    #[test]
    fn two_edits_of_one_line_are_both_taken() {
        let merged = resolved("select GUP if LPAE\n", "select PUG if LPAE\n", "select GUP if LPAE && !RT\n");
        assert_eq!(merged.as_deref(), Some("select PUG if LPAE && !RT\n"));
        let merged = resolved("f(one, two, three);\n", "f(1, two, three);\n", "f(one, two, 3);\n");
        assert_eq!(merged.as_deref(), Some("f(1, two, 3);\n"));
    }

    #[test]
    fn edits_of_one_word_stay_open() {
        assert_eq!(resolved("x = one;\n", "x = two;\n", "x = three;\n"), None);
        assert_eq!(resolved("f(a);\n", "f(a, b);\n", "f(a, c);\n"), None);
        assert_eq!(resolved("", "\tb();\n", "\tc();\n"), None);
    }

    #[test]
    fn lines_that_share_their_indentation_do_not_merge_by_chance() {
        assert_eq!(resolved("\tx();\n", "\tx();\n\tone();\n", "\tx();\n\ttwo();\n"), None);
        assert_eq!(resolved("\tx();\n\ty();\n", "\ta(b);\n", "\tc(d);\n\te();\n"), None);
    }
}
