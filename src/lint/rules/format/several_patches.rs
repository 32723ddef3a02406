//! F005: several patches in one file.

use crate::finding::{About, FixClass, Severity};
use crate::lint::note::{FixKind, Notes};
use crate::lint::rule::{Check, Rule, Sample};
use crate::lint::run::PatchFile;
use crate::patch::Draft;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "F005",
        name: "several-patches",
        severity: Severity::Error,
        summary: "A file has one patch.",
        why: "The number of a file gives the place of one patch. git am makes a commit of each mail in a file, patch(1) one \
              change of all of them: an export then has other files than the import, and no file can be dropped or waived \
              alone.",
        source: "seed, Working with Linux kernel patches: numeric prefix; git-mailsplit(1)",
    },
    fix: Some(FixClass::Unsafe),
    good: Sample::File(sample_mail!("From: A <a@b.c>\nSubject: s\n", "b\n", "---\n")),
    bad: Sample::File(
        b"From x Mon Sep 17 00:00:00 2001\nFrom: A <a@b.c>\nSubject: s\n\nb\n---\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n\
          From x Mon Sep 17 00:00:00 2001\nFrom: A <a@b.c>\nSubject: t\n\nb\n---\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-b\n+c\n",
    ),
    check: Check::File(check),
};

fn check(file: &PatchFile<'_>, notes: &mut Notes) {
    let Ok([_, second, ..]) = file.drafts else { return };
    let count = file.drafts.map_or(0, <[_]>::len);
    let has_author = |draft: &Draft| draft.message.by_git.as_deref().unwrap_or(&draft.message).author.is_ok();
    let is_mail = file.drafts.is_ok_and(|drafts| drafts.iter().all(has_author));
    let note = notes.line(second.first_line, format!("{count} patches in one file; the second begins here"));
    if is_mail {
        note.help("write each into a file of its own").risky(FixKind::Split);
    } else {
        // A line of the message that looks like the beginning of a mail.
        note.help("indent this line if it belongs to the message before it");
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::Files;

    #[test]
    fn a_stray_line_is_not_split() {
        let from = "From x Mon Sep 17 00:00:00 2001\n";
        let text =
            format!("{from}From: A <a@b.c>\nSubject: s\n\nb\n{from}b\n---\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n");
        let said = Files::one(text).says("F005");
        assert_eq!((said.len(), said[0].finding.line, said[0].finding.fix), (1, Some(6), None));
    }
}
