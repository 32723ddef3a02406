//! S004: not all ways to apply a set give the same tree.

use crate::finding::{About, Severity};
use crate::lint::facts::SetFacts;
use crate::lint::member::Group;
use crate::lint::note::Notes;
use crate::lint::rule::{Check, Rule, Sample};
use crate::text::visible;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "S004",
        name: "trees-differ",
        severity: Severity::Error,
        summary: "git am, patch -F0 and the branch of the set give one tree.",
        why: "A set has two consumers: people import it with git am, the image build runs patch. If they do not agree, the \
              kernel that is built is not the one that was reviewed; if the branch has another tree, its last changes were \
              not exported.",
        source: "seed, Working with Linux kernel patches: import with git am, build with patch -F0",
    },
    fix: None,
    good: Sample::Words("a set that was exported from its branch by git format-patch"),
    bad: Sample::Words("a set in which patch puts a hunk into another function than git am does"),
    check: Check::TreeSet(check),
};

fn check(_: &Group<'_>, facts: &SetFacts, notes: &mut Notes) {
    // A patch that does not apply is another rule's.
    let Ok(am) = &facts.am else { return };
    let base = visible(facts.base.as_bytes());
    match &facts.patch {
        Err(reason) => {
            let reason = visible(reason.as_bytes());
            notes
                .directory(format!("git am applies all of it to {base}, patch -F0 does not: {reason}"))
                .help("write the patches anew: kpatch export");
        }
        Ok(tree) if tree != am => {
            notes
                .directory(format!("patch -F0 gives another tree than git am on {base}"))
                .help("look for a hunk with little context, and write the patches anew: kpatch export");
        }
        Ok(_) => {}
    }
    if let Some((branch, _)) = facts.branch.as_ref().filter(|(_, tree)| tree != am) {
        let branch = visible(branch.as_bytes());
        notes
            .directory(format!("the branch '{branch}' has another tree than git am gives on {base}"))
            .help("write the branch to the set (kpatch export), or the set to the branch (kpatch import)");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::Oid;
    use crate::lint::settings::Settings;

    #[test]
    fn it_says_who_disagrees() {
        let settings = Settings::default();
        let group = Group { path: "patches", members: &[], entries: &[], is_whole: true, settings: &settings };
        let tree = |digit: &str| digit.repeat(40).parse::<Oid>().expect("an id");
        let says = |am: Result<Oid, String>, patch: Result<Oid, String>, branch: Option<Oid>| -> Vec<String> {
            let branch = branch.map(|tree| ("b".to_owned(), tree));
            let facts = SetFacts { base: "v6.1.1".to_owned(), am, patch, branch };
            let mut notes = Notes::default();
            check(&group, &facts, &mut notes);
            notes.into_inner().into_iter().map(|note| note.message).collect()
        };
        assert!(says(Ok(tree("1")), Ok(tree("1")), Some(tree("1"))).is_empty());
        assert!(says(Err("x".to_owned()), Err("y".to_owned()), Some(tree("1"))).is_empty());
        assert_eq!(says(Ok(tree("1")), Ok(tree("2")), None), ["patch -F0 gives another tree than git am on v6.1.1"]);
        assert_eq!(
            says(Ok(tree("1")), Err("0002-x.patch: binary".to_owned()), Some(tree("3"))),
            [
                "git am applies all of it to v6.1.1, patch -F0 does not: 0002-x.patch: binary",
                "the branch 'b' has another tree than git am gives on v6.1.1"
            ]
        );
    }
}
