//! Gives a patch file another message and keeps the rest of its bytes.

use bstr::ByteSlice as _;

use super::header::{Commit, header};
use crate::message::{Time, trim_line_end};
use crate::patch::{Patch, read};

/// The bytes of `patch` with another message: subject, empty line, body, as `git commit -F` reads it.
///
/// The other lines of the mail header stay, and so does all from the `---` line on. Where the header is of a kind that
/// cannot say the message (another character set, no mail at all), it is written anew. `date` is that of a patch
/// without one. `None` if no patch file can hold the message.
pub fn reword(patch: &Patch, message: &[u8], date: Time) -> Option<Vec<u8>> {
    let author = &patch.message.author;
    let fresh = header(&Commit { author, date: patch.message.date.unwrap_or(date), message });
    let rest = &patch.text()[patch.layout.head.end..];
    let separator = separator(patch);
    let kept = spliced(patch, &fresh);
    [kept, Some(fresh)].into_iter().flatten().map(|head| [&head, separator, rest].concat()).find(|text| {
        let same = |other: &Patch| {
            let diff = |patch: &Patch| patch.text()[patch.layout.diff.clone()].to_vec();
            let dates = patch.message.date.is_none() || other.message.date == patch.message.date;
            other.message.author == *author && dates && diff(other) == diff(patch)
        };
        read(&patch.file, text).is_ok_and(|read| matches!(read.as_slice(), [one] if same(one) && says(one, message)))
    })
}

/// True if the patch has the message, as far as white space does not count.
fn says(patch: &Patch, message: &[u8]) -> bool {
    let words = |text: &[u8]| text.fields().collect::<Vec<_>>().join(&b' ');
    words(&patch.message.to_commit_message()) == words(message)
}

/// The line between message and diffstat; a patch without one gets none.
fn separator(patch: &Patch) -> &[u8] {
    let head = &patch.text()[patch.layout.head.clone()];
    let last = head.lines_with_terminator().next_back().unwrap_or_default();
    if trim_line_end(last) == b"---" { last } else { b"" }
}

/// The old mail header with the subject of the new one, and the new body.
fn spliced(patch: &Patch, fresh: &[u8]) -> Option<Vec<u8>> {
    let head = &patch.text()[patch.layout.head.clone()];
    let (old_fields, _) = split_header(head)?;
    let (fields, body) = split_header(fresh)?;
    let field = |fields: &[&[u8]], name: &str| fields.iter().filter(|field| is(field, name)).count();
    if field(&old_fields, "subject:") != 1 {
        return None;
    }
    let is_crlf = head.lines_with_terminator().next().is_some_and(|line| line.ends_with(b"\r\n"));
    let as_old = |text: &[u8]| if is_crlf { text.replace(b"\n", b"\r\n") } else { text.to_vec() };
    let mut out = Vec::new();
    for old in &old_fields {
        if !is(old, "subject:") {
            out.extend_from_slice(old);
            continue;
        }
        let mime = |new: &&&[u8]| {
            field(&old_fields, "content-type:") == 0 && (is(new, "mime-version:") || is(new, "content-"))
        };
        let subject = fields.iter().filter(|new| is(new, "subject:"));
        let more = fields.iter().filter(mime);
        subject.chain(more).for_each(|new| out.extend_from_slice(&as_old(new)));
    }
    out.extend_from_slice(&as_old(b"\n"));
    out.extend_from_slice(&as_old(body));
    Some(out)
}

fn is(field: &[u8], name: &str) -> bool {
    field.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
}

/// The fields of a mail header, each with its continuation lines, and what follows the empty line.
fn split_header(text: &[u8]) -> Option<(Vec<&[u8]>, &[u8])> {
    let mut fields: Vec<&[u8]> = Vec::new();
    let (mut start, mut at) = (0, 0);
    for line in text.lines_with_terminator() {
        let continues = matches!(line[0], b' ' | b'\t');
        if !continues && at > start {
            fields.push(&text[start..at]);
            start = at;
        }
        if trim_line_end(line).is_empty() {
            return Some((fields, &text[at + line.len()..]));
        }
        at += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIFF: &str = " f | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)\n\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-1\n+2\n-- \n2.40\n";

    fn reworded(head: &str, message: &str) -> String {
        let text = format!("{head}{DIFF}");
        let patch = read("x.patch", text.as_bytes()).expect("a patch").remove(0);
        let new = reword(&patch, message.as_bytes(), Time { seconds: 0, offset: 0 }).expect("a message that fits");
        String::from_utf8(new).expect("UTF-8")
    }

    #[test]
    fn the_header_keeps_its_other_lines() {
        let old = "From 0123 Mon Sep 17 00:00:00 2001\nMessage-Id: <x@y>\nFrom: A <a@b.c>\nSubject: [PATCH 3/7] old\n one\nX-Other: 1\n\nbody\n---\nnote\n";
        assert_eq!(
            reworded(old, "new\n\nbody: two\n#include <x>\n\nSigned-off-by: A <a@b.c>\n"),
            format!(
                "From 0123 Mon Sep 17 00:00:00 2001\nMessage-Id: <x@y>\nFrom: A <a@b.c>\nSubject: new\nX-Other: 1\n\nbody: two\n#include <x>\n\nSigned-off-by: A <a@b.c>\n---\nnote\n{DIFF}"
            )
        );
        let umlauts = reworded(old, "größer\n");
        assert!(
            umlauts.contains("Subject: größer\nMIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n"),
            "{umlauts}"
        );
    }

    #[test]
    fn a_header_that_cannot_say_it_is_written_anew() {
        let old = "From: A <a@b.c>\nContent-Type: text/plain; charset=iso-8859-1\nSubject: old\n\nbody\n---\n";
        let new = reworded(old, "new\n\ngrößer\n");
        assert!(new.contains("charset=UTF-8") && new.contains("From: A <a@b.c>\n"), "{new}");
        let debian = "Description: old\n more\nAuthor: A <a@b.c>\n\n---\n";
        let new = reworded(debian, "new\n\nbody\n");
        assert!(new.contains("Subject: new\n\nbody\n---\n"), "{new}");
    }

    #[test]
    fn a_message_that_would_end_early_does_not_fit() {
        let text = format!("From: A <a@b.c>\nSubject: old\n\nbody\n---\n{DIFF}");
        let patch = read("x.patch", text.as_bytes()).expect("a patch").remove(0);
        let date = Time { seconds: 0, offset: 0 };
        assert_eq!(reword(&patch, b"new\n\nbody\n---\nmore\n", date), None);
        assert_eq!(reword(&patch, b"new\n\nFrom: B <b@b.c>\n", date), None);
    }
}
