//! M005: a subject that still begins like that of a mail.

use bstr::ByteSlice as _;

use crate::finding::{About, FixClass, Severity};
use crate::lint::mail::Mail;
use crate::lint::note::{FixKind, Notes};
use crate::lint::rule::{Check, Rule, Sample};
use crate::text::visible;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "M005",
        name: "subject-prefix",
        severity: Severity::Error,
        summary: "No 'Re:', 'Fwd:' or '[PATCH]' is left of the subject once git has stripped what it strips.",
        why: "git am strips 'Re:' and '[PATCH ...]', in this spelling and in front of all else. What it leaves becomes \
              part of the title of the commit, by which nobody finds it upstream.",
        source: "git-mailinfo(1); Documentation/process/submitting-patches.rst, The canonical patch format",
    },
    fix: Some(FixClass::Safe),
    good: Sample::Header(
        "From: A <a@example.org>\nDate: Mon, 16 Nov 2020 10:11:12 +0000\nSubject: Re: [PATCH 3/9] mm: x",
    ),
    bad: Sample::Header("From: A <a@example.org>\nDate: Mon, 16 Nov 2020 10:11:12 +0000\nSubject: Re: Fwd: mm: x"),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    let Some(subject) = mail.by_git().header_subject.as_ref() else { return };
    let Some(length) = prefix(subject) else { return };
    let message = format!("'{}' is left in front of the subject", visible(subject[..length].trim_end()));
    let note = notes.at(mail.subject_place(), message);
    note.help("remove it from the 'Subject:' line");
    if let Some(edit) = mended(mail) {
        note.safe(FixKind::Edit(vec![edit]));
    }
}

/// How long the mail's own words in front of a subject are; `None` if there are none.
fn prefix(text: &[u8]) -> Option<usize> {
    for word in ["re:", "fwd:", "fw:"] {
        if text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes())) {
            return Some(word.len());
        }
    }
    let end = text.find_byte(b']').filter(|_| text.starts_with(b"["))? + 1;
    let is_patch = text[1..end].get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"patch"));
    is_patch.then_some(end)
}

/// The header's value without all of them, in the bytes of the text.
fn mended(mail: &Mail<'_>) -> Option<(std::ops::Range<usize>, Vec<u8>)> {
    let span = mail.field("Subject")?.span.clone();
    let start = span.start + mail.text[span.clone()].find_byte(b':')? + 1;
    let behind = |at: usize| at + mail.text[at..span.end].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let mut at = behind(start);
    while let Some(length) = prefix(&mail.text[at..span.end]) {
        at = behind(at + length);
    }
    (at < span.end).then(|| (start..at, b" [PATCH] ".to_vec()))
}

#[cfg(test)]
mod tests {
    use crate::finding::{FixClass, Severity};
    use crate::lint::tests::Files;
    use crate::lint::{Allowed, Settings, Subject, fix_file, rule};

    #[test]
    fn all_of_it_goes() {
        let mail = |subject: &str| {
            format!("From: A <a@b.c>\nSubject:{subject}\n\nb\n---\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n")
        };
        for (subject, mended) in [
            (" [PATCH 1/2] [patch v2]\n Fw: re: mm: x", Some(" [PATCH] mm: x")),
            (" [Patch] mm: Re: x", Some(" [PATCH] mm: Re: x")),
            (" FWD: [PATCH 1/2] mm: x", Some(" [PATCH] mm: x")),
            (" [media] mm: x", None),
            (" [patch mm: x", None),
            (" refactor: x", None),
        ] {
            let text = mail(subject);
            assert_eq!(!Files::one(text.clone()).says("M005").is_empty(), mended.is_some(), "{subject}");
            let mut settings = Settings::default();
            settings.select(rule("M005").expect("it is there"));
            let allowed = Allowed { class: FixClass::Safe, from: Severity::Info };
            let fixed = fix_file(Subject { name: "x", path: "x" }, text.as_bytes(), &settings, allowed, &|_| true);
            assert_eq!(String::from_utf8(fixed.bytes).expect("text"), mail(mended.unwrap_or(subject)));
        }
    }
}
