//! H001: the diff cannot be read.

use crate::finding::{About, FixClass, Severity};
use crate::lint::mail::Mail;
use crate::lint::note::{FixKind, Notes};
use crate::lint::rule::{Check, Rule, Sample};
use crate::patch::{Trouble, examine, recount};
use crate::text::visible;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "H001",
        name: "unreadable-diff",
        severity: Severity::Error,
        summary: "The diff can be read, and every hunk has as many lines as its header says.",
        why: "git am refuses a diff that was edited by hand without its counts, or that lost its end; patch may stop in the \
              middle of it. The counts can be taken from the lines, if no line is missing.",
        source: "git-apply(1): --recount, 'corrupt patch at line'",
    },
    fix: Some(FixClass::Unsafe),
    good: Sample::Diff("--- a/x.c\n+++ b/x.c\n@@ -4,2 +4,3 @@\n \tlock();\n+\tnew();\n \tunlock();\n"),
    bad: Sample::Diff("--- a/x.c\n+++ b/x.c\n@@ -4,2 +4,2 @@\n \tlock();\n+\tnew();\n \tunlock();\n"),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    let Err(error) = &mail.draft.diff else { return };
    if error.trouble != Trouble::Corrupt {
        return;
    }
    // Where the text ends too early, lines are missing; new counts would only hide that.
    let is_cut = error.line >= mail.draft.line(mail.text.len());
    let fix = if is_cut { None } else { recounted(mail.text) };
    let note = notes.line(error.line, visible(error.message.as_bytes()));
    match fix {
        Some(fix) => note.help("see that no line is missing, and count the lines anew").risky(fix),
        None => note.help("restore the patch from where it came"),
    };
}

/// The edit that sets the counts of all hunks right, if the diff can be read then.
fn recounted(text: &[u8]) -> Option<FixKind> {
    let new = recount(text, usize::MAX);
    let drafts = examine("", &new).ok()?;
    if drafts.len() != 1 || drafts[0].diff.is_err() {
        return None;
    }
    let start = text.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let rest = text.len().min(new.len()) - start;
    let same = text.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    Some(FixKind::Edit(vec![(start..text.len() - same, new[start..new.len() - same].to_vec())]))
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::Files;

    const NAMES: &str = "--- a/x.c\n+++ b/x.c\n";

    #[test]
    fn a_diff_that_lost_its_end_is_not_counted_anew() {
        let judged = Files::diff(&format!("{NAMES}@@ -4,3 +4,4 @@\n \tlock();\n+\tnew();\n")).says("H001");
        assert!(judged.len() == 1 && judged[0].fix.is_none(), "{judged:#?}");
        let judged = Files::diff(&format!("{NAMES}@@ -4,3 +4,4 @@\n \tlock();\n+\tne")).says("H001");
        assert!(judged.len() == 1 && judged[0].fix.is_none());
    }

    #[test]
    fn the_line_is_that_of_the_file() {
        let hunk = "@@ -4,9 +4,9 @@\n \tlock();\n+\tnew();\n \tunlock();\n-- \n2.40.1\n\n";
        let judged = Files::diff(&format!("{NAMES}{hunk}")).says("H001");
        assert!(judged.len() == 1 && judged[0].fix.is_some(), "{judged:#?}");
        assert_eq!(judged[0].finding.source.as_deref(), Some("2.40.1"));
    }

    #[test]
    fn other_troubles_are_for_other_rules() {
        assert!(Files::diff("no diff\n").says("H001").is_empty());
        let judged = Files::diff("@@ -1,99999999999 +1 @@\n").says("H001");
        assert!(judged.is_empty(), "{judged:#?}");
        assert_eq!(Files::diff("@@ -1 +1 @@\n-a\n+b\n").says("H001").len(), 1);
    }
}
