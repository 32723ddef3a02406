//! F006: the line that `git format-patch` begins a file with is missing.

use crate::finding::{About, FixClass, Severity};
use crate::lint::mail::{Mail, split};
use crate::lint::note::{FixKind, Notes};
use crate::lint::rule::{Check, Rule, Sample};
use crate::message::Form;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "F006",
        name: "missing-mbox-line",
        severity: Severity::Info,
        summary: "The file begins with 'From <40 hex digits> Mon Sep 17 00:00:00 2001'.",
        why: "By this line tools tell the output of git format-patch from other mails, and a file of several patches can \
              only be cut where each has it. git am does without it, which is why this is no more than a remark.",
        source: "git-format-patch(1); git-mailsplit(1)",
    },
    fix: Some(FixClass::Safe),
    good: Sample::File(sample_mail!("From: A <a@b.c>\nSubject: s\n", "b\n", "---\n")),
    bad: Sample::File(b"From: A <a@b.c>\nSubject: s\n\nb\n---\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"),
    check: Check::Patch(check),
};

/// The id is that of no commit.
const LINE: &str = "From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001";

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    if mail.draft.message.form != Form::Mail || super::is_refused(mail) {
        return;
    }
    let mark = if mail.text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let lines = split(mail.text, mark..mail.text.len());
    let Some(first) = lines.into_iter().find(|line| !line.text.trim_ascii().is_empty()) else { return };
    if first.text.starts_with(b"From ") || first.text.starts_with(b">From ") {
        return;
    }
    let at = first.span.start;
    let line = [LINE.as_bytes(), &mail.text[first.span.end..first.end]].concat();
    notes
        .at(at..at, "no line 'From <id> Mon Sep 17 00:00:00 2001' before the header")
        .help("let git write the file: git format-patch")
        .safe(FixKind::Edit(vec![(at..at, line)]));
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::Files;

    #[test]
    fn only_a_mail_can_have_it() {
        let diff = "\n---\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n";
        for (header, fires) in [
            ("\n\nSubject: s\nFrom: A <a@b.c>\n", true),
            ("From somebody\nSubject: s\nFrom: A <a@b.c>\n", false),
            ("# HG changeset patch\n# User A <a@b.c>\n\ns\n", false),
            ("Description: s\nAuthor: A <a@b.c>\n", false),
        ] {
            assert_eq!(!Files::one(format!("{header}{diff}")).says("F006").is_empty(), fires, "{header}");
        }
    }
}
