//! M008: a line that looks like the start of a diff ends the message before its time.

use std::ops::Range;

use bstr::ByteSlice as _;

use crate::finding::{About, FixClass, Severity};
use crate::lint::mail::{Line, Mail, split};
use crate::lint::note::{FixKind, Notes};
use crate::lint::rule::{Check, Rule, Sample};
use crate::message::breaks;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "M008",
        name: "cut-message",
        severity: Severity::Error,
        summary: "No line of the message looks like the first line of a diff.",
        why: "git am ends the message at the first line that begins with 'diff -', 'Index: ' or '--- ' and a name. What \
              follows is lost, the sign-off too; and a whole diff that a message quotes is applied along with the patch, \
              by git am and by patch(1).",
        source: "git-mailinfo(1); git-am(1); patch(1)",
    },
    fix: Some(FixClass::Unsafe),
    good: Sample::File(sample_mail!(
        "From: A <a@b.c>\nSubject: s\n",
        " diff -u a b\n\nSigned-off-by: A <a@b.c>\n",
        "---\n"
    )),
    bad: Sample::File(sample_mail!(
        "From: A <a@b.c>\nSubject: s\n",
        "diff -u a b\n\nSigned-off-by: A <a@b.c>\n",
        "---\n"
    )),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    let Some(boundary) = mail.draft.message.boundary else { return };
    let quoted = mail.draft.quoted.as_ref();
    let cut = Cut::of(mail);
    let Some(start) = cut.as_ref().map(|cut| cut.start).or(quoted.map(|_| boundary.offset)) else { return };
    let message = match quoted {
        Some(quoted) => format!("{}: it is applied too", quoted.message),
        None => "this line ends the message: what follows up to the patch is lost".to_owned(),
    };
    let note = notes.at(start..start, message);
    note.help("indent what the message quotes by one blank");
    if let Some(cut) = cut {
        note.risky(FixKind::Edit(cut.edits(mail)));
    }
}

/// A part of the message behind the line that ended it.
struct Cut {
    /// The line that ended the message.
    start: usize,
    /// A line that belongs to the message, or ends it in truth.
    end: usize,
}

impl Cut {
    fn of(mail: &Mail<'_>) -> Option<Self> {
        let boundary = mail.draft.message.boundary?;
        if boundary.separator && mail.draft.quoted.is_none() {
            return None;
        }
        let from = if boundary.separator { mail.draft.layout.head.end } else { boundary.offset };
        let diffs = mail.diffs();
        // Behind the last diff there is nothing to cut the message off from.
        let last = match diffs.last() {
            Some(last) => last.span.start,
            None => last_diff(mail, from)?,
        };
        let mut next = 0;
        let end = split(mail.text, from..last).find(|line| {
            while diffs.get(next).is_some_and(|diff| diff.span.end <= line.span.start) {
                next += 1;
            }
            let in_diff = diffs.get(next).is_some_and(|diff| diff.span.contains(&line.span.start));
            // In hunks that cannot be read a line `---` may be one that they delete.
            let is_separator = line.text.trim_end() == b"---" && mail.draft.diff.is_ok();
            !in_diff && (is_separator || line.text.starts_with(b"Signed-off-by: "))
        })?;
        let start = split(mail.text, from..end.span.start).find(|line| ends_message(mail, line))?;
        Some(Self { start: start.span.start, end: end.span.start })
    }

    /// Indents what is quoted: the lines that end a message, and the diffs.
    fn edits(&self, mail: &Mail<'_>) -> Vec<(Range<usize>, Vec<u8>)> {
        let diffs: Vec<&Range<usize>> = mail.diffs().iter().map(|diff| &diff.span).collect();
        let mut next = 0;
        let is_quoted = |line: &Line<'_>| {
            while diffs.get(next).is_some_and(|span| span.end <= line.span.start) {
                next += 1;
            }
            diffs.get(next).is_some_and(|span| span.contains(&line.span.start)) || ends_message(mail, line)
        };
        let mut is_quoted = is_quoted;
        split(mail.text, self.start..self.end)
            .filter(|line| is_quoted(line) && !line.text.is_empty())
            .map(|line| (line.span.start..line.span.start, b" ".to_vec()))
            .collect()
    }
}

fn ends_message(mail: &Mail<'_>, line: &Line<'_>) -> bool {
    breaks(&mail.text[line.span.start..line.end]) == Some(false)
}

/// Where the last diff of a text that cannot be read begins.
fn last_diff(mail: &Mail<'_>, from: usize) -> Option<usize> {
    let starts = [&b"\ndiff --git "[..], b"\n--- a/", b"\n--- /dev/null"];
    starts.iter().filter_map(|start| mail.text[from..].rfind(start)).max().map(|at| from + at + 1)
}

#[cfg(test)]
mod tests {
    use crate::finding::{FixClass, Severity};
    use crate::lint::tests::Files;
    use crate::lint::{Allowed, Settings, Subject, fix_file, rule};

    const DIFF: &str = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n";
    const SIGNED: &str = "Signed-off-by: A <a@b.c>\n";

    fn mail(body: &str) -> String {
        format!("From: A <a@b.c>\nSubject: s\n\n{body}{DIFF}")
    }

    #[test]
    fn files_without_a_separator_are_not_cut() {
        let other = DIFF.replace("/x", "/y");
        for (body, fires) in [
            (format!("b\n{SIGNED}"), false),
            (format!("b\n{SIGNED}\n{other}"), false),
            (format!("b\n{SIGNED}\nIndex: y\n{other}"), false),
            (format!("b\n@@ -1 +1 @@\n{SIGNED}---\n"), false),
            (format!("b\n--- a note ---\n{SIGNED}---\n"), true),
            (format!("b\n--- a.c:12 says\nmore\n{SIGNED}"), true),
            (format!("b\n{other}\nmore\n\n{SIGNED}---\n"), true),
            (format!("b\n{SIGNED}---\n{other}---\n y | 1 +\n 1 file changed, 1 insertion(+)\n"), true),
        ] {
            assert_eq!(!Files::one(mail(&body)).says("M008").is_empty(), fires, "{body}");
        }
        // What follows the last diff is not the message's.
        assert!(Files::one(format!("{}-- \n{SIGNED}---\n", mail("b\n"))).says("M008").is_empty());
    }

    #[test]
    fn what_is_quoted_gets_indented() {
        let other = DIFF.replace("/x", "/y");
        let text = mail(&format!("b\n{other}\nmore\n\n{SIGNED}---\n"));
        let mut settings = Settings::default();
        settings.select(rule("M008").expect("it is there"));
        let allowed = Allowed { class: FixClass::Unsafe, from: Severity::Info };
        let fixed = fix_file(Subject { name: "x", path: "x" }, text.as_bytes(), &settings, allowed, &|_| true);
        let indented = format!(" {}", other.trim_end().replace('\n', "\n ") + "\n");
        assert_eq!(
            String::from_utf8(fixed.bytes).expect("text"),
            mail(&format!("b\n{indented}\nmore\n\n{SIGNED}---\n"))
        );
    }
}
