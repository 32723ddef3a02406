//! N006: a file is called otherwise than its subject.

use super::numbers::{File, files};
use crate::finding::{About, FixClass, Severity};
use crate::lint::member::Group;
use crate::lint::note::{FixKind, Notes};
use crate::lint::rule::{Check, Rule, Sample};
use crate::patch::file_name;
use crate::text::visible;

/// How long the names are that `git format-patch` cuts.
const CUT: usize = 63;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "N006",
        name: "name-not-from-subject",
        severity: Severity::Info,
        summary: "A file is named as git format-patch names it: its number, then its subject.",
        why: "People look for a patch by its title. An export names every file after its subject, so a name of one's own \
              lasts until the next one, which then shows as a renamed file.",
        source: "git-format-patch(1), --filename-max-length; a '-' before '.patch' is where git cut a long title",
    },
    fix: Some(FixClass::Safe),
    good: Sample::Names(&["0001-mm-fix-a-leak.patch"]),
    bad: Sample::Names(&["0001-tmp.patch"]),
    check: Check::Set(check),
};

fn check(group: &Group<'_>, notes: &mut Notes) {
    let files = files(group);
    for (at, file) in files.iter().enumerate() {
        let Some(digits) = file.digits else { continue };
        let subject = &group.members[file.member].subject;
        let is_only = group.members.get(file.member + 1).is_none_or(|next| next.part == 0);
        let usual = file_name(0, subject);
        if subject.is_empty() || !is_only || is_named(file, &usual, subject) {
            continue;
        }
        let name = format!("{digits}{}", &usual[4..]);
        let note = notes.on(file.member, "the name is not that of the subject");
        note.help(format!("git calls it '{}'", visible(name.as_bytes())));
        let between = at.checked_sub(1).is_none_or(|before| files[before].name < name.as_str())
            && files.get(at + 1).is_none_or(|after| name.as_str() < after.name);
        if group.is_whole && between {
            note.safe(FixKind::Rename(name));
        }
    }
}

/// True if the file is named after its subject, wherever the name was cut.
fn is_named(file: &File<'_>, usual: &str, subject: &[u8]) -> bool {
    let digits = file.digits.map_or(0, str::len);
    let (rest, expected) = (&file.name[digits..], &usual[4..]);
    let by_git = file.number().is_some_and(|number| file_name(number as usize, subject) == file.name);
    // A longer limit gives a longer name.
    let stem = expected.strip_suffix(".patch").unwrap_or(expected);
    rest == expected || by_git || (usual.len() == CUT && rest.starts_with(stem))
}

#[cfg(test)]
mod tests {
    use crate::lint::note::FixKind;
    use crate::lint::tests::Files;

    #[test]
    fn names_by_git_are_fine() {
        for names in [
            &["001-mm-fix-a-leak.patch"][..],
            &["12345-mm-fix-a-leak.patch"],
            &["0001-mm-fix-a-leak.patch", "0002-mm-fix-a-leak.patch"],
            &["tmp.patch"],
        ] {
            assert!(Files::names(names).says("N006").is_empty(), "{names:?}");
        }
    }

    #[test]
    fn a_long_title_may_be_cut_anywhere() {
        let subject = "media: a very long title that git format-patch cuts in the middle of a word";
        let mut files = Files::message(&format!("{subject}\n\nText."));
        assert!(files.patches[0].0.len() == 63 && files.says("N006").is_empty(), "{}", files.patches[0].0);
        files.patches[0].0 = crate::patch::file_name(1, subject.as_bytes()).replace(".patch", "ddle.patch");
        assert!(files.says("N006").is_empty());
    }

    #[test]
    fn the_order_stays() {
        let fixes = |names: &[&str]| -> Vec<Option<FixKind>> {
            Files::names(names).says("N006").into_iter().map(|judged| judged.fix.map(|fix| fix.kind)).collect()
        };
        let good = Some(FixKind::Rename("0001-mm-fix-a-leak.patch".to_owned()));
        assert_eq!(fixes(&["0001-tmp.patch", "0002-mm-fix-a-leak.patch"]), [good]);
        assert_eq!(
            fixes(&["0001-a.patch", "0001-b.patch"]),
            [None, Some(FixKind::Rename("0001-mm-fix-a-leak.patch".to_owned()))]
        );
    }
}
