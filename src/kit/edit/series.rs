//! Series that come, are no longer built by default, and go.

use std::fs;
use std::path::{Path, PathBuf};

use super::{FileChange, Places, calls, lists, replace};
use crate::kit::makefile::{self, List, Mention};
use crate::kit::{Kit, KitError, SeriesState, bad_word, build_args, cannot};
use crate::version::KernelVersion;

/// The lists and calls of a Makefile.
struct Makefile {
    path: PathBuf,
    text: Vec<u8>,
    lists: Vec<List>,
    mentions: Vec<Mention>,
}

impl Makefile {
    fn read(path: &Path) -> Result<Self, KitError> {
        let text = fs::read(path).map_err(cannot("read", path))?;
        let lists = makefile::lists(&text).map_err(bad_word(path))?;
        let mentions = makefile::mentions(&text).map_err(bad_word(path))?;
        Ok(Self { path: path.to_owned(), text, lists, mentions })
    }

    fn edit(self, places: Places) -> FileChange {
        let new = replace(&self.text, places);
        FileChange { path: self.path, old: Some(self.text), new: Some(new) }
    }
}

impl Kit {
    /// The change that makes the kit list `version`, the first one of its series, as it lists the series `like`: in
    /// the lists that `like` is in, where their order wants it; in lines of its own right in front of those that call
    /// for `like`; or in a `build-args` file that is otherwise that of `like`. A variant gets its own place in the same way.
    /// Nothing is written.
    pub fn add_version(&self, version: &KernelVersion, like: &SeriesState) -> Result<FileChange, KitError> {
        let known = like.version_file.clone().ok_or_else(|| KitError::NoVersion { name: like.name() })?;
        if !known.ends_with("Makefile") {
            return self.add_build_args(version, &known);
        }
        let makefile = Makefile::read(&known)?;
        if makefile.mentions.iter().any(|mention| mention.version == *version) {
            return Err(KitError::AlreadyListed { path: known, version: version.clone() });
        }
        let ours = |list: &&List| list.words.iter().any(|(known, _)| like.is_of(known));
        let mut targets: Vec<&List> = makefile.lists.iter().filter(ours).filter(|list| !list.deprecated).collect();
        if targets.is_empty() {
            // A series that is built no more says only for which architectures it was.
            let old = makefile.lists.iter().filter(ours).filter(|list| list.deprecated);
            targets = old.filter_map(|old| counterpart(&makefile.lists, old)).collect();
        }
        let insert = |list: &List| lists::insert(&makefile.text, list, &makefile.lists, version);
        let mut places: Places = targets.into_iter().map(insert).collect();
        // A series with several versions gets one: the lines are those of its newest.
        let newest = like.versions.iter().max();
        let call = |mention: &Mention| Some(&mention.version) == newest;
        places.extend(calls::add(&makefile.text, &makefile.mentions, call, version));
        if places.is_empty() {
            return Err(KitError::NoList { path: known, name: like.name() });
        }
        Ok(makefile.edit(places))
    }

    /// A new `build-args` beside the known one.
    fn add_build_args(&self, version: &KernelVersion, known: &Path) -> Result<FileChange, KitError> {
        let text = fs::read(known).map_err(cannot("read", known))?;
        let args = build_args::read(&text).map_err(bad_word(known))?;
        let versions = args.versions.into_iter().map(|(_, place)| (place, version.plain().to_string()));
        let series = args.series.into_iter().map(|(_, place)| (place, version.series().to_string()));
        let new = replace(&text, versions.chain(series).collect());
        let name = format!("{}{}", version.series(), version.variant());
        let path = self.kernel_dir().join(name).join("build-args");
        Ok(FileChange { path, old: None, new: Some(new) })
    }

    /// The change that makes the kit build a series no longer by default: its words go from `KERNELS_x` to
    /// `DEPRECATED_x`, the lines that call for it go, or its directory gets an empty file `deprecated`. `None` if it is
    /// deprecated already. Nothing is written.
    pub fn deprecate(&self, state: &SeriesState) -> Result<Option<FileChange>, KitError> {
        if state.deprecated {
            return Ok(None);
        }
        let Some(path) = state.version_file.as_ref().filter(|path| path.ends_with("Makefile")) else {
            let dir = self.kernel_dir().join(state.name());
            let new = FileChange { path: dir.join("deprecated"), old: None, new: Some(Vec::new()) };
            return Ok(dir.is_dir().then_some(new));
        };
        let makefile = Makefile::read(path)?;
        let ours = |version: &KernelVersion| state.is_of(version);
        let mut places = calls::remove(&makefile.text, &makefile.mentions, |mention| ours(&mention.version));
        for list in makefile.lists.iter().filter(|list| !list.deprecated) {
            let removed = lists::remove(&makefile.text, list, ours);
            if removed.is_empty() {
                continue;
            }
            let target = counterpart(&makefile.lists, list);
            let target =
                target.ok_or_else(|| KitError::NoDeprecatedList { path: path.clone(), list: other_name(list) })?;
            places.extend(removed);
            let is_new = |version: &KernelVersion| !target.words.iter().any(|(known, _)| known == version);
            for (version, _) in list.words.iter().filter(|(version, _)| ours(version) && is_new(version)) {
                merge(&mut places, lists::insert(&makefile.text, target, &makefile.lists, version));
            }
        }
        if places.is_empty() {
            return Err(KitError::NoList { path: path.clone(), name: state.name() });
        }
        Ok(Some(makefile.edit(places)))
    }

    /// The change that makes the kit name no version of a series any more; `None` if it names none. Nothing is written.
    pub fn remove_version(&self, state: &SeriesState) -> Result<Option<FileChange>, KitError> {
        let Some(path) = &state.version_file else { return Ok(None) };
        if !path.ends_with("Makefile") {
            let old = fs::read(path).map_err(cannot("read", path))?;
            return Ok(Some(FileChange { path: path.clone(), old: Some(old), new: None }));
        }
        let makefile = Makefile::read(path)?;
        let ours = |version: &KernelVersion| state.is_of(version);
        let mut places = calls::remove(&makefile.text, &makefile.mentions, |mention| ours(&mention.version));
        for list in &makefile.lists {
            places.extend(lists::remove(&makefile.text, list, ours));
        }
        if places.is_empty() {
            return Err(KitError::NoList { path: path.clone(), name: state.name() });
        }
        Ok(Some(makefile.edit(places)))
    }
}

/// `DEPRECATED_all` for `KERNELS_all`, and the other way round.
fn other_name(list: &List) -> String {
    match list.name.strip_prefix("DEPRECATED") {
        Some(rest) => format!("KERNELS{rest}"),
        None => list.name.replacen("KERNELS", "DEPRECATED", 1),
    }
}

fn counterpart<'l>(lists: &'l [List], list: &List) -> Option<&'l List> {
    let name = other_name(list);
    lists.iter().find(|other| other.name == name)
}

/// Two words that come to one place stand side by side.
fn merge(places: &mut Places, (place, word): (std::ops::Range<usize>, String)) {
    let same = |(known, text): &&mut (std::ops::Range<usize>, String)| *known == place && !text.is_empty();
    match places.iter_mut().find(same) {
        Some((_, text)) if text.starts_with(' ') || word.starts_with(' ') => *text += &word,
        Some((_, text)) => *text = format!("{} {}", text.trim_end(), word),
        None => places.push((place, word)),
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
