//! Finds for each patch of the new set its counterpart in the old one.

use std::collections::HashMap;

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
    for island in islands(&candidates(old, new, &found)) {
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
        let mut gains = HashMap::new();
        for edge in edges {
            let alone = creation(&old[edge.old]) + creation(&new[edge.new]);
            let distance = edge.old.abs_diff(edge.new) as i64;
            let title = if old[edge.old].title() == new[edge.new].title() { -TITLE } else { TITLE };
            let cost = (edge.cost as i64 - alone as i64) << COST_SHIFT;
            gains.insert((edge.old, edge.new), cost + distance + title);
        }
        // Behind the real columns each row finds one that leaves it alone.
        let found = cheapest(rows.len(), columns.len() + rows.len(), |row, column| match columns.get(column) {
            Some(&column) => gains.get(&(rows[row], column)).copied().unwrap_or(NEVER),
            None => 0,
        });
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

/// Patches that only have candidates among each other.
struct Island {
    old: Vec<usize>,
    new: Vec<usize>,
    edges: Vec<Edge>,
}

/// Splits the candidates into islands: what is decided in one is nothing to the others.
fn islands(edges: &[Edge]) -> Vec<Island> {
    let mut islands: Vec<Island> = Vec::new();
    for edge in edges {
        let mut joined = Island { old: vec![edge.old], new: vec![edge.new], edges: vec![*edge] };
        let mut apart = Vec::new();
        for island in islands {
            if island.old.contains(&edge.old) || island.new.contains(&edge.new) {
                joined.old.extend(island.old);
                joined.new.extend(island.new);
                joined.edges.extend(island.edges);
            } else {
                apart.push(island);
            }
        }
        for side in [&mut joined.old, &mut joined.new] {
            side.sort_unstable();
            side.dedup();
        }
        apart.push(joined);
        islands = apart;
    }
    islands
}
