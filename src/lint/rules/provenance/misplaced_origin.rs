//! P005: an origin where nobody reads it as one.

use crate::finding::{About, FixClass, Severity};
use crate::lint::append::line_moved;
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "P005",
        name: "misplaced-origin",
        severity: Severity::Warning,
        summary: "'Origin:' lines stand among the trailers, behind the first sign-off.",
        why: "Git takes only the last paragraph of a message for trailers. An origin in the middle of the text is not seen \
              by 'git interpret-trailers', and one above the sign-offs looks as if its author had written it.",
        source: "seed, Working with Linux kernel patches: after the DCO lines; git-interpret-trailers(1)",
    },
    fix: Some(FixClass::Safe),
    good: Sample::Message(
        "mm: fix a leak\n\nFree it.\n\nSigned-off-by: A U Thor <author@example.org>\n\
         Origin: https://lore.kernel.org/r/1@example.org\n\
         (cherry picked from commit 0123456789abcdef0123456789abcdef01234567)",
    ),
    bad: Sample::Message(
        "mm: fix a leak\n\nOrigin: https://lore.kernel.org/r/1@example.org\n\nFree it.\n\n\
         Signed-off-by: A U Thor <author@example.org>",
    ),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    // Where headers of DEP-3 are the custom, they may stand in the text as well.
    if mail.settings.profile.dep3 {
        return;
    }
    let signed = mail.sign_offs().next().map(|(line, _)| line);
    for at in &mail.provenance.origins {
        let message = match signed {
            _ if !mail.trailers.contains(at) => "an 'Origin:' line that is not among the trailers",
            Some(signed) if *at < signed => "an 'Origin:' line above the first sign-off",
            _ => continue,
        };
        let note = notes.at(mail.line_place(*at), message).help("move it behind the last trailer");
        if let Some(fix) = line_moved(mail, *at) {
            note.safe(fix);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::finding::{FixClass, Severity};
    use crate::lint::tests::Files;
    use crate::lint::{Allowed, Settings, Subject, fix_file};

    fn fixed(message: &str) -> String {
        let files = Files::message(message);
        let mut settings = Settings::default();
        settings.select(crate::lint::rule("P005").expect("it is there"));
        let (name, bytes) = &files.patches[0];
        let allowed = Allowed { class: FixClass::Safe, from: Severity::Info };
        let fixed = fix_file(Subject { name, path: name }, bytes, &settings, allowed, &|_| true);
        assert!(fixed.refused.is_empty() && !fixed.fixed.is_empty(), "{message}");
        let text = String::from_utf8(fixed.bytes).expect("text");
        let body = text.split_once("\n\n").expect("a body").1;
        body.split_once("\n---\n").expect("a diff").0.to_owned()
    }

    #[test]
    fn only_the_line_moves() {
        let origin = "Origin: https://x.org/1";
        let signed = "Signed-off-by: A <a@b.c>";
        for (before, after) in [
            (format!("{origin}\n\nText.\n\n{signed}"), format!("Text.\n\n{signed}\n{origin}")),
            (format!("Text.\n{origin}\nmore.\n\n{signed}"), format!("Text.\nmore.\n\n{signed}\n{origin}")),
            (format!("Text.\n\n{origin}\n{signed}"), format!("Text.\n\n{signed}\n{origin}")),
            (format!("Text.\n\n{origin}\n more\n{signed}"), format!("Text.\n\n{signed}\n{origin}\n more")),
            (format!("{signed}\n\nText\nof two.\n{origin}"), format!("{signed}\n\nText\nof two.\n\n{origin}")),
        ] {
            assert_eq!(fixed(&format!("mm: x\n\n{before}")), after);
        }
    }

    #[test]
    fn an_origin_in_its_place_is_good() {
        for body in ["Origin: https://x.org/1", "A.\n\nSigned-off-by: A <a@b.c>\n\nOrigin: https://x.org/1"] {
            assert!(Files::message(&format!("mm: x\n\n{body}")).says("P005").is_empty(), "{body}");
        }
    }
}
