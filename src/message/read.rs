//! From the bytes of one mail to its message, and to the line where the patch begins.

use super::header::{Field, Header, is_field};
use super::lines::{is_space, lines, trim};
use super::{Message, MessageError, Time, address, charset, clean, dep3, encoded, foreign, mime};
use crate::text::visible;

/// What was read of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Author, date, subject, body.
    pub message: Message,
    /// The mail as plain text, if it came in a transfer encoding, in parts, or with flowed lines; offsets count in it.
    pub decoded: Option<Vec<u8>>,
    /// Where the message ends; `None` if no patch follows.
    pub boundary: Option<Boundary>,
}

/// The line that ends the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Boundary {
    /// Where the line begins, in bytes.
    pub offset: usize,
    /// It is a `---` line, and not yet the first line of a diff.
    pub separator: bool,
}

/// A header's value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Value {
    pub(super) text: Vec<u8>,
    pub(super) offset: usize,
}

impl Value {
    pub(super) fn of(field: &Field, name: &str) -> Option<Self> {
        Some(Self { text: field.value(name)?.to_vec(), offset: field.span.start })
    }

    /// With encoded words decoded and runs of white space squeezed.
    fn decode(&self) -> Result<Vec<u8>, MessageError> {
        if self.text.contains(&0) {
            return Err(MessageError::Nul { offset: self.offset });
        }
        encoded::words(&self.text)
            .map_err(|charset| MessageError::Charset { offset: self.offset, charset: visible(&charset) })
    }
}

/// What a header says, before the body has had its word.
#[derive(Debug, Default)]
pub(super) struct Source {
    pub(super) from: Option<Value>,
    pub(super) subject: Option<Value>,
    pub(super) date: Option<Value>,
    pub(super) charset: Vec<u8>,
    /// Where the body begins.
    pub(super) body: usize,
}

/// All that a message is made of.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) from: Option<Value>,
    pub(super) subject: Option<Value>,
    pub(super) date: Option<Value>,
    pub(super) body: Vec<u8>,
    pub(super) boundary: Option<Boundary>,
}

/// Reads one mail: a mail proper, a patch as `StGit` or Mercurial export it, or one with a DEP-3 header.
///
/// Offsets of errors are in bytes of `mail`.
pub fn read(mail: &[u8]) -> Result<Reading, MessageError> {
    let start = foreign::start(mail);
    match foreign::detect(mail, start) {
        foreign::Form::Mail => read_mail(mail, start),
        foreign::Form::StGit => read_source(mail, start, foreign::stgit(mail, start)),
        foreign::Form::Mercurial => read_source(mail, start, foreign::mercurial(mail, start)),
        foreign::Form::Unknown => finish(dep3::read(mail, start), start),
    }
}

fn read_mail(mail: &[u8], start: usize) -> Result<Reading, MessageError> {
    let header = Header::read(mail, start);
    let Some(plain) = mime::plain(mail, &header)? else {
        return read_source(mail, start, source(&header));
    };
    let plain_header = Header::read(&plain, start);
    let reading = read_source(&plain, start, source(&plain_header));
    match reading {
        Ok(reading) => Ok(Reading { decoded: Some(plain), ..reading }),
        Err(error) => Err(relocate(error, &plain, plain_header.body, mail, header.body)),
    }
}

/// Errors in a decoded header stand in the same line of the mail; those in its body are said of the body's first line.
fn relocate(mut error: MessageError, plain: &[u8], plain_body: usize, mail: &[u8], mail_body: usize) -> MessageError {
    let offset = error.offset();
    let line = lines(plain, 0).take_while(|line| line.end <= offset).count();
    let moved = if offset < plain_body { lines(mail, 0).nth(line).map(|line| line.start) } else { None };
    error.move_to(moved.unwrap_or(mail_body));
    error
}

fn source(header: &Header) -> Source {
    let value = |name| header.last(name).and_then(|field| Value::of(field, name));
    Source {
        from: value("From"),
        subject: value("Subject"),
        date: value("Date"),
        charset: mime::charset_of(header),
        body: header.body,
    }
}

fn read_source(text: &[u8], start: usize, source: Source) -> Result<Reading, MessageError> {
    if source.from.is_none() || source.subject.is_none() {
        let parts = dep3::read(text, start);
        if parts.from.is_some() && parts.subject.is_some() {
            return finish(parts, start);
        }
    }
    let body = read_body(text, source.body, &source.charset)?;
    let parts = Parts {
        from: body.from.or(source.from),
        subject: body.subject.or(source.subject),
        date: body.date.or(source.date),
        ..body
    };
    finish(parts, start)
}

/// Walks the body: in-body headers first, then the message up to the line that begins the patch.
fn read_body(text: &[u8], from: usize, charset: &[u8]) -> Result<Parts, MessageError> {
    let mut parts = Parts::default();
    let mut in_headers = true;
    let mut pending: Option<Field> = None;
    for span in lines(text, from) {
        let raw = &text[span.clone()];
        let line = charset::to_utf8(raw, charset)
            .map_err(|_| MessageError::Charset { offset: span.start, charset: visible(charset) })?;
        if in_headers {
            if raw == b"\n" || span.start == from && trim(raw).is_empty() {
                in_headers = pending.is_none();
                parts.take(pending.take());
                continue;
            }
            if let (Some(field), b' ' | b'\t') = (&mut pending, raw[0]) {
                field.extend(&line, span.end);
                continue;
            }
            parts.take(pending.take());
            if is_mbox_separator(raw) {
                continue;
            }
            if line.strip_prefix(b"[PATCH]").and_then(<[u8]>::first).is_some_and(|&byte| is_space(byte)) {
                parts.subject = Some(Value { text: trim(&line).to_vec(), offset: span.start });
                continue;
            }
            pending = parts.in_body_header(&line, span.clone());
            in_headers = pending.is_some();
            if in_headers {
                continue;
            }
        }
        if let Some(separator) = breaks(&line) {
            parts.boundary = Some(Boundary { offset: span.start, separator });
            break;
        }
        if line.contains(&0) {
            return Err(MessageError::Nul { offset: span.start });
        }
        parts.body.extend_from_slice(&line);
    }
    parts.take(pending);
    Ok(parts)
}

impl Parts {
    /// The line as an in-body header, if it is one that has not been seen yet.
    fn in_body_header(&self, line: &[u8], span: std::ops::Range<usize>) -> Option<Field> {
        let field = is_field(line).then(|| Field::new(span, line))?;
        let open = self.from.is_none() && field.value("From").is_some()
            || self.subject.is_none() && field.value("Subject").is_some()
            || self.date.is_none() && field.value("Date").is_some();
        open.then_some(field)
    }

    fn take(&mut self, field: Option<Field>) {
        let Some(field) = field else { return };
        let places = [("From", &mut self.from), ("Subject", &mut self.subject), ("Date", &mut self.date)];
        for (name, place) in places {
            if place.is_none() {
                *place = Value::of(&field, name);
            }
        }
    }
}

/// `>From <id> Mon Sep 17 00:00:00 2001`, as `git format-patch` output pasted into a mail has it.
fn is_mbox_separator(line: &[u8]) -> bool {
    let id = line.strip_prefix(b">From ").and_then(|rest| rest.strip_suffix(b" Mon Sep 17 00:00:00 2001\n"));
    id.is_some_and(|id| id.len() == 40 && id.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')))
}

/// Whether a line ends the message: `Some(true)` for `---`, `Some(false)` for the first line of a diff.
pub(crate) fn breaks(line: &[u8]) -> Option<bool> {
    if line.starts_with(b"diff -") || line.starts_with(b"Index: ") {
        return Some(false);
    }
    match line.strip_prefix(b"---")? {
        [b' ', name, ..] if !is_space(*name) => Some(false),
        rest if rest.ends_with(b"\n") && trim(rest).is_empty() => Some(true),
        _ => None,
    }
}

/// Makes the message of what was found, or says what is missing.
fn finish(parts: Parts, start: usize) -> Result<Reading, MessageError> {
    let from = parts.from.ok_or(MessageError::NoAuthor { offset: start })?;
    let name = from.decode()?;
    let author = address::read(&name).filter(|author| address::is_address(&author.email));
    let author = author.ok_or_else(|| MessageError::BadAddress { offset: from.offset, value: visible(trim(&name)) })?;

    let date = match parts.date {
        Some(date) if !trim(&date.text).is_empty() => {
            let text = clean::squeeze(trim(&date.decode()?));
            let invalid = || MessageError::BadDate { offset: date.offset, value: visible(&text) };
            Some(Time::parse(&text).ok_or_else(invalid)?)
        }
        _ => None,
    };

    let body = clean::body(&parts.body);
    let (subject, body) = match &parts.subject {
        Some(subject) => (clean::subject(&subject.decode()?), body),
        None => (Vec::new(), body),
    };
    let (subject, body) = if subject.is_empty() { first_paragraph(&body) } else { (subject, body) };
    if subject.is_empty() {
        return Err(MessageError::NoSubject { offset: parts.subject.map_or(start, |subject| subject.offset) });
    }
    let (subject, body) = (charset::sanitize(&subject), charset::sanitize(&body));
    Ok(Reading { message: Message { author, date, subject, body }, decoded: None, boundary: parts.boundary })
}

/// A message without a subject takes its first paragraph for one.
fn first_paragraph(body: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let blank = lines(body, 0).find(|line| body[line.clone()] == *b"\n");
    let (first, rest) = blank.map_or((body, &[][..]), |blank| (&body[..blank.start], &body[blank.end..]));
    (clean::squeeze(trim(first)), rest.to_vec())
}
