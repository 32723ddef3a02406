//! P002: a line that means to be git's and is not.

use crate::finding::{About, FixClass, Severity};
use crate::lint::mail::{Line, Mail};
use crate::lint::note::{FixKind, Notes};
use crate::lint::provenance::hex_digits;
use crate::lint::rule::{Check, Rule, Sample};

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "P002",
        name: "malformed-pick",
        severity: Severity::Error,
        summary: "A picked commit is named as git does it: '(cherry picked from commit <40 hex digits>)', alone on its \
                  line.",
        why: "Tools that look for the source of a patch know only the line that git itself writes. Any other spelling, or \
              an abbreviated id, is a source that is lost to them.",
        source: "seed, Working with Linux kernel patches; git-cherry-pick(1), -x",
    },
    fix: Some(FixClass::Safe),
    good: Sample::Message(
        "mm: fix a leak\n\nFree it.\n\nSigned-off-by: A U Thor <author@example.org>\n\
         (cherry picked from commit 0123456789abcdef0123456789abcdef01234567)",
    ),
    bad: Sample::Message(
        "mm: fix a leak\n\nFree it.\n\nSigned-off-by: A U Thor <author@example.org>\n\
         (cherry-picked from commit 0123456789abcdef0123456789abcdef01234567)",
    ),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    for at in &mail.provenance.near_picks {
        let line = &mail.body[*at];
        let Some((id, rest)) = split(line) else { continue };
        let is_alone = rest.iter().all(|byte| b" .)]\"".contains(byte));
        let message = match id.len() {
            40 => "not the line that git writes for a picked commit",
            _ => "an abbreviated id of a picked commit",
        };
        let note = notes.at(line.span.clone(), message).help("write '(cherry picked from commit <40 hex digits>)'");
        // A sentence that goes on is prose.
        if !is_alone {
            note.severity(Severity::Warning);
        } else if id.len() == 40 {
            let exact = [b"(cherry picked from commit ", id.to_ascii_lowercase().as_slice(), b")"].concat();
            note.safe(FixKind::Edit(vec![(line.span.clone(), exact)]));
        }
    }
}

/// The id that the line names, and what follows it.
fn split<'a>(line: &Line<'a>) -> Option<(&'a [u8], &'a [u8])> {
    let text = line.text;
    let start = (0..text.len()).find(|at| hex_digits(&text[*at..]) >= 7)?;
    Some(text[start..].split_at(hex_digits(&text[start..])))
}

#[cfg(test)]
mod tests {
    use super::Severity;
    use crate::lint::tests::Files;

    const ID: &str = "0123456789ABCDEF0123456789abcdef01234567";

    #[test]
    fn only_full_ids_are_mended_and_prose_is_left() {
        for (line, severity, fixed) in [
            (format!("(cherry picked from commit {ID})"), Severity::Error, true),
            (format!("cherry-picked from {ID}."), Severity::Error, true),
            ("(cherry picked from commit 0123456789ab)".to_owned(), Severity::Error, false),
            (format!("(cherry picked from commit {ID} net-next)"), Severity::Warning, false),
            ("cherry-picked from commit 0123456 and adapted".to_owned(), Severity::Warning, false),
        ] {
            let judged = Files::message(&format!("mm: x\n\nFree it.\n\n{line}")).says("P002");
            assert_eq!(judged.len(), 1, "{line}");
            assert_eq!(judged[0].finding.severity, severity, "{line}");
            assert_eq!(judged[0].fix.is_some(), fixed, "{line}");
        }
    }
}
