//! S006: a set holds a patch and what takes it back.

use std::collections::HashMap;

use crate::finding::{About, Severity};
use crate::lint::member::{Group, Member};
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};
use crate::text::visible;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "S006",
        name: "patch-and-its-revert",
        severity: Severity::Info,
        summary: "No patch of a set takes an earlier one back.",
        why: "The two cancel each other, and yet both must be carried to every new release, with all the conflicts that \
              they have on the way.",
        source: "Debian's kernel patches have one such pair",
    },
    fix: None,
    good: Sample::Set(&[
        "mm: fix a leak\n\n(cherry picked from commit 0123456789abcdef0123456789abcdef01234567)",
        "Revert \"mm: fix a race\"\n\nThis reverts commit 76543210fedcba9876543210fedcba9876543210.",
    ]),
    bad: Sample::Set(&[
        "mm: fix a leak\n\n(cherry picked from commit 0123456789abcdef0123456789abcdef01234567)",
        "Revert \"mm: fix a leak\"\n\nThis reverts commit 0123456789abcdef0123456789abcdef01234567.",
    ]),
    check: Check::Set(check),
};

fn check(group: &Group<'_>, notes: &mut Notes) {
    let mut by_id: HashMap<[u8; 20], &Member> = HashMap::new();
    let mut by_claim: HashMap<&str, &Member> = HashMap::new();
    for (at, member) in group.members.iter().enumerate() {
        let by_id_of = member.reverse_id.and_then(|id| by_id.get(&id));
        let reverted = by_id_of.or_else(|| member.reverts.iter().find_map(|commit| by_claim.get(commit.as_str())));
        if let Some(reverted) = reverted {
            notes
                .on(at, format!("takes back '{}' of the same set", visible(reverted.name.as_bytes())))
                .help("drop both if nothing between them needs the change: kpatch drop");
        }
        by_id.extend(member.patch_id.map(|id| (id, member)));
        by_claim.extend(member.claims.iter().map(|commit| (commit.as_str(), member)));
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::rules::testing::{diff, mail, set};

    #[test]
    fn a_revert_is_known_by_its_change() {
        let change = mail("x: fix", &diff("x.c", "@@ -1,2 +1,2 @@\n a\n-b\n+c\n"));
        let revert = mail("Revert \"x: fix\"\n\nIt broke.", &diff("x.c", "@@ -1,2 +1,2 @@\n a\n-c\n+b\n"));
        assert_eq!(set(&[change.clone(), revert.clone()]).says("S006").len(), 1);
        // A revert of something else than what the set carries, and one that stands first.
        assert!(set(std::slice::from_ref(&revert)).says("S006").is_empty());
        assert!(set(&[revert, change]).says("S006").is_empty());
    }
}
