//! M004: a subject that does not say what it is about.

use bstr::ByteSlice as _;

use crate::finding::{About, Severity};
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "M004",
        name: "missing-subsystem",
        severity: Severity::Info,
        summary: "The subject of a patch of one's own begins with the area it is about: 'net: mana: fix x'.",
        why: "By the area readers of a list of commits see whether a patch concerns them. A patch that says where it comes \
              from keeps the subject that it has there.",
        source: "Documentation/process/submitting-patches.rst, The canonical patch format",
    },
    fix: None,
    good: Sample::Message("net: mana: fix a leak\n\nFree it."),
    bad: Sample::Message("Fix a leak\n\nFree it."),
    check: Check::Patch(check),
};

/// An area has no more words than this: `x86 / ACPI:`.
const WORDS: usize = 4;

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    let subject = mail.subject();
    let starts = |word: &[u8]| subject.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    let is_named = subject.find(": ").is_some_and(|colon| colon > 0 && subject[..colon].fields().count() <= WORDS);
    // `[media] ` is an area too.
    let is_named = is_named || subject.starts_with(b"[");
    let is_other = subject.is_empty() || starts(b"revert ") || mail.draft.message.header_subject.is_none();
    if !is_named && !is_other && mail.is_authored() {
        notes
            .at(mail.subject_place(), "the subject names no area, as in 'area: summary'")
            .help("put the area before it, as the log of the files that it changes has it");
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::Files;

    #[test]
    fn areas() {
        for (subject, fires) in [
            ("ARM: dts: add x", false),
            ("[media] fix x", false),
            ("x86 / ACPI: fix x", false),
            ("Revert \"mm: x\"", false),
            (": x", true),
            ("fix what nobody has seen so far: x", true),
        ] {
            assert_eq!(!Files::message(&format!("{subject}\n\nb")).says("M004").is_empty(), fires, "{subject}");
        }
    }
}
