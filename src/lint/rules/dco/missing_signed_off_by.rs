//! D001: nobody signed off.

use crate::finding::{About, Severity};
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "D001",
        name: "missing-signed-off-by",
        severity: Severity::Error,
        summary: "The message has a line 'Signed-off-by: Name <mail>'.",
        why: "Without the Developer's Certificate of Origin nobody has said that the patch may be passed on; maintainers of \
              kernels and distributions refuse it. A sign-off is a statement by a person: no tool can make it.",
        source: "seed, Working with Linux kernel patches; Documentation/process/submitting-patches.rst, Sign your work",
    },
    fix: None,
    good: Sample::Message("mm: fix a leak\n\nFree it.\n\nSigned-off-by: A U Thor <author@example.org>"),
    bad: Sample::Message("mm: fix a leak\n\nFree it."),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    if mail.sign_offs().next().is_none() {
        notes
            .at(mail.subject_place(), "no 'Signed-off-by:' line")
            .help("ask its author for one, or sign it off yourself if you may: kpatch edit");
    }
}
