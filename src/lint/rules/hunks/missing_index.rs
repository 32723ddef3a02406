//! H006: nothing names the blobs that a diff is between.

use crate::diff::{Content, FileDiff};
use crate::finding::{About, Severity};
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};

/// Fewer digits are ambiguous in a tree as large as the kernel's.
const DIGITS: usize = 12;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "H006",
        name: "missing-index",
        severity: Severity::Info,
        summary: "Every diff has an 'index' line with ids of at least 12 digits.",
        why: "With the ids of the blobs, git am -3 can merge a patch that does not apply. Without them it can only fail, \
              and a short id may stand for several blobs by now.",
        source: "git-am(1): --3way needs the ids of the blobs; Documentation/process/submitting-patches.rst: 12 digits",
    },
    fix: None,
    good: Sample::Diff(
        "diff --git a/x.c b/x.c\nindex 0123456789ab..ba9876543210 100644\n--- a/x.c\n+++ b/x.c\n@@ -1 +1 @@\n-a\n+b\n",
    ),
    bad: Sample::Diff("--- a/x.c\n+++ b/x.c\n@@ -1 +1 @@\n-a\n+b\n"),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    let all = mail.diffs().iter().filter(|diff| matches!(diff.content, Content::Text(_)));
    let mut found = all.filter_map(|diff| digits(diff).map(|digits| (diff, digits)));
    let Some((first, digits)) = found.next() else { return };
    let more = match found.count() {
        0 => String::new(),
        count => format!(", and {count} more like it"),
    };
    let message = match digits {
        0 => format!("no 'index' line{more}"),
        _ => format!("an 'index' line with ids of {digits} digits{more}"),
    };
    notes.at(first.span.start..first.span.start, message).help("write the patch anew: kpatch export");
}

/// How many digits the shorter id has, if these are too few: none without an `index` line.
fn digits(diff: &FileDiff) -> Option<usize> {
    let digits = diff.index.as_ref().map_or(0, |(old, new)| old.len().min(new.len()));
    (digits < DIGITS).then_some(digits)
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::Files;

    #[test]
    fn one_finding_a_patch() {
        let plain = "--- a/x.c\n+++ b/x.c\n@@ -1 +1 @@\n-a\n+b\n";
        let says = |diff: &str| -> Vec<String> {
            Files::diff(diff).says("H006").into_iter().map(|judged| judged.finding.message).collect()
        };
        assert_eq!(says(&plain.repeat(3)), ["no 'index' line, and 2 more like it"]);
        let short = format!("diff --git a/x.c b/x.c\nindex 01234567..0123456 100644\n{plain}");
        assert_eq!(says(&short), ["an 'index' line with ids of 7 digits"]);
        assert!(says("diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n").is_empty());
    }
}
