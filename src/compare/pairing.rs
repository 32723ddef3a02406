//! Finds for each patch of the new set its counterpart in the old one.

use std::collections::{BTreeMap, HashMap};

use super::assignment::{NEVER, cheapest};
use super::text::Text;
use crate::diff::format::spans;
use crate::diff::lines::{plain_changes, split_lines};

/// To have no counterpart costs a patch so many percent of its lines: the default of `git range-diff
/// --creation-factor`.
const CREATION_FACTOR: usize = 60;

/// What decides between pairings of equal cost stands in the lower bits of a cost: a pair of one title is better than
/// two patches alone, these are better than a pair of two titles, and near pairs are better than distant ones.
const COST_SHIFT: u32 = 32;
const TITLE: i64 = 1 << 20;

/// For each text of `new` the index of its counterpart in `old`. No text is the counterpart of two.
pub(super) fn counterparts(old: &[Text], new: &[Text]) -> Vec<Option<usize>> {
    let mut found = Found { old: vec![None; old.len()], new: vec![None; new.len()] };
    found.equal(old, new, Text::all);
    found.equal(old, new, Text::key);
    for island in islands(candidates(old, new, &found), old.len(), new.len()) {
        found.assign(&island, old, new);
    }
    found.new
}

/// What has a counterpart so far.
struct Found {
    old: Vec<Option<usize>>,
    new: Vec<Option<usize>>,
}

impl Found {
    fn pair(&mut self, old: usize, new: usize) {
        self.old[old] = Some(new);
        self.new[new] = Some(old);
    }

    /// Pairs texts of which a part is equal, those that stand first with each other.
    fn equal<'a>(&mut self, old: &'a [Text], new: &'a [Text], part: fn(&'a Text) -> &'a [u8]) {
        let mut waiting: HashMap<&[u8], Vec<usize>> = HashMap::new();
        for at in (0..old.len()).rev().filter(|&at| self.old[at].is_none()) {
            waiting.entry(part(&old[at])).or_default().push(at);
        }
        for (to, text) in new.iter().enumerate() {
            if self.new[to].is_none()
                && let Some(at) = waiting.get_mut(part(text)).and_then(Vec::pop)
            {
                self.pair(at, to);
            }
        }
    }

    /// Pairs the patches of an island so that the sum of all costs is smallest.
    fn assign(&mut self, island: &Island, old: &[Text], new: &[Text]) {
        let Island { old: rows, new: columns, edges } = island;
        // Behind the real columns each row finds one that leaves it alone.
        let width = columns.len() + rows.len();
        let mut costs = vec![NEVER; rows.len() * width];
        for row in 0..rows.len() {
            costs[row * width + columns.len()..(row + 1) * width].fill(0);
        }
        for edge in edges {
            if let (Ok(row), Ok(column)) = (rows.binary_search(&edge.old), columns.binary_search(&edge.new)) {
                costs[row * width + column] = edge.gain(&old[edge.old], &new[edge.new]);
            }
        }
        let found = cheapest(rows.len(), width, |row, column| costs[row * width + column]);
        for (row, column) in found.into_iter().enumerate() {
            if let Some(&column) = columns.get(column) {
                self.pair(rows[row], column);
            }
        }
    }
}

/// What a patch costs that has no counterpart.
fn creation(text: &Text) -> usize {
    text.size() * CREATION_FACTOR / 100
}

/// Two patches that may be counterparts.
#[derive(Debug, Clone, Copy)]
struct Edge {
    old: usize,
    new: usize,
    /// Lines of the diff between their diffs.
    cost: usize,
}

impl Edge {
    /// What the pair costs, less what its patches cost alone: 0 or below but for the lower bits.
    fn gain(&self, old: &Text, new: &Text) -> i64 {
        let alone = creation(old) + creation(new);
        let distance = self.old.abs_diff(self.new) as i64;
        let title = if old.title() == new.title() { -TITLE } else { TITLE };
        ((self.cost as i64 - alone as i64) << COST_SHIFT) + distance + title
    }
}

/// All pairs that cost no more than to leave both patches alone. Others cannot be part of a cheapest pairing.
fn candidates(old: &[Text], new: &[Text], found: &Found) -> Vec<Edge> {
    let mut numbers = HashMap::new();
    let open = |found: &[Option<usize>]| -> Vec<usize> { (0..found.len()).filter(|&at| found[at].is_none()).collect() };
    let (open_old, open_new) = (open(&found.old), open(&found.new));
    let old_bags: Vec<Bag> = open_old.iter().map(|&at| Bag::of(&old[at], &mut numbers)).collect();
    let new_bags: Vec<Bag> = open_new.iter().map(|&to| Bag::of(&new[to], &mut numbers)).collect();
    let mut edges = Vec::new();
    for (&at, old_bag) in open_old.iter().zip(&old_bags) {
        for (&to, new_bag) in open_new.iter().zip(&new_bags) {
            let most = creation(&old[at]) + creation(&new[to]);
            if old_bag.distance(new_bag) > most {
                continue;
            }
            let cost = diff_size(&old_bag.lines, &new_bag.lines);
            if cost <= most {
                edges.push(Edge { old: at, new: to, cost });
            }
        }
    }
    edges
}

/// The lines of a diff, and their numbers sorted.
struct Bag<'a> {
    lines: Vec<&'a [u8]>,
    sorted: Vec<u32>,
}

impl<'a> Bag<'a> {
    fn of(text: &'a Text, numbers: &mut HashMap<&'a [u8], u32>) -> Self {
        let lines = split_lines(text.key());
        let mut sorted: Vec<u32> = Vec::with_capacity(lines.len());
        for line in &lines {
            let next = numbers.len() as u32;
            sorted.push(*numbers.entry(line).or_insert(next));
        }
        sorted.sort_unstable();
        Self { lines, sorted }
    }

    /// How many lines only one of the two has, each as often as it has it more: no diff between them is shorter.
    fn distance(&self, other: &Self) -> usize {
        let (mut left, mut right) = (self.sorted.as_slice(), other.sorted.as_slice());
        let mut common = 0;
        while let ([a, left_rest @ ..], [b, right_rest @ ..]) = (left, right) {
            match a.cmp(b) {
                std::cmp::Ordering::Less => left = left_rest,
                std::cmp::Ordering::Greater => right = right_rest,
                std::cmp::Ordering::Equal => (left, right, common) = (left_rest, right_rest, common + 1),
            }
        }
        self.sorted.len() + other.sorted.len() - 2 * common
    }
}

/// The lines of the diff between two texts, hunk headers included.
fn diff_size(old: &[&[u8]], new: &[&[u8]]) -> usize {
    let changes = plain_changes(old, new);
    let lines = |span: crate::diff::format::Span<'_>| {
        1 + span.old.len() + span.changes.iter().map(|change| change.new.len()).sum::<usize>()
    };
    spans(&changes, old.len(), new.len()).map(lines).sum()
}

/// Patches that only have candidates among each other; their indices sorted.
#[derive(Default)]
struct Island {
    old: Vec<usize>,
    new: Vec<usize>,
    edges: Vec<Edge>,
}

/// Splits the candidates into islands: what is decided in one is nothing to the others.
fn islands(edges: Vec<Edge>, old_len: usize, new_len: usize) -> Vec<Island> {
    // Each patch points to another one of its island, or to itself if it stands for the island.
    let mut links: Vec<usize> = (0..old_len + new_len).collect();
    let stands_for = |links: &mut [usize], mut at: usize| {
        while links[at] != at {
            links[at] = links[links[at]];
            at = links[at];
        }
        at
    };
    for edge in &edges {
        let (one, other) = (stands_for(&mut links, edge.old), stands_for(&mut links, old_len + edge.new));
        links[other] = one;
    }
    let mut islands: BTreeMap<usize, Island> = BTreeMap::new();
    for edge in edges {
        let island = islands.entry(stands_for(&mut links, edge.old)).or_default();
        island.old.push(edge.old);
        island.new.push(edge.new);
        island.edges.push(edge);
    }
    for side in islands.values_mut().flat_map(|island| [&mut island.old, &mut island.new]) {
        side.sort_unstable();
        side.dedup();
    }
    islands.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::Member;
    use crate::diff::FileDiff;
    use crate::diff::parse::parse;
    use crate::message::Identity;

    /// A patch of one file that adds these lines.
    fn patch(path: &str, lines: &[&str]) -> Vec<FileDiff> {
        let (count, added) = (lines.len() + 1, lines.join("\n+"));
        let text = format!("--- a/{path}\n+++ b/{path}\n@@ -1,1 +1,{count} @@\n a\n+{added}\n");
        parse(text.as_bytes(), 0).expect("a good diff")
    }

    fn text(title: &str, diff: &[FileDiff]) -> Text {
        let author = Identity { name: "A".into(), email: "a@b".into() };
        Text::of(&Member { author: &author, message: title.as_bytes().into(), diff })
    }

    #[test]
    fn equal_diffs_come_first_and_then_the_least_cost() {
        let lines = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
        let (full, less, other) = (patch("f", &lines), patch("f", &lines[1..]), patch("g", &["x", "y"]));
        let old = [text("full", &full), text("other", &other), text("less", &less)];
        // The middle one is like both of the others, but one of them is equal to something.
        let new = [text("b", &less), text("c", &patch("f", &lines[..8])), text("d", &patch("h", &["p", "q", "r"]))];
        assert_eq!(counterparts(&old, &new), [Some(2), Some(0), None]);
        assert_eq!(counterparts(&new, &old), [Some(1), None, Some(0)]);
        assert_eq!(counterparts(&[], &new), [None; 3]);
        assert!(counterparts(&old, &[]).is_empty());
    }

    #[test]
    fn many_patches_that_are_all_alike_are_paired_by_their_lines() {
        let lines: Vec<String> = (0..60).map(|line| format!("line {line}")).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let with = |last: String| patch("f", &[&lines[..], &[&last]].concat());
        let old: Vec<Text> = (0..40).map(|n| text("alike", &with(format!("last {n}")))).collect();
        let new: Vec<Text> = (0..40).rev().map(|n| text("alike", &with(format!("last {n}")))).collect();
        assert_eq!(counterparts(&old, &new), (0..40).rev().map(Some).collect::<Vec<_>>());
        // All changed in the same way: the nearest one is the counterpart.
        let new: Vec<Text> = (0..40).map(|n| text("alike", &with(format!("other {n}")))).collect();
        assert_eq!(counterparts(&old, &new), (0..40).map(Some).collect::<Vec<_>>());
    }
}
