//! The header of a mail: folded fields up to the first line that is none.

use std::ops::Range;

use bstr::ByteSlice as _;

use super::lines::{is_space, lines, starts_with_ignore_case, trim_end, trim_start};
use super::read::FieldAt;

/// One field, unfolded.
#[derive(Debug, Clone)]
pub(super) struct Field {
    /// Where it stands, with its continuation lines and their line ends.
    pub(super) span: Range<usize>,
    /// `Name: value` on one line, white space at the line ends removed.
    text: Vec<u8>,
}

impl Field {
    /// A field that was put together from elsewhere: `text` is `Name: value`.
    pub(super) fn new(span: Range<usize>, text: &[u8]) -> Self {
        Self { span, text: trim_end(text).to_vec() }
    }

    /// What follows `name:`, if that is the field's name.
    pub(super) fn value(&self, name: &str) -> Option<&[u8]> {
        if !starts_with_ignore_case(&self.text, name.as_bytes()) {
            return None;
        }
        self.text[name.len()..].strip_prefix(b":").map(trim_start)
    }

    /// Adds a folded line.
    pub(super) fn extend(&mut self, line: &[u8], end: usize) {
        self.text.push(b' ');
        self.text.extend_from_slice(trim_end(line.get(1..).unwrap_or_default()));
        self.span.end = end;
    }
}

/// The fields of a mail and where its body begins.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) fields: Vec<Field>,
    /// The line that ended the header: the blank one, or the first that is no field.
    pub(super) body: usize,
}

impl Header {
    /// Reads the fields that stand at `from`; blank lines before them are skipped.
    pub(super) fn read(text: &[u8], from: usize) -> Self {
        let start = from + text[from.min(text.len())..].iter().take_while(|&&byte| is_space(byte)).count();
        Self::read_part(text, start)
    }

    /// As [`Header::read`], but a blank line at `from` is an empty header.
    pub(super) fn read_part(text: &[u8], from: usize) -> Self {
        let mut fields: Vec<Field> = Vec::new();
        for span in lines(text, from) {
            let line = &text[span.clone()];
            match fields.last_mut() {
                Some(field) if matches!(line[0], b' ' | b'\t') => field.extend(line, span.end),
                _ if is_field(trim_end(line)) => fields.push(Field::new(span, line)),
                _ => {
                    return Self { fields, body: span.start };
                }
            }
        }
        Self { fields, body: text.len() }
    }

    /// The fields with their places; the `From ` line of an mbox is none.
    pub(super) fn fields_at(&self) -> Vec<FieldAt> {
        let is_mbox = |field: &&Field| field.text.starts_with(b"From ") || field.text.starts_with(b">From ");
        let at = |field: &Field| {
            let (name, value) = field.text.split_once_str(":").unwrap_or((&field.text, b""));
            FieldAt { name: name.into(), value: trim_start(value).into(), span: field.span.clone() }
        };
        self.fields.iter().filter(|field| !is_mbox(field)).map(at).collect()
    }

    /// The last field of that name, which is the one that git takes.
    pub(super) fn last(&self, name: &str) -> Option<&Field> {
        self.fields.iter().rev().find(|field| field.value(name).is_some())
    }
}

/// Whether a line can begin a field. The `From ` line of an mbox passes for one.
pub(super) fn is_field(line: &[u8]) -> bool {
    if line.starts_with(b"From ") || line.starts_with(b">From ") {
        return true;
    }
    let name = line.iter().take_while(|&&byte| matches!(byte, 33..=126) && byte != b':').count();
    line.get(name) == Some(&b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_and_ends() {
        let text = b"\n\nFrom x\r\nSubject: a \r\n  b\r\nsubject:\tc\r\nnot a field: x\n";
        let header = Header::read(text, 0);
        assert_eq!(header.fields.len(), 3);
        assert_eq!(header.fields[1].value("SUBJECT"), Some(&b"a  b"[..]));
        assert_eq!(header.last("Subject").and_then(|field| field.value("Subject")), Some(&b"c"[..]));
        assert!(text[header.body..].starts_with(b"not a"));
    }
}
