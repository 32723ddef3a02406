//! P011: more than one picked commit.

use crate::finding::{About, Severity};
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "P011",
        name: "several-picks",
        severity: Severity::Info,
        summary: "The message names one picked commit.",
        why: "A patch that was picked from branch to branch names each commit on its way; the last line is the nearest. If \
              it is several commits in one, nobody can compare it with any of them.",
        source: "git-cherry-pick(1), -x",
    },
    fix: None,
    good: Sample::Message(
        "mm: fix a leak\n\nFree it.\n\n(cherry picked from commit 0123456789abcdef0123456789abcdef01234567)",
    ),
    bad: Sample::Message(
        "mm: fix a leak\n\nFree it.\n\n(cherry picked from commit 0123456789abcdef0123456789abcdef01234567)\n\
         (cherry picked from commit 89abcdef0123456789abcdef0123456789abcdef)",
    ),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    let picks = &mail.provenance.picks;
    let Some(last) = picks.last().filter(|last| picks.iter().any(|pick| pick.id != last.id)) else { return };
    let message = format!("{} picked commits; this one, the last, is taken for the source", picks.len());
    notes.at(mail.line_place(last.line), message).help("keep them all if they are the way that the patch came");
}
