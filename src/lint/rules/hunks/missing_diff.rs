//! H002: a file without a diff.

use crate::finding::{About, Severity};
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};
use crate::lint::run::PatchFile;
use crate::patch::Trouble;
use crate::text::visible;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "H002",
        name: "missing-diff",
        severity: Severity::Error,
        summary: "Every patch changes something, be it a mode or a name.",
        why: "git am stops at a mail without a diff, so the whole set can no longer be imported. An empty file is most \
              often one that a failed command left behind; its change is lost.",
        source: "git-am(1): 'Patch is empty'",
    },
    fix: None,
    good: Sample::Diff("diff --git a/x.sh b/x.sh\nold mode 100644\nnew mode 100755\n"),
    bad: Sample::Diff("-- \n2.40.1\n"),
    check: Check::File(check),
};

fn check(file: &PatchFile<'_>, notes: &mut Notes) {
    let errors: Vec<_> = match file.drafts {
        Ok(drafts) => drafts.iter().filter_map(|draft| draft.diff.as_ref().err()).collect(),
        Err(error) => vec![error],
    };
    for error in errors {
        let note = match error.trouble {
            Trouble::Empty => notes.whole("an empty file"),
            Trouble::NoDiff => notes.line(error.line, "a message without a diff"),
            _ => continue,
        };
        note.help = error.hint.as_ref().map(|hint| visible(hint.as_bytes()));
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::Files;

    #[test]
    fn empty_files() {
        for bytes in [&b""[..], b"\n \t\n", b"From: A <a@b.c>\nSubject: s\n\ntext\n", b"\0", b"text"] {
            assert_eq!(Files::one(bytes).says("H002").len(), 1, "{bytes:?}");
        }
    }

    #[test]
    fn changes_without_lines() {
        for diff in [
            "diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n",
            "diff --git a/x b/x\nnew file mode 100644\nindex 000000000000..e69de29bb2d1\n",
        ] {
            assert!(Files::diff(diff).says("H002").is_empty(), "{diff}");
        }
    }
}
