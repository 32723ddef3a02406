//! What the rules for names share: the files in their order, and the numbers that they begin with.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::lint::member::Group;

/// How many digits `git format-patch` gives a number.
const USUAL_WIDTH: usize = 4;

/// A file of a set, by its name.
#[derive(Debug, Clone, Copy)]
pub(super) struct File<'a> {
    /// The index of its first member.
    pub(super) member: usize,
    /// Its name.
    pub(super) name: &'a str,
    /// The digits that its name begins with, if a `-` follows them.
    pub(super) digits: Option<&'a str>,
}

impl<'a> File<'a> {
    /// The digits without zeros in front.
    pub(super) fn significant(&self) -> Option<&'a str> {
        self.digits.map(|digits| digits.trim_start_matches('0'))
    }

    /// The number; absent as well if it is too large to count on from.
    pub(super) fn number(&self) -> Option<u32> {
        self.digits.and_then(|digits| digits.parse().ok())
    }

    /// The name with another number of this width; `None` if the number is too large for it.
    pub(super) fn renumbered(&self, number: u32, width: usize) -> Option<String> {
        let digits = format!("{number:0width$}");
        (digits.len() == width).then(|| digits + &self.name[self.digits.map_or(0, str::len)..])
    }
}

/// The files of a set in the order of their names; none where a `series` file says the order instead.
pub(super) fn files<'a>(group: &Group<'a>) -> Vec<File<'a>> {
    if has_series(group) {
        return Vec::new();
    }
    let file = |(member, name): (usize, &'a str)| {
        let (digits, rest) = name.split_at(name.bytes().take_while(u8::is_ascii_digit).count());
        let is_number = !digits.is_empty() && rest.starts_with('-');
        File { member, name, digits: is_number.then_some(digits) }
    };
    group.files().map(|(at, member)| file((at, member.name.as_str()))).collect()
}

/// True if a quilt `series` file says which patches there are.
pub(super) fn has_series(group: &Group<'_>) -> bool {
    group.settings.profile.quilt && group.entries.iter().any(|entry| entry.name == "series" && !entry.is_dir)
}

/// The width that all numbers are to have: that of most of them, if it holds them all, or else that of git.
pub(super) fn common_width(files: &[File<'_>]) -> usize {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for digits in files.iter().filter_map(|file| file.digits) {
        *counts.entry(digits.len()).or_default() += 1;
    }
    let needed = files.iter().filter_map(File::significant).map(str::len).max().unwrap_or(0);
    let numbered: usize = counts.values().sum();
    let common = counts.into_iter().find(|(width, count)| count * 2 > numbered && *width >= needed);
    common.map_or(needed.max(USUAL_WIDTH), |(width, _)| width)
}

/// True if all files have numbers and these have one width: then the order of the names is that of the numbers.
pub(super) fn is_even(files: &[File<'_>]) -> bool {
    let mut widths = files.iter().map(|file| file.digits.map(str::len));
    let first = widths.next().flatten();
    first.is_some() && widths.all(|width| width == first)
}

/// Compares the numbers of two files, however large they are.
pub(super) fn compare(left: &File<'_>, right: &File<'_>) -> Ordering {
    let key = |file: &File<'_>| file.significant().map(|digits| (digits.len(), digits.to_owned()));
    key(left).cmp(&key(right))
}

/// True if the files stand in the same order under their new names. `renames` hold indexes of `files`, ascending.
pub(super) fn keep_order(files: &[File<'_>], renames: &[(usize, String)]) -> bool {
    let mut renames = renames.iter().peekable();
    let name = |(at, file): (usize, &File<'_>)| {
        let new = renames.next_if(|(index, _)| *index == at);
        new.map_or_else(|| file.name.to_owned(), |(_, new)| new.clone())
    };
    let names: Vec<String> = files.iter().enumerate().map(name).collect();
    names.is_sorted_by(|a, b| a < b)
}
