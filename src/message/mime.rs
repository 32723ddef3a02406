//! Transfer encodings, multipart and flowed mails, turned into the plain mail that they stand for.

use bstr::ByteSlice;

use super::header::Header;
use super::lines::{is_space, lines, starts_with_ignore_case, trim, trim_line_end};
use super::read::breaks;
use super::{MessageError, charset, encoded};
use crate::text::visible;

/// How one part of a mail is written.
#[derive(Debug, Default, Clone)]
struct Part {
    encoding: Encoding,
    charset: Vec<u8>,
    /// `format=flowed`: lines that end in a space go on in the next one.
    flowed: bool,
    /// `delsp=yes`: and that space goes.
    delete_space: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum Encoding {
    #[default]
    Plain,
    QuotedPrintable,
    Base64,
}

/// The character set that a header names for the body, or nothing.
pub(super) fn charset_of(header: &Header) -> Vec<u8> {
    let mut boundaries = Vec::new();
    Part::default().with(header, &mut boundaries).charset
}

/// The plain mail that `text` stands for: header, decoded body, message in UTF-8. `None` if it is plain already.
///
/// The header keeps its line count, so that line numbers in it stay true.
pub(super) fn plain(text: &[u8], header: &Header) -> Result<Option<Vec<u8>>, MessageError> {
    let mut boundaries = Vec::new();
    let part = Part::default().with(header, &mut boundaries);
    if boundaries.is_empty() && part.encoding == Encoding::Plain && !part.flowed {
        return Ok(None);
    }
    let mut writer = Writer { out: Vec::with_capacity(text.len()), ..Writer::default() };
    let mut at = 0;
    for field in &header.fields {
        let replaced: &[u8] = if field.value("Content-Type").is_some() {
            b"Content-Type: text/plain; charset=UTF-8"
        } else if field.value("Content-Transfer-Encoding").is_some() {
            b"Content-Transfer-Encoding: 8bit"
        } else {
            continue;
        };
        writer.out.extend_from_slice(&text[at..field.span.start]);
        writer.out.extend_from_slice(replaced);
        let folds = lines(text, field.span.start).take_while(|line| line.end <= field.span.end).count();
        writer.out.extend(std::iter::repeat_n(&b"\n "[..], folds.saturating_sub(1)).flatten());
        writer.out.push(b'\n');
        at = field.span.end;
    }
    writer.out.extend_from_slice(&text[at..header.body]);
    let first = lines(text, header.body).next().unwrap_or_default();
    if !boundaries.is_empty() || !trim(&text[first]).is_empty() {
        // Nothing else would keep the first line of the body from passing for a field.
        writer.out.push(b'\n');
    }
    writer.body(text, header.body, part, boundaries)?;
    Ok(Some(writer.out))
}

impl Part {
    /// Takes what the fields of a header say; a new boundary goes onto the stack.
    fn with(mut self, header: &Header, boundaries: &mut Vec<Vec<u8>>) -> Self {
        for field in &header.fields {
            if let Some(value) = field.value("Content-Type") {
                self.content_type(value, boundaries);
            } else if let Some(value) = field.value("Content-Transfer-Encoding") {
                let value = value.to_ascii_lowercase();
                self.encoding = if value.contains_str("base64") {
                    Encoding::Base64
                } else if value.contains_str("quoted-printable") {
                    Encoding::QuotedPrintable
                } else {
                    Encoding::Plain
                };
            }
        }
        self
    }

    fn content_type(&mut self, value: &[u8], boundaries: &mut Vec<Vec<u8>>) {
        if let Some(boundary) = attribute(value, b"boundary=") {
            boundaries.push([b"--", boundary].concat());
        }
        if let Some(charset) = attribute(value, b"charset=") {
            self.charset = charset.to_vec();
        }
        self.flowed = attribute(value, b"format=").is_some_and(|format| format.eq_ignore_ascii_case(b"flowed"));
        self.delete_space = attribute(value, b"delsp=").is_some_and(|delsp| delsp.eq_ignore_ascii_case(b"yes"));
    }
}

/// The value of `name=value` or `name="value"` in a header's value.
fn attribute<'a>(value: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let start = (0..value.len()).find(|&at| starts_with_ignore_case(&value[at..], name))?;
    let rest = &value[start + name.len()..];
    match rest.strip_prefix(b"\"") {
        Some(quoted) => quoted.split(|&byte| byte == b'"').next(),
        None => rest.split(|&byte| byte == b';' || is_space(byte)).next(),
    }
}

/// Writes the body of the plain mail.
#[derive(Debug, Default)]
struct Writer {
    out: Vec<u8>,
    /// A line whose end is in a later line of the encoded text.
    partial: Vec<u8>,
    /// Flowed lines that the next one goes on.
    soft: Vec<u8>,
    /// Past the message; what follows is the patch, whose bytes no character set touches.
    in_patch: bool,
}

impl Writer {
    fn body(
        &mut self,
        text: &[u8],
        from: usize,
        mut part: Part,
        mut boundaries: Vec<Vec<u8>>,
    ) -> Result<(), MessageError> {
        let mut at = from;
        let mut inside = boundaries.is_empty();
        while let Some(span) = lines(text, at).next() {
            let line = &text[span.clone()];
            at = span.end;
            let Some(boundary) = boundaries.last().filter(|boundary| line.starts_with(boundary)) else {
                if inside {
                    self.line(line, &part, span.start)?;
                }
                continue;
            };
            self.flush(&part, span.start)?;
            if line[boundary.len()..].starts_with(b"--") {
                boundaries.pop();
                inside = false;
                self.whole_line(b"\n", &part, span.start)?;
                if boundaries.is_empty() {
                    return Ok(());
                }
            } else {
                let header = Header::read_part(text, at);
                part = Part::default().with(&header, &mut boundaries);
                // The blank line that ends the part's header goes with it.
                at = header.body + lines(text, header.body).next().map_or(0, |blank| blank.len());
                inside = true;
            }
        }
        self.flush(&part, text.len())
    }

    /// One line as it stands in the mail.
    fn line(&mut self, line: &[u8], part: &Part, offset: usize) -> Result<(), MessageError> {
        let decoded = match part.encoding {
            Encoding::Plain => return self.decoded(line, part, offset),
            Encoding::QuotedPrintable => encoded::quoted_printable(line),
            Encoding::Base64 => encoded::base64(line),
        };
        for span in lines(&decoded, 0) {
            let line = &decoded[span];
            self.partial.extend_from_slice(line);
            if line.ends_with(b"\n") {
                let whole = std::mem::take(&mut self.partial);
                self.decoded(&whole, part, offset)?;
            }
        }
        Ok(())
    }

    /// One line without its transfer encoding.
    fn decoded(&mut self, line: &[u8], part: &Part, offset: usize) -> Result<(), MessageError> {
        if !part.flowed {
            return self.whole_line(line, part, offset);
        }
        let text = trim_line_end(line);
        if text == b"-- " {
            if !self.soft.is_empty() {
                self.soft.push(b'\n');
                self.flush(part, offset)?;
            }
            return self.whole_line(line, part, offset);
        }
        let text = text.strip_prefix(b" ").unwrap_or(text);
        if text.ends_with(b" ") {
            self.soft.extend_from_slice(&text[..text.len() - usize::from(part.delete_space)]);
            return Ok(());
        }
        let mut whole = std::mem::take(&mut self.soft);
        whole.extend_from_slice(text);
        whole.push(b'\n');
        self.whole_line(&whole, part, offset)
    }

    fn flush(&mut self, part: &Part, offset: usize) -> Result<(), MessageError> {
        let mut held = std::mem::take(&mut self.soft);
        held.append(&mut self.partial);
        if held.is_empty() { Ok(()) } else { self.whole_line(&held, part, offset) }
    }

    fn whole_line(&mut self, line: &[u8], part: &Part, offset: usize) -> Result<(), MessageError> {
        self.in_patch = self.in_patch || breaks(line).is_some();
        if self.in_patch {
            self.out.extend_from_slice(line);
            return Ok(());
        }
        let text = charset::to_utf8(line, &part.charset)
            .map_err(|_| MessageError::Charset { offset, charset: visible(&part.charset) })?;
        self.out.extend_from_slice(&text);
        Ok(())
    }
}
