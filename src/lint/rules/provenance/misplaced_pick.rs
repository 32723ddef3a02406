//! P007: a picked commit that is named elsewhere than git names it.

use crate::finding::{About, FixClass, Severity};
use crate::lint::append::line_moved;
use crate::lint::mail::Mail;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "P007",
        name: "misplaced-pick",
        severity: Severity::Info,
        summary: "The line of a picked commit stands among the trailers, behind the sign-off of the author.",
        why: "git cherry-pick -x writes it there: whoever picked the commit came after whoever wrote it. Above the \
              sign-off checkpatch takes it for a wrong reference to a commit.",
        source: "git-cherry-pick(1), -x; scripts/checkpatch.pl, GIT_COMMIT_ID",
    },
    fix: Some(FixClass::Safe),
    good: Sample::Message(
        "mm: fix a leak\n\nFree it.\n\nSigned-off-by: A U Thor <author@example.org>\n\
         (cherry picked from commit 0123456789abcdef0123456789abcdef01234567)\n\
         Signed-off-by: C Arrier <carrier@example.org>",
    ),
    bad: Sample::Message(
        "mm: fix a leak\n\n(cherry picked from commit 0123456789abcdef0123456789abcdef01234567)\n\nFree it.\n\n\
         Signed-off-by: A U Thor <author@example.org>",
    ),
    check: Check::Patch(check),
};

fn check(mail: &Mail<'_>, notes: &mut Notes) {
    let signed = author_sign_off(mail);
    let picks = &mail.provenance.picks;
    for pick in picks {
        let message = match signed {
            _ if !mail.trailers.contains(&pick.line) => "the line of a picked commit is not among the trailers",
            Some(signed) if pick.line < signed => "the line of a picked commit is above its author's sign-off",
            _ => continue,
        };
        let note = notes.at(mail.line_place(pick.line), message).help("move it behind the last trailer");
        // The order of several picks says which way the patch came.
        if picks.len() == 1
            && let Some(fix) = line_moved(mail, pick.line)
        {
            note.safe(fix);
        }
    }
}

/// The line where the author signs off first.
fn author_sign_off(mail: &Mail<'_>) -> Option<usize> {
    let author = mail.draft.message.author.as_ref().ok()?;
    let is_author = |name: &[u8], email: &[u8]| email.eq_ignore_ascii_case(&author.email) || name == author.name;
    mail.sign_offs().find(|(_, person)| is_author(person.name, person.email)).map(|(line, _)| line)
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::Files;

    #[test]
    fn either_order_with_an_origin_is_good() {
        let pick = "(cherry picked from commit 0123456789abcdef0123456789abcdef01234567)";
        let (signed, origin) = ("Signed-off-by: A U Thor <author@example.org>", "Origin: https://x.org/1");
        for lines in [[signed, origin, pick], [signed, pick, origin], [signed, pick, signed]] {
            let message = format!("mm: x\n\nText.\n\n{}", lines.join("\n"));
            assert!(Files::message(&message).says("P007").is_empty(), "{message}");
        }
        let judged = Files::message(&format!("mm: x\n\nText.\n\n{pick}\n{signed}\n{pick}")).says("P007");
        assert!(judged.len() == 1 && judged[0].fix.is_none());
    }
}
