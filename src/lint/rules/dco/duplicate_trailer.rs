//! D006: the same trailer twice.

use std::collections::HashMap;

use bstr::ByteSlice as _;

use crate::finding::{About, FixClass, Severity};
use crate::lint::mail::Mail;
use crate::lint::note::{FixKind, Notes};
use crate::lint::rule::{Check, Rule, Sample};
use crate::lint::rules::MOST;
use crate::lint::trailer;
use crate::text::visible;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "D006",
        name: "duplicate-trailer",
        severity: Severity::Info,
        summary: "No trailer stands in the message twice.",
        why: "It says nothing new, and it shows that the message was put together by tools that did not see each other's \
              lines. A sign-off may come again further down: then the patch passed through the same hands twice.",
        source: "Linux, scripts/checkpatch.pl; Documentation/process/submitting-patches.rst, Sign your work",
    },
    fix: Some(FixClass::Safe),
    good: Sample::Message(
        "mm: fix a leak\n\nFree it.\n\nCc: stable@vger.kernel.org\nSigned-off-by: A U Thor <author@example.org>\n\
         Acked-by: B <b@example.org>\nSigned-off-by: A U Thor <author@example.org>",
    ),
    bad: Sample::Message(
        "mm: fix a leak\n\nFree it.\n\nCc: stable@vger.kernel.org\nSigned-off-by: A U Thor <author@example.org>\n\
         Cc: stable@vger.kernel.org",
    ),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    let mut said = 0;
    let mut seen: HashMap<&[u8], usize> = HashMap::new();
    for (at, line) in mail.body.iter().enumerate() {
        let text = line.text.trim_end();
        let Some((name, _)) = trailer::read(text) else { continue };
        let folds = |at: usize| mail.body.get(at + 1).is_some_and(|next| next.text.starts_with_str(" "));
        let Some(before) = seen.insert(text, at) else { continue };
        let is_chain = name.eq_ignore_ascii_case(b"Signed-off-by") && before + 1 != at;
        if is_chain || folds(at) || folds(before) {
            continue;
        }
        said += 1;
        if said > MOST {
            break;
        }
        notes
            .at(line.span.clone(), format!("this '{}:' line stands in the message already", visible(name)))
            .help("remove it")
            .safe(FixKind::Edit(vec![(line.span.start..line.end, Vec::new())]));
    }
}
