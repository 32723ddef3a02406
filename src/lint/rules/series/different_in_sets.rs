//! S007: two sets carry two states of one patch.

use std::collections::{HashMap, HashSet};

use crate::finding::{About, Severity};
use crate::lint::member::Group;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};
use crate::text::visible;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "S007",
        name: "different-in-sets",
        severity: Severity::Info,
        summary: "A patch that several sets carry makes the same change in all of them.",
        why: "Where one set got a newer state of a patch and the other did not, a fix is missing there. Releases that are \
              far apart need different patches, so this is only something to look at.",
        source: "seed, Working with Linux kernel patches: one patch set for each kernel series; git-patch-id(1)",
    },
    fix: None,
    good: Sample::Set(&["mm: fix a leak\n\nFree it.", "mm: fix a leak\n\nFree it."]),
    bad: Sample::Set(&["mm: fix a leak\n\nFree it.", "mm: fix a leak\n\nFree it earlier."]),
    check: Check::Sets(check),
};

/// What the last set that has a subject has under it.
struct Seen {
    group: usize,
    ids: HashSet<[u8; 20]>,
}

fn check(groups: &[Group<'_>], notes: &mut Notes) {
    let mut seen: HashMap<&[u8], Seen> = HashMap::new();
    for (number, group) in groups.iter().enumerate() {
        let known = group.members.iter().enumerate().filter(|(_, member)| !member.subject.is_empty());
        let known = known.filter_map(|(at, member)| member.patch_id.map(|id| (at, member.subject.as_slice(), id)));
        for (at, subject, id) in known.clone() {
            if let Some(before) = seen.get(subject).filter(|before| !before.ids.contains(&id)) {
                let other = visible(groups[before.group].path.as_bytes());
                notes
                    .on_of(number, at, format!("'{other}' has a patch of this subject that makes another change"))
                    .help("compare the two: kpatch diff");
            }
        }
        for (_, subject, id) in known {
            let entry = seen.entry(subject).or_insert_with(|| Seen { group: number, ids: HashSet::new() });
            if entry.group != number {
                *entry = Seen { group: number, ids: HashSet::new() };
            }
            entry.ids.insert(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::rules::testing::{diff, mail, set};

    #[test]
    fn it_stands_on_the_later_set() {
        let patch = |new: &str| mail("x: fix", &diff("x.c", &format!("@@ -1 +1 @@\n-a\n+{new}\n")));
        let mut files =
            set(&[patch("b"), patch("c"), patch("c"), mail("y: fix", &diff("y.c", "@@ -1 +1 @@\n-a\n+c\n"))]);
        files.apart = true;
        let judged = files.says("S007");
        assert_eq!(judged.len(), 1);
        assert_eq!(judged[0].finding.path, "0002-x-fix.patch");
        files.apart = false;
        assert!(files.says("S007").is_empty());
    }
}
