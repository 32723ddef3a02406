//! P012: a source that only a branch of patches has.

use crate::finding::{About, Severity};
use crate::lint::facts::PatchFacts;
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};
use crate::text::visible;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "P012",
        name: "local-commit",
        severity: Severity::Warning,
        summary: "A picked commit is one that others have, not one of a '-linuxkit' branch.",
        why: "The branches of patches are made anew at every bump, on every machine by itself. An id from one of them \
              means nothing to anybody else.",
        source: "seed, Working with Linux kernel patches; git-cherry-pick(1): -x is for commits that are public",
    },
    fix: None,
    good: Sample::Words("a pick of a commit of a release"),
    bad: Sample::Words("a pick of a commit that only the branch v6.6.13-linuxkit has"),
    check: Check::History(check),
};

fn check(mail: &Mail<'_>, facts: &PatchFacts, notes: &mut Notes) {
    let Some(upstream) = &facts.upstream else { return };
    for claim in &upstream.claims {
        let Some(branch) = &claim.local else { continue };
        let message = format!("only the branch {} has this commit", visible(branch.as_bytes()));
        notes
            .at(mail.line_place(claim.line), message)
            .help("name the commit that the one of the branch was picked from");
    }
}
