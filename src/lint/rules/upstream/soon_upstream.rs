//! U002: a newer release has what the patch does.

use super::named;
use crate::finding::{About, Severity};
use crate::lint::facts::PatchFacts;
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "U002",
        name: "soon-upstream",
        severity: Severity::Warning,
        summary: "No newer release of the series has the patch.",
        why: "The patch goes away at the next bump. Until then it is one more reason to make that bump.",
        source: "seed, Updating kernels: patches that upstream has are dropped",
    },
    fix: None,
    good: Sample::Words("a patch whose commit no release of the series has"),
    bad: Sample::Words("a pick of a commit that the next release of the series has"),
    check: Check::History(check),
};

fn check(mail: &Mail<'_>, facts: &PatchFacts, notes: &mut Notes) {
    let Some(found) = facts.upstream.as_ref().and_then(|upstream| upstream.in_newer.as_ref()) else { return };
    notes
        .at(mail.subject_place(), format!("{} has it: {} {}", found.until, named(found), found.how))
        .help("it goes at the next bump: kpatch bump");
}
