//! P001: nothing says where the patch comes from.

use crate::finding::{About, Severity};
use crate::lint::member::Group;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "P001",
        name: "missing-source",
        severity: Severity::Warning,
        summary: "The message says where the patch comes from: a picked commit, an 'Origin:' link, a commit that it \
                  reverts.",
        why: "A patch without a source cannot be looked up when it conflicts, and nobody can tell whether upstream has it \
              by now. It is then carried for longer than anybody needs it.",
        source: "seed, Working with Linux kernel patches; git-cherry-pick(1), -x",
    },
    fix: None,
    good: Sample::Set(&[
        "mm: fix a leak\n\nFree it.\n\nSigned-off-by: A U Thor <author@example.org>\n\
         (cherry picked from commit 0123456789abcdef0123456789abcdef01234567)",
        "Revert \"mm: free it\"\n\nThis reverts commit 0123456789abcdef0123456789abcdef01234567.\n\nIt hangs.",
    ]),
    bad: Sample::Set(&["mm: fix a leak\n\nFree it.\n\nSigned-off-by: A U Thor <author@example.org>"]),
    check: Check::Set(check),
};

const HELP: &str =
    "add '(cherry picked from commit <id>)' if it is a commit, or 'Origin: <link>' to where it was posted";

fn check(group: &Group<'_>, notes: &mut Notes) {
    if group.settings.origin.is_some() {
        return;
    }
    let without = || group.members.iter().enumerate().filter(|(_, member)| !member.has_source).map(|(at, _)| at);
    if !group.settings.profile.one_origin {
        for at in without() {
            notes.on(at, "nothing says where the patch comes from").help(HELP);
        }
        return;
    }
    let (count, all) = (without().count(), group.members.len());
    if count > 0 {
        notes
            .directory(format!("{count} of {all} patches do not say where they come from, nor does the set"))
            .help("say once where the whole set comes from: 'origin' of its series in kpatch.toml");
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::Files;
    use crate::lint::{Settings, profile};

    const BARE: &str = "mm: fix a leak\n\nFree it.\n\nSigned-off-by: A U Thor <author@example.org>";

    #[test]
    fn a_set_with_one_origin_is_named_once() {
        let rt = profile("rt").expect("it is there");
        let mut files = Files::message(BARE);
        files.patches.push(("0002-x.patch".into(), files.patches[0].1.clone()));
        let of = |settings: &Settings| files.judged(settings).iter().filter(|j| j.finding.rule == "P001").count();
        assert_eq!(of(&Settings::default()), 2);
        assert_eq!(of(&Settings::new(rt)), 1);
        let mut known = Settings::new(rt);
        known.origin = Some("https://example.org/rt".into());
        assert_eq!(of(&known), 0);
    }

    #[test]
    fn headers_count_where_they_are_the_custom() {
        let text = String::from_utf8(Files::message(BARE).patches[0].1.clone()).expect("text");
        for field in ["Bug: https://example.org/1", "Bug-Debian: https://example.org/1", "Forwarded: not-needed"] {
            let files = Files::one(text.replace("Subject:", &format!("{field}\nSubject:")));
            let is_told = |name| files.fired(&Settings::new(profile(name).expect("it is there"))).contains("P001");
            assert!(is_told("linuxkit"), "{field}");
            assert!(!is_told("debian"), "{field}");
        }
    }
}
