//! N005: the numbers do not begin with 1.

use super::numbers::{File, files};
use crate::finding::{About, FixClass, Severity};
use crate::lint::member::Group;
use crate::lint::note::{FixKind, Notes};
use crate::lint::rule::{Check, Rule, Sample};

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "N005",
        name: "first-number-not-one",
        severity: Severity::Info,
        summary: "The numbers of a set begin with 1.",
        why: "A set that begins later may be the end of a longer one whose start got lost; one that begins with 0 may hold \
              a cover letter, which is no patch.",
        source: "git-format-patch(1) begins with 1; 1 of 488 sets in LinuxKit's history does not",
    },
    fix: Some(FixClass::Safe),
    good: Sample::Names(&["0001-a.patch", "0002-b.patch"]),
    bad: Sample::Names(&["0009-a.patch", "0010-b.patch"]),
    check: Check::Set(check),
};

fn check(group: &Group<'_>, notes: &mut Notes) {
    let files = files(group);
    let Some(first) = files.first().filter(|_| group.is_whole) else { return };
    let Some(number) = File::number(first).filter(|number| *number != 1) else { return };
    let note = notes.on(first.member, format!("the numbers begin with {number}"));
    note.help("restore the patches before it, or number all files anew");
    if files.len() == 1
        && let Some(name) = first.renumbered(1, first.digits.map_or(0, str::len))
    {
        note.safe(FixKind::Rename(name));
    }
}
