//! Words of `KERNELS_all=6.6.13 5.15.27` that come and go.

use std::cmp::Ordering;
use std::ops::Range;

use super::Places;
use crate::kit::makefile::{List, is_blank};
use crate::version::KernelVersion;

/// Which way a list is ordered; `None` where its words do not tell.
fn direction(list: &List) -> Option<Ordering> {
    let pairs = list.words.windows(2).map(|pair| pair[0].0.plain().cmp(&pair[1].0.plain()));
    let mut pairs = pairs.filter(|order| *order != Ordering::Equal);
    let first = pairs.next()?;
    pairs.all(|order| order == first).then_some(first)
}

/// The edit that puts `version` into a list where its order wants it, newest first if nothing tells the order.
pub(super) fn insert(text: &[u8], list: &List, all: &[List], version: &KernelVersion) -> (Range<usize>, String) {
    let others = || all.iter().filter(|other| !other.deprecated).find_map(direction);
    let order = direction(list).or_else(others).unwrap_or(Ordering::Greater);
    let word = version.to_string();
    let Some((_, end)) = list.words.last() else { return insert_first(text, list, word) };
    let behind = |(other, _): &&(KernelVersion, Range<usize>)| version.plain().cmp(&other.plain()) == order;
    match list.words.iter().find(behind) {
        Some((_, next)) => {
            let separator = separator(text, list, next);
            (next.start..next.start, word + &separator)
        }
        None => (end.end..end.end, separator(text, list, end) + &word),
    }
}

/// The same for an empty list; blanks in front of the operator want one behind it.
fn insert_first(text: &[u8], list: &List, word: String) -> (Range<usize>, String) {
    let has_blank = text[list.value.clone()].first().is_some_and(|b| matches!(b, b' ' | b'\t'));
    match (list.spaced, has_blank) {
        (true, true) => (list.value.start + 1..list.value.start + 1, word),
        (true, false) => (list.value.start..list.value.start, format!(" {word}")),
        (false, _) => (list.value.start..list.value.start, word),
    }
}

/// What stands between the words of a list: one blank, or the end of a continued line with its indent.
fn separator(text: &[u8], list: &List, near: &Range<usize>) -> String {
    let gaps = list.words.windows(2).map(|pair| (&pair[0].1, &pair[1].1));
    let gap = gaps.filter(|(a, b)| *a == near || *b == near).map(|(a, b)| &text[a.end..b.start]).next();
    let is_line_end = |gap: &&[u8]| gap.contains(&b'\n') && gap.iter().all(|b| b.is_ascii_whitespace() || *b == b'\\');
    gap.filter(is_line_end).map_or_else(|| " ".to_owned(), |gap| String::from_utf8_lossy(gap).into_owned())
}

/// The edits that take the words of which `goes` is true out of a list, each with one of the gaps beside it; trailing
/// blanks stay.
pub(super) fn remove(text: &[u8], list: &List, goes: impl Fn(&KernelVersion) -> bool) -> Places {
    let mut places = Places::new();
    // Once a word has stayed, the gap in front of one that goes is the one to go with it.
    let mut kept: Option<usize> = None;
    for (at, (version, word)) in list.words.iter().enumerate() {
        if !goes(version) {
            kept = Some(word.end);
            continue;
        }
        let start = match kept {
            Some(_) => blanks_before(text, list, word.start),
            None => word.start,
        };
        let has_next = list.words.get(at + 1).is_some();
        let end = if kept.is_none() && has_next { blanks_behind(text, list, word.end) } else { word.end };
        places.push((start..end, String::new()));
    }
    places
}

fn blanks_before(text: &[u8], list: &List, mut at: usize) -> usize {
    while at > list.value.start && is_blank(text, at - 1, at) {
        at -= 1;
    }
    at
}

fn blanks_behind(text: &[u8], list: &List, mut at: usize) -> usize {
    while at < list.value.end && is_blank(text, at, list.value.end) {
        at += 1;
    }
    at
}
