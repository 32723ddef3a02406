//! N001: the name of a file has no number.

use std::collections::BTreeSet;

use super::numbers::{File, common_width, files, keep_order};
use crate::finding::{About, FixClass, Severity};
use crate::lint::member::Group;
use crate::lint::note::{FixKind, Notes};
use crate::lint::rule::{Check, Rule, Sample};
use crate::patch::file_name;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "N001",
        name: "missing-number",
        severity: Severity::Error,
        summary: "The name of every file begins with a number and a '-'.",
        why: "Patches apply in the order of their names. Without a number that order is an accident of the title, and the \
              next patch that is added may come to stand before the one that it needs.",
        source: "seed, Working with Linux kernel patches: a numeric prefix; git-format-patch(1) numbers its files",
    },
    fix: Some(FixClass::Safe),
    good: Sample::Names(&["0001-a.patch", "0002-b.patch"]),
    bad: Sample::Names(&["0001-a.patch", "WireGuard.patch"]),
    check: Check::Set(check),
};

fn check(group: &Group<'_>, notes: &mut Notes) {
    let files = files(group);
    let renames = if group.is_whole { renames(group, &files) } else { Vec::new() };
    let mut renames = renames.into_iter().peekable();
    for (at, file) in files.iter().enumerate().filter(|(_, file)| file.digits.is_none()) {
        let note = notes.on(file.member, "no number before the name");
        match renames.next_if(|(index, _)| *index == at) {
            Some((_, name)) => {
                note.help(format!("rename it '{}'", crate::text::visible(name.as_bytes()))).safe(FixKind::Rename(name))
            }
            None => note.help("number all files anew, in the order in which they apply"),
        };
    }
}

/// New names for all files without a number, if that alone gives the same order; else none.
fn renames(group: &Group<'_>, files: &[File<'_>]) -> Vec<(usize, String)> {
    let width = common_width(files);
    let taken: BTreeSet<u32> = files.iter().filter_map(File::number).collect();
    let mut last = 0;
    let mut renames = Vec::new();
    for (at, file) in files.iter().enumerate() {
        if file.digits.is_some() {
            let Some(number) = file.number() else { return Vec::new() };
            last = number;
            continue;
        }
        let (number, rest) = parts(file.name);
        let Some(number) = number.or_else(|| last.checked_add(1)) else { return Vec::new() };
        if taken.contains(&number) || (number <= last && at > 0) {
            return Vec::new();
        }
        let subject = &group.members[file.member].subject;
        let rest = if rest == ".patch" { file_name(0, subject)[5..].to_owned() } else { rest.to_owned() };
        renames.push((at, format!("{number:0width$}-{rest}")));
        last = number;
    }
    if keep_order(files, &renames) { renames } else { Vec::new() }
}

/// The number that a name begins with although no `-` follows it, and the rest of the name.
fn parts(name: &str) -> (Option<u32>, &str) {
    let (digits, rest) = name.split_at(name.bytes().take_while(u8::is_ascii_digit).count());
    let after = rest.trim_start_matches(['_', ' ', '.']);
    match digits.parse() {
        Ok(number) if after == "patch" => (Some(number), ".patch"),
        Ok(number) if after.len() < rest.len() => (Some(number), after),
        _ => (None, name),
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::note::FixKind;
    use crate::lint::tests::Files;

    fn renames(names: &[&str]) -> Vec<Option<String>> {
        let name = |fix: crate::lint::Fix| match fix.kind {
            FixKind::Rename(name) => name,
            other => panic!("{other:?}"),
        };
        Files::names(names).says("N001").into_iter().map(|judged| judged.fix.map(name)).collect()
    }

    #[test]
    fn files_at_the_end_get_the_next_numbers() {
        let some = |name: &str| Some(name.to_owned());
        assert_eq!(renames(&["0007-a.patch", "b.patch", "c.patch"]), [some("0008-b.patch"), some("0009-c.patch")]);
        assert_eq!(renames(&["b.patch", "c.patch"]), [some("0001-b.patch"), some("0002-c.patch")]);
        assert_eq!(renames(&["001-a.patch", "002-b.patch", "x.patch"]), [some("003-x.patch")]);
        assert_eq!(renames(&["0001_a.patch", "0002.patch"]), [some("0001-a.patch"), some("0002-mm-fix-a-leak.patch")]);
    }

    #[test]
    fn no_name_is_better_than_a_wrong_one() {
        assert_eq!(renames(&["+x.patch", "0001-a.patch"]), [None]);
        assert_eq!(renames(&["99-a.patch", "b.patch"]), [None]);
        assert_eq!(renames(&["4294967295-a.patch", "99999999999-b.patch", "c.patch"]), [None]);
        assert_eq!(renames(&["-x.patch"]).len(), 1);
        assert!(renames(&["1-a.patch", "99999999999999999999-b.patch"]).is_empty());
    }
}
