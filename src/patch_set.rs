//! The ordered patches of one kernel series.

use crate::patch::{self, Patch, PatchError, Trouble};

pub mod quilt;

/// The patches of one kernel series, in the order in which they apply: by the bytes of the file names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PatchSet {
    /// Each patch, the patches of one file next to each other.
    pub patches: Vec<Patch>,
}

impl PatchSet {
    /// Reads files, each given as its name without directories and its bytes, in any order.
    ///
    /// Fails with all that is wrong: the first trouble of every file that cannot be read, and every file whose number
    /// says another place than its name has among the others.
    pub fn read(mut files: Vec<(String, Vec<u8>)>) -> Result<Self, Vec<PatchError>> {
        files.sort_by(|(left, _), (right, _)| left.as_bytes().cmp(right.as_bytes()));
        let mut errors = misplaced(files.iter().map(|(name, _)| name.as_str()));
        let mut patches = Vec::with_capacity(files.len());
        for (name, bytes) in &files {
            match patch::read(name, bytes) {
                Ok(read) => patches.extend(read),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(Self { patches }) } else { Err(errors) }
    }

    /// The patches by file, in order: the file's name, and its patches, of which there is at least one.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[Patch])> {
        let runs = self.patches.chunk_by(|left, right| left.file == right.file);
        runs.filter_map(|run| run.first().map(|patch| (patch.file.as_str(), run)))
    }
}

/// Whether a file of that name belongs to a patch set: `*.patch`, not hidden. The number in front is good custom.
pub fn is_patch_name(name: &str) -> bool {
    let stem = name.strip_suffix(".patch");
    stem.is_some_and(|stem| !stem.is_empty() && !stem.starts_with('.') && !stem.contains('/'))
}

/// The number that a patch's name begins with, as in `0012-name.patch`; `None` if there is none before a `-`.
pub fn number(name: &str) -> Option<u32> {
    let (digits, _) = name.split_once('-')?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

/// Numbers of different widths sort in another order as bytes: `9-x` after `0010-y`, `10-y` before `9-x`.
fn misplaced<'a>(names: impl Iterator<Item = &'a str>) -> Vec<PatchError> {
    let mut errors = Vec::new();
    let mut highest: Option<(&str, u32)> = None;
    for name in names {
        let Some(number) = number(name) else { continue };
        match highest {
            Some((before, most)) if most > number => errors.push(PatchError {
                file: name.to_owned(),
                line: 1,
                trouble: Trouble::Misplaced,
                message: format!("number {number} comes after '{before}' in the order of names"),
                hint: Some("rename the files so that all numbers have the same width".to_owned()),
            }),
            _ => highest = Some((name, number)),
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert!(is_patch_name("0001-x.patch") && is_patch_name("x.patch"));
        assert!(!is_patch_name(".patch") && !is_patch_name(".x.patch") && !is_patch_name("README"));
        assert_eq!(
            [number("0012-x.patch"), number("x-1.patch"), number("-x"), number("99999999999-x")],
            [Some(12), None, None, None]
        );
    }

    #[test]
    fn order() {
        let errors = |names: &[&str]| misplaced(names.iter().copied()).len();
        assert_eq!(errors(&["0009-a.patch", "0010-b.patch", "0010-c.patch", "x.patch"]), 0);
        assert_eq!(errors(&["0010-b.patch", "9-a.patch"]), 1);
        assert_eq!(errors(&["10-b.patch", "9-a.patch"]), 1);
    }

    #[test]
    fn all_unreadable_files_are_told() {
        let diff = "---\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n";
        let good = format!("From: A U Thor <a@b.c>\nSubject: s\n\n{diff}").into_bytes();
        let files = |bad: &[&str]| {
            let mut files: Vec<_> = bad.iter().map(|name| ((*name).to_owned(), diff.as_bytes().to_vec())).collect();
            files.extend([("0002-b.patch".to_owned(), good.clone()), ("0001-a.patch".to_owned(), good.clone())]);
            files
        };
        let set = PatchSet::read(files(&[])).expect("good files");
        assert_eq!(
            set.files().map(|(name, run)| (name, run.len())).collect::<Vec<_>>(),
            [("0001-a.patch", 1), ("0002-b.patch", 1)]
        );
        let errors = PatchSet::read(files(&["0003-c.patch", "0004-d.patch"])).expect_err("no author");
        assert_eq!(
            errors.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["0003-c.patch:1: no author", "0004-d.patch:1: no author"]
        );
    }
}
