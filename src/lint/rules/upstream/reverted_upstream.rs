//! U004: upstream has taken back what the patch does.

use super::named;
use crate::finding::{About, Severity};
use crate::lint::facts::PatchFacts;
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "U004",
        name: "reverted-upstream",
        severity: Severity::Warning,
        summary: "Upstream has not reverted the commit that the patch is.",
        why: "A revert says that the change was wrong, or that something else was better. Whoever carries it on should \
              know that, and why.",
        source: "seed, Updating kernels; git-revert(1)",
    },
    fix: None,
    good: Sample::Words("a patch whose commit upstream still has"),
    bad: Sample::Words("a pick of a commit that a later commit reverts"),
    check: Check::History(check),
};

fn check(mail: &Mail<'_>, facts: &PatchFacts, notes: &mut Notes) {
    let Some(found) = facts.upstream.as_ref().and_then(|upstream| upstream.reverted_by.as_ref()) else { return };
    notes
        .at(mail.subject_place(), format!("upstream takes it back: {}, by {}", named(found), found.until))
        .help("read why, and drop it if that holds here as well: kpatch drop");
}
