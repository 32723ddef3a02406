//! H009: more than anybody reads.

use crate::diff::LineKind;
use crate::finding::{About, Severity};
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};

/// Patches that change more lines are told.
const LINES: usize = 1_000;

/// Patches of more bytes are told.
const BYTES: usize = 256 << 10;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "H009",
        name: "huge-patch",
        severity: Severity::Info,
        summary: "A patch changes at most 1,000 lines and has at most 256 KiB.",
        why: "Nobody reviews more at once, and the larger a patch is, the more often it conflicts with a new release. \
              Drivers that are added as a whole are like that.",
        source: "Documentation/process/submitting-patches.rst, Separate your changes; 16 of 2,074 real patches change more lines",
    },
    fix: None,
    good: Sample::Words("a patch that changes twelve lines"),
    bad: Sample::Words("a patch that adds the driver of a vendor"),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    let lines = mail.hunks().flat_map(|(_, _, hunk)| &hunk.lines).filter(|line| line.kind != LineKind::Context).count();
    let message = if lines > LINES {
        format!("changes {lines} lines")
    } else if mail.text.len() > BYTES {
        format!("has {} KiB", mail.text.len() >> 10)
    } else {
        return;
    };
    notes.at(mail.subject_place(), message).help("split it into steps, if it is yours to split");
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::Files;

    #[test]
    fn lines_and_bytes() {
        let says = |context: usize, added: usize, width: usize| -> Vec<String> {
            let line = "x".repeat(width);
            let (old, new) = (format!(" {line}\n").repeat(context), format!("+{line}\n").repeat(added));
            let diff = format!("--- a/x.c\n+++ b/x.c\n@@ -1,{context} +1,{} @@\n{old}{new}", context + added);
            Files::diff(&diff).says("H009").into_iter().map(|judged| judged.finding.message).collect()
        };
        assert_eq!(says(1, 1_001, 1), ["changes 1001 lines"]);
        assert!(says(3_000, 1_000, 1).is_empty());
        assert_eq!(says(3_000, 1, 100), ["has 299 KiB"]);
    }
}
