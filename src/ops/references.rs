//! References to a kit's own images, and the tags that they should have.

mod files;
mod rules;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::path::Path;

use bstr::ByteSlice as _;

use super::OpError;
use super::report::{ReferenceReport, ReferenceState};
use super::workspace::kit_error;
use crate::files::Change;
use crate::image::{ImageKind, Images, KernelTag, Reference, references};
use crate::kit::hash::{Hashes, dirty};
use crate::kit::{FileEdit, Kit, KitError};
use crate::text::visible;
use crate::version::KernelVersion;
pub(super) use files::{Text, texts};
use rules::{Rules, Verdict};

/// How many files a warning names.
const SHOWN: usize = 3;

/// A kernel that references may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kernel {
    /// The series with its variant: `6.6.x`, `5.11.x-rt`.
    pub(super) name: String,
    /// The newest version of it, with its variant.
    pub(super) version: KernelVersion,
    /// Built by default.
    pub(super) supported: bool,
    /// The hash of its images, 40 hex digits; absent if it is not known.
    pub(super) hash: Option<String>,
}

/// Which references are meant.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scope<'a> {
    /// All of them.
    All,
    /// Those that come to name a kernel of this series, given with its variant.
    Series(&'a str),
    /// The same with several series.
    Several(&'a [String]),
    /// Those to the series `from` that come to name a kernel of `to`, and the builders beside them. One that lags behind in
    /// another series is not a bump's to move.
    Bumped {
        /// The series before, with its variant.
        from: &'a str,
        /// The series after, the same unless the bump goes to another one.
        to: &'a str,
    },
}

/// What is to be changed.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// The files with other contents.
    pub(super) edits: Vec<FileEdit>,
    /// One for each reference, in the order of the files.
    pub(super) rows: Vec<ReferenceReport>,
    /// What a reader should know besides.
    pub(super) warnings: Vec<String>,
}

/// The kernels of the kit on the disk, in the order of their series, without hashes. A series whose version is written
/// nowhere is none.
pub(super) fn kernels(kit: &Kit) -> Result<Vec<Kernel>, OpError> {
    let states = kit.series().map_err(kit_error)?;
    let kernels = states.iter().filter_map(|state| {
        let version = state.versions.iter().max()?.clone();
        Some(Kernel { name: state.name(), version, supported: !state.deprecated, hash: None })
    });
    Ok(kernels.collect())
}

/// Sets the hashes that the images will have once `changes` are landed and committed. Where that cannot be known there are
/// none, and the warning that is returned says why: the kit is no git repository, or `kernel/` has other changes that are
/// not committed. A series that has no directory although its neighbours do has no hash, either.
pub(super) fn fill_hashes(kit: &Kit, kernels: &mut [Kernel], changes: &[Change]) -> Result<Option<String>, OpError> {
    for kernel in &mut *kernels {
        kernel.hash = None;
    }
    let others = uncommitted(kit, changes)?;
    if let Some(others) = others.as_deref().filter(|others| !others.is_empty()) {
        return Ok(Some(format!(
            "the hashes of the images are not known, since kernel/ has changes that are not committed: {}",
            listed(others)
        )));
    }
    let Some(hashes) = Hashes::of(kit, changes).map_err(kit_error)? else {
        let why = if others.is_some() { "nothing is committed in the kit yet" } else { "the kit is no git repository" };
        return Ok(Some(format!("the hashes of the images are not known: {why}")));
    };
    for kernel in kernels {
        kernel.hash = match hashes.images(&kernel.name) {
            Ok(hash) => Some(hash),
            Err(KitError::NoDirectory { .. }) => None,
            Err(error) => return Err(kit_error(error)),
        };
    }
    Ok(None)
}

/// The files of `kernel/` with changes that neither a commit nor `changes` hold, for display; `None` without git.
pub(super) fn uncommitted(kit: &Kit, changes: &[Change]) -> Result<Option<Vec<String>>, OpError> {
    let Some(dirty) = dirty(kit).map_err(kit_error)? else { return Ok(None) };
    let others = dirty.iter().filter(|path| !files::covered(changes, path));
    Ok(Some(others.map(|path| shown(path)).collect()))
}

fn listed(files: &[String]) -> String {
    match files.split_at_checked(SHOWN) {
        Some((first, rest)) if !rest.is_empty() => format!("{} and {} more", first.join(", "), rest.len()),
        _ => files.join(", "),
    }
}

fn shown(path: &Path) -> String {
    visible(path.as_os_str().as_encoded_bytes())
}

/// What has to change for the references below the kit's top to name the kernels as they should. Nothing is written;
/// files that `changes` touch are left out.
///
/// - A reference with a hash, also one that says `dirty`, stays in its series and variant.
/// - A bare version follows the newest plain kernel, but stays in the series that a directory above its file names; a
///   bare variant stays in its series.
/// - A builder follows the kernel references of its file if these are of one series, and is a bare version otherwise.
/// - Debug kernels, tools and images of one architecture stay what they are, on the registry that they are on.
/// - What is pinned by a digest, and what names no supported kernel, stays as it is.
pub(super) fn plan(kit: &Kit, kernels: &[Kernel], scope: Scope<'_>, changes: &[Change]) -> Result<Plan, OpError> {
    let images = kit.images().map_err(kit_error)?;
    let mut plan = Plan::default();
    for path in files::list(kit, changes)? {
        let whole = kit.top().join(&path);
        let text = match std::fs::read(&whole) {
            _ if path.to_str().is_none() => Err("its name is not UTF-8".to_owned()),
            read => read.map_err(|error| error.to_string()),
        };
        let text = match text {
            Ok(text) if text.contains(&0) => continue,
            Ok(text) => text,
            Err(why) => {
                plan.warnings.push(format!("'{}' was not looked at: {why}", shown(&path)));
                continue;
            }
        };
        let rules = Rules { kernels, near: rules::near(&path), beside: None };
        if let Some(new) = in_file(&text, &shown(&path), &images, rules, scope, &mut plan.rows) {
            plan.edits.push(FileEdit { path: whole, old: text, new });
        }
    }
    Ok(plan)
}

/// A reference to one of the images, in a text.
struct Found<'t> {
    /// Where its tag stands; what has none is pinned.
    place: Option<Range<usize>>,
    line: usize,
    reference: Reference<'t>,
    kind: ImageKind,
    tag: Option<KernelTag>,
}

impl Found<'_> {
    fn is_pinned(&self) -> bool {
        self.reference.digest.is_some()
    }
}

/// The references of a text to one of the images that name a kernel.
fn find<'t>(text: &'t [u8], images: &Images) -> Vec<Found<'t>> {
    let (mut line, mut counted) = (1, 0);
    let ours = references(text).filter_map(|(place, reference)| {
        line += text[counted..place.start].find_iter(b"\n").count();
        counted = place.start;
        let kind = images.kind(&reference)?;
        let tag: Option<KernelTag> = reference.tag.and_then(|tag| tag.parse().ok());
        let place = reference.tag_place().map(|tag| place.start + tag.start..place.start + tag.end);
        let names_a_kernel = tag.is_some() || (reference.tag.is_none() && reference.digest.is_some());
        names_a_kernel.then_some(Found { place, line, reference, kind, tag })
    });
    ours.collect()
}

/// Adds the rows of one file; returns its new bytes if any tag changes.
fn in_file(
    text: &[u8],
    file: &str,
    images: &Images,
    rules: Rules<'_>,
    scope: Scope<'_>,
    rows: &mut Vec<ReferenceReport>,
) -> Option<Vec<u8>> {
    let found = find(text, images);
    let loose = found.iter().filter(|found| !found.is_pinned());
    let tags: Vec<_> = loose.filter_map(|found| Some((found.kind, found.tag.clone()?))).collect();
    let rules = Rules { beside: rules::beside(rules, &tags), ..rules };
    let mut new = Vec::new();
    let mut copied = 0;
    for one in &found {
        let Some((state, tag)) = judge(one, rules, scope) else { continue };
        let to = tag.as_deref().map(|tag| one.reference.with_tag(tag).to_string());
        if let (ReferenceState::Updated, Some(tag), Some(place)) = (state, &tag, &one.place) {
            new.extend_from_slice(&text[copied..place.start]);
            new.extend_from_slice(tag.as_bytes());
            copied = place.end;
        }
        let old = one.reference.to_string();
        rows.push(ReferenceReport { file: file.to_owned(), line: one.line, old, new: to, state });
    }
    if copied == 0 {
        return None;
    }
    new.extend_from_slice(&text[copied..]);
    Some(new)
}

/// The state of a reference and the tag that it should have; `None` for one that is not meant.
fn judge(found: &Found<'_>, rules: Rules<'_>, scope: Scope<'_>) -> Option<(ReferenceState, Option<String>)> {
    let own = found.tag.as_ref().map(|tag| format!("{}{}", tag.version.series(), tag.version.variant()));
    let is_meant = || match &own {
        Some(name) => scope.covers(name),
        None => matches!(scope, Scope::All),
    };
    let Some(tag) = found.tag.as_ref().filter(|_| !found.is_pinned()) else {
        return is_meant().then_some((ReferenceState::Pinned, None));
    };
    match rules.verdict(tag) {
        Verdict::Unknown => is_meant().then_some((ReferenceState::Unknown, None)),
        Verdict::Unhashed(kernel) => scope.covers(&kernel.name).then_some((ReferenceState::Unhashed, None)),
        Verdict::Names(kernel, new) => {
            let is_left = match scope {
                Scope::Bumped { from, .. } => own.as_deref() != Some(from) && !(tag.builder && rules.beside.is_some()),
                _ => false,
            };
            let state = if new == *tag { ReferenceState::Same } else { ReferenceState::Updated };
            (scope.covers(&kernel.name) && !is_left).then(|| (state, Some(new.to_string())))
        }
    }
}
