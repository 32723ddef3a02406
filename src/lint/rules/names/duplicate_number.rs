//! N003: two files have the same number.

use std::collections::HashMap;

use super::numbers::{File, files, is_even};
use crate::finding::{About, FixClass, Severity};
use crate::lint::member::Group;
use crate::lint::note::{FixKind, Notes};
use crate::lint::rule::{Check, Rule, Sample};
use crate::text::visible;

pub(super) static RULE: Rule = Rule {
    about: About {
        id: "N003",
        name: "duplicate-number",
        severity: Severity::Error,
        summary: "Every number stands once in a set.",
        why: "The title decides which of two patches with one number comes first, which no reader expects. Most often one \
              of them was left behind when a patch was added or renumbered, and is applied twice.",
        source: "seed, Working with Linux kernel patches: the numeric prefix gives the order; found once in LinuxKit's history",
    },
    fix: Some(FixClass::Safe),
    good: Sample::Names(&["0004-a.patch", "0005-b.patch"]),
    bad: Sample::Names(&["0004-a.patch", "0004-b.patch"]),
    check: Check::Set(check),
};

fn check(group: &Group<'_>, notes: &mut Notes) {
    let files = files(group);
    let mut first: HashMap<&str, &str> = HashMap::new();
    let mut renames: HashMap<usize, String> =
        if group.is_whole && is_even(&files) { renames(&files) } else { HashMap::new() };
    for (at, file) in files.iter().enumerate() {
        let Some(number) = file.significant() else { continue };
        let before = *first.entry(number).or_insert(file.name);
        if before == file.name {
            continue;
        }
        let note = notes.on(file.member, format!("'{}' has the same number", visible(before.as_bytes())));
        note.help("give this file and those after it the next numbers, or remove the one that was left behind");
        if let Some(name) = renames.remove(&at) {
            note.safe(FixKind::Rename(name));
        }
    }
}

/// New names for the files after the first one of a number, where no other file has to make room.
fn renames(files: &[File<'_>]) -> HashMap<usize, String> {
    let mut renames = HashMap::new();
    let mut start = 0;
    for run in files.chunk_by(|a, b| a.significant() == b.significant()) {
        let next = files.get(start + run.len()).map(File::number);
        let room = |number: u32| match next {
            None => true,
            Some(next) => next.is_some_and(|next| number < next),
        };
        let new: Option<Vec<(usize, String)>> = (1..run.len())
            .map(|at| {
                let number = run[0].number()?.checked_add(u32::try_from(at).ok()?).filter(|number| room(*number))?;
                Some((start + at, run[at].renumbered(number, run[at].digits?.len())?))
            })
            .collect();
        renames.extend(new.unwrap_or_default());
        start += run.len();
    }
    renames
}

#[cfg(test)]
mod tests {
    use crate::lint::note::FixKind;
    use crate::lint::tests::Files;

    #[test]
    fn names_are_given_where_there_is_room() {
        let renames = |names: &[&str]| -> Vec<Option<FixKind>> {
            Files::names(names).says("N003").into_iter().map(|judged| judged.fix.map(|fix| fix.kind)).collect()
        };
        let to = |name: &str| Some(FixKind::Rename(name.to_owned()));
        assert_eq!(renames(&["0004-a.patch", "0004-b.patch"]), [to("0005-b.patch")]);
        assert_eq!(
            renames(&["04-a.patch", "04-b.patch", "04-c.patch", "07-d.patch"]),
            [to("05-b.patch"), to("06-c.patch")]
        );
        assert_eq!(renames(&["0004-a.patch", "0004-b.patch", "0005-c.patch"]), [None]);
        assert_eq!(renames(&["9-a.patch", "9-b.patch"]), [None]);
        assert_eq!(renames(&["4-a.patch", "04-b.patch"]), [None]);
        assert_eq!(renames(&["4294967295-a.patch", "4294967295-b.patch"]), [None]);
        assert!(renames(&["a.patch", "b.patch"]).is_empty());
    }
}
