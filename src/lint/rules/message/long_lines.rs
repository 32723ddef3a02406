//! M007: lines of prose that are too long.

use bstr::ByteSlice as _;

use super::{WIDTH, width};
use crate::finding::{About, Severity};
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};
use crate::lint::trailer;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "M007",
        name: "long-lines",
        severity: Severity::Info,
        summary: "The prose in the message of a patch of one's own is wrapped at 75 columns.",
        why: "git log indents messages by four columns, and mails quote them: longer lines are broken there at random. Logs, \
              tables and links stay as they are, and so do the messages of patches from elsewhere.",
        source: "Documentation/process/submitting-patches.rst, The canonical patch format; Linux, scripts/checkpatch.pl",
    },
    fix: None,
    good: Sample::Message("mm: fix a leak\n\nThe page is lost if the lock is taken."),
    bad: Sample::Message(
        "mm: fix a leak\n\nThe page is lost if the lock is taken, which nobody has seen before because it happens so \
         seldom.",
    ),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    if !mail.is_authored() {
        return;
    }
    let prose = trailer::prose(&mail.body).into_iter().map(|at| &mail.body[at]);
    let long: Vec<_> = prose.filter(|line| line.text.len() > WIDTH && is_prose(line.text)).collect();
    if let Some(first) = long.first() {
        let message = match long.len() {
            1 => format!("a line of {} characters in the message", width(first.text)),
            count => format!("{count} lines of more than {WIDTH} characters in the message"),
        };
        notes.at(first.span.clone(), message).help("wrap the prose at 75 columns");
    }
}

/// True for a line that is too long and could be wrapped.
fn is_prose(line: &[u8]) -> bool {
    let line = line.trim_end();
    let is_quote = matches!(line.first(), Some(b' ' | b'\t' | b'>' | b'|' | b'#' | b'[' | b'('));
    let is_log = line.first().is_some_and(u8::is_ascii_digit) || line.contains(&b'\t') || line.find("  ").is_some();
    let is_table = line.find(" | ").is_some() || line.find("://").is_some();
    let has_blank = line.contains(&b' ');
    let is_other = is_quote || is_log || is_table || !has_blank;
    !is_other && width(line) > WIDTH
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::Files;

    #[test]
    fn what_cannot_be_wrapped_is_left() {
        let long = "a ".repeat(40);
        for (line, fires) in [
            (long.clone(), true),
            (format!(" {long}"), false),
            (format!("> {long}"), false),
            (format!("[   12.345] {long}"), false),
            (format!("see https://example.org/{}", "a".repeat(80)), false),
            ("a".repeat(90), false),
            (format!("Reported-by: {long}"), false),
            ("\u{e4} \u{e4}".repeat(20), false),
        ] {
            let says = Files::message(&format!("mm: x\n\n{line}\nand more")).says("M007");
            assert_eq!(!says.is_empty(), fires, "{line}");
        }
    }
}
