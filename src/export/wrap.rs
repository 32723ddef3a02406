//! Folds a header line the way git does: at white space, by columns of a terminal rather than by bytes.

use bstr::decode_utf8;
use unicode_width::UnicodeWidthChar as _;

/// A folded line has no more columns than this, unless one word needs them.
pub(super) const WIDTH: usize = 78;

/// Appends `text`, folded, to `out`, whose last line has `column` columns. Lines that follow begin with a blank.
///
/// A line end in `text` becomes a blank before a letter or a digit and a fold before anything else.
pub(super) fn wrap(text: &[u8], column: usize, out: &mut Vec<u8>) {
    let is_utf8 = std::str::from_utf8(text).is_ok_and(|text| !text.contains(['\u{fffe}', '\u{ffff}']));
    let mut folder = Folder { text, out, at: 0, columns: column as i64, line: 0, blank: Some(0) };
    loop {
        folder.at += escape_sequence(&text[folder.at..]);
        match text.get(folder.at) {
            Some(byte) if !is_space(*byte) => folder.take_character(is_utf8),
            end_of_word => {
                if folder.end_word(end_of_word.copied()) {
                    return;
                }
            }
        }
    }
}

struct Folder<'a> {
    text: &'a [u8],
    out: &'a mut Vec<u8>,
    /// What is looked at next.
    at: usize,
    /// Columns used up to `at`; control characters take some away.
    columns: i64,
    /// Where the current line begins in `text`.
    line: usize,
    /// Where the white space before the current word begins; `None` for the first word of a line that was folded.
    blank: Option<usize>,
}

impl Folder<'_> {
    fn take_character(&mut self, is_utf8: bool) {
        if is_utf8 {
            let (character, len) = decode_utf8(&self.text[self.at..]);
            self.columns += character.map_or(1, columns_of);
            self.at += len;
        } else {
            self.columns += 1;
            self.at += 1;
        }
    }

    /// At white space (`Some`) or at the end of the text: writes the word, or folds if it is too long. Returns true
    /// once everything is written.
    fn end_word(&mut self, space: Option<u8>) -> bool {
        if self.columns > WIDTH as i64
            && let Some(blank) = self.blank
        {
            self.fold(blank);
            return false;
        }
        if space.is_none() && self.at == self.line {
            return true;
        }
        if self.blank.is_none() {
            self.out.push(b' ');
        }
        self.out.extend_from_slice(&self.text[self.blank.unwrap_or(self.line)..self.at]);
        let Some(space) = space else {
            return true;
        };
        let mut blank = self.at;
        if space == b'\t' {
            self.columns |= 7;
        } else if space == b'\n' {
            blank += 1;
            let next = self.text.get(blank);
            if next == Some(&b'\n') {
                self.out.push(b'\n');
            }
            if !next.is_some_and(u8::is_ascii_alphanumeric) {
                self.fold(blank);
                return false;
            }
            self.out.push(b' ');
        }
        self.blank = Some(blank);
        self.columns += 1;
        self.at += 1;
        false
    }

    /// Goes on, on a new line, with the word after the white space at `blank`.
    fn fold(&mut self, blank: usize) {
        self.out.push(b'\n');
        let skipped = self.text.get(blank).is_some_and(|&byte| is_space(byte));
        self.line = blank + usize::from(skipped);
        self.at = self.line;
        self.blank = None;
        self.columns = 1;
    }
}

/// White space in git's eyes; no vertical tab, no form feed.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// The length of the colour codes that `text` begins with; they take no columns.
fn escape_sequence(text: &[u8]) -> usize {
    let mut rest = text;
    while let Some(after) = rest.strip_prefix(b"\x1b[") {
        let parameters = after.iter().take_while(|&&byte| byte.is_ascii_digit() || byte == b';').count();
        match after[parameters..].strip_prefix(b"m") {
            Some(after) => rest = after,
            None => break,
        }
    }
    text.len() - rest.len()
}

/// How many columns git gives to a character.
fn columns_of(character: char) -> i64 {
    match character {
        // Git's function says -1 here, and its sums take that at face value.
        '\u{1}'..='\u{1f}' | '\u{7f}'..='\u{9f}' => -1,
        // Where the crate goes by how characters look, git goes by their category alone.
        '\u{ad}' | '\u{17a4}' | '\u{17d8}' | '\u{d7b0}'..='\u{d7fb}' | '\u{ffa0}' => 1,
        '\0' | '\u{600}'..='\u{605}' | '\u{6dd}' | '\u{2d7f}' | '\u{fff9}'..='\u{fffb}' => 0,
        '\u{302e}' | '\u{302f}' | '\u{3164}' => 2,
        _ => character.width().map_or(1, |width| width as i64),
    }
}
