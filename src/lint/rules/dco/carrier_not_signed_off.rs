//! D004: who picked the patch did not sign off.

use crate::finding::{About, Severity};
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "D004",
        name: "carrier-not-signed-off",
        severity: Severity::Warning,
        summary: "A sign-off follows the line that says where the patch was picked from.",
        why: "Everybody who passes a patch on adds a sign-off at the end, so that the lines tell its way. The stable list \
              asks for the one of whoever sends the copy; sets of distributions mostly go without, so the rule is off \
              there.",
        source: "Documentation/process/submitting-patches.rst, Sign your work; stable-kernel-rules.rst",
    },
    fix: None,
    good: Sample::Message(
        "mm: fix a leak\n\nFree it.\n\nSigned-off-by: A U Thor <author@example.org>\n\
         (cherry picked from commit 0123456789abcdef0123456789abcdef01234567)\n\
         Signed-off-by: C Arrier <carrier@example.org>",
    ),
    bad: Sample::Message(
        "mm: fix a leak\n\nFree it.\n\nSigned-off-by: A U Thor <author@example.org>\n\
         (cherry picked from commit 0123456789abcdef0123456789abcdef01234567)",
    ),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    let picks = mail.provenance.picks.iter().chain(&mail.provenance.backports).map(|pick| pick.line);
    let Some(last) = picks.max() else { return };
    if mail.sign_offs().all(|(line, _)| line < last) {
        notes
            .at(mail.body[last].span.clone(), "no 'Signed-off-by:' line after the one that says what was picked")
            .help("add your own if you may pass the patch on: git cherry-pick -x --signoff");
    }
}
