//! The lists of a Makefile, computed from the directories of the series instead of written out.

use std::ops::Range;
use std::path::Path;

use super::super::KitError;
use super::super::edit::replace;
use super::super::makefile::{List, trim};
use crate::text::line_of;
use crate::version::KernelVersion;

/// How a Makefile can be made one that migrates.
pub(super) const WAY_OUT: &str =
    "list them as in KERNELS_all=6.6.13 5.15.27 and DEPRECATED_all=…, outside of conditionals, then migrate";

/// What the lists are computed with. `KIT_SERIES` are the directories that name a version.
fn helpers(order: &str) -> String {
    format!(
        "# Each series has a directory with its version in build-args; one that is no longer built has a file 'deprecated'.\n\
         KIT_SERIES:=$(patsubst %/build-args,%,$(wildcard *.x*/build-args))\n\
         KIT_DEPRECATED:=$(patsubst %/deprecated,%,$(wildcard *.x*/deprecated))\n\
         kit_versions=$(if $(strip $(1)),$(shell sed -n 's/^KERNEL_VERSION=//p' $(addsuffix /build-args,$(1)) | sort {order}))\n\n"
    )
}

/// The Makefile with computed lists; the same bytes if it lists no version. Comments and all else stay.
pub(super) fn compute(path: &Path, text: &[u8], lists: &[List]) -> Result<Vec<u8>, KitError> {
    let Some(first) = lists.iter().find(|list| !list.words.is_empty()) else { return Ok(text.to_vec()) };
    for list in lists.iter().filter(|list| !list.words.is_empty()) {
        let refused = |reason: &str| KitError::Migrate {
            path: path.to_owned(),
            line: Some(line_of(text, list.value.start)),
            reason: format!("{} {reason}", list.name),
            hint: WAY_OUT,
        };
        if depth(&text[..line_start(text, list.value.start)]) > 0 {
            return Err(refused("is set in a conditional"));
        }
        if lists.iter().filter(|other| other.name == list.name && !adds(text, other)).count() > 1 {
            return Err(refused("is set twice"));
        }
    }
    let main = |deprecated: bool| {
        let names = if deprecated { ["DEPRECATED_all", "DEPRECATED"] } else { ["KERNELS_all", "KERNELS"] };
        let writable = |list: &&List| !list.words.is_empty() || trim(text, list.value.clone()).is_empty();
        names.into_iter().find_map(|name| lists.iter().filter(writable).find(|list| list.name == name))
    };
    let mains = [main(false), main(true)];
    let is_main = |list: &List| mains.iter().flatten().any(|main| main.name == list.name);
    // The series of lists for one architecture are named; all others are those of the main lists.
    let named = |deprecated: bool| {
        let others = lists.iter().filter(|list| list.deprecated == deprecated && !is_main(list));
        let mut series: Vec<String> = others.flat_map(series_of).collect();
        series.dedup();
        series.join(" ")
    };
    let mut places = vec![(helpers_at(text, first), helpers(order(mains[0])))];
    let mut done: Vec<&str> = Vec::new();
    for list in lists {
        let chosen = if is_main(list) {
            if list.words.is_empty() && !mains.iter().flatten().any(|main| *main == list) {
                continue;
            }
            let named = named(list.deprecated);
            match (list.deprecated, named.is_empty()) {
                (false, true) => "$(filter-out $(KIT_DEPRECATED),$(KIT_SERIES))".to_owned(),
                (false, false) => format!("$(filter-out $(KIT_DEPRECATED) {named},$(KIT_SERIES))"),
                (true, true) => "$(filter $(KIT_DEPRECATED),$(KIT_SERIES))".to_owned(),
                (true, false) => format!("$(filter-out {named},$(filter $(KIT_DEPRECATED),$(KIT_SERIES)))"),
            }
        } else if list.words.is_empty() {
            continue;
        } else {
            let filter = if list.deprecated { "filter" } else { "filter-out" };
            format!("$({filter} $(KIT_DEPRECATED),{})", series_of(list).join(" "))
        };
        // What `+=` adds is in the first value already, if it is a main list.
        let is_said = is_main(list) && done.contains(&&*list.name);
        done.push(&list.name);
        let value = if is_said { String::new() } else { format!("$(call kit_versions,{chosen})") };
        places.extend(value_places(text, list, value));
    }
    Ok(replace(text, places))
}

/// The bytes of a list that are versions, with what comes in their place.
fn value_places(text: &[u8], list: &List, value: String) -> Vec<(Range<usize>, String)> {
    let words: Vec<Range<usize>> = list.words.iter().map(|(_, word)| word.clone()).collect();
    let (Some(first), Some(end)) = (words.first(), words.last().map(|word| word.end)) else {
        return vec![(trim(text, list.value.clone()), value)];
    };
    let between = |pair: &[Range<usize>]| text[pair[0].end..pair[1].start].iter().all(|b| b" \t\r\n\\".contains(b));
    if words.windows(2).all(between) {
        return vec![(first.start..end, value)];
    }
    let rest = words[1..].iter().map(|word| (word.clone(), String::new()));
    std::iter::once((first.clone(), value)).chain(rest).collect()
}

/// The names of the series in a list.
fn series_of(list: &List) -> Vec<String> {
    let name = |(version, _): &(KernelVersion, Range<usize>)| format!("{}{}", version.series(), version.variant());
    list.words.iter().map(name).collect()
}

/// Newest first, unless the list is the other way round.
fn order(main: Option<&List>) -> &'static str {
    let versions = main.map_or(&[][..], |list| &list.words);
    let rises = versions.len() > 1 && versions.windows(2).all(|pair| pair[0].0 < pair[1].0);
    if rises { "-V" } else { "-rV" }
}

/// True for `NAME += …`.
fn adds(text: &[u8], list: &List) -> bool {
    let before = text[..list.value.start].trim_ascii_end();
    before.ends_with(b"+=")
}

fn line_start(text: &[u8], at: usize) -> usize {
    text[..at].iter().rposition(|&b| b == b'\n').map_or(0, |newline| newline + 1)
}

/// Before the list and the comments right above it.
fn helpers_at(text: &[u8], list: &List) -> Range<usize> {
    let mut at = line_start(text, list.value.start);
    while at > 0 {
        let above = line_start(text, at - 1);
        if !text[above..at].starts_with(b"#") {
            break;
        }
        at = above;
    }
    at..at
}

/// How many conditionals are open at the end of `text`.
fn depth(text: &[u8]) -> usize {
    let step = |depth: usize, line: &[u8]| {
        let line = if line.starts_with(b"\t") { &[] } else { line.trim_ascii_start() };
        let word = line.split(|b| b.is_ascii_whitespace() || *b == b'(').next().unwrap_or_default();
        match word {
            b"ifeq" | b"ifneq" | b"ifdef" | b"ifndef" => depth + 1,
            b"endif" => depth.saturating_sub(1),
            _ => depth,
        }
    };
    text.split(|&b| b == b'\n').fold(0, step)
}
