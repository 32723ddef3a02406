//! F007: what was pasted from a web page, or from a mail program.

use std::ops::Range;

use bstr::ByteSlice as _;

use crate::finding::{About, Severity};
use crate::lint::mail::{Mail, split};
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "F007",
        name: "pasted-patch",
        severity: Severity::Error,
        summary: "The patch is the mail itself, not a copy of what a web page or a mail program showed of it.",
        why: "A page shows a mail with other bytes: addresses are hidden or written in HTML, blanks at line ends are gone, \
              lines are wrapped, '=' is written '=3D'. git am may well take the rest, and then makes a commit by nobody, \
              without a subject; the diff applies to nothing, or only to something like what it was made for.",
        source: "seed, Working with Linux kernel patches: 'git am' format; git-mailinfo(1); RFC 2045, 6.7",
    },
    fix: None,
    good: Sample::Header("From: A U Thor <author@example.org>\nDate: Mon, 16 Nov 2020 10:11:12 +0000"),
    bad: Sample::File(
        b"From: A U Thor @ 2022-01-29  1:02 UTC (permalink / raw)\n  To: A Maintainer; +Cc: linux-kernel\n\n\
          Fix a build.\n\ndiff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n",
    ),
    check: Check::Patch(check),
};

/// A header has no more lines than this before anybody looks for a blank one.
const HEADER: usize = 200;

const RAW: &str = "get the mail itself: the link 'raw' of the page, or 'b4 am <message id>'";
const AGAIN: &str = "get the mail as it was sent, not as a program shows it: 'b4 am <message id>', or save its source";

/// What gives a copy away.
struct Sign {
    place: Range<usize>,
    message: String,
    help: &'static str,
}

/// True if the patch is no mail but a copy of what something showed of it.
pub(in crate::lint::rules) fn is_page(mail: &Mail<'_>) -> bool {
    sign(mail).is_some()
}

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    if let Some(Sign { place, message, help }) = sign(mail) {
        notes.at(place, message).help(help);
    }
}

fn sign(mail: &Mail<'_>) -> Option<Sign> {
    archive(mail).or_else(|| entity(mail)).or_else(|| quoted_printable(mail))
}

/// The header as the web page of an archive shows it, or the page itself.
fn archive(mail: &Mail<'_>) -> Option<Sign> {
    let mut lines = split(mail.text, 0..mail.text.len())
        .skip_while(|line| line.text.trim_ascii().is_empty())
        .take_while(|line| !line.text.trim_ascii().is_empty())
        .take(HEADER)
        .enumerate();
    lines.find_map(|(number, line)| {
        let text = line.text.trim();
        let starts = |word: &[u8]| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        let is_html = number == 0 && (starts(b"<!doctype html") || starts(b"<html"));
        let is_shown = text.ends_with(b"(permalink / raw)") || (starts(b"From: ") && is_shown_from(text));
        let (message, help) = if is_html || is_shown {
            ("a web page, not a mail", RAW)
        } else if line.text.starts_with(b">From ") {
            ("'>From ' in the header: a mail inside another one, or one that a mail program has changed", AGAIN)
        } else {
            return None;
        };
        Some(Sign { place: line.span, message: message.to_owned(), help })
    })
}

/// `From: Name @ 2022-01-29  1:02 UTC`: a date where the address was.
fn is_shown_from(text: &[u8]) -> bool {
    text.split_once_str(" @ ").is_some_and(|(_, date)| {
        let shape = date.iter().take(10).map(|byte| if byte.is_ascii_digit() { b'0' } else { *byte });
        shape.eq(b"0000-00-00".iter().copied()) && date.contains_str(" UTC")
    })
}

/// `&lt;` and its like where an address stands.
fn entity(mail: &Mail<'_>) -> Option<Sign> {
    mail.head().find_map(|line| {
        let starts = |name: &[u8]| line.text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
        let has_person = starts(b"From:") || starts(b"Signed-off-by:");
        let entity =
            ["&lt;", "&gt;", "&amp;"].into_iter().find(|entity| has_person && line.text.contains_str(entity))?;
        Some(Sign { place: line.span, message: format!("'{entity}' in an address: text of a web page"), help: RAW })
    })
}

/// Quoted-printable text in a mail that does not say so: there `=` only stands before a code or a line end.
fn quoted_printable(mail: &Mail<'_>) -> Option<Sign> {
    let message = &mail.draft.message;
    let start = message.boundary?.offset;
    if message.decoded.is_some() {
        return None;
    }
    let text = &mail.text[start..];
    let (mut first, mut count, mut is_sure) = (None, 0, false);
    for at in text.find_iter(b"=") {
        let rest = &text[at + 1..];
        let ends = |rest: &[u8]| matches!(rest, [] | [b'\n', ..] | [b'\r', b'\n', ..]);
        let is_alone = at == 0 || text[at - 1] == b'\n';
        let (is_code, tells) = match rest {
            [b'3', b'D', ..] => (true, true),
            [b'2', b'0', rest @ ..] | [b'0', b'9', rest @ ..] if ends(rest) => (true, is_alone),
            [b'8'..=b'9' | b'A'..=b'F', b'0'..=b'9' | b'A'..=b'F', ..] => (true, false),
            rest => (ends(rest), false),
        };
        if !is_code {
            return None;
        }
        (count, is_sure) = (count + 1, is_sure || tells);
        first.get_or_insert(start + at);
    }
    let first = first.filter(|_| count >= 2 && is_sure)?;
    let message = "quoted-printable text, such as '=3D', in a mail that does not say so".to_owned();
    Some(Sign { place: first..first + 1, message, help: AGAIN })
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::Files;

    fn said(text: &str) -> Vec<String> {
        Files::one(text).says("F007").into_iter().map(|judged| judged.finding.message).collect()
    }

    #[test]
    fn a_page_of_an_archive_is_told_whatever_its_diff_is_like() {
        let page = "From: A U Thor @ 2022-01-29  1:02 UTC (permalink / raw)\n  To: A Maintainer; +Cc: stable\n\n\
            Fix a build.\n\nSigned-off-by: A U Thor <author@example.org>\n---\n x | 2 +-\n\n\
            diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,7 +1,9 @@ int x(void)\n a\n-b\n";
        let file = Files::one(page);
        let said = file.says("F007");
        assert_eq!((said.len(), said[0].finding.line), (1, Some(1)));
        assert_eq!(said[0].finding.message, "a web page, not a mail");
        assert!(said[0].finding.help.as_ref().is_some_and(|help| help.contains("raw") && help.contains("b4 am")));
        // One cause, one error.
        for other in ["F001", "F002", "M002"] {
            assert!(file.says(other).is_empty(), "{other}");
        }
        assert_eq!(Files::one("<!DOCTYPE html>\n<html>\n<body>x\n").says("F007").len(), 1);
        assert_eq!(Files::one(">From x Mon Sep 17 00:00:00 2001\nFrom: A <a@b.c>\n\nb\n").says("F007").len(), 1);
    }

    #[test]
    fn addresses_of_a_page() {
        for (text, fires) in [
            ("From: A &lt;a@b.c&gt;\nSubject: s\n\nb\n", true),
            ("From: A <a@b.c>\nSubject: s\n\nSigned-off-by: A &lt;a@b.c&gt;\n", true),
            ("From: A <a@b.c>\nSubject: &lt; in docs\n\nuse &amp; there\n", false),
            ("From: A <a@b.c>\nSubject: s\n\nsee (permalink / raw)\n", false),
        ] {
            assert_eq!(!said(text).is_empty(), fires, "{text}");
        }
    }

    #[test]
    fn quoted_printable_is_told_from_code() {
        for (lines, fires) in [
            ("+a =3D b;\n+c =3D=\n d;\n", true),
            ("=20\n+a =3D b;\n", true),
            ("-CONFIG_X=20\n+CONFIG_X=18\n", false),
            ("-CONFIG_X=20\n+CONFIG_X=20\n", false),
            ("-CONFIG_X=80\n+CONFIG_X=90\n", false),
            ("+int x =\n+int y =\n", false),
            ("+a =3D b; c = d\n", false),
            ("+a =3D b\n", false),
        ] {
            let text = format!("From: A <a@b.c>\nSubject: s\n\nb\n---\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n{lines}");
            assert_eq!(!said(&text).is_empty(), fires, "{lines}");
        }
    }
}
