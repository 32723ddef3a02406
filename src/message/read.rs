//! From the bytes of one mail to its message, and to the line where the patch begins.

use std::ops::Range;

use bstr::BString;

use super::foreign::Form;
use super::header::{Field, Header, is_field};
use super::lines::{is_space, lines, trim};
use super::{Identity, Message, MessageError, Time, address, charset, clean, dep3, encoded, foreign, mime};
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

/// A mail read as far as it can be: what is wrong with one part does not hide the others.
///
/// Offsets count in the text: in `decoded` where there is one, else in the mail. Those of errors count in the mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// What kind of text it is.
    pub form: Form,
    /// The header fields in order; none where the form has no header of fields.
    pub fields: Vec<FieldAt>,
    /// Who wrote it.
    pub author: Result<Identity, MessageError>,
    /// When; `None` if nothing says so.
    pub date: Result<Option<Time>, MessageError>,
    /// The subject of a header, decoded, without `[PATCH n/m]` and `Re:`; `None` if there is no such header.
    pub header_subject: Option<BString>,
    /// The subject: that of the header, or the first paragraph of the body where it says nothing.
    pub subject: Result<BString, MessageError>,
    /// The body as a commit has it; see [`Message::body`].
    pub body: BString,
    /// Where the text of the body begins, behind the headers that stand in it.
    pub body_start: usize,
    /// Text that no commit can hold: a NUL, or what its character set does not allow.
    pub trouble: Option<MessageError>,
    /// The mail as plain text; see [`Reading::decoded`].
    pub decoded: Option<Vec<u8>>,
    /// Where the message ends; `None` if no patch follows.
    pub boundary: Option<Boundary>,
    /// What git makes of the same mail where author and subject are those of a DEP-3 header, which git does not read.
    pub by_git: Option<Box<Draft>>,
}

/// A header field and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldAt {
    /// What stands before the colon.
    pub name: BString,
    /// What follows it, unfolded, encoded words as they are.
    pub value: BString,
    /// Its lines, line ends included, in bytes of the text.
    pub span: Range<usize>,
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
    /// Where the body begins, if there is one.
    pub(super) start: Option<usize>,
    pub(super) boundary: Option<Boundary>,
    pub(super) trouble: Option<MessageError>,
}

/// Reads one mail: a mail proper, a patch as `StGit` or Mercurial export it, or one with a DEP-3 header.
///
/// Offsets of errors are in bytes of `mail`.
pub fn read(mail: &[u8]) -> Result<Reading, MessageError> {
    examine(mail).into_reading()
}

/// Reads one mail as [`read`] does, and goes on where something is wrong.
pub fn examine(mail: &[u8]) -> Draft {
    let start = foreign::start(mail);
    let form = foreign::detect(mail, start);
    match form {
        Form::Mail => examine_mail(mail, start),
        Form::StGit => examine_source(mail, start, form, foreign::stgit(mail, start)),
        Form::Mercurial => examine_source(mail, start, form, foreign::mercurial(mail, start)),
        Form::Unknown => {
            let fields = Header::read(mail, start).fields_at();
            Draft { fields, ..draft(dep3::read(mail, start), start, form) }
        }
    }
}

fn examine_mail(mail: &[u8], start: usize) -> Draft {
    let header = Header::read(mail, start);
    let plain = match mime::plain(mail, &header) {
        Ok(Some(plain)) => plain,
        Ok(None) => {
            let draft = examine_source(mail, start, Form::Mail, source(&header));
            return Draft { fields: header.fields_at(), ..draft };
        }
        Err(trouble) => {
            let draft = examine_source(mail, start, Form::Mail, source(&header));
            return Draft { fields: header.fields_at(), trouble: Some(trouble), ..draft };
        }
    };
    let plain_header = Header::read(&plain, start);
    let mut draft = examine_source(&plain, start, Form::Mail, source(&plain_header));
    draft.relocate(&|error| relocate(error, &plain, plain_header.body, mail, header.body));
    Draft { fields: plain_header.fields_at(), decoded: Some(plain), ..draft }
}

impl Draft {
    /// The first thing that is wrong, in the order in which [`Draft::into_reading`] looks.
    pub fn first_error(&self) -> Option<&MessageError> {
        let parts = [self.author.as_ref().err(), self.date.as_ref().err(), self.subject.as_ref().err()];
        self.trouble.as_ref().or_else(|| parts.into_iter().flatten().next())
    }

    /// The mail, if nothing is wrong with it; else the first trouble.
    pub fn into_reading(self) -> Result<Reading, MessageError> {
        if let Some(trouble) = self.trouble {
            return Err(trouble);
        }
        let message = Message { author: self.author?, date: self.date?, subject: self.subject?, body: self.body };
        Ok(Reading { message, decoded: self.decoded, boundary: self.boundary })
    }

    fn relocate(&mut self, moved: &impl Fn(MessageError) -> MessageError) {
        if let Some(by_git) = &mut self.by_git {
            by_git.relocate(moved);
        }
        let author = std::mem::replace(&mut self.author, Err(MessageError::NoAuthor { offset: 0 }));
        self.author = author.map_err(moved);
        self.date = std::mem::replace(&mut self.date, Ok(None)).map_err(moved);
        self.subject = std::mem::replace(&mut self.subject, Ok(BString::default())).map_err(moved);
        self.trouble = self.trouble.take().map(moved);
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

fn examine_source(text: &[u8], start: usize, form: Form, source: Source) -> Draft {
    let dep3 = if source.from.is_none() || source.subject.is_none() {
        Some(dep3::read(text, start)).filter(|parts| parts.from.is_some() && parts.subject.is_some())
    } else {
        None
    };
    let by_git = by_git(text, start, form, source);
    match dep3 {
        Some(parts) => Draft { by_git: Some(Box::new(by_git)), ..draft(parts, start, form) },
        None => by_git,
    }
}

fn by_git(text: &[u8], start: usize, form: Form, source: Source) -> Draft {
    let body = read_body(text, source.body, &source.charset);
    let parts = Parts {
        from: body.from.or(source.from),
        subject: body.subject.or(source.subject),
        date: body.date.or(source.date),
        ..body
    };
    draft(parts, start, form)
}

/// Walks the body: in-body headers first, then the message up to the line that begins the patch.
fn read_body(text: &[u8], from: usize, charset: &[u8]) -> Parts {
    let mut parts = Parts::default();
    let mut in_headers = true;
    let mut pending: Option<Field> = None;
    for span in lines(text, from) {
        let raw = &text[span.clone()];
        let line = charset::to_utf8(raw, charset).unwrap_or_else(|_| {
            parts.trouble.get_or_insert(MessageError::Charset { offset: span.start, charset: visible(charset) });
            raw.into()
        });
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
            parts.trouble.get_or_insert(MessageError::Nul { offset: span.start });
        }
        parts.start.get_or_insert(span.start);
        parts.body.extend_from_slice(&line);
    }
    parts.take(pending);
    parts
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

/// Makes the message of what was found, and says what is missing.
fn draft(parts: Parts, start: usize, form: Form) -> Draft {
    let body = clean::body(&parts.body);
    let header_subject: Result<Option<Vec<u8>>, MessageError> =
        parts.subject.as_ref().map(|subject| Ok(clean::subject(&subject.decode()?))).transpose();
    let (subject, body) = match &header_subject {
        Ok(Some(subject)) if !subject.is_empty() => (Ok(subject.clone()), body),
        Ok(_) => {
            let (subject, body) = first_paragraph(&body);
            let offset = parts.subject.as_ref().map_or(start, |subject| subject.offset);
            (if subject.is_empty() { Err(MessageError::NoSubject { offset }) } else { Ok(subject) }, body)
        }
        Err(error) => (Err(error.clone()), body),
    };
    Draft {
        form,
        fields: Vec::new(),
        author: author(parts.from.as_ref(), start),
        date: date(parts.date.as_ref()),
        header_subject: header_subject.ok().flatten().map(|subject| charset::sanitize(&subject)),
        subject: subject.map(|subject| charset::sanitize(&subject)),
        body: charset::sanitize(&body),
        body_start: parts.start.or(parts.boundary.map(|boundary| boundary.offset)).unwrap_or(start),
        trouble: parts.trouble,
        decoded: None,
        boundary: parts.boundary,
        by_git: None,
    }
}

fn author(from: Option<&Value>, start: usize) -> Result<Identity, MessageError> {
    let from = from.ok_or(MessageError::NoAuthor { offset: start })?;
    let name = from.decode()?;
    let author = address::read(&name).filter(|author| address::is_address(&author.email));
    author.ok_or_else(|| MessageError::BadAddress { offset: from.offset, value: visible(trim(&name)) })
}

fn date(date: Option<&Value>) -> Result<Option<Time>, MessageError> {
    let Some(date) = date.filter(|date| !trim(&date.text).is_empty()) else { return Ok(None) };
    let text = clean::squeeze(trim(&date.decode()?));
    let invalid = || MessageError::BadDate { offset: date.offset, value: visible(&text) };
    Time::parse(&text).map(Some).ok_or_else(invalid)
}

/// A message without a subject takes its first paragraph for one.
fn first_paragraph(body: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let blank = lines(body, 0).find(|line| body[line.clone()] == *b"\n");
    let (first, rest) = blank.map_or((body, &[][..]), |blank| (&body[..blank.start], &body[blank.end..]));
    (clean::squeeze(trim(first)), rest.to_vec())
}
