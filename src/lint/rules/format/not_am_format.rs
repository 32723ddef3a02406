//! F001: git am refuses the file, or its author.

use std::ops::Range;

use crate::finding::{About, Severity};
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};
use crate::message::{Form, MessageError};

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "F001",
        name: "not-am-format",
        severity: Severity::Error,
        summary: "The file begins with the header of a mail that names an author: 'From: Name <mail>'.",
        why: "git am guesses what a file is by its first lines and takes the author from the mail's header. A file without \
              such a header, such as one with a header by DEP-3, ends an import with 'Patch format detection failed' or \
              'empty ident name', and the credit of its author is lost where other tools apply it.",
        source: "seed, Working with Linux kernel patches: 'git am' format; git-am(1), git-mailinfo(1)",
    },
    fix: None,
    good: Sample::Header("From: A U Thor <author@example.org>\nDate: Mon, 16 Nov 2020 10:11:12 +0000"),
    bad: Sample::Header("From: A U Thor\nDate: Mon, 16 Nov 2020 10:11:12 +0000"),
    check: Check::Patch(check),
};

/// What git would refuse.
pub(super) struct Trouble {
    place: Range<usize>,
    message: String,
    help: &'static str,
}

const AS_MAIL: &str = "let git write the file: git format-patch; or begin it with the lines 'From: Name <mail>', \
                       'Date:' and 'Subject:'";

/// What git would refuse: the format, or who wrote it.
pub(super) fn trouble(mail: &Mail<'_>) -> Option<Trouble> {
    let message = &mail.draft.message;
    let is_dep3 = message.by_git.is_some() || message.form == Form::Unknown;
    if is_dep3 && mail.settings.profile.dep3 && message.author.is_ok() && message.subject.is_ok() {
        return None;
    }
    let git = mail.by_git();
    let start = 0..0;
    if git.form == Form::Unknown {
        let message = if message.author.is_ok() {
            "a header by DEP-3, which 'git am' does not read"
        } else {
            "no header of a mail: 'git am' does not know this format"
        };
        return Some(Trouble { place: start, message: message.to_owned(), help: AS_MAIL });
    }
    match &git.author {
        Err(MessageError::NoAuthor { .. }) if message.author.is_ok() => Some(Trouble {
            place: start,
            message: "the author stands in a header by DEP-3, which 'git am' does not read".to_owned(),
            help: AS_MAIL,
        }),
        Err(error @ (MessageError::NoAuthor { .. } | MessageError::BadAddress { .. })) => {
            Some(Trouble { place: mail.place_of(error, "From"), message: error.to_string(), help: error.hint() })
        }
        _ => None,
    }
}

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    if super::is_page(mail) {
        return;
    }
    if let Some(Trouble { place, message, help }) = trouble(mail) {
        notes.at(place, message).help(help);
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::Files;
    use crate::lint::{Settings, profile};

    const DIFF: &str = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n";

    fn messages(text: &str) -> Vec<String> {
        let judged = Files::one(format!("{text}\n---\n{DIFF}")).says("F001");
        judged.into_iter().map(|judged| judged.finding.message).collect()
    }

    #[test]
    fn says_what_git_would_refuse() {
        for (text, said) in [
            ("From: A <a@b.c>\nSubject: s\n\nbody", None),
            ("Subject: s\n\nFrom: A <a@b.c>\n\nbody", None),
            ("Subject: s\n\nbody", Some("no author")),
            ("From: A\nSubject: s\n\nbody", Some("the author 'A' has no mail address")),
            ("From: <>\nSubject: s\n\nbody", Some("the author '<>' has no mail address")),
            ("just text\n\nbody", Some("no header of a mail: 'git am' does not know this format")),
            ("# HG changeset patch\n# User A <a@b.c>\n\nbody", None),
            ("Subject s\n\nFrom: A <a@b.c>\n\nbody", None),
            (
                "Description: s\nAuthor: A <a@b.c>\n",
                Some("the author stands in a header by DEP-3, which 'git am' does not read"),
            ),
            ("free text\nDescription: s\nAuthor: A <a@b.c>\n", Some("a header by DEP-3, which 'git am' does not read")),
        ] {
            assert_eq!(messages(text), said.into_iter().collect::<Vec<_>>(), "{text}");
        }
    }

    #[test]
    fn dep3_is_the_custom_of_some() {
        let file = Files::one(format!("Description: s\nAuthor: A <a@b.c>\n\n{DIFF}"));
        let debian = Settings::new(profile("debian").expect("it is there"));
        assert!(!file.fired(&debian).contains("F001"));
        assert!(file.fired(&Settings::default()).contains("F001"));
    }
}
