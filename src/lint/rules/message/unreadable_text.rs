//! M014: text that is not in the character set that it says, or in none.

use std::ops::Range;

use bstr::ByteSlice as _;

use crate::finding::{About, FixClass, Severity};
use crate::lint::mail::Mail;
use crate::lint::note::{FixKind, Notes};
use crate::lint::rule::{Check, Rule, Sample};
use crate::message::MessageError;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "M014",
        name: "unreadable-text",
        severity: Severity::Error,
        summary: "Header and message are UTF-8, or in the character set that the mail names; no NUL, no byte order mark.",
        why: "git takes bytes that are no UTF-8 for Latin-1, other tools for something else: names of people get lost, the \
              sign-off's too. A NUL ends a commit message, and git am stops at a character set that it does not know.",
        source: "git-mailinfo(1); git-commit(1), Discussion; Linux, scripts/checkpatch.pl (INVALID_UTF8)",
    },
    fix: Some(FixClass::Safe),
    good: Sample::Header("From: =?UTF-8?q?J=C3=B6rg?= <j@example.org>\nDate: Mon, 16 Nov 2020 10:11:12 +0000"),
    bad: Sample::File(
        b"From: J\xf6rg <j@example.org>\nDate: Mon, 16 Nov 2020 10:11:12 +0000\nSubject: s\n\nb\n\
          Signed-off-by: J\xf6rg <j@example.org>\n---\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n",
    ),
    check: Check::Patch(check),
};

const MARK: &[u8] = b"\xef\xbb\xbf";

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    if mail.text.starts_with(MARK) {
        notes
            .at(0..MARK.len(), "a byte order mark before the header: 'git am' knows no such mail")
            .help("remove it")
            .safe(FixKind::Edit(vec![(0..MARK.len(), Vec::new())]));
    }
    let message = &mail.draft.message;
    let errors = [message.trouble.as_ref(), message.author.as_ref().err(), message.subject.as_ref().err()];
    let mut said = Vec::new();
    for error in errors.into_iter().chain([message.date.as_ref().err()]).flatten() {
        let is_text = matches!(error, MessageError::Charset { .. } | MessageError::Nul { .. });
        if is_text && !said.contains(&error.offset()) {
            said.push(error.offset());
            notes.at(mail.place_of(error, "Content-Type"), error.to_string()).help(error.hint());
        }
    }
    let raw = raw(mail);
    if let Some(first) = raw.first() {
        let edits = raw.iter().map(|range| (range.clone(), latin1(&mail.text[range.clone()])));
        notes
            .at(first.clone(), "text that is not UTF-8, and no character set is named for it")
            .help("save the file in UTF-8; git takes these bytes for Latin-1")
            .safe(FixKind::Edit(edits.collect()));
    }
}

/// Bytes of the header, or of a message without another character set, that are no UTF-8.
fn raw(mail: &Mail<'_>) -> Vec<Range<usize>> {
    let message = &mail.draft.message;
    let end = message.boundary.map_or(mail.draft.layout.head.end, |boundary| boundary.offset);
    let names_other = |value: &[u8]| {
        let value = value.to_ascii_lowercase();
        value.contains_str("charset") && !value.contains_str("utf-8") && !value.contains_str("utf8")
    };
    let is_named = mail.field("Content-Type").is_some_and(|field| names_other(&field.value));
    let header = message.fields.last().map_or(0, |field| field.span.end);
    let end = if is_named { header.min(end) } else { end };
    let mut at = 0;
    let mut out = Vec::new();
    for chunk in mail.text[..end].utf8_chunks() {
        at += chunk.valid().len();
        if !chunk.invalid().is_empty() {
            out.push(at..at + chunk.invalid().len());
        }
        at += chunk.invalid().len();
    }
    out
}

fn latin1(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|&byte| char::from(byte)).collect::<String>().into_bytes()
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::Files;

    const DIFF: &[u8] = b"---\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\xe9\n+b\n";

    fn says(head: &[u8]) -> Vec<String> {
        let said = Files::one([head, DIFF].concat()).says("M014");
        said.into_iter().map(|judged| judged.finding.message).collect()
    }

    #[test]
    fn what_is_unreadable() {
        let none = "text that is not UTF-8, and no character set is named for it";
        for (head, said) in [
            (&b"From: A <a@b.c>\nSubject: s\n\nb\n"[..], vec![]),
            (b"From: A <a@b.c>\nSubject: s\n\nb\xe9\n", vec![none]),
            (b"From: A <a@b.c>\nContent-Type: text/plain; charset=iso-8859-1\nSubject: s\n\nb\xe9\n", vec![]),
            (b"From: A\xe9 <a@b.c>\nContent-Type: text/plain; charset=iso-8859-1\nSubject: s\n\nb\n", vec![none]),
            (b"From: A <a@b.c>\nSubject: s\n\nb\0\n", vec!["a NUL byte in the message"]),
            (
                b"From: A <a@b.c>\nSubject: =?no-such?q?=ff?=\n\nb\n",
                vec!["text that is not in the character set 'no-such' that it names"],
            ),
            (
                b"\xef\xbb\xbfFrom: A <a@b.c>\nSubject: s\n\nb\n",
                vec!["a byte order mark before the header: 'git am' knows no such mail"],
            ),
        ] {
            assert_eq!(says(head), said, "{}", String::from_utf8_lossy(head));
        }
    }
}
