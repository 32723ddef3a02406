//! D003: the author signed off with another address.

use super::{same_mail, same_name};
use crate::finding::{About, Severity};
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};
use crate::text::visible;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "D003",
        name: "author-mail-differs",
        severity: Severity::Info,
        summary: "The author's sign-off has the address of the 'From:' line.",
        why: "People have several addresses, and nothing breaks; but tools that count or check sign-offs by address do not \
              find the author's.",
        source: "Linux, scripts/checkpatch.pl; Documentation/process/submitting-patches.rst, Sign your work",
    },
    fix: None,
    good: Sample::Message("mm: fix a leak\n\nFree it.\n\nSigned-off-by: A U Thor <Author@example.org>"),
    bad: Sample::Message("mm: fix a leak\n\nFree it.\n\nSigned-off-by: A U Thor <author@work.example.org>"),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    let Ok(author) = &mail.draft.message.author else { return };
    if mail.sign_offs().any(|(_, person)| same_mail(&person, author)) {
        return;
    }
    if let Some((line, person)) = mail.sign_offs().find(|(_, person)| same_name(person, author)) {
        let (signed, wrote) = (visible(person.email), visible(&author.email));
        notes.at(mail.body[line].span.clone(), format!("the author signed off as '{signed}' and wrote as '{wrote}'"));
    }
}
