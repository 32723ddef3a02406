//! Patches that are no mails: what `git am` tells apart by looking at the first lines.

use super::header::{Field, is_field};
use super::lines::{is_space, lines, trim, trim_line_end};
use super::read::{Source, Value};

/// What kind of text a patch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A mail, with or without the `From ` line of an mbox.
    Mail,
    /// `stg export`: subject, empty line, then `From:` and `Date:`.
    StGit,
    /// `hg export`: comment lines, then the message.
    Mercurial,
    /// None that git knows; a DEP-3 header is read all the same.
    Unknown,
}

/// Where the text begins, past a byte order mark and blank lines.
pub(super) fn start(text: &[u8]) -> usize {
    let mark = if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    mark + text[mark..].iter().take_while(|&&byte| is_space(byte)).count()
}

/// Decides as `git am` does without `--patch-format`.
pub(super) fn detect(text: &[u8], start: usize) -> Form {
    let mut first = lines(text, start).map(|line| trim_line_end(&text[line]));
    let line = first.next().unwrap_or_default();
    if line.starts_with(b"From ") || line.starts_with(b"From: ") {
        return Form::Mail;
    }
    if line.starts_with(b"# HG changeset patch") {
        return Form::Mercurial;
    }
    if first.next().is_some_and(<[u8]>::is_empty)
        && first
            .next()
            .is_some_and(|third| [&b"From:"[..], b"Author:", b"Date:"].iter().any(|name| third.starts_with(name)))
    {
        return Form::StGit;
    }
    let mut header = lines(text, start).map(|line| trim_line_end(&text[line])).take_while(|line| !line.is_empty());
    let folds = |line: &[u8]| matches!(line.first(), Some(b' ' | b'\t'));
    if header.all(|line| folds(line) || is_field(line)) { Form::Mail } else { Form::Unknown }
}

/// The header of an `StGit` patch; the body begins at the first line that belongs to none of its fields.
pub(super) fn stgit(text: &[u8], start: usize) -> Source {
    let mut source = Source { body: text.len(), ..Source::default() };
    for span in lines(text, start) {
        let line = &text[span.clone()];
        if trim(line).is_empty() {
            continue;
        }
        let field = Field::new(span.clone(), line);
        if let Some(from) = Value::of(&field, "From").or_else(|| Value::of(&field, "Author")) {
            source.from = Some(from);
        } else if let Some(date) = Value::of(&field, "Date") {
            source.date = Some(date);
        } else if source.subject.is_none() {
            source.subject = Some(Value { text: trim(line).to_vec(), offset: span.start });
        } else {
            source.body = span.start;
            break;
        }
    }
    source
}

/// The header of a Mercurial patch. Its message has no subject of its own; the first paragraph serves as one.
pub(super) fn mercurial(text: &[u8], start: usize) -> Source {
    let mut source = Source { body: text.len(), ..Source::default() };
    for span in lines(text, start) {
        let line = trim_line_end(&text[span.clone()]);
        if trim(line).is_empty() {
            continue;
        }
        let value = |text: &[u8]| Some(Value { text: text.to_vec(), offset: span.start });
        if let Some(user) = line.strip_prefix(b"# User ") {
            source.from = value(user);
        } else if let Some(date) = line.strip_prefix(b"# Date ") {
            source.date = value(&mercurial_date(date).unwrap_or_else(|| date.to_vec()));
        } else if !line.starts_with(b"# ") {
            source.body = span.start;
            break;
        }
    }
    source
}

/// `seconds zone`, the zone in seconds west, as git writes it.
fn mercurial_date(text: &[u8]) -> Option<Vec<u8>> {
    let (seconds, west) = std::str::from_utf8(text).ok()?.trim().split_once(' ')?;
    let (seconds, west): (u64, i64) = (seconds.parse().ok()?, west.parse().ok()?);
    let minutes = west.unsigned_abs() / 60;
    let sign = if west > 0 { '-' } else { '+' };
    Some(format!("@{seconds} {sign}{:02}{:02}", minutes / 60, minutes % 60).into_bytes())
}
