//! M002: no subject, or nothing is left of it.

use crate::finding::{About, Severity};
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};
use crate::lint::rules::format;
use crate::message::{Form, MessageError};
use crate::text::visible;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "M002",
        name: "missing-subject",
        severity: Severity::Error,
        summary: "The mail has a subject, and something is left of it without '[PATCH]' and 'Re:'.",
        why: "git am strips brackets and 'Re:'; where nothing is left the commit takes the first paragraph of the message \
              for its title, or has none. Then the name of the file, the search for the same commit upstream and the list \
              of the set all go by the wrong words.",
        source: "Documentation/process/submitting-patches.rst, The canonical patch format; git-mailinfo(1)",
    },
    fix: None,
    good: Sample::Header(
        "From: A U Thor <a@example.org>\nDate: Mon, 16 Nov 2020 10:11:12 +0000\nSubject: [PATCH] mm: x",
    ),
    bad: Sample::Header("From: A U Thor <a@example.org>\nDate: Mon, 16 Nov 2020 10:11:12 +0000\nSubject: [PATCH]"),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    let message = &mail.draft.message;
    let has_subject = |subject: &Option<bstr::BString>| subject.as_ref().is_some_and(|subject| !subject.is_empty());
    // `hg export` writes none; DEP-3 and web pages have a rule of their own.
    let is_other = matches!(message.form, Form::Mercurial | Form::Unknown) || format::is_page(mail);
    let is_dep3 = message.by_git.is_some() && (format::is_refused(mail) || mail.settings.profile.dep3);
    let is_unreadable = matches!(&message.subject, Err(MessageError::Charset { .. } | MessageError::Nul { .. }));
    if has_subject(&mail.by_git().header_subject) || is_other || is_dep3 || is_unreadable {
        return;
    }
    let said = mail.field("Subject").map(|field| visible(field.value.trim_ascii())).filter(|said| !said.is_empty());
    let what = match said {
        Some(said) => format!("nothing is left of the subject '{said}'"),
        None if message.by_git.is_some() => "no 'Subject:' line: git does not read 'Description:'".to_owned(),
        None => "no subject".to_owned(),
    };
    notes.at(mail.subject_place(), what).help("say in one line what the patch does: 'Subject: [PATCH] area: summary'");
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::Files;

    #[test]
    fn what_git_finds_no_subject_in() {
        let diff = "---\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n";
        for (head, fires) in [
            ("From: A <a@b.c>\nSubject: s\n\nb\n", false),
            ("From: A <a@b.c>\n\nSubject: s\n\nb\n", false),
            ("From: A <a@b.c>\n\nb\n", true),
            ("From: A <a@b.c>\nSubject: Re: [PATCH 1/2]\n\nb\n", true),
            ("From: A <a@b.c>\nDescription: s\n\nb\n", true),
            ("Author: A <a@b.c>\nDescription: s\n\nb\n", false),
            ("# HG changeset patch\n# User A <a@b.c>\n\ns\n", false),
            ("From: A <a@b.c>\nSubject: =?no-such?q?=ff?=\n\nb\n", false),
        ] {
            assert_eq!(!Files::one(format!("{head}{diff}")).says("M002").is_empty(), fires, "{head}");
        }
    }
}
