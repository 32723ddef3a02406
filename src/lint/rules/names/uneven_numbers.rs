//! N002: the numbers of the files have different widths.

use std::cmp::Ordering;

use super::numbers::{File, common_width, compare, files, keep_order};
use crate::finding::{About, FixClass, Severity};
use crate::lint::member::Group;
use crate::lint::note::{FixKind, Notes};
use crate::lint::rule::{Check, Rule, Sample};

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "N002",
        name: "uneven-numbers",
        severity: Severity::Error,
        summary: "All numbers of a set have the same width, so that the order of the names is that of the numbers.",
        why: "The shell sorts names by their bytes: '10-x' comes before '9-y'. Patches are then applied in another order \
              than their numbers say. Where the order happens to be right it is a warning: the next patch may break it.",
        source: "the image build of LinuxKit applies 'patches/*.patch' in the order of the shell; git-format-patch(1)",
    },
    fix: Some(FixClass::Safe),
    good: Sample::Names(&["0009-a.patch", "0010-b.patch"]),
    bad: Sample::Names(&["1-a.patch", "10-b.patch", "2-c.patch"]),
    check: Check::Set(check),
};

fn check(group: &Group<'_>, notes: &mut Notes) {
    let all = files(group);
    let numbered: Vec<File<'_>> = all.iter().copied().filter(|file| file.digits.is_some()).collect();
    let width_of = |file: &File<'_>| file.digits.map_or(0, str::len);
    if numbered.windows(2).all(|pair| width_of(&pair[0]) == width_of(&pair[1])) {
        return;
    }
    let is_ordered = !numbered.windows(2).any(|pair| compare(&pair[0], &pair[1]) == Ordering::Greater);
    let width = common_width(&numbered);
    let odd = |(_, file): &(usize, &File<'_>)| file.digits.is_some_and(|digits| digits.len() != width);
    let renames: Vec<(usize, String)> =
        all.iter().enumerate().filter(odd).map(|(at, file)| (at, padded(file, width))).collect();
    let keeps = keep_order(&all, &renames);
    for (at, name) in renames {
        let file = &all[at];
        let digits = width_of(file);
        let plural = if digits == 1 { "" } else { "s" };
        let message = if is_ordered {
            format!("a number with {digits} digit{plural} in a set with {width}")
        } else {
            format!(
                "a number with {digits} digit{plural} in a set with {width}: the names sort in another order than the numbers"
            )
        };
        let note = notes.on(file.member, message);
        note.help(format!("write all numbers with {width} digits"));
        if is_ordered {
            note.severity(Severity::Warning);
        }
        match (group.is_whole, is_ordered) {
            (true, true) if keeps => drop(note.safe(FixKind::Rename(name))),
            // The order of application changes, to the one that the numbers mean.
            (true, false) => drop(note.risky(FixKind::Rename(name))),
            _ => {}
        }
    }
}

/// The name with its number padded to `width`.
fn padded(file: &File<'_>, width: usize) -> String {
    let rest = &file.name[file.digits.map_or(0, str::len)..];
    format!("{:0>width$}{rest}", file.significant().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use crate::finding::{FixClass, Severity};
    use crate::lint::note::FixKind;
    use crate::lint::tests::Files;

    fn says(names: &[&str]) -> Vec<(Severity, Option<(String, FixClass)>)> {
        let fix = |fix: crate::lint::Fix| match fix.kind {
            FixKind::Rename(name) => (name, fix.class),
            other => panic!("{other:?}"),
        };
        let judged = Files::names(names).says("N002");
        judged.into_iter().map(|judged| (judged.finding.severity, judged.fix.map(fix))).collect()
    }

    #[test]
    fn widths() {
        let safe = |name: &str| (Severity::Warning, Some((name.to_owned(), FixClass::Safe)));
        let risky = |name: &str| (Severity::Error, Some((name.to_owned(), FixClass::Unsafe)));
        assert_eq!(says(&["0001-a.patch", "0002-b.patch", "03-c.patch"]), [safe("0003-c.patch")]);
        assert_eq!(says(&["10-b.patch", "9-a.patch"]), [risky("0010-b.patch"), risky("0009-a.patch")]);
        assert_eq!(
            says(&["001-a.patch", "002-b.patch", "0010-c.patch"]),
            [(Severity::Error, Some(("010-c.patch".to_owned(), FixClass::Unsafe)))]
        );
        assert_eq!(says(&["0001-a.patch", "x.patch"]), []);
        assert_eq!(says(&["00000000000000000000000-a.patch", "99999999999999999999999-b.patch"]), []);
        assert_eq!(says(&["99999999999999999999999-b.patch", "9-c.patch"]).len(), 1);
    }
}
