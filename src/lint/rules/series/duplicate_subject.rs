//! S002: two patches of a set have the same subject.

use std::collections::HashMap;

use crate::finding::{About, Severity};
use crate::lint::member::{Group, Member};
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};
use crate::text::visible;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "S002",
        name: "duplicate-subject",
        severity: Severity::Info,
        summary: "Every subject stands once in a set.",
        why: "Two patches with one title are often two states of one patch: an old export that stayed when a newer one \
              was added. Where they are two patches, nobody can tell them apart in a log.",
        source: "3 of 488 sets in LinuxKit's history have such patches",
    },
    fix: None,
    good: Sample::Set(&["mm: fix a leak\n\nFree it.", "mm: fix a race\n\nLock it."]),
    bad: Sample::Set(&["mm: fix a leak\n\nFree it.", "mm: fix a leak\n\nFree it earlier."]),
    check: Check::Set(check),
};

fn check(group: &Group<'_>, notes: &mut Notes) {
    let mut first: HashMap<&[u8], &Member> = HashMap::new();
    for (at, member) in group.members.iter().enumerate() {
        let subject = member.subject.as_slice();
        if let Some(reverted) = subject.strip_prefix(b"Revert \"").and_then(|rest| rest.strip_suffix(b"\"")) {
            // What was taken back may come again.
            first.remove(reverted);
            continue;
        }
        if subject.is_empty() {
            continue;
        }
        let before = *first.entry(subject).or_insert(member);
        let is_part = before.name == member.name;
        let differs = before.patch_id.zip(member.patch_id).is_some_and(|(before, now)| before != now);
        if differs && !is_part {
            notes
                .on(at, format!("'{}' has the same subject, and another change", visible(before.name.as_bytes())))
                .help("remove the older of the two, or give each a title of its own");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::rules::testing::{diff, mail, set};

    #[test]
    fn reverts_and_what_comes_again() {
        let change = |old: &str, new: &str| diff("x.c", &format!("@@ -1,2 +1,2 @@\n a\n-{old}\n+{new}\n"));
        let revert = mail("Revert \"x: fix\"\n\nIt broke.", &change("c", "b"));
        assert!(
            set(&[mail("x: fix", &change("b", "c")), revert.clone(), mail("x: fix", &change("b", "d"))])
                .says("S002")
                .is_empty()
        );
        assert!(set(&[revert.clone(), mail("Revert \"x: fix\"", &change("e", "f"))]).says("S002").is_empty());
        assert_eq!(set(&[mail("x: fix", &change("b", "c")), mail("x: fix", &change("b", "d"))]).says("S002").len(), 1);
    }
}
