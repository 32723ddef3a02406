//! M003: a subject that no list shows whole.

use super::{WIDTH, width};
use crate::finding::{About, Severity};
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "M003",
        name: "long-subject",
        severity: Severity::Info,
        summary: "The subject of a patch of one's own has at most 75 characters.",
        why: "Lists of commits, names of files and mails cut longer ones. A patch that says where it comes from keeps the \
              subject that it has there, so that it can be found.",
        source: "Documentation/process/submitting-patches.rst, The canonical patch format",
    },
    fix: None,
    good: Sample::Message("mm: fix a leak on error\n\nFree it."),
    bad: Sample::Message(
        "mm: when the lock is taken and the page is gone the error path forgets to give the page back to its list\n\n\
         Free it.",
    ),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    let length = width(mail.subject());
    if length > WIDTH && mail.is_authored() && mail.draft.message.header_subject.is_some() {
        let message = format!("a subject of {length} characters, at most {WIDTH} are usual");
        notes.at(mail.subject_place(), message).help("say it shorter, and the rest in the message");
    }
}
