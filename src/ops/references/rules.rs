//! What becomes of one reference.

use std::path::Path;

use super::{Kernel, Scope};
use crate::image::{ImageKind, KernelTag};
use crate::kit::is_series_name;
use crate::version::Series;

/// What is to become of a reference.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict<'k> {
    /// It names this kernel from now on, by this tag.
    Names(&'k Kernel, KernelTag),
    /// It would name this kernel, whose hash is not known.
    Unhashed(&'k Kernel),
    /// No supported kernel of the kit is meant.
    Unknown,
}

/// The kernels, and which of them the references around one stand for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules<'k> {
    pub(super) kernels: &'k [Kernel],
    /// The series that a directory above the file names.
    pub(super) near: Option<Series>,
    /// The kernel that all kernel references of the file name, or would name if it were supported.
    pub(super) beside: Option<Beside<'k>>,
}

/// What the kernel references of a file agree on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beside<'k> {
    Supported(&'k Kernel),
    Left,
}

impl<'k> Rules<'k> {
    /// The verdict on a tag.
    pub(super) fn verdict(&self, tag: &KernelTag) -> Verdict<'k> {
        let Some(kernel) = self.kernel(tag) else { return Verdict::Unknown };
        if tag.builder {
            return builder(tag, kernel);
        }
        match (&tag.hash, &kernel.hash) {
            (Some(_), None) => Verdict::Unhashed(kernel),
            (Some(_), Some(hash)) => Verdict::Names(kernel, tag.of_kernel(&kernel.version, Some(hash))),
            (None, _) => Verdict::Names(kernel, tag.of_kernel(&kernel.version, None)),
        }
    }

    fn kernel(&self, tag: &KernelTag) -> Option<&'k Kernel> {
        let version = &tag.version;
        if tag.hash.is_some() {
            return self.supported(version.series(), version.variant());
        }
        match self.beside.filter(|_| tag.builder) {
            Some(Beside::Supported(kernel)) => return Some(kernel),
            Some(Beside::Left) => return None,
            None => {}
        }
        if !version.variant().is_empty() {
            return self.supported(version.series(), version.variant());
        }
        match self.near {
            Some(series) => self.supported(series, ""),
            None => self.newest(),
        }
    }

    fn supported(&self, series: Series, variant: &str) -> Option<&'k Kernel> {
        let is_it = |kernel: &&Kernel| {
            kernel.supported && kernel.version.series() == series && kernel.version.variant() == variant
        };
        self.kernels.iter().filter(is_it).max_by(|a, b| a.version.cmp(&b.version))
    }

    /// The newest plain kernel.
    fn newest(&self) -> Option<&'k Kernel> {
        let plain = self.kernels.iter().filter(|kernel| kernel.supported && kernel.version.variant().is_empty());
        plain.max_by(|a, b| a.version.cmp(&b.version))
    }
}

/// A builder keeps its own variant: all variants of a version are built in one image, which has the plain version's name.
fn builder<'k>(tag: &KernelTag, kernel: &'k Kernel) -> Verdict<'k> {
    let version = match tag.version.variant() {
        "" => kernel.version.plain(),
        variant if variant == kernel.version.variant() => kernel.version.clone(),
        _ => return Verdict::Unknown,
    };
    Verdict::Names(kernel, tag.of_kernel(&version, None))
}

/// What the kernel references of a file agree on; `None` if there are none, or of several series.
pub(super) fn beside<'k>(rules: Rules<'k>, tags: &[(ImageKind, KernelTag)]) -> Option<Beside<'k>> {
    let mut found: Option<(Series, Beside<'k>)> = None;
    let kernels = tags.iter().filter(|(kind, tag)| *kind == ImageKind::Kernel && !tag.builder);
    for (_, tag) in kernels {
        let this = match rules.kernel(tag) {
            Some(kernel) => (kernel.version.series(), Beside::Supported(kernel)),
            None => (tag.version.series(), Beside::Left),
        };
        match found {
            Some((series, _)) if series != this.0 => return None,
            // One that is supported says more than one that is left.
            Some((_, Beside::Supported(_))) => {}
            _ => found = Some(this),
        }
    }
    found.map(|(_, beside)| beside)
}

/// The series that the nearest directory above a file names, as `020_kernel/019_config_6.6.x/` and `6.6.x-rt/` do.
pub(super) fn near(path: &Path) -> Option<Series> {
    let folders = path.parent()?.iter();
    folders.rev().filter_map(|name| name.to_str()).find_map(|name| name.split('_').rev().find_map(series_in))
}

/// The series at the end of a word such as `config-6.6.x` or `5.11.x-rt`.
fn series_in(word: &str) -> Option<Series> {
    let ends = std::iter::once(word).chain(word.match_indices('-').map(|(dash, _)| &word[dash + 1..]));
    ends.filter(|end| is_series_name(end)).find_map(|end| end.split('-').next()?.parse().ok())
}

impl Scope<'_> {
    /// True if references to this kernel are meant.
    pub(super) fn covers(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Series(series) | Self::Bumped { to: series, .. } => name == *series,
            Self::Several(series) => series.iter().any(|series| series == name),
        }
    }
}
