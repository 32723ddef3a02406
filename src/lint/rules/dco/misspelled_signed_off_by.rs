//! D005: a sign-off that tools do not find.

use bstr::ByteSlice as _;

use crate::finding::{About, FixClass, Severity};
use crate::lint::mail::{Line, Mail, Person};
use crate::lint::note::{FixKind, Notes};
use crate::lint::rule::{Check, Rule, Sample};
use crate::lint::rules::MOST;
use crate::lint::trailer;
use crate::patch::diffstat;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "D005",
        name: "misspelled-signed-off-by",
        severity: Severity::Warning,
        summary: "Every sign-off is written 'Signed-off-by: Name <mail>' and stands among the trailers at the end.",
        why: "Tools look for exactly this line in the last paragraph of the message. Another spelling, or prose behind it, \
              hides it from them: git adds the same sign-off again, and trailers that follow become part of the prose.",
        source: "Documentation/process/submitting-patches.rst, Sign your work; git-interpret-trailers(1)",
    },
    fix: Some(FixClass::Safe),
    good: Sample::Message("mm: fix a leak\n\nFree it.\n\nSigned-off-by: A U Thor <author@example.org>"),
    bad: Sample::Message("mm: fix a leak\n\nFree it.\n\nSigned-Off-By :A U Thor <author@example.org>"),
    check: Check::Patch(check),
};

const NAME: &[u8] = b"Signed-off-by:";

/// What people write instead, lower case and with hyphens.
const MEANT: [&str; 9] = [
    "signed-off-by",
    "signedoff-by",
    "signed-offby",
    "signedoffby",
    "signed-of-by",
    "singed-off-by",
    "sign-off-by",
    "signoff-by",
    "signed-off",
];

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    let meant = mail.body.iter().filter_map(|line| meant(line.text).map(|value| (line, value, Person::read(value))));
    let wrong = meant.filter(|(line, _, person)| person.is_none() || !is_exact(line.text)).take(MOST);
    let mut is_one_misspelled = false;
    for (line, value, person) in wrong {
        is_one_misspelled = true;
        let note = notes.at(line.span.clone(), "not 'Signed-off-by: Name <mail>', though it means to be");
        if person.is_some() {
            let spelled = [NAME, b" ", value].concat();
            note.help("spell it so").safe(FixKind::Edit(vec![(line.span.clone(), spelled)]));
        } else {
            note.help("write the name and the address of a person");
        }
    }
    if let Some(line) = hidden(mail).filter(|_| !is_one_misspelled) {
        notes
            .at(line.span.clone(), "git does not see this sign-off: it stands in no last paragraph of trailers")
            .help("put the trailers into a paragraph of their own, at the end of the message");
    }
}

fn is_exact(line: &[u8]) -> bool {
    line.strip_prefix(NAME).is_some_and(|value| matches!(value, [b' ', next, ..] if !next.is_ascii_whitespace()))
}

/// What stands where the person of a sign-off stands, if the line means to be one. Indented lines are quotes.
fn meant(line: &[u8]) -> Option<&[u8]> {
    let head = line.get(..line.len().min(16))?;
    let head: Vec<u8> = head.iter().map(|byte| if matches!(byte, b' ' | b'_') { b'-' } else { *byte }).collect();
    let head = head.to_ascii_lowercase();
    let name = MEANT.iter().find(|name| head.starts_with(name.as_bytes()))?;
    let rest = &line[name.len()..];
    let (rest, had_colon) = match rest.trim_start().strip_prefix(b":") {
        Some(rest) => (rest.trim(), true),
        None => (rest.trim(), false),
    };
    // Without a colon it is prose, unless a person follows and nothing else.
    let is_meant = had_colon || (Person::read(rest).is_some() && rest.ends_with(b">"));
    is_meant.then_some(rest)
}

/// The last sign-off, if git takes none for a trailer because of the prose around or behind them.
fn hidden<'m>(mail: &'m Mail<'_>) -> Option<&'m Line<'m>> {
    let signed: Vec<usize> = mail.sign_offs().map(|(line, _)| line).collect();
    let last = *signed.last()?;
    if signed.iter().any(|line| mail.trailers.contains(line)) {
        return None;
    }
    // A diffstat in the message is another rule's.
    let end = mail.body.last().map_or(0, |line| line.end);
    let stat = diffstat(mail.text, mail.draft.message.body_start.min(end)..end).map_or(end, |stat| stat.start);
    let behind = mail.body.partition_point(|line| line.span.start < stat);
    let is_blank = |line: &Line<'_>| line.text.trim().is_empty();
    let paragraph = mail.body[..last].iter().rposition(is_blank).map_or(0, |blank| blank + 1);
    let part = mail.body.get(paragraph..behind.max(last))?;
    let (others, all) = (trailer::prose(part).len(), part.len());
    // Git takes a paragraph with a sign-off if no more than three quarters of it are prose.
    let is_seen = if trailer::prose(&part[last - paragraph..]).is_empty() { others * 4 <= all * 3 } else { false };
    (!is_seen).then(|| &mail.body[last])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::Files;

    #[test]
    fn spellings() {
        for (line, person) in [
            ("Signed-off-by: A <a@b.c>", Some("A <a@b.c>")),
            ("signed-off-by : A <a@b.c>", Some("A <a@b.c>")),
            ("Signed off by: A <a@b.c>", Some("A <a@b.c>")),
            ("Singed-off-by:A <a@b.c>", Some("A <a@b.c>")),
            ("Signed-off-by A <a@b.c>", Some("A <a@b.c>")),
            ("Signed-off-by: A", Some("A")),
            ("Signed-off-by lines are missing", None),
            ("Signed-off-by A <a@b.c> is wrong here", None),
            ("  Signed-off-by: A <a@b.c>", None),
            ("Signed:", None),
            ("", None),
        ] {
            assert_eq!(meant(line.as_bytes()), person.map(str::as_bytes), "{line}");
        }
    }

    fn says(body: &str) -> usize {
        Files::message(&format!("mm: fix a leak\n\n{body}")).says("D005").len()
    }

    #[test]
    fn where_git_finds_it() {
        let signed = "Signed-off-by: A U Thor <author@example.org>";
        assert_eq!(says(&format!("b\n\n{signed}\n\n(cherry picked from commit {})", "0".repeat(40))), 0);
        assert_eq!(says(&format!("b\n\n{signed}\n\n[me: the context\n differs]")), 0);
        assert_eq!(says(&format!("b\n\n{signed}\n\nConflicts:\n\tmm/page.c")), 0);
        assert_eq!(says(&format!("b\n\n{signed}\n\nLink: https://example.org")), 0);
        assert_eq!(says(&format!("b\n\n{signed}\n\nThis is told afterwards.")), 1);
        assert_eq!(says(&format!("a\nb\nc\nd\n{signed}")), 1);
        assert_eq!(says(&format!("b\n\n{signed} # for me")), 0);
    }
}
