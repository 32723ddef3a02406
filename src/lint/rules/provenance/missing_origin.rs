//! P003: a commit that no release has, and no word of where it is.

use crate::finding::{About, Severity};
use crate::lint::facts::PatchFacts;
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "P003",
        name: "missing-origin",
        severity: Severity::Warning,
        summary: "A commit that no release has yet comes with an 'Origin:' link to its tree or its posting.",
        why: "Commits outside of the releases live in trees that are rebased and thrown away. Without a link to where it \
              was found, the id alone may soon lead nowhere.",
        source: "seed, Working with Linux kernel patches",
    },
    fix: None,
    good: Sample::Words("a pick of a commit that a release has, or one with an 'Origin:' line"),
    bad: Sample::Words("a pick of a commit that stands on a development branch only, without an 'Origin:' line"),
    check: Check::History(check),
};

fn check(mail: &Mail<'_>, facts: &PatchFacts, notes: &mut Notes) {
    let said = &mail.provenance;
    let Some(upstream) = &facts.upstream else { return };
    if !said.origins.is_empty() || said.header_origin || mail.settings.origin.is_some() {
        return;
    }
    // A commit of a branch of patches only is another rule's.
    for claim in upstream.claims.iter().filter(|claim| claim.is_known && !claim.is_released && claim.local.is_none()) {
        notes
            .at(mail.line_place(claim.line), "no release has this commit, and no 'Origin:' line says where it is")
            .help("add 'Origin: <link>' with its tree or its posting");
    }
}
