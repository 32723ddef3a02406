//! Versions that come, change and go, and not a byte more.

mod calls;
mod lists;
mod series;

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::{Kit, KitError, SeriesState, bad_word, build_args, cannot, makefile};
use crate::version::KernelVersion;

/// A file with other contents than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEdit {
    /// The file, absolute.
    pub path: PathBuf,
    /// Its bytes now.
    pub old: Vec<u8>,
    /// Its bytes to be.
    pub new: Vec<u8>,
}

/// A file that comes, changes or goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// The file, absolute.
    pub path: PathBuf,
    /// Its bytes now; absent for a file that is new.
    pub old: Option<Vec<u8>>,
    /// Its bytes to be; absent for a file that goes.
    pub new: Option<Vec<u8>>,
}

impl From<FileEdit> for FileChange {
    fn from(edit: FileEdit) -> Self {
        Self { path: edit.path, old: Some(edit.old), new: Some(edit.new) }
    }
}

impl Kit {
    /// The edit that makes the kit list `new` instead of `old` for `state`; nothing is written.
    ///
    /// Only the words that are the version change, in every list and call that has them, and the word that is the
    /// series where one stands beside the version and `new` is of another series. Deprecated lists are touched only
    /// if no other one has the version.
    pub fn version_edit(
        &self,
        state: &SeriesState,
        old: &KernelVersion,
        new: &KernelVersion,
    ) -> Result<FileEdit, KitError> {
        if old.variant() != new.variant() {
            return Err(KitError::Variant { old: old.clone(), new: new.clone() });
        }
        let path = state.version_file.clone().ok_or_else(|| KitError::NoVersion { name: state.name() })?;
        let text = fs::read(&path).map_err(cannot("read", &path))?;
        let places = if path.ends_with("Makefile") {
            in_makefile(&path, &text, old, new)?
        } else {
            in_build_args(&path, &text, state, old, new)?
        };
        Ok(FileEdit { path, new: replace(&text, places), old: text })
    }
}

/// Bytes to be replaced, and by what.
pub(super) type Places = Vec<(Range<usize>, String)>;

fn in_makefile(path: &Path, text: &[u8], old: &KernelVersion, new: &KernelVersion) -> Result<Places, KitError> {
    let mentions = makefile::mentions(text).map_err(bad_word(path))?;
    check(path, mentions.iter().map(|mention| &mention.version), old, new)?;
    let ours = mentions.iter().filter(|mention| mention.version == *old);
    let all_deprecated = ours.clone().all(|mention| mention.deprecated);
    let mut places = Places::new();
    for mention in ours.filter(|mention| mention.deprecated == all_deprecated) {
        let word = if mention.word_has_variant { new.to_string() } else { new.plain().to_string() };
        places.push((mention.word.clone(), word));
        if old.series() != new.series()
            && let Some(series) = &mention.series
            && text[series.clone()] == *old.series().to_string().as_bytes()
        {
            places.push((series.clone(), new.series().to_string()));
        }
    }
    Ok(places)
}

fn in_build_args(
    path: &Path,
    text: &[u8],
    state: &SeriesState,
    old: &KernelVersion,
    new: &KernelVersion,
) -> Result<Places, KitError> {
    let args = build_args::read(text).map_err(bad_word(path))?;
    // The directory may say the variant alone.
    let full = |version: &KernelVersion| {
        let variant = if version.variant().is_empty() { state.variant.as_str() } else { version.variant() };
        version.with_variant(variant).unwrap_or_else(|_| version.clone())
    };
    let versions: Vec<_> = args.versions.iter().map(|(version, _)| full(version)).collect();
    check(path, versions.iter(), old, new)?;
    let mut places = Places::new();
    for (version, place) in args.versions.iter().filter(|(version, _)| full(version) == *old) {
        let word = if version.variant().is_empty() { new.plain().to_string() } else { new.to_string() };
        places.push((place.clone(), word));
    }
    if old.series() != new.series() {
        let ours = args.series.into_iter().filter(|(series, _)| *series == old.series());
        places.extend(ours.map(|(_, place)| (place, new.series().to_string())));
    }
    Ok(places)
}

/// The old version has to be there, the new one must not.
fn check<'a>(
    path: &Path,
    versions: impl Iterator<Item = &'a KernelVersion> + Clone,
    old: &KernelVersion,
    new: &KernelVersion,
) -> Result<(), KitError> {
    let path = path.to_owned();
    if !versions.clone().any(|version| version == old) {
        let mut listed: Vec<String> = Vec::new();
        for version in versions.map(ToString::to_string) {
            if !listed.contains(&version) {
                listed.push(version);
            }
        }
        let listed = if listed.is_empty() { "nothing".to_owned() } else { listed.join(" ") };
        return Err(KitError::NotListed { path, version: old.clone(), listed });
    }
    if versions.clone().any(|version| version == new) {
        return Err(KitError::AlreadyListed { path, version: new.clone() });
    }
    Ok(())
}

/// `text` with other words in these places, which do not overlap.
pub(super) fn replace(text: &[u8], mut places: Places) -> Vec<u8> {
    places.sort_by_key(|(place, _)| place.start);
    let mut new = Vec::with_capacity(text.len() + places.len() * 2);
    let mut at = 0;
    for (place, word) in places {
        new.extend_from_slice(&text[at..place.start]);
        new.extend_from_slice(word.as_bytes());
        at = place.end;
    }
    new.extend_from_slice(&text[at..]);
    new
}
