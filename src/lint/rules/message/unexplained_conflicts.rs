//! M011: conflicts are named, not explained.

use crate::finding::{About, Severity};
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};
use crate::lint::trailer;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "M011",
        name: "unexplained-conflicts",
        severity: Severity::Info,
        summary: "A list of conflicts comes with a note on how they were resolved: '[name: the context differs]'.",
        why: "Names of files do not tell whoever picks the patch next what was decided there, nor whether the result still \
              does what the original does.",
        source: "Documentation/process/backporting.rst; stable-kernel-rules.rst: deviations are to be documented",
    },
    fix: None,
    good: Sample::Message("mm: fix a leak\n\nFree it.\n\nConflicts:\n\tmm/page.c\n[me: the lock has another name]"),
    bad: Sample::Message("mm: fix a leak\n\nFree it.\n\nConflicts:\n\tmm/page.c"),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    let said: Vec<usize> = mail.provenance.stable.iter().map(|pick| pick.line).collect();
    let Some(first) = mail.body.iter().find(|line| trailer::is_conflicts(line.text)) else { return };
    let is_note = |at| trailer::note_end(&mail.body, at).is_some() && !said.contains(&at);
    if !(0..mail.body.len()).any(is_note) {
        notes
            .at(first.span.clone(), "conflicts without a note on how they were resolved")
            .help("say it in brackets, before your sign-off: [name: what was changed and why]");
    }
}
