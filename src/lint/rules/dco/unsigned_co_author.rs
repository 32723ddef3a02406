//! D007: a co-author who did not sign off.

use bstr::ByteSlice as _;

use crate::finding::{About, Severity};
use crate::lint::mail::{Mail, Person, value};
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};
use crate::lint::rules::MOST;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "D007",
        name: "unsigned-co-author",
        severity: Severity::Warning,
        summary: "Every 'Co-developed-by:' line is followed by the sign-off of the same person.",
        why: "Who wrote a part of a patch has to say, as its author does, that it may be passed on. The kernel wants that \
              line right below, so that nobody needs to look for it.",
        source: "Documentation/process/submitting-patches.rst, When to use Acked-by:, Cc:, and Co-developed-by:",
    },
    fix: None,
    good: Sample::Message(
        "mm: fix a leak\n\nFree it.\n\nCo-developed-by: B <b@example.org>\nSigned-off-by: B <b@example.org>\n\
         Signed-off-by: A U Thor <author@example.org>",
    ),
    bad: Sample::Message(
        "mm: fix a leak\n\nFree it.\n\nCo-developed-by: B <b@example.org>\n\
         Signed-off-by: A U Thor <author@example.org>",
    ),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    for (at, who) in mail.keyed("Co-developed-by").take(MOST) {
        let signed = mail.body.get(at + 1).and_then(|line| value(line.text, "Signed-off-by"));
        let is_same = match (Person::read(who), signed.and_then(Person::read)) {
            (Some(who), Some(signed)) => {
                who.email.eq_ignore_ascii_case(signed.email)
                    || who.name.to_str_lossy().to_lowercase() == signed.name.to_str_lossy().to_lowercase()
            }
            _ => signed.is_some_and(|signed| signed.eq_ignore_ascii_case(who)),
        };
        if !is_same {
            notes
                .at(mail.body[at].span.clone(), "no 'Signed-off-by:' line of this co-author right below")
                .help("ask the co-author for one, or say 'Suggested-by:' if no code is theirs");
        }
    }
}
