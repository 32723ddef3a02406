//! M012: a `Fixes:` line that tools cannot follow.

use bstr::ByteSlice as _;

use crate::finding::{About, Severity};
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};
use crate::lint::rules::MOST;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "M012",
        name: "malformed-fixes",
        severity: Severity::Info,
        summary: "A 'Fixes:' line names a commit by 12 to 40 hex digits and its title: 'Fixes: 54a4f0239f2e (\"mm: x\")'.",
        why: "By these lines stable's and everybody's tools find the fixes of the commits that they carry. A shorter id may \
              be another commit's by now, and without the title nobody can tell.",
        source: "Documentation/process/submitting-patches.rst, Describe your changes",
    },
    fix: None,
    good: Sample::Message("mm: fix a leak\n\nFree it.\n\nFixes: 54a4f0239f2e (\"mm: take a lock\")"),
    bad: Sample::Message("mm: fix a leak\n\nFree it.\n\nfixes: 54a4f02 (\"mm: take a lock\")"),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    for (at, value) in mail.keyed("Fixes").take(MOST) {
        let digits = value.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let line = &mail.body[at];
        let means_commit = digits >= 6 && value.get(digits).is_none_or(u8::is_ascii_whitespace);
        let is_trailer = mail.trailers.contains(&at);
        let folds = mail.body.get(at + 1).is_some_and(|next| !next.text.trim().is_empty());
        if (means_commit || is_trailer) && !(line.text.starts_with(b"Fixes: ") && is_good(value, digits, folds)) {
            notes
                .at(line.span.clone(), "not 'Fixes: <12 to 40 hex digits> (\"title\")'")
                .help("write it as: git log -1 --abbrev=12 --format='Fixes: %h (\"%s\")' <commit>");
        }
    }
}

/// The title may go on in the next line, and something may follow it.
fn is_good(value: &[u8], digits: usize, folds: bool) -> bool {
    let id = &value[..digits];
    let title = value[digits..].strip_prefix(b" (\"");
    let is_id = (12..=40).contains(&digits) && !id.iter().any(u8::is_ascii_uppercase);
    is_id && title.is_some_and(|title| !title.is_empty() && (folds || title.contains_str("\")")))
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::Files;

    #[test]
    fn forms() {
        for (line, fires) in [
            ("Fixes: 54a4f0239f2e (\"mm: x\") # v5.4+", false),
            ("Fixes: 54a4f0239f2e (\"mm: x and\n  y\")", false),
            ("Fixes: 54A4F0239F2E (\"mm: x\")", true),
            ("Fixes: 54a4f0239f2e mm: x", true),
            ("Fixes: 54a4f0239f2e", true),
            ("Fixes: https://bugs.example.org/1", true),
            ("Fixes: what was broken\nin the last release", false),
            ("  Fixes: 54a4f0", false),
        ] {
            let fired = !Files::message(&format!("mm: x\n\nb\n\n{line}")).says("M012").is_empty();
            assert_eq!(fired, fires, "{line}");
        }
    }
}
