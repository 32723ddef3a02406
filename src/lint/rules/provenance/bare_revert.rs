//! P013: a revert that does not say what it reverts, or why.

use bstr::ByteSlice as _;

use super::commits;
use crate::finding::{About, Severity};
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "P013",
        name: "bare-revert",
        severity: Severity::Warning,
        summary: "A revert names the commit that it reverts, says why, and is signed off.",
        why: "The title alone may be that of several commits, and a revert without a reason is taken back by the next one \
              who misses the change.",
        source: "git-revert(1); Documentation/process/submitting-patches.rst, Sign your work: reverts too",
    },
    fix: None,
    good: Sample::Message(
        "Revert \"mm: free it\"\n\nThis reverts commit 0123456789abcdef0123456789abcdef01234567.\n\n\
         It hangs on machines with one core.\n\nSigned-off-by: A U Thor <author@example.org>",
    ),
    bad: Sample::Message(
        "Revert \"mm: free it\"\n\nThis reverts commit 0123456789abcdef0123456789abcdef01234567.\n\n\
         Signed-off-by: A U Thor <author@example.org>",
    ),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    if !mail.subject().starts_with(b"Revert \"") {
        return;
    }
    let place = mail.subject_place();
    if !commits(mail, "This reverts commit ").any(|(_, id)| id.len() >= 12) && !names_wrapped(mail) {
        notes
            .at(place.clone(), "a revert without 'This reverts commit <id>'")
            .help("name the commit that it reverts, by 12 to 40 hex digits");
    }
    if !has_reason(mail) {
        notes.at(place.clone(), "a revert without a reason").help("say what the reverted commit breaks");
    }
    if mail.sign_offs().next().is_none() {
        notes.at(place, "a revert without a sign-off").help("ask its author for a 'Signed-off-by:' line");
    }
}

/// True if the line with the id was wrapped before it.
fn names_wrapped(mail: &Mail<'_>) -> bool {
    let mut words = mail.body.iter().flat_map(|line| line.text.fields());
    std::iter::from_fn(move || words.by_ref().find(|word| *word == b"reverts").map(|_| words.next() == Some(b"commit")))
        .any(|found| found)
        && mail.body.iter().any(|line| line.text.fields().next().is_some_and(is_id))
}

/// True if there is text besides the trailers and the sentence that names the commit.
fn has_reason(mail: &Mail<'_>) -> bool {
    const FORM: [&[u8]; 9] =
        [b"this", b"reverts", b"revert", b"commit", b"commits", b"which", b"is", b"upstream", b"and"];
    let mut words = 0;
    let mut in_title = false;
    for (at, line) in mail.body.iter().enumerate() {
        if mail.trailers.contains(&at) {
            continue;
        }
        for word in line.text.fields() {
            in_title = in_title || word.starts_with(b"(\"");
            let bare = word.trim_with(|c| c.is_ascii_punctuation()).to_ascii_lowercase();
            let counts = bare.iter().any(u8::is_ascii_alphabetic) && !FORM.contains(&bare.as_slice()) && !is_id(&bare);
            words += usize::from(counts && !in_title);
            in_title = in_title && word.find(b"\")").is_none();
        }
    }
    words >= 2
}

fn is_id(word: &[u8]) -> bool {
    let word = word.trim_with(|c| matches!(c, '.' | ',' | ';' | ':' | '(' | ')'));
    (8..=40).contains(&word.len()) && word.iter().all(u8::is_ascii_hexdigit)
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::Files;

    fn said(body: &str) -> Vec<String> {
        let signed = "Signed-off-by: A <a@b.c>";
        let judged = Files::message(&format!("Revert \"mm: x\"\n\n{body}\n\n{signed}")).says("P013");
        judged.into_iter().map(|judged| judged.finding.message).collect()
    }

    #[test]
    fn reasons_and_names() {
        let full = "0123456789abcdef0123456789abcdef01234567";
        for body in [
            format!("This reverts commit {full}.\n\nIt breaks suspend."),
            "This reverts commit 0123456789ab (\"mm: x\") because it breaks suspend.".to_owned(),
            format!("This reverts commit\n{full}, since it breaks suspend."),
            format!("This reverts commit {full} which is\ncommit {full} upstream.\n\nNobody wants it."),
        ] {
            assert!(said(&body).is_empty(), "{body}");
        }
        for (body, message) in [
            (format!("This reverts commit {full}."), "a revert without a reason"),
            (format!("This reverts commit {full} (\"mm: a title\nof two lines\")."), "a revert without a reason"),
            (format!("This reverts commit {full} which is commit\n{full} upstream."), "a revert without a reason"),
            ("It breaks suspend.".to_owned(), "a revert without 'This reverts commit <id>'"),
            ("This reverts commit 0123456. It breaks.".to_owned(), "a revert without 'This reverts commit <id>'"),
        ] {
            assert_eq!(said(&body)[0], message, "{body}");
        }
    }
}
