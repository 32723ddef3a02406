//! F003: carriage returns in the header or the message, or at the end of every line.

use std::ops::Range;

use crate::finding::{About, FixClass, Severity};
use crate::lint::mail::{Mail, split};
use crate::lint::note::{FixKind, Notes};
use crate::lint::rule::{Check, Rule, Sample};

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "F003",
        name: "crlf-header",
        severity: Severity::Error,
        summary: "No line of the header or the message ends in CRLF, nor do all lines of the file.",
        why: "git am drops carriage returns unless it is told to keep them, patch(1) keeps them: a file whose lines all \
              end in CRLF, as after a round through an editor on Windows, applies to no file of the kernel, or writes \
              other bytes with one tool than with the other. A diff of a file that has them is another matter.",
        source: "git-am(1), --keep-cr; git-mailsplit(1)",
    },
    fix: Some(FixClass::Safe),
    good: Sample::Header("From: A U Thor <author@example.org>\nDate: Mon, 16 Nov 2020 10:11:12 +0000"),
    bad: Sample::Header("From: A U Thor <author@example.org>\r\nDate: Mon, 16 Nov 2020 10:11:12 +0000"),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    let in_head = returns(mail, 0..mail.draft.layout.head.end);
    let Some(first) = in_head.first().map(|first| first.start..first.start) else { return };
    if split(mail.text, 0..mail.text.len()).all(|line| has_return(mail.text, line.span.end, line.end)) {
        notes
            .at(first, "all lines end in CRLF")
            .help("get the patch again as it was, or take the carriage returns away, those of the diff too")
            .risky(FixKind::Edit(edits(returns(mail, 0..mail.text.len()))));
        return;
    }
    let message = match in_head.len() {
        1 => "a line of the header or the message ends in CRLF".to_owned(),
        count => format!("{count} lines of the header or the message end in CRLF"),
    };
    notes.at(first, message).help("end these lines in LF").safe(FixKind::Edit(edits(in_head)));
}

fn has_return(text: &[u8], content: usize, end: usize) -> bool {
    text[content..end].starts_with(b"\r")
}

/// The carriage returns at line ends.
fn returns(mail: &Mail<'_>, part: Range<usize>) -> Vec<Range<usize>> {
    split(mail.text, part)
        .filter(|line| has_return(mail.text, line.span.end, line.end))
        .map(|line| line.span.end..line.span.end + 1)
        .collect()
}

fn edits(returns: Vec<Range<usize>>) -> Vec<(Range<usize>, Vec<u8>)> {
    returns.into_iter().map(|range| (range, Vec::new())).collect()
}

#[cfg(test)]
mod tests {
    use crate::finding::FixClass;
    use crate::lint::tests::Files;

    const MAIL: &str = "From: A <a@b.c>\nSubject: s\n\nb\n---\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n";

    #[test]
    fn a_diff_of_a_file_with_carriage_returns_is_fine() {
        assert!(Files::one(MAIL.replace("-a\n+b\n", "-a\r\n+b\r\n")).says("F003").is_empty());
    }

    #[test]
    fn a_whole_file_is_one_finding_and_not_safe_to_mend() {
        let said = Files::one(MAIL.replace('\n', "\r\n")).says("F003");
        assert_eq!(said.len(), 1);
        assert_eq!(said[0].finding.fix, Some(FixClass::Unsafe));
        let said = Files::one(MAIL.replace("s\n\nb\n", "s\r\n\r\nb\r\n")).says("F003");
        assert_eq!(said[0].finding.message, "3 lines of the header or the message end in CRLF");
        assert_eq!(said[0].finding.fix, Some(FixClass::Safe));
    }
}
