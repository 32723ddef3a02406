//! M010: the id of a review that nobody else can see.

use bstr::ByteSlice as _;

use crate::finding::{About, FixClass, Severity};
use crate::lint::mail::Mail;
use crate::lint::note::{FixKind, Notes};
use crate::lint::rule::{Check, Rule, Sample};
use crate::lint::rules::MOST;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "M010",
        name: "change-id",
        severity: Severity::Warning,
        summary: "The message has no 'Change-Id:' line of Gerrit.",
        why: "It names a review on one server, mostly one that is not open to others, and says nothing to who carries the \
              patch. The kernel refuses it.",
        source: "Linux, scripts/checkpatch.pl (GERRIT_CHANGE_ID)",
    },
    fix: Some(FixClass::Safe),
    good: Sample::Message("mm: fix a leak\n\nFree it.\n\nSigned-off-by: A U Thor <author@example.org>"),
    bad: Sample::Message(
        "mm: fix a leak\n\nFree it.\n\nChange-Id: I0123456789abcdef0123456789abcdef01234567\n\
         Signed-off-by: A U Thor <author@example.org>",
    ),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    for (at, id) in mail.keyed("Change-Id").take(MOST) {
        let is_id = id.strip_prefix(b"I").is_some_and(|id| id.len() >= 8 && id.iter().all(u8::is_ascii_hexdigit));
        if is_id && !id.contains_str(" ") {
            let line = &mail.body[at];
            notes
                .at(line.span.clone(), "a 'Change-Id:' line of a review elsewhere")
                .help("remove it")
                .safe(FixKind::Edit(vec![(line.span.start..line.end, Vec::new())]));
        }
    }
}
