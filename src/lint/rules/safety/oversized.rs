//! X006: more than a tool should read.

use crate::diff::Content;
use crate::finding::{About, Severity};
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};
use crate::lint::run::PatchFile;
use crate::patch::{Draft, Trouble};
use crate::text::visible;

/// Far more than any patch for review has.
const HUNKS: usize = 100_000;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "X006",
        name: "oversized",
        severity: Severity::Error,
        summary: "A file has at most 256 MiB, a line at most 1 MiB, and there are at most 100,000 hunks.",
        why: "Such a file is no patch that anybody wrote. It is a mistake, or meant to make the tools that read it run out \
              of memory or time; kpatch reads it no further.",
        source: "limits of this program; none of 13,667 real patches comes near them",
    },
    fix: None,
    good: Sample::Words("a patch with ten hunks"),
    bad: Sample::Words("a patch with a line of 2 MiB"),
    check: Check::File(check),
};

fn check(file: &PatchFile<'_>, notes: &mut Notes) {
    let errors: Vec<_> = match file.drafts {
        Ok(drafts) => drafts.iter().filter_map(|draft| draft.diff.as_ref().err()).collect(),
        Err(error) => vec![error],
    };
    for error in errors.into_iter().filter(|error| error.trouble == Trouble::TooLarge) {
        let note = notes.line(error.line, visible(error.message.as_bytes()));
        note.help = error.hint.as_ref().map(|hint| visible(hint.as_bytes()));
    }
    let hunks: usize = file.drafts.unwrap_or_default().iter().map(hunks).sum();
    if hunks > HUNKS {
        notes.whole(format!("{hunks} hunks in one file, the limit is {HUNKS}")).help("split the file");
    }
}

fn hunks(draft: &Draft) -> usize {
    let of = |content: &Content| if let Content::Text(hunks) = content { hunks.len() } else { 0 };
    draft.diff.iter().flatten().map(|diff| of(&diff.content)).sum()
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::Files;

    #[test]
    fn limits() {
        let says = |text: &str| -> Vec<String> {
            Files::diff(text).says("X006").into_iter().map(|judged| judged.finding.message).collect()
        };
        let names = "--- a/x\n+++ b/x\n";
        assert_eq!(says(&format!("{names}{}", "@@ -1 +1 @@\n-a\n+b\n".repeat(100_001))).len(), 1);
        assert!(says(&format!("{names}{}", "@@ -1 +1 @@\n-a\n+b\n".repeat(1_000))).is_empty());
        let long = "x".repeat(crate::patch::MAX_LINE);
        assert_eq!(
            says(&format!("{names}@@ -1 +1 @@\n-a\n+{long}\n")),
            ["a line of 1048578 bytes, the limit is 1048576"]
        );
    }
}
