//! S003: a patch does not apply.

use crate::finding::{About, Severity};
use crate::lint::facts::PatchFacts;
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};
use crate::text::visible;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "S003",
        name: "does-not-apply",
        severity: Severity::Error,
        summary: "Every patch applies, in order and without fuzz, to the release that its set is for.",
        why: "The image build runs 'patch -F0' and stops at a hunk whose context is not there. After a patch that fails, \
              the ones that follow are only tried without it, so theirs is a warning.",
        source: "seed, Working with Linux kernel patches; LinuxKit's kernel build: patch -t -F0 -N -u -p1",
    },
    fix: None,
    good: Sample::Words("a patch whose hunks all find their lines in the base, or in what the patches before it made"),
    bad: Sample::Words("a patch whose context a newer release has changed"),
    check: Check::Tree(check),
};

fn check(mail: &Mail<'_>, facts: &PatchFacts, notes: &mut Notes) {
    let Err(reason) = &facts.applied else { return };
    let base = visible(facts.base.as_bytes());
    let reason = visible(reason.as_bytes());
    let note = notes.at(mail.subject_place(), format!("does not apply to {base}: {reason}"));
    match &facts.after_failure {
        Some(file) => note
            .help(format!("mend '{}' first, without which this one was tried", visible(file.as_bytes())))
            .severity(Severity::Warning),
        None => note.help("carry the set to this release: kpatch bump"),
    };
}

#[cfg(test)]
mod tests {
    use crate::finding::Severity;
    use crate::lint::rules::testing::{diff, facts, in_tree, mail};

    #[test]
    fn the_first_failure_is_the_error() {
        let patch = mail("x: fix", &diff("x.c", "@@ -1 +1 @@\n-a\n+b\n"));
        let mut facts = facts();
        assert!(in_tree("S003", &patch, &facts).is_empty());
        facts.applied = Err("x.c: hunk #1 at line 1 does not apply".to_owned());
        let judged = in_tree("S003", &patch, &facts);
        assert_eq!(judged[0].finding.message, "does not apply to v6.1.1: x.c: hunk #1 at line 1 does not apply");
        assert_eq!(judged[0].finding.severity, Severity::Error);
        facts.after_failure = Some("0001-a\n.patch".to_owned());
        let judged = in_tree("S003", &patch, &facts);
        assert_eq!(judged[0].finding.severity, Severity::Warning);
        assert!(judged[0].finding.help.as_deref().is_some_and(|help| help.contains("'0001-a\\u{a}.patch' first")));
    }
}
