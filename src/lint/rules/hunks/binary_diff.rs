//! H008: a binary diff.

use crate::diff::Content;
use crate::finding::{About, Severity};
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "H008",
        name: "binary-diff",
        severity: Severity::Error,
        summary: "All diffs are text.",
        why: "The image build applies patches with patch, which cannot read binary diffs and stops. 'Binary files differ' \
              does not even hold the change: nobody can apply it.",
        source: "patch(1): 'git binary diffs are not supported'; LinuxKit's kernel build: patch -t -F0 -N -u -p1",
    },
    fix: None,
    good: Sample::Diff("--- a/x.c\n+++ b/x.c\n@@ -1 +1 @@\n-a\n+b\n"),
    bad: Sample::Diff(
        "diff --git a/x.bin b/x.bin\nindex 0123456..89abcde 100644\nBinary files a/x.bin and b/x.bin differ\n",
    ),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    for diff in mail.diffs() {
        let place = diff.span.start..diff.span.start;
        match diff.content {
            Content::Binary { .. } => notes
                .at(place, "a binary diff, which patch cannot apply")
                .help("leave the file out, or make it from text in the build"),
            Content::BinaryDiffers => notes
                .at(place, "says that a binary file changes, and does not hold the change")
                .help("leave the file out, or write the patch anew with git format-patch --binary"),
            Content::Unchanged | Content::Text(_) => continue,
        };
    }
}
