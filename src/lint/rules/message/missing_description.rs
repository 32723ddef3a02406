//! M001: the message says nothing beyond its subject.

use bstr::ByteSlice as _;

use crate::finding::{About, Severity};
use crate::lint::mail::{Line, Mail, split};
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};
use crate::lint::trailer;
use crate::patch::diffstat;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "M001",
        name: "missing-description",
        severity: Severity::Warning,
        summary: "The message says more than its subject: what is wrong without the patch, and why it is mended so.",
        why: "Whoever carries the patch to the next release has to decide whether it is still needed, and what a conflict \
              means; the diff alone tells neither. A message that says where the patch comes from lets them look there; \
              one that does not leaves them with nothing.",
        source: "seed, Working with Linux kernel patches: complete and sensible message; \
                 Documentation/process/submitting-patches.rst, Describe your changes",
    },
    fix: None,
    good: Sample::Message("mm: fix a leak\n\nThe page is lost.\n\nSigned-off-by: A U Thor <author@example.org>"),
    bad: Sample::Message("mm: fix a leak\n\nSigned-off-by: A U Thor <author@example.org>"),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    if is_described(mail) {
        return;
    }
    let note = notes.at(mail.subject_place(), "the message has no description");
    note.help("say what goes wrong without the patch, and why this is the way to mend it");
    if mail.is_authored() {
        note.severity(Severity::Error);
    }
}

fn is_described(mail: &Mail<'_>) -> bool {
    let message = &mail.draft.message;
    if message.by_git.is_some() || mail.body.is_empty() {
        // The description of DEP-3 stands in the header.
        let text = message.body.as_slice();
        return !trailer::prose(&split(text, 0..text.len()).collect::<Vec<_>>()).is_empty();
    }
    let end = mail.body.last().map_or(0, |line| line.end);
    let stat = diffstat(mail.text, message.body_start.min(end)..end).unwrap_or(end..end);
    let source: Vec<usize> = {
        let said = &mail.provenance;
        let stable = said.stable.iter().map(|pick| pick.line);
        stable.chain(said.near_stable.iter().copied()).chain(said.near_picks.iter().copied()).collect()
    };
    let subject = message.subject.as_ref().map(|subject| subject.as_slice()).unwrap_or_default();
    let has_title = message.header_subject.as_ref().is_some_and(|subject| !subject.is_empty());
    let says = |line: &Line<'_>| {
        let text = line.text.trim();
        let is_title = text == subject || !has_title && subject.find(text).is_some();
        text.iter().any(u8::is_ascii_alphanumeric) && !is_title && !stat.contains(&line.span.start) || !text.is_ascii()
    };
    trailer::prose(&mail.body).into_iter().any(|at| says(&mail.body[at]) && !source.contains(&at))
}

#[cfg(test)]
mod tests {
    use crate::finding::Severity;
    use crate::lint::tests::Files;

    fn says(body: &str) -> Option<Severity> {
        let signed = "Signed-off-by: A U Thor <author@example.org>";
        let said = Files::message(&format!("mm: fix a leak\n\n{body}\n{signed}\n")).says("M001");
        said.first().map(|judged| judged.finding.severity)
    }

    #[test]
    fn what_is_a_description() {
        let id = "0".repeat(40);
        for (body, severity) in [
            ("Free it.\n\n", None),
            ("\u{6f22}\u{5b57}\n\n", None),
            ("RIP: 0010:page\n\n", None),
            ("", Some(Severity::Error)),
            ("mm: fix a leak\n\n", Some(Severity::Error)),
            ("[me: other context\n and more]\nCc: all\n", Some(Severity::Error)),
            ("Fixes: 0123 (\"a\n long title\")\n", Some(Severity::Error)),
            (&format!("commit {id} upstream.\n\n"), Some(Severity::Warning)),
            (&format!("(cherry picked from commit {id})\n"), Some(Severity::Warning)),
            (&format!("This reverts commit {id}.\n\n"), None),
        ] {
            assert_eq!(says(body), severity, "{body}");
        }
    }

    #[test]
    fn a_diffstat_in_the_message_is_none() {
        let text = "From: A <a@b.c>\nSubject: s\n\nSigned-off-by: A <a@b.c>\n x | 2 +-\n 1 file changed, 1 insertion(+)\n\n\
            --- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n";
        assert_eq!(Files::one(text).says("M001").len(), 1);
    }
}
