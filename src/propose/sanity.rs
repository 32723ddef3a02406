//! What every proposal must hold to, whoever made it.

use bstr::BString;

use super::{ProposedFile, Question, Stretch};
use crate::diff::adjacency::says_something;
use crate::diff::lines::{changes, split_lines};
use crate::git::GitError;

/// How far around a stretch the target is searched for what the patch adds, in lines.
const NEAR: usize = 20;

/// True if the tip with these files, and with what merges without a conflict, is not the tip.
pub(super) fn leaves_something(question: &Question<'_>, files: &[ProposedFile]) -> Result<bool, GitError> {
    let is_now = |path: &BString| question.store.entry(question.tip, path.as_slice().into());
    for file in files {
        if is_now(&file.path)? != file.entry {
            return Ok(true);
        }
    }
    let open = |path: &BString| question.conflicts.iter().any(|conflict| conflict.path == *path);
    for walk in question.changes.iter().filter(|walk| !open(&walk.path)) {
        if is_now(&walk.path)? != walk.new {
            return Ok(true);
        }
    }
    Ok(false)
}

/// True if the file ends with a line feed, or lacks it, as ours does, unless the patch changes that.
pub(super) fn ends_as_it_did(proposed: &[u8], ours: &[u8], base: &[u8], theirs: &[u8]) -> bool {
    let ends = |text: &[u8]| text.is_empty() || text.ends_with(b"\n");
    let wanted = if ends(base) == ends(theirs) { ends(ours) } else { ends(theirs) };
    ends(proposed) == wanted
}

/// True if a block that the patch adds is proposed although the target has brought the same block at this place.
///
/// `base` and `ours` are the lines of the whole files.
pub(super) fn adds_twice(stretch: &Stretch, base: &[&[u8]], ours: &[&[u8]]) -> bool {
    let first = (stretch.line as usize).saturating_sub(1).saturating_sub(NEAR);
    let last = stretch.line as usize + split_lines(&stretch.ours).len() + NEAR;
    let near = &ours[first.min(ours.len())..last.min(ours.len())];
    let (theirs, proposed) = (split_lines(&stretch.theirs), split_lines(&stretch.proposed));
    let there = split_lines(&stretch.ours);
    changes(&stretch.base, &stretch.theirs).iter().any(|change| {
        let block = trimmed(&theirs[change.new.start as usize..change.new.end as usize]);
        let kept = count(&proposed, block) > count(&there, block);
        block.iter().any(|line| says_something(line)) && kept && count(near, block) > 0 && count(base, block) == 0
    })
}

/// Without the blank lines at its ends.
fn trimmed<'s, 'a>(block: &'s [&'a [u8]]) -> &'s [&'a [u8]] {
    let blank = |line: &&&[u8]| line.trim_ascii().is_empty();
    let head = block.iter().take_while(blank).count();
    let tail = block[head..].iter().rev().take_while(blank).count();
    &block[head..block.len() - tail]
}

fn count(lines: &[&[u8]], block: &[&[u8]]) -> usize {
    if block.is_empty() { 0 } else { lines.windows(block.len()).filter(|window| *window == block).count() }
}
