//! D002: others signed off, the author did not.

use super::{same_mail, same_name};
use crate::finding::{About, Severity};
use crate::lint::mail::{Mail, Person};
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};
use crate::text::visible;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "D002",
        name: "author-not-signed-off",
        severity: Severity::Warning,
        summary: "One of the sign-offs is the author's, by address or by name.",
        why: "Who wrote a patch says first that it may be passed on; who carried it can only say that it came to them. \
              Where that line is missing the author may be the wrong one: an import took who sent the mail for who wrote it.",
        source: "Documentation/process/submitting-patches.rst, Sign your work; Linux, scripts/checkpatch.pl",
    },
    fix: None,
    good: Sample::Message("mm: fix a leak\n\nFree it.\n\nSigned-off-by: A U Thor <other@example.org>"),
    bad: Sample::Message("mm: fix a leak\n\nFree it.\n\nSigned-off-by: C Arrier <carrier@example.org>"),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    let Ok(author) = &mail.draft.message.author else { return };
    let mut signed = mail.sign_offs();
    let Some((first, person)) = signed.next() else { return };
    let is_author = |person: &Person<'_>| same_mail(person, author) || same_name(person, author);
    if !is_author(&person) && !signed.any(|(_, person)| is_author(&person)) {
        let message = format!("no 'Signed-off-by:' line of the author, {}", visible(&author.name));
        notes.at(mail.body[first].span.clone(), message).help(
            "put the author's sign-off before the others, as it stands where the patch comes from; \
             or name who wrote it in 'From:'",
        );
    }
}
