//! U003: upstream has mended what the patch does.

use super::named;
use crate::finding::{About, Severity};
use crate::lint::facts::PatchFacts;
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "U003",
        name: "missing-fix",
        severity: Severity::Info,
        summary: "No later commit says that it fixes the commit that the patch is.",
        why: "A fix of the patched commit is a bug that upstream knows of. A set with the one and not the other has that \
              bug until somebody notices.",
        source: "Documentation/process/submitting-patches.rst, Fixes:",
    },
    fix: None,
    good: Sample::Words("a patch whose commit nobody had to fix"),
    bad: Sample::Words("a pick of a commit that a later commit names in its 'Fixes:' line"),
    check: Check::History(check),
};

fn check(mail: &Mail<'_>, facts: &PatchFacts, notes: &mut Notes) {
    for found in facts.upstream.iter().flat_map(|upstream| &upstream.fixed_by) {
        notes
            .at(
                mail.subject_place(),
                format!("a later commit fixes what it does: {}, by {}", named(found), found.until),
            )
            .help(format!("carry the fix as well: kpatch add {}", found.commit));
    }
}
