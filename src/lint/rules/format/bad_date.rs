//! F002: no date, or one that says nothing.

use crate::finding::{About, Severity};
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};
use crate::message::MessageError;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "F002",
        name: "bad-date",
        severity: Severity::Error,
        summary: "The mail has a date that git can read.",
        why: "git am ends with 'invalid date format' at a date that it cannot read. Without a date the commit gets the \
              time of the import: each import makes another commit, and nothing can be reproduced.",
        source: "seed, Working with Linux kernel patches: 'git am' format; git-am(1); RFC 2822, 3.3",
    },
    fix: None,
    good: Sample::Header("From: A U Thor <author@example.org>\nDate: Wed, 3 Jan 2018 09:57:30 +0000"),
    bad: Sample::Header("From: A U Thor <author@example.org>\nDate: 2019-13-45 99:99"),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    match &mail.draft.message.date {
        Err(error @ MessageError::BadDate { .. }) => {
            notes.at(mail.place_of(error, "Date"), error.to_string()).help(error.hint());
        }
        // A file that is no mail lacks more than a date.
        Ok(None) if !super::is_refused(mail) => {
            notes
                .at(mail.subject_place(), "no date")
                .help("add the line 'Date: ...' with the date of the commit that the patch comes from")
                .severity(Severity::Warning);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use crate::finding::Severity;
    use crate::lint::tests::Files;

    #[test]
    fn a_missing_date_is_no_error_and_a_bad_one_is() {
        for (date, severity) in [
            ("", Some(Severity::Warning)),
            ("Date:\n", Some(Severity::Warning)),
            ("Date: some day\n", Some(Severity::Error)),
            ("Date: Mon Sep 17 00:00:00 2001\n", None),
        ] {
            let text = format!("From: A <a@b.c>\n{date}Subject: s\n\nb\n---\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n");
            let said: Vec<_> = Files::one(text).says("F002").iter().map(|judged| judged.finding.severity).collect();
            assert_eq!(said, severity.into_iter().collect::<Vec<_>>(), "{date}");
        }
    }
}
