//! From what a person types for a patch to the patch.

use serde::{Deserialize, Serialize};

use super::OpError;
use crate::patch::Patch;
use crate::patch_set::{PatchSet, number};
use crate::text::visible;

/// How many candidates an error names.
const SHOWN: usize = 8;

/// One patch of a set, as a journal names it: it stays the same while the set does.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PatchName {
    /// The patch file.
    pub file: String,
    /// Which patch of that file, from 0.
    pub part: usize,
}

impl PatchName {
    /// The name of a patch.
    pub fn of(patch: &Patch) -> Self {
        Self { file: patch.file.clone(), part: patch.part }
    }

    /// Where the patch stands in the set, from 0.
    pub fn find(&self, set: &PatchSet) -> Option<usize> {
        set.patches.iter().position(|patch| patch.file == self.file && patch.part == self.part)
    }
}

/// Finds the one patch of the set that `text` names, and returns its index in the set.
///
/// It is named by its file name; by its number, `7` or `0007`; by the beginning of its file name, or by any part of
/// it. `#2` behind any of them is the second patch of the file; without it the file has to hold one patch only.
pub fn select(set: &PatchSet, text: &str) -> Result<usize, OpError> {
    let unknown = |hint: String| OpError::new(format!("no patch '{}' in the set", visible(text.as_bytes()))).hint(hint);
    let (name, part) = match text.rsplit_once('#') {
        Some((name, part)) if !set.files().any(|(file, _)| file == text) => match part.parse::<usize>() {
            Ok(part) if part > 0 => (name, Some(part - 1)),
            _ => return Err(unknown("the second patch of a file is, for example, 0007#2".into())),
        },
        _ => (text, None),
    };
    let files = files(set, name);
    let named = |(at, patch): (usize, &Patch)| {
        let wanted = files.contains(&patch.file.as_str()) && part.is_none_or(|part| part == patch.part);
        wanted.then_some(at)
    };
    let found: Vec<usize> = set.patches.iter().enumerate().filter_map(named).collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] if files.is_empty() => Err(unknown("name it by its number, its file name, or a part of that".into())),
        [] => Err(unknown(format!("it would be in {}", list(files.iter().map(|file| visible(file.as_bytes())))))),
        many => {
            let candidates = many.iter().map(|at| shown(set, *at));
            Err(OpError::new(format!("'{}' is ambiguous in the set", visible(text.as_bytes())))
                .hint(format!("it could be {}", list(candidates))))
        }
    }
}

/// The patches that several words name, each once, in the order of the words.
pub fn select_all(set: &PatchSet, words: &[String]) -> Result<Vec<usize>, OpError> {
    let mut found = Vec::with_capacity(words.len());
    for word in words {
        let at = select(set, word)?;
        if found.contains(&at) {
            return Err(OpError::new(format!("{} is named twice", shown(set, at))));
        }
        found.push(at);
    }
    Ok(found)
}

/// The files that a name may mean; of the ways to read it, the strictest one that finds any.
fn files<'s>(set: &'s PatchSet, name: &str) -> Vec<&'s str> {
    let matching = |is_it: &dyn Fn(&str) -> bool| -> Vec<&'s str> {
        set.files().map(|(file, _)| file).filter(|file| is_it(file)).collect()
    };
    if name.is_empty() {
        return Vec::new();
    }
    let typed = if name.bytes().all(|byte| byte.is_ascii_digit()) { name.parse::<u32>().ok() } else { None };
    let by_number = |file: &str| typed.is_some() && number(file) == typed;
    let ways: [&dyn Fn(&str) -> bool; 4] =
        [&|file| file == name, &by_number, &|file| file.starts_with(name), &|file| file.contains(name)];
    ways.into_iter().map(matching).find(|found| !found.is_empty()).unwrap_or_default()
}

/// A patch as an error names it: its file, and its place in a file of several.
pub(super) fn shown(set: &PatchSet, at: usize) -> String {
    let patch = &set.patches[at];
    let several = set.patches.iter().filter(|other| other.file == patch.file).count() > 1;
    let file = visible(patch.file.as_bytes());
    if several { format!("{file}#{}", patch.part + 1) } else { file }
}

fn list(names: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = names.collect();
    match all.split_at_checked(SHOWN) {
        Some((first, rest)) if !rest.is_empty() => format!("{} and {} more", first.join(", "), rest.len()),
        _ => all.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A set of these files, the last of which holds two patches.
    fn set(names: &[&str]) -> PatchSet {
        let one = |n: usize| {
            let from =
                format!("From {} Mon Sep 17 00:00:00 2001\nFrom: A <a@b.c>\nSubject: s{n}\n\n---\n", "0".repeat(40));
            format!("{from}--- a/f\n+++ b/f\n@@ -1 +1 @@\n-{n}\n+{}\n", n + 1)
        };
        let last = names.len() - 1;
        let file = |(at, name): (usize, &&str)| {
            let text = if at == last { one(at) + &one(at + 1) } else { one(at) };
            ((*name).to_owned(), text.into_bytes())
        };
        PatchSet::read(names.iter().enumerate().map(file).collect()).expect("good files")
    }

    #[test]
    fn a_patch_is_named_in_several_ways() {
        let set = set(&["0001-net-fix.patch", "0002-net-fix-again.patch", "0010-usb.patch", "x-two.patch"]);
        for (text, at) in [
            ("1", 0),
            ("0001", 0),
            ("10", 2),
            ("0001-net-fix.patch", 0),
            ("0002-", 1),
            ("again", 1),
            ("usb", 2),
            ("x#1", 3),
            ("two#2", 4),
        ] {
            assert_eq!(select(&set, text).ok(), Some(at), "{text}");
        }
        assert_eq!(select_all(&set, &["usb".into(), "1".into()]).ok(), Some(vec![2, 0]));
        let name = PatchName::of(&set.patches[4]);
        assert_eq!((name.part, name.find(&set)), (1, Some(4)));
    }

    #[test]
    fn what_is_not_one_patch_is_refused_with_the_candidates() {
        let set = set(&["0001-net-fix.patch", "0002-net-fix-again.patch", "0002-usb.patch", "x-two.patch"]);
        for (text, says) in [
            ("net", "0001-net-fix.patch, 0002-net-fix-again.patch"),
            ("2", "0002-net-fix-again.patch, 0002-usb.patch"),
            ("two", "x-two.patch#1, x-two.patch#2"),
            ("x#3", "x-two.patch"),
            ("x#0", "0007#2"),
            ("9", "number"),
            ("", "number"),
            ("\u{1b}[2J", "number"),
        ] {
            let error = select(&set, text).expect_err(text);
            assert!(error.hints().iter().any(|hint| hint.contains(says)), "{text}: {error} {:?}", error.hints());
            assert!(!error.to_string().contains('\u{1b}'));
        }
        assert!(select_all(&set, &["1".into(), "0001".into()]).is_err());
    }
}
