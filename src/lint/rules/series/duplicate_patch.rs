//! S001: a patch stands twice in a set.

use std::collections::HashMap;

use crate::finding::{About, Severity};
use crate::lint::member::{Group, Member};
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};
use crate::text::visible;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "S001",
        name: "duplicate-patch",
        severity: Severity::Error,
        summary: "No two patches of a set make the same change, unless a revert stands between them.",
        why: "The second one does not apply to what the first one made. Or worse, it does: in another function that \
              happens to have the same lines.",
        source: "git-patch-id(1) says when two patches are the same; found once in LinuxKit's history",
    },
    fix: None,
    good: Sample::Set(&["mm: fix a leak\n\nFree it.", "mm: fix a race\n\nLock it."]),
    bad: Sample::Set(&["mm: fix a leak\n\nFree it.", "mm: fix a leak\n\nFree it."]),
    check: Check::Set(check),
};

fn check(group: &Group<'_>, notes: &mut Notes) {
    let mut standing: HashMap<[u8; 20], &Member> = HashMap::new();
    let mut by_claim: HashMap<&str, [u8; 20]> = HashMap::new();
    for (at, member) in group.members.iter().enumerate() {
        let reverted = member.reverts.iter().filter_map(|commit| by_claim.get(commit.as_str()));
        for id in reverted.chain(&member.reverse_id) {
            standing.remove(id);
        }
        let Some(id) = member.patch_id else { continue };
        if let Some(first) = standing.get(&id) {
            notes
                .on(at, format!("'{}' makes the same change", visible(first.name.as_bytes())))
                .help("remove one of the two");
            continue;
        }
        standing.insert(id, member);
        by_claim.extend(member.claims.iter().map(|commit| (commit.as_str(), id)));
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::rules::testing::{diff, mail, set};

    #[test]
    fn a_patch_may_come_again_after_its_revert() {
        let change = diff("x.c", "@@ -1,2 +1,2 @@\n a\n-b\n+c\n");
        let back = diff("x.c", "@@ -1,2 +1,2 @@\n a\n-c\n+b\n");
        let revert = mail("Revert \"x: fix\"\n\nIt broke.", &back);
        assert!(set(&[mail("x: fix", &change), revert.clone(), mail("x: fix again", &change)]).says("S001").is_empty());
        assert_eq!(set(&[mail("x: fix", &change), mail("x: fix again", &change), revert]).says("S001").len(), 1);
    }

    #[test]
    fn the_same_lines_of_another_file_are_another_change() {
        let hunk = "@@ -1,2 +1,2 @@\n a\n-b\n+c\n";
        assert!(set(&[mail("x: fix", &diff("x.c", hunk)), mail("x: fix", &diff("y.c", hunk))]).says("S001").is_empty());
    }

    #[test]
    fn a_revert_is_known_by_its_commit() {
        let id = "0123456789abcdef0123456789abcdef01234567";
        let change = diff("x.c", "@@ -1,2 +1,2 @@\n a\n-b\n+c\n");
        // It was adapted, so its change is not the other one backwards.
        let back = diff("x.c", "@@ -1,3 +1,2 @@\n a\n-c\n-d\n+b\n");
        let first = mail(&format!("x: fix\n\n(cherry picked from commit {id})"), &change);
        let revert = mail(&format!("Revert \"x: fix\"\n\nThis reverts commit {id}."), &back);
        assert!(set(&[first.clone(), revert, first]).says("S001").is_empty());
    }
}
