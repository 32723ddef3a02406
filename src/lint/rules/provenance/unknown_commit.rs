//! P009: the linux tree lacks a commit that the message names.

use super::commits;
use crate::finding::{About, Severity};
use crate::lint::facts::PatchFacts;
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "P009",
        name: "unknown-commit",
        severity: Severity::Warning,
        summary: "The linux tree has the commits that the message says it picks, reverts or fixes.",
        why: "An id that nobody has may be mistyped, or that of a commit before a rebase. Then it leads nowhere, and what \
              upstream did to the commit later is not found.",
        source: "seed, Working with Linux kernel patches; Documentation/process/submitting-patches.rst",
    },
    fix: None,
    good: Sample::Words("a pick of a commit of the linux tree"),
    bad: Sample::Words("a pick of a commit that the linux tree has not"),
    check: Check::History(check),
};

fn check(mail: &Mail<'_>, facts: &PatchFacts, notes: &mut Notes) {
    let Some(upstream) = &facts.upstream else { return };
    let said = &mail.provenance;
    let is_elsewhere = !said.origins.is_empty() || said.header_origin || mail.settings.origin.is_some();
    for claim in upstream.claims.iter().filter(|claim| !claim.is_known) {
        let note = notes.at(mail.line_place(claim.line), "the linux tree has no such commit");
        if is_elsewhere {
            note.severity(Severity::Info).help("fetch the tree that its origin names to have it checked");
        } else {
            note.help("check the id, or say with 'Origin: <link>' which tree has it");
        }
    }
    for id in &upstream.unknown_reverts {
        let line = commits(mail, "This reverts commit ").find(|(_, known)| known.eq_ignore_ascii_case(id.as_bytes()));
        let place = line.map_or_else(|| mail.subject_place(), |(at, _)| mail.line_place(at));
        notes.at(place, "the linux tree has no such commit to revert").help("check the id");
    }
    for id in &upstream.unknown_fixes {
        let line = commits(mail, "Fixes: ").find(|(_, known)| known.eq_ignore_ascii_case(id.as_bytes()));
        let place = line.map_or_else(|| mail.subject_place(), |(at, _)| mail.line_place(at));
        notes.at(place, "the linux tree has no such commit to fix").help("check the id");
    }
}
