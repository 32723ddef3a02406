//! How much a line of code says: its words, and which of them would stand in any other file as well.

use bstr::ByteSlice as _;

/// Words that tell one place of a kernel from another as little as a brace does, sorted.
const COMMONPLACE: &[&str] = &[
    "NULL", "__u16", "__u32", "__u64", "__u8", "bool", "break", "case", "char", "config", "const", "continue",
    "default", "depends", "do", "else", "end", "endif", "endmenu", "enum", "err", "error", "extern", "fail", "false",
    "float", "for", "goto", "help", "if", "ifdef", "ifndef", "inline", "int", "long", "n", "on", "out", "rc", "res",
    "result", "ret", "return", "retval", "s16", "s32", "s64", "s8", "select", "short", "signed", "size_t", "sizeof",
    "ssize_t", "static", "status", "struct", "switch", "tristate", "true", "u16", "u32", "u64", "u8", "union",
    "unsigned", "void", "volatile", "while", "y",
];

/// The words of a line: the longest runs of ASCII letters, digits and `_` that do not begin with a digit.
pub fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| !is_word_byte(*byte)).filter(|word| word.first().is_some_and(|byte| !byte.is_ascii_digit()))
}

/// True for a byte that can be part of a word.
pub fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// True for the words of the language itself, error codes, and names such as `ret`.
pub fn is_commonplace(word: &[u8]) -> bool {
    let is_errno = word.len() > 3 && word[0] == b'E' && word.iter().all(u8::is_ascii_uppercase);
    is_errno || COMMONPLACE.binary_search_by(|known| known.as_bytes().cmp(word)).is_ok()
}

/// True for a word that looks like a name in a program and not like one in a sentence.
pub fn is_name(word: &[u8]) -> bool {
    let odd = |byte: &u8| *byte == b'_' || byte.is_ascii_digit();
    word.len() >= 4 && word.iter().any(odd) && !is_commonplace(word)
}

/// How much a line tells: the letters of its words, the commonplace ones left out. 0 for braces, `return ret;`,
/// comments, and `#include` lines, which do no harm wherever and however often they stand.
pub fn weight(line: &[u8]) -> usize {
    let line = line.trim_ascii();
    let comment = [&b"* "[..], b"*/", b"/*", b"//", b"# "].iter().any(|start| line.starts_with(start));
    if comment || line == b"*" || line.starts_with(b"#include") {
        return 0;
    }
    words(line).filter(|word| !is_commonplace(word)).map(<[u8]>::len).sum()
}

/// How many letters and digits a line has: 0 for braces and blank lines.
pub fn letters(line: &[u8]) -> usize {
    line.iter().filter(|byte| byte.is_ascii_alphanumeric()).count()
}

/// Where `word` stands in `text` as a whole word: offsets in bytes.
pub fn find_word<'a>(text: &'a [u8], word: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    text.find_iter(word).filter(move |at| {
        let before = at.checked_sub(1).is_none_or(|before| !is_word_byte(text[before]));
        before && text.get(at + word.len()).is_none_or(|after| !is_word_byte(*after))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted() {
        assert!(COMMONPLACE.is_sorted());
    }

    #[test]
    fn words_are_names_and_no_numbers() {
        let found: Vec<&[u8]> = words(b"\tret = foo_2(0x10, bar->baz[3u]);").collect();
        assert_eq!(found, [&b"ret"[..], b"foo_2", b"bar", b"baz"]);
    }

    #[test]
    fn what_stands_everywhere_weighs_nothing() {
        for line in ["", "}", "\tbreak;", "\t\treturn -EINVAL;", "if (ret)", "\t * a comment", "#include <linux/fs.h>"]
        {
            assert_eq!(weight(line.as_bytes()), 0, "{line}");
        }
        assert_eq!(weight(b"\tif (!p)"), 1);
        assert_eq!(weight(b"\t*p = 0;"), 1);
        assert_eq!(weight(b"\tmutex_lock(&dev->lock);"), 17);
    }

    #[test]
    fn names_look_like_names() {
        assert!(is_name(b"spin_lock") && is_name(b"CAP_EEE") && is_name(b"rp1x"));
        assert!(!is_name(b"lock") && !is_name(b"a_b") && !is_name(b"size_t") && !is_name(b"Release"));
    }

    #[test]
    fn words_are_found_whole() {
        assert_eq!(find_word(b"lock(a); raw_lock(b); lock_x; lock", b"lock").collect::<Vec<_>>(), [0, 30]);
    }
}
