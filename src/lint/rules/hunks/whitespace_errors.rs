//! H004: white space that nobody sees.

use std::ops::Range;

use bstr::ByteSlice as _;

use crate::diff::{Content, Hunk, LineKind};
use crate::finding::{About, FixClass, Severity};
use crate::lint::mail::Mail;
use crate::lint::note::{FixKind, Notes};
use crate::lint::rule::{Check, Rule, Sample};

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "H004",
        name: "whitespace-errors",
        severity: Severity::Warning,
        summary: "Lines added by a patch of one's own have no blanks at their end and none before a tab, and the last one ends.",
        why: "git am warns of them on every import, and maintainers send such patches back. Patches taken from elsewhere \
              are left alone: they should stay what they are there.",
        source: "git-apply(1): --whitespace; Documentation/process/coding-style.rst: no trailing white space",
    },
    fix: Some(FixClass::Unsafe),
    good: Sample::File(
        b"From: A U Thor <author@example.org>\nSubject: x: fix it\n\nText.\n---\n--- a/x.c\n+++ b/x.c\n@@ -1 +1,2 @@\n \
          a\n+\tb;\n",
    ),
    bad: Sample::File(
        b"From: A U Thor <author@example.org>\nSubject: x: fix it\n\nText.\n---\n--- a/x.c\n+++ b/x.c\n@@ -1 +1,3 @@\n \
          a\n+\tb; \n+ \t c;\t\n",
    ),
    check: Check::Patch(check),
};

/// Two blanks at the end of a line are a line break in some texts, and a blank alone is a line of a patch.
const MEANT: [&[u8]; 4] = [b".md", b".patch", b".diff", b".po"];

/// Places of one kind in one file, and the edits that mend them.
#[derive(Default)]
struct Kind {
    first: Option<Range<usize>>,
    edits: Vec<(Range<usize>, Vec<u8>)>,
}

impl Kind {
    fn add(&mut self, place: Range<usize>, new: &[u8]) {
        self.first.get_or_insert_with(|| place.clone());
        self.edits.push((place, new.to_vec()));
    }
}

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    if !mail.is_authored() {
        return;
    }
    for at in 0..mail.diffs().len() {
        if !MEANT.iter().any(|end| mail.diffs()[at].path().ends_with(end)) {
            file(mail, at, notes);
        }
    }
}

/// Looks at one file.
fn file(mail: &Mail<'_>, at: usize, notes: &mut Notes) {
    let (mut trailing, mut indent) = (Kind::default(), Kind::default());
    let mut unended = None;
    let Content::Text(hunks) = &mail.diffs()[at].content else { return };
    for (hunk, place) in hunks.iter().zip(mail.hunks_at(at)) {
        for (line, span) in hunk.lines.iter().zip(place.lines) {
            if line.kind != LineKind::Insert {
                continue;
            }
            let start = span.start + 1;
            let text = line.text.strip_suffix(b"\n").unwrap_or(&line.text);
            if text.len() == line.text.len() {
                unended = Some(span);
            }
            let content = text.trim_end_with(|c| matches!(c, ' ' | '\t')).len();
            if content < text.len() {
                trailing.add(start + content..start + text.len(), b"");
            }
            let blanks = text[..content].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
            if text[..blanks].contains_str(" \t") {
                indent.add(start..start + blanks, &indented(&text[..blanks]));
            }
        }
    }
    say(notes, trailing, "white space at the end of an added line");
    say(notes, indent, "a blank before a tab in the indent of an added line");
    if let Some(place) = unended.filter(|_| ends_without_need(hunks)) {
        notes.at(place, "the last line of the file has no line end").help("end it");
    }
}

fn say(notes: &mut Notes, kind: Kind, message: &str) {
    let Some(first) = kind.first else { return };
    let message = match kind.edits.len() {
        1 => message.to_owned(),
        count => format!("{message} ({count} times in this file)"),
    };
    notes.at(first, message).help("remove it").risky(FixKind::Edit(kind.edits));
}

/// The same indent in tabs, and blanks for the rest.
fn indented(blanks: &[u8]) -> Vec<u8> {
    let width = blanks.iter().fold(0, |width, byte| if *byte == b'\t' { width / 8 * 8 + 8 } else { width + 1 });
    [vec![b'\t'; width / 8], vec![b' '; width % 8]].concat()
}

/// False for files that had no line end before either.
fn ends_without_need(hunks: &[Hunk]) -> bool {
    let mut removed = hunks.iter().flat_map(|hunk| &hunk.lines).filter(|line| line.kind == LineKind::Delete);
    !removed.any(|line| !line.text.ends_with(b"\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::rules::testing::{diff, mail, set};

    fn says(path: &str, hunk: &str) -> Vec<String> {
        let judged = set(&[mail("x: fix\n\nText.", &diff(path, hunk))]).says("H004");
        judged.into_iter().map(|judged| judged.finding.message).collect()
    }

    #[test]
    fn kinds_of_white_space() {
        let trailing = "white space at the end of an added line".to_owned();
        assert_eq!(says("x.c", "@@ -1 +1,3 @@\n a \n+b \n+\t\n"), [format!("{trailing} (2 times in this file)")]);
        assert_eq!(says("x.c", "@@ -1 +1,2 @@\n+ \tb\n a\n"), ["a blank before a tab in the indent of an added line"]);
        assert_eq!(says("x.c", "@@ -1 +1,2 @@\n+ \t \n a\n"), [trailing]);
        assert!(says("x.c", "@@ -1 +1,2 @@\n+\t  b \t c\n a\n").is_empty());
        assert!(says("x.c", "@@ -1 +1,2 @@\n+b\r\n a\n").is_empty());
        assert!(says("x.md", "@@ -1 +1,2 @@\n+b  \n a\n").is_empty());
    }

    #[test]
    fn the_end_of_the_file() {
        let end = "\\ No newline at end of file\n";
        assert_eq!(
            says("x.c", &format!("@@ -1 +1,2 @@\n a\n+b\n{end}")),
            ["the last line of the file has no line end"]
        );
        assert!(says("x.c", &format!("@@ -1 +1 @@\n-a\n{end}+b\n{end}")).is_empty());
        assert!(says("x.c", &format!("@@ -1 +1 @@\n-a\n{end}+b\n")).is_empty());
    }

    #[test]
    fn what_comes_from_elsewhere_stays() {
        let picked = "x: fix\n\n(cherry picked from commit 0123456789abcdef0123456789abcdef01234567)";
        assert!(set(&[mail(picked, &diff("x.c", "@@ -1 +1,2 @@\n a\n+b \n"))]).says("H004").is_empty());
    }

    #[test]
    fn indents_keep_their_width() {
        assert_eq!(indented(b" \t  "), b"\t  ");
        assert_eq!(indented(b"          \t"), b"\t\t");
    }
}
