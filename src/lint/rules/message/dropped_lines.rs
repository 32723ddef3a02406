//! M009: lines that git or an editor takes away, and all above them.

use bstr::ByteSlice as _;

use crate::finding::{About, Severity};
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "M009",
        name: "dropped-lines",
        severity: Severity::Warning,
        summary: "The message has no scissors line, and one of one's own no line that begins with '#'.",
        why: "With mailinfo.scissors git am drops all of the message above a line such as '-- >8 --'. Lines that begin with \
              '#' are comments to git commit and git rebase: they go when the message is edited, '#include' too.",
        source: "git-mailinfo(1), --scissors; git-commit(1), --cleanup",
    },
    fix: None,
    good: Sample::Message("mm: fix a leak\n\nFree it:\n #include <x.h>"),
    bad: Sample::Message("mm: fix a leak\n\nFree it.\n-- >8 --\nFree it."),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    if let Some(line) = mail.body.iter().find(|line| is_scissors(line.text)) {
        notes
            .at(line.span.clone(), "a scissors line: git may drop all of the message above it")
            .help("remove it, or indent it by one blank and write it otherwise");
    }
    let is_comment = |text: &[u8]| text.starts_with(b"#");
    let mut comments = mail.body.iter().filter(|line| is_comment(line.text));
    if let Some(first) = comments.next().filter(|_| mail.is_authored()) {
        notes
            .at(first.span.clone(), "a line that begins with '#': git drops it when the message is edited")
            .help("indent it by one blank");
    }
}

/// As git has it: nearly all of the line is a perforation with scissors in it.
fn is_scissors(line: &[u8]) -> bool {
    let (mut visible, mut perforation, mut scissors, mut in_it) = (0, 0, 0, false);
    let mut rest = line.trim();
    while let [first, after @ ..] = rest {
        let cut = [">8", "8<", ">%", "%<"].iter().any(|cut| rest.starts_with(cut.as_bytes()));
        let length = if cut { 2 } else { 1 };
        match first {
            _ if cut => {
                (in_it, scissors, perforation) = (true, scissors + 2, perforation + 2);
            }
            b'-' => (in_it, perforation) = (true, perforation + 1),
            first if first.is_ascii_whitespace() => perforation += usize::from(in_it),
            _ => in_it = false,
        }
        visible += length;
        rest = if cut { &rest[2..] } else { after };
    }
    scissors > 0 && visible >= 8 && visible < perforation * 3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::Files;

    #[test]
    fn scissors() {
        for (line, is) in [
            ("-- >8 --", true),
            ("-->8--", false),
            ("---->8----", true),
            ("# ------------------------ >8 ------------------------", true),
            ("- - - 8< cut here - - -", true),
            ("x >8 y", false),
            ("if (a >8) return;", false),
            ("--------", false),
            ("", false),
        ] {
            assert_eq!(is_scissors(line.as_bytes()), is, "{line}");
        }
    }

    #[test]
    fn comments_of_others_stay() {
        let picked = "mm: x\n\n# perf\n(cherry picked from commit 0123456789abcdef0123456789abcdef01234567)";
        assert!(Files::message(picked).says("M009").is_empty());
        assert_eq!(Files::message("mm: x\n\n# perf\n#\nb").says("M009").len(), 1);
    }
}
