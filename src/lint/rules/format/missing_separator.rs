//! F004: no line `---` between message and diff.

use crate::finding::{About, FixClass, Severity};
use crate::lint::mail::{Mail, split};
use crate::lint::note::{FixKind, Notes};
use crate::lint::rule::{Check, Rule, Sample};
use crate::message::Form;
use crate::patch::diffstat;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "F004",
        name: "missing-separator",
        severity: Severity::Info,
        summary: "A line '---' stands between the message and the diff.",
        why: "Without it git takes all text up to the first line of a diff for the message, a diffstat too, which then \
              stands in the commit, hides the trailers from git, and is wrong after the next change.",
        source: "Documentation/process/submitting-patches.rst, The canonical patch format; git-mailinfo(1)",
    },
    fix: Some(FixClass::Safe),
    good: Sample::File(sample_mail!("From: A <a@b.c>\nSubject: s\n", "b\n", "---\n x | 1 +\n\n")),
    bad: Sample::File(sample_mail!("From: A <a@b.c>\nSubject: s\n", "b\n", "\n")),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    let Some(boundary) = mail.draft.message.boundary else { return };
    if boundary.separator || mail.draft.message.form == Form::Unknown || mail.draft.quoted.is_some() {
        return;
    }
    let body = mail.draft.message.body_start.min(boundary.offset)..boundary.offset;
    let stat = diffstat(mail.text, body).filter(|stat| mail.text[stat.end..boundary.offset].trim_ascii().is_empty());
    let message = match stat {
        Some(_) => "no line '---' before the diffstat",
        None => "no line '---' before the diff",
    };
    let at = stat.map_or(boundary.offset, |stat| stat.start);
    let end: &[u8] = if split(mail.text, at..mail.text.len()).next().is_some_and(|line| line.end - line.span.end == 2) {
        b"---\r\n"
    } else {
        b"---\n"
    };
    notes.at(at..at, message).help("put a line '---' there").safe(FixKind::Edit(vec![(at..at, end.to_vec())]));
}

#[cfg(test)]
mod tests {
    use crate::finding::{FixClass, Severity};
    use crate::lint::tests::Files;
    use crate::lint::{Allowed, Settings, Subject, fix_file, rule};

    #[test]
    fn the_line_goes_before_the_diffstat() {
        let diff = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n";
        for stat in [" x | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)\n\n", ""] {
            let text = format!("From: A <a@b.c>\nSubject: s\n\nb\n\n{stat}{diff}");
            assert_eq!(Files::one(text.clone()).says("F004").len(), 1);
            let mut settings = Settings::default();
            settings.select(rule("F004").expect("it is there"));
            let subject = Subject { name: "x", path: "x" };
            let allowed = Allowed { class: FixClass::Safe, from: Severity::Info };
            let fixed = fix_file(subject, text.as_bytes(), &settings, allowed, &|_| true);
            let wanted = format!("From: A <a@b.c>\nSubject: s\n\nb\n\n---\n{stat}{diff}");
            assert_eq!(String::from_utf8(fixed.bytes).expect("text"), wanted);
        }
    }
}
