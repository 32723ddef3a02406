//! Which hunks of a patch the target has already.

use crate::diff::block::{block, find_block};
use crate::diff::lines::{Change, changes, split_lines};
use crate::diff::merge::is_binary;
use crate::diff::words::letters;
use crate::git::{Entry, GitError, Store, Walk};

/// Changes with at most so many lines between them stand in one hunk of a diff with three lines of context.
const BETWEEN: u32 = 6;

/// How many hunks the target has, and how many there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Hunks {
    pub(super) there: usize,
    pub(super) all: usize,
}

/// Counts the hunks of a file's change whose added lines all stand in `target`, and whose removed lines are fewer there.
pub(super) fn count(store: &Store, walk: &Walk, target: Option<Entry>) -> Result<Hunks, GitError> {
    let [old, new, target] = [walk.old, walk.new, target].map(|entry| entry.filter(|entry| entry.is_blob()));
    let there = target.is_some();
    let [old, new, target] = [store.content(old)?, store.content(new)?, store.content(target)?];
    if [&old, &new, &target].iter().any(|content| is_binary(content)) {
        return Ok(Hunks::default());
    }
    let files = Files { old: &old, new: &new, target: &target };
    let mut hunks: Vec<Vec<Change>> = Vec::new();
    for change in changes(&old, &new) {
        match hunks.last_mut() {
            Some(hunk) if hunk.last().is_some_and(|last| change.old.start - last.old.end <= BETWEEN) => {
                hunk.push(change);
            }
            _ => hunks.push(vec![change]),
        }
    }
    let found = hunks.iter().filter(|hunk| there && files.has(hunk)).count();
    Ok(Hunks { there: found, all: hunks.len() })
}

struct Files<'a> {
    old: &'a [u8],
    new: &'a [u8],
    target: &'a [u8],
}

impl Files<'_> {
    /// A hunk without a letter is found everywhere, and so it counts nowhere.
    fn has(&self, hunk: &[Change]) -> bool {
        let (old, new) = (split_lines(self.old), split_lines(self.new));
        let mut telling = 0;
        for change in hunk {
            let (added, removed) = (block(&new, &change.new), block(&old, &change.old));
            let more = |lines: &[&[u8]]| find_block(self.target, lines).len() > find_block(self.old, lines).len();
            let fewer = |line: &[u8]| find_block(self.target, &[line]).len() < find_block(self.old, &[line]).len();
            if !added.is_empty() && !more(&added) {
                return false;
            }
            let gone = removed.iter().filter(|line| letters(line) > 0 && !added.contains(line));
            if !gone.clone().all(|line| fewer(line)) {
                return false;
            }
            telling += added.iter().filter(|line| letters(line) > 0).count() + gone.count();
        }
        telling > 0
    }
}

/// One line for what the target has; `None` if that is nothing.
pub(super) fn in_words(hunks: Hunks, target: &str) -> Option<String> {
    match hunks {
        Hunks { there: 0, .. } => None,
        Hunks { there: 1, all: 1 } => Some(format!("what its only hunk does is in {target} already")),
        Hunks { there, all } => {
            Some(format!("{there} of {all} hunks {} in {target} already", if there == 1 { "is" } else { "are" }))
        }
    }
}
