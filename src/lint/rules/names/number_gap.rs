//! N004: a number is missing.

use super::numbers::{File, files, is_even};
use crate::finding::{About, FixClass, Severity};
use crate::lint::member::Group;
use crate::lint::note::{FixKind, Notes};
use crate::lint::rule::{Check, Rule, Sample};

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "N004",
        name: "number-gap",
        severity: Severity::Info,
        summary: "The numbers of a set have no gaps.",
        why: "A gap may be a patch that got lost when the set was copied. If it was dropped on purpose, the next export \
              closes the gap and renames all files after it.",
        source: "git-format-patch(1) numbers without gaps; 1 of 488 sets in LinuxKit's history has one",
    },
    fix: Some(FixClass::Safe),
    good: Sample::Names(&["0001-a.patch", "0002-b.patch"]),
    bad: Sample::Names(&["0001-a.patch", "0003-b.patch"]),
    check: Check::Set(check),
};

fn check(group: &Group<'_>, notes: &mut Notes) {
    let files = files(group);
    if !group.is_whole || !is_even(&files) {
        return;
    }
    let Some(numbers) = files.iter().map(File::number).collect::<Option<Vec<u32>>>() else { return };
    let Some(at) = (1..numbers.len()).find(|&at| numbers[at] > numbers[at - 1].saturating_add(1)) else { return };
    let (first, last) = (numbers[at - 1] + 1, numbers[at] - 1);
    let message = if first == last {
        format!("number {first} is missing before it")
    } else {
        format!("numbers {first} to {last} are missing before it")
    };
    let note = notes.on(files[at].member, message);
    note.help("restore the patch that got lost, or number the files after the gap anew");
    // Any other file would have to make room for this one, or to follow it.
    if at + 1 == files.len()
        && let Some(name) = files[at].renumbered(first, files[at].digits.map_or(0, str::len))
    {
        note.safe(FixKind::Rename(name));
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::note::FixKind;
    use crate::lint::tests::Files;

    #[test]
    fn one_finding_a_set() {
        let says = |names: &[&str]| -> Vec<(String, Option<FixKind>)> {
            let judged = Files::names(names).says("N004");
            judged.into_iter().map(|judged| (judged.finding.message, judged.fix.map(|fix| fix.kind))).collect()
        };
        let (first, second) = ("0002-a.patch", "0003-b.patch");
        assert_eq!(says(&[first, second]), []);
        assert_eq!(says(&[first, second, second]), []);
        assert_eq!(
            says(&[first, "0004-b.patch"]),
            [("number 3 is missing before it".to_owned(), Some(FixKind::Rename(second.to_owned())))]
        );
        assert_eq!(
            says(&[first, "0005-b.patch", "0009-c.patch"]),
            [("numbers 3 to 4 are missing before it".to_owned(), None)]
        );
        assert_eq!(says(&["4294967294-a.patch", "4294967295-b.patch"]), []);
        assert_eq!(says(&[first, "9999999999-b.patch", "x.patch"]), []);
    }
}
