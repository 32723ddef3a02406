//! Hunks that could go elsewhere, or whose lines stand there already.

use std::collections::HashMap;

use bstr::ByteSlice as _;

use crate::diff::lines::split_lines;
use crate::diff::safety::check_path;
use crate::diff::{Content, FileDiff, Hunk, LineKind};
use crate::git::{GitError, Oid, Store};
use crate::lint::HunkFacts;

/// So many places of one hunk are named.
const MOST: usize = 8;

/// So many lines are compared for one patch; what is left then is not looked at.
const BUDGET: usize = 20_000_000;

/// The hunks of a patch whose place in `tree` is not the only one that would do.
pub(super) fn ambiguous(store: &Store, tree: Oid, diffs: &[FileDiff]) -> Result<Vec<HunkFacts>, GitError> {
    let mut all = Vec::new();
    let mut budget = BUDGET;
    for (diff, of_file) in diffs.iter().enumerate() {
        let (Content::Text(hunks), Some(path)) = (&of_file.content, &of_file.old_path) else { continue };
        if check_path(path).is_err() {
            continue;
        }
        let Some(entry) = store.entry(tree, path.as_bstr())?.filter(|entry| entry.is_blob()) else { continue };
        let content = store.blob(entry.id)?;
        let file = Lines::of(&content);
        for (number, hunk) in hunks.iter().enumerate() {
            let (places, already) = file.judge(hunk, &mut budget);
            if !places.is_empty() || !already.is_empty() {
                all.push(HunkFacts { diff, hunk: number, places, already });
            }
        }
    }
    Ok(all)
}

/// The lines of a file, and where each of them stands.
struct Lines<'a> {
    all: Vec<&'a [u8]>,
    at: HashMap<&'a [u8], Vec<usize>>,
}

impl<'a> Lines<'a> {
    fn of(content: &'a [u8]) -> Self {
        let all = split_lines(content);
        let mut at: HashMap<&[u8], Vec<usize>> = HashMap::new();
        for (number, line) in all.iter().enumerate() {
            at.entry(line).or_default().push(number);
        }
        Self { all, at }
    }

    /// The places where the old lines of a hunk stand, if there are several, and those of its new lines.
    fn judge(&self, hunk: &Hunk, budget: &mut usize) -> (Vec<u32>, Vec<u32>) {
        let side = |other| hunk.lines.iter().filter(move |line| line.kind != other).map(|line| line.text.as_slice());
        let old: Vec<&[u8]> = side(LineKind::Insert).collect();
        let new: Vec<&[u8]> = side(LineKind::Delete).collect();
        if old.is_empty() {
            return Default::default();
        }
        // A hunk that begins with the file, or ends with it, has one place.
        let is_bound = hunk.old_start <= 1 || hunk.lines.last().is_none_or(|line| line.kind != LineKind::Context);
        let mut places = if is_bound { Vec::new() } else { self.find(&old, budget) };
        if places.len() < 2 {
            places.clear();
        }
        let adds = hunk.lines.iter().any(|line| line.kind == LineKind::Insert) && old != new;
        let already = if adds { self.find(&new, budget) } else { Vec::new() };
        (places, already)
    }

    /// Where a block of lines stands: the numbers of its first lines, from 1.
    fn find(&self, block: &[&[u8]], budget: &mut usize) -> Vec<u32> {
        let count = |line: &&[u8]| self.at.get(line).map_or(0, Vec::len);
        let Some((rarest, line)) = block.iter().enumerate().min_by_key(|(_, line)| count(line)) else {
            return Vec::new();
        };
        let mut places = Vec::new();
        for at in self.at.get(line).into_iter().flatten() {
            let Some(lines) = at.checked_sub(rarest).and_then(|start| self.all.get(start..start + block.len())) else {
                continue;
            };
            let equal = lines.iter().zip(block).take_while(|(line, wanted)| line == wanted).count();
            *budget = budget.saturating_sub(equal + 1);
            if equal == block.len() {
                places.push((at - rarest) as u32 + 1);
            }
            if places.len() == MOST || *budget == 0 {
                break;
            }
        }
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::parse::parse;

    fn judged(content: &str, diff: &str) -> (Vec<u32>, Vec<u32>) {
        let text = format!("--- a/x\n+++ b/x\n{diff}");
        let diffs = parse(text.as_bytes(), 0).expect("a diff");
        let Content::Text(hunks) = &diffs[0].content else { panic!("no text") };
        Lines::of(content.as_bytes()).judge(&hunks[0], &mut BUDGET.clone())
    }

    #[test]
    fn places_of_a_hunk() {
        let hunk = "@@ -2,2 +2,3 @@\n a\n+new\n b\n";
        assert_eq!(judged("x\na\nb\ny\n", hunk), (vec![], vec![]));
        assert_eq!(judged("x\na\nb\ny\na\nb\n", hunk), (vec![2, 5], vec![]));
        assert_eq!(judged("x\na\nb\ny\na\nnew\nb\n", hunk), (vec![], vec![5]));
        // Blank lines and white space count, as they do for whoever applies it.
        assert_eq!(judged("x\na\nb\ny\na\n\nb\n a\nb\n", hunk), (vec![], vec![]));
    }

    #[test]
    fn the_ends_of_a_file_are_one_place() {
        assert!(judged("a\nb\na\nb\n", "@@ -1,2 +1,3 @@\n a\n+new\n b\n").0.is_empty());
        assert!(judged("a\nb\na\nb\n", "@@ -3,2 +3,3 @@\n a\n b\n+new\n").0.is_empty());
        assert_eq!(judged("a\nb\na\nb\n", "@@ -2,0 +3 @@\n+new\n"), (vec![], vec![]));
    }

    #[test]
    fn many_equal_lines_take_no_time() {
        let hunk = format!("@@ -5,2000 +5,2001 @@\n{}+b\n a\n", " a\n".repeat(1999));
        let (places, _) = judged(&"a\n".repeat(200_000), &hunk);
        assert_eq!(places.len(), MOST);
    }
}
