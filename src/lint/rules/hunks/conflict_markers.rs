//! H003: the patch adds conflict markers.

use crate::finding::{About, Severity};
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "H003",
        name: "conflict-markers",
        severity: Severity::Error,
        summary: "No added lines are the markers of a conflict.",
        why: "A conflict was committed instead of resolved: the file does not compile, or where nobody compiles it, both \
              sides stand in it.",
        source: "git-merge(1), How conflicts are presented; a '=======' alone underlines a heading in many documents",
    },
    fix: None,
    good: Sample::Diff("--- a/x.rst\n+++ b/x.rst\n@@ -1,1 +1,3 @@\n+Heading\n+=======\n text\n"),
    bad: Sample::Diff(
        "--- a/x.c\n+++ b/x.c\n@@ -1,1 +1,6 @@\n+<<<<<<< HEAD\n+old();\n+=======\n+new();\n+>>>>>>> mm: fix a leak\n \
         x();\n",
    ),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    let mut begun: Option<(usize, usize, usize)> = None;
    let mut said = None;
    for (place, line) in mail.added() {
        if begun.is_some_and(|(diff, ..)| diff != place.0) {
            begun = None;
        }
        if line.starts_with(b"<<<<<<< ") {
            begun.get_or_insert(place);
        } else if line.starts_with(b">>>>>>> ")
            && let Some(first) = begun.filter(|_| said != Some(place.0))
        {
            said = Some(place.0);
            notes.at(mail.place(first), "a conflict marker is added").help("resolve the conflict: kpatch edit");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::Files;

    #[test]
    fn both_ends_must_be_added() {
        let says = |hunk: &str| Files::diff(&format!("--- a/x\n+++ b/x\n{hunk}")).says("H003").len();
        assert_eq!(says("@@ -1,1 +1,3 @@\n+<<<<<<< HEAD\n a\n+>>>>>>> x\n"), 1);
        assert_eq!(says("@@ -1,1 +1,3 @@\n+    <<<<<<< HEAD\n a\n+    >>>>>>> x\n"), 0);
        assert_eq!(says("@@ -1,1 +1,2 @@\n+<<<<<<< HEAD\n a\n"), 0);
        assert_eq!(says("@@ -1,1 +1,2 @@\n+>>>>>>> HEAD\n a\n"), 0);
        assert_eq!(says("@@ -1,3 +1,1 @@\n-<<<<<<< HEAD\n a\n->>>>>>> x\n"), 0);
        assert_eq!(says("@@ -1,1 +1,3 @@\n+<<<<<<<< HEAD\n a\n+>>>>>>>> x\n"), 0);
        let two = "@@ -1,1 +1,5 @@\n+<<<<<<< a\n a\n+>>>>>>> x\n+<<<<<<< b\n+>>>>>>> y\n";
        assert_eq!(says(two), 1);
        assert_eq!(says(&format!("{two}--- a/y\n+++ b/y\n{two}")), 2);
    }
}
