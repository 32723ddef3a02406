//! U001: the base has what the patch does.

use super::named;
use crate::finding::{About, Severity};
use crate::lint::facts::PatchFacts;
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "U001",
        name: "already-upstream",
        severity: Severity::Warning,
        summary: "The release that the set is for does not have the patch already.",
        why: "A patch that its base has is dead weight: at best its hunks find their lines in another place, at worst they \
              are applied a second time and nobody sees it.",
        source: "seed, Updating kernels: patches that upstream has are dropped",
    },
    fix: None,
    good: Sample::Words("a patch whose commit no release of the series has"),
    bad: Sample::Words("a pick of a commit that stable has taken before the base"),
    check: Check::History(check),
};

fn check(mail: &Mail<'_>, facts: &PatchFacts, notes: &mut Notes) {
    let Some(found) = facts.upstream.as_ref().and_then(|upstream| upstream.in_base.as_ref()) else { return };
    let note = notes.at(mail.subject_place(), format!("{} has it already: {} {}", facts.base, named(found), found.how));
    // What the base really has cannot be applied once more, as a rule.
    if facts.applied.is_ok() {
        note.help("see what is left for it to do, since it still applies, and drop it if that is nothing: kpatch drop");
    } else {
        note.help("drop it: kpatch drop");
    }
}
