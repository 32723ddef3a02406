//! P008: a line that means to be one of stable's and is not.

use crate::finding::{About, FixClass, Severity};
use crate::lint::mail::Mail;
use crate::lint::note::{FixKind, Notes};
use crate::lint::rule::{Check, Rule, Sample};
use crate::message::Form;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "P008",
        name: "malformed-stable",
        severity: Severity::Warning,
        summary: "The commit that a patch is upstream is named as stable does it: 'commit <40 hex digits> upstream.' or '[ \
                  Upstream commit <40 hex digits> ]'.",
        why: "The stable tree and all who look for what is missing in it know these two forms and no other. An abbreviated \
              id means another commit one day.",
        source: "Documentation/process/stable-kernel-rules.rst, Option 3; Documentation/process/backporting.rst",
    },
    fix: Some(FixClass::Unsafe),
    good: Sample::Message(
        "mm: fix a leak\n\ncommit 0123456789abcdef0123456789abcdef01234567 upstream.\n\nFree it.\n\n\
         Signed-off-by: A U Thor <author@example.org>",
    ),
    bad: Sample::Message(
        "mm: fix a leak\n\nUpstream commit: 0123456789ab\n\nFree it.\n\nSigned-off-by: A U Thor <author@example.org>",
    ),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    for at in &mail.provenance.near_stable {
        notes
            .at(mail.line_place(*at), "not one of the forms in which stable names a commit")
            .help("write 'commit <40 hex digits> upstream.' as the first line of the body");
    }
    let said = &mail.provenance;
    if !mail.settings.profile.stable_form || !said.stable.is_empty() || !said.near_stable.is_empty() {
        return;
    }
    if let Some(pick) = said.picks.last() {
        let place = mail.line_place(pick.line);
        let note = notes.at(place, "the commit that this is upstream is not named at the top of the body");
        note.help(format!("begin the body with 'commit {} upstream.'", pick.id));
        if let Some(kind) = inserted(mail, &pick.id) {
            note.risky(kind);
        }
    }
}

/// Stable's line as the first paragraph of the body.
fn inserted(mail: &Mail<'_>, id: &str) -> Option<FixKind> {
    let message = &mail.draft.message;
    // Without a subject in the header, the first paragraph is the subject.
    let has_title = message.header_subject.as_ref().is_some_and(|subject| !subject.is_empty());
    let first = mail.body.iter().find(|line| !line.text.trim_ascii().is_empty())?;
    let end = if mail.text[..first.end].ends_with(b"\r\n") { "\r\n" } else { "\n" };
    let line = format!("commit {id} upstream.{end}{end}");
    let at = first.span.start;
    (message.form == Form::Mail && has_title).then(|| FixKind::Edit(vec![(at..at, line.into_bytes())]))
}

#[cfg(test)]
mod tests {
    use bstr::ByteSlice as _;

    use crate::finding::{FixClass, Severity};
    use crate::lint::tests::Files;
    use crate::lint::{Allowed, Settings, Subject, fix_file, profile};

    #[test]
    fn a_submission_gets_its_first_line() {
        let id = "0123456789abcdef0123456789abcdef01234567";
        let files = Files::message(&format!("mm: x\n\nText.\n\n(cherry picked from commit {id})"));
        assert!(files.says("P008").is_empty());
        let settings = Settings::new(profile("stable-submission").expect("it is there"));
        let allowed = Allowed { class: FixClass::Unsafe, from: Severity::Info };
        let (name, bytes) = &files.patches[0];
        let wanted = |finding: &crate::finding::Finding| finding.rule == "P008";
        let fixed = fix_file(Subject { name, path: name }, bytes, &settings, allowed, &wanted);
        assert!(fixed.bytes.contains_str(format!("\n\ncommit {id} upstream.\n\nText.\n")));
    }
}
