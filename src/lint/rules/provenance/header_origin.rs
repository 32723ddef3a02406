//! P006: a source in the header of the mail.

use bstr::ByteSlice as _;

use crate::finding::{About, FixClass, Severity};
use crate::lint::append::moved;
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};
use crate::message::{FieldAt, trim_end};
use crate::text::visible;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "P006",
        name: "header-origin",
        severity: Severity::Warning,
        summary: "What says where a patch comes from stands in its message, not in the header of the mail.",
        why: "git am keeps author, date and subject of a header and drops every other field. After one round through a \
              branch the source is gone.",
        source: "seed, Working with Linux kernel patches; git-am(1); DEP-3 has these fields",
    },
    fix: Some(FixClass::Safe),
    good: Sample::Header(
        "From: A U Thor <author@example.org>\nDate: Mon, 16 Nov 2020 10:11:12 +0000\nForwarded: not-needed",
    ),
    bad: Sample::Header(
        "From: A U Thor <author@example.org>\nDate: Mon, 16 Nov 2020 10:11:12 +0000\n\
         Origin: https://lore.kernel.org/r/1@example.org",
    ),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    for field in mail.draft.message.fields.iter().filter(|field| is_source(field)) {
        let lines = trim_end(&mail.text[field.span.clone()]);
        let name = field.span.start..field.span.start + field.name.len();
        let message = format!("git am drops the header field '{}'", visible(&field.name));
        let note = notes.at(name, message).help("move it behind the trailers of the message");
        // An encoded word means nothing in a message.
        let is_plain = !field.value.trim().is_empty() && field.value.find(b"=?").is_none();
        if let Some(fix) = moved(mail, field.span.clone(), lines).filter(|_| is_plain) {
            note.safe(fix);
        }
    }
}

/// `Forwarded: not-needed` and its like say nothing of a source.
fn is_source(field: &FieldAt) -> bool {
    let name = field.name.to_ascii_lowercase();
    let is_address = field.value.find("://").is_some() || field.value.find("commit").is_some();
    match name.as_slice() {
        b"origin" | b"bug" => true,
        b"forwarded" | b"applied-upstream" => is_address,
        name => name.starts_with(b"bug-"),
    }
}

#[cfg(test)]
mod tests {
    use crate::finding::{FixClass, Severity};
    use crate::lint::tests::Files;
    use crate::lint::{Allowed, Settings, Subject, fix_file};

    #[test]
    fn fields_become_trailers_in_order() {
        let mail = "From: A <a@b.c>\r\nDate: Mon, 16 Nov 2020 10:11:12 +0000\r\nSubject: mm: x\r\n\
                    Origin: https://x.org/1\r\nBug: https://x.org/a\r\n b\r\n\r\nText.\r\n---\r\n\r\n\
                    diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n";
        let mut settings = Settings::default();
        settings.select(crate::lint::rule("P006").expect("it is there"));
        let allowed = Allowed { class: FixClass::Safe, from: Severity::Info };
        let subject = Subject { name: "x.patch", path: "x.patch" };
        let fixed = fix_file(subject, mail.as_bytes(), &settings, allowed, &|_| true);
        assert_eq!(fixed.fixed.len(), 2);
        let text = String::from_utf8(fixed.bytes).expect("text");
        let (header, body) = text.split_once("\r\n\r\n").expect("a body");
        assert!(header.ends_with("Subject: mm: x"));
        assert!(body.starts_with("Text.\r\n\r\nOrigin: https://x.org/1\r\nBug: https://x.org/a\r\n b\r\n---\r\n"));
    }

    #[test]
    fn what_cannot_be_moved_is_told_only() {
        let header = "From: A <a@b.c>\nDate: Mon, 16 Nov 2020 10:11:12 +0000\nSubject: x";
        for field in ["Origin: =?UTF-8?q?=C3=A4?=", "Origin:"] {
            let judged = Files::one(format!("{header}\n{field}\n\nText.\n---\n\ndiff --git a/x b/x\n")).says("P006");
            assert_eq!(judged.len(), 1);
            assert!(judged[0].fix.is_none());
        }
    }
}
