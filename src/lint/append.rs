//! Edits that put lines behind the trailers of a message.

use std::ops::Range;

use super::mail::Mail;
use super::note::FixKind;
use crate::message::Form;

/// One replacement in the text of a patch.
type Edit = (Range<usize>, Vec<u8>);

/// The edit that puts `lines` behind the trailers, or in a paragraph of their own where there are none. `None` for a
/// text whose message is not read as that of a mail.
pub(super) fn appended(mail: &Mail<'_>, lines: &[u8]) -> Option<Edit> {
    if mail.draft.message.form != Form::Mail {
        return None;
    }
    let last = mail.body.iter().rfind(|line| !line.text.trim_ascii().is_empty());
    let last = if mail.trailers.is_empty() { last } else { mail.body.get(mail.trailers.end - 1) };
    let at = last.map_or(mail.draft.message.body_start, |line| line.end);
    let above = &mail.text[..at];
    let end: &[u8] = if above.ends_with(b"\r\n") { b"\r\n" } else { b"\n" };
    let mut new = Vec::with_capacity(lines.len() + 4);
    if !above.ends_with(b"\n") {
        new.extend_from_slice(end);
    }
    if mail.trailers.is_empty() && last.is_some() {
        new.extend_from_slice(end);
    }
    new.extend_from_slice(lines);
    new.extend_from_slice(end);
    Some((at..at, new))
}

/// The lines from `part`, put behind the trailers instead of where they stand.
pub(super) fn moved(mail: &Mail<'_>, part: Range<usize>, lines: &[u8]) -> Option<FixKind> {
    let added = appended(mail, lines)?;
    (part.end <= added.0.start).then(|| FixKind::Edit(vec![(part, Vec::new()), added]))
}

/// A line of the body with the lines that continue it, put behind the trailers. The blank line below a paragraph that
/// is no more goes with it.
pub(super) fn line_moved(mail: &Mail<'_>, at: usize) -> Option<FixKind> {
    let is_blank = |line: usize| mail.body.get(line).is_none_or(|line| line.text.trim_ascii().is_empty());
    let folded =
        |line: &usize| mail.body.get(*line).is_some_and(|line| line.text.starts_with(b" ")) && !is_blank(*line);
    let next = at + 1 + (at + 1..mail.body.len()).take_while(folded).count();
    let (first, last) = (&mail.body[at], &mail.body[next - 1]);
    let is_alone = (at == 0 || is_blank(at - 1)) && is_blank(next);
    let end = if is_alone { mail.body.get(next).map_or(last.end, |blank| blank.end) } else { last.end };
    let lines = mail.text[first.span.start..last.span.end].to_vec();
    moved(mail, first.span.start..end, &lines)
}
