//! U005: a copy of a commit that does not say so.

use super::named;
use crate::finding::{About, FixClass, Severity};
use crate::lint::append::appended;
use crate::lint::facts::{Found, PatchFacts};
use crate::lint::mail::Mail;
use crate::lint::note::{FixKind, Notes};
use crate::lint::rule::{Check, Rule, Sample};

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "U005",
        name: "unmarked-copy",
        severity: Severity::Error,
        summary: "A copy of a commit of the linux tree names that commit.",
        why: "The patch has a source, and its message has lost it: nobody will notice that a release has it, that a fix \
              follows, or that it was reverted. A commit of the same title may be another change, so that is a warning \
              only.",
        source: "seed, Working with Linux kernel patches: -x",
    },
    fix: Some(FixClass::Unsafe),
    good: Sample::Words("a patch that no commit of the linux tree makes"),
    bad: Sample::Words(
        "a patch that makes the same change as a commit of a newer release, without '(cherry picked from commit …)'",
    ),
    check: Check::History(check),
};

fn check(mail: &Mail<'_>, facts: &PatchFacts, notes: &mut Notes) {
    let Some(found) = facts.upstream.as_ref().and_then(|upstream| upstream.copy_of.as_ref()) else { return };
    if !mail.provenance.is_empty() {
        return;
    }
    let message = format!("it names no source, but {} of {} {}", named(found), found.until, found.how);
    let note = notes.at(mail.subject_place(), message);
    note.help(format!("add '(cherry picked from commit {})'", found.commit));
    if found.how == Found::SAME_TITLE {
        note.severity(Severity::Warning);
    }
    let line = format!("(cherry picked from commit {})", found.commit);
    if let Some(edit) = appended(mail, line.as_bytes()) {
        note.risky(FixKind::Edit(vec![edit]));
    }
}
