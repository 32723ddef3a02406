//! X002: a symbolic link.

use crate::finding::{About, Severity};
use crate::git::MODE_SYMLINK;
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};
use crate::text::visible;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "X002",
        name: "symbolic-link",
        severity: Severity::Error,
        summary: "No symbolic link is made, changed or removed.",
        why: "What is written to a link lands where it points, which may be outside the tree. The kernel has few links; a \
              patch that needs one is looked at and waived.",
        source: "git-apply(1) and patch(1) refuse to write through links, after CVE-2015-1196 and CVE-2023-23946",
    },
    fix: None,
    good: Sample::Diff("diff --git a/x b/x\nnew file mode 100644\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+text\n"),
    bad: Sample::Diff(
        "diff --git a/x b/x\nnew file mode 120000\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+/etc/passwd\n\\ No newline at \
         end of file\n",
    ),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    for diff in mail.diffs() {
        let (is_old, is_new) = (diff.old_mode == Some(MODE_SYMLINK), diff.new_mode == Some(MODE_SYMLINK));
        let verb = match (is_old, is_new) {
            (false, false) => continue,
            (false, true) => "makes",
            (true, _) if diff.new_path.is_none() => "removes",
            (true, _) => "changes",
        };
        let message = format!("{verb} the symbolic link '{}'", visible(diff.path()));
        notes
            .at(diff.span.start..diff.span.start, message)
            .help("see where it points, and allow it if it stays inside the tree");
    }
}
