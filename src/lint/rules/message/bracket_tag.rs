//! M006: a tag in brackets that plain git am takes away.

use bstr::ByteSlice as _;

use crate::finding::{About, Severity};
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};
use crate::text::visible;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "M006",
        name: "bracket-tag",
        severity: Severity::Info,
        summary: "No tag in brackets, such as '[media]', stands in front of the subject.",
        why: "git am strips all brackets in front of a subject unless it is told otherwise, so that two imports of the same \
              file may have different titles. kpatch keeps them, as git am --keep-non-patch does.",
        source: "git-am(1), --keep-non-patch; git-mailinfo(1), -b",
    },
    fix: None,
    good: Sample::Header(
        "From: A <a@example.org>\nDate: Mon, 16 Nov 2020 10:11:12 +0000\nSubject: [PATCH net-next] mm: x",
    ),
    bad: Sample::Header(
        "From: A <a@example.org>\nDate: Mon, 16 Nov 2020 10:11:12 +0000\nSubject: [PATCH] [media] mm: x",
    ),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    let Some(subject) = mail.by_git().header_subject.as_ref().filter(|subject| subject.starts_with(b"[")) else {
        return;
    };
    let Some(end) = subject.find_byte(b']') else { return };
    let (tag, rest) = subject.split_at(end + 1);
    // `[patch]` is another rule's.
    let is_patch = tag.get(1..6).is_some_and(|start| start.eq_ignore_ascii_case(b"patch"));
    if !is_patch && !rest.trim().is_empty() {
        let message = format!("'{}' in front of the subject: plain 'git am' strips it", visible(tag));
        notes.at(mail.subject_place(), message).help("import it with: git am --keep-non-patch");
    }
}
