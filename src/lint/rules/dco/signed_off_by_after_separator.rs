//! D008: the sign-off stands where git am does not read.

use bstr::ByteSlice as _;

use crate::finding::{About, FixClass, Severity};
use crate::lint::mail::{Mail, Person};
use crate::lint::note::{FixKind, Notes};
use crate::lint::rule::{Check, Rule, Sample};

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "D008",
        name: "signed-off-by-after-separator",
        severity: Severity::Error,
        summary: "The sign-off stands above the line '---'.",
        why: "git am drops all text between the line '---' and the diff: the commit has no sign-off, and every export made \
              from it has lost it for good.",
        source: "git-am(1); Documentation/process/submitting-patches.rst, The canonical patch format",
    },
    fix: Some(FixClass::Safe),
    good: Sample::File(sample_mail!(
        "From: A <a@b.c>\nSubject: s\n",
        "Signed-off-by: A <a@b.c>\n",
        "---\nSigned-off-by: C <c@b.c>\n"
    )),
    bad: Sample::File(sample_mail!(
        "From: A <a@b.c>\nSubject: s\n",
        "b\n",
        "---\nSigned-off-by: A <a@b.c>\n x | 1 +\n\n"
    )),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    let Some(boundary) = mail.draft.message.boundary.filter(|boundary| boundary.separator) else { return };
    if mail.sign_offs().next().is_some() {
        return;
    }
    let signed: Vec<_> = mail
        .notes()
        .filter(|line| line.text.strip_prefix(b"Signed-off-by:").is_some_and(|value| Person::read(value).is_some()))
        .collect();
    let Some(first) = signed.first() else { return };
    let at = mail.body.iter().rev().find(|line| !line.text.trim().is_empty()).map(|line| line.end);
    let mut moved = Vec::new();
    let is_below_header = at.is_none() && !mail.text[..boundary.offset].ends_with(b"\n\n");
    if is_below_header || (at.is_some() && mail.trailers.is_empty()) {
        moved.push(b'\n');
    }
    for line in &signed {
        moved.extend_from_slice(line.text.trim_end());
        moved.push(b'\n');
    }
    let at = at.unwrap_or(boundary.offset);
    let mut edits = vec![(at..at, moved)];
    edits.extend(signed.iter().map(|line| (line.span.start..line.end, Vec::new())));
    notes
        .at(first.span.clone(), "the sign-off stands below the line '---', where 'git am' does not read")
        .help("move it to the end of the message")
        .safe(FixKind::Edit(edits));
}

#[cfg(test)]
mod tests {
    use crate::finding::{FixClass, Severity};
    use crate::lint::{Allowed, Settings, Subject, fix_file, rule};

    #[test]
    fn it_moves_to_the_trailers() {
        let diff = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n";
        let signed = "Signed-off-by: A <a@b.c>\n";
        for (body, moved) in [
            ("b\n", format!("b\n\n{signed}")),
            ("b\n\nAcked-by: B <b@b.c>\n\n", format!("b\n\nAcked-by: B <b@b.c>\n{signed}\n")),
            ("", signed.to_owned()),
        ] {
            let text = format!("From: A <a@b.c>\nSubject: s\n\n{body}---\nnote\n{signed}{diff}");
            let mut settings = Settings::default();
            settings.select(rule("D008").expect("it is there"));
            let allowed = Allowed { class: FixClass::Safe, from: Severity::Info };
            let fixed = fix_file(Subject { name: "x", path: "x" }, text.as_bytes(), &settings, allowed, &|_| true);
            let wanted = format!("From: A <a@b.c>\nSubject: s\n\n{moved}---\nnote\n{diff}");
            assert_eq!(String::from_utf8(fixed.bytes).expect("text"), wanted);
        }
    }
}
