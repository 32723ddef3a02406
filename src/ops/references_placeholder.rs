//! Stands in for the references piece: no hashes are known and no reference follows.

use serde::Serialize;

use super::OpError;
use super::workspace::kit_error;
use crate::files::Change;
use crate::kit::{FileEdit, Kit, KitError};
use crate::version::KernelVersion;

/// A kernel that references may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kernel {
    /// The series with its variant.
    pub(super) name: String,
    /// The newest version of it.
    pub(super) version: KernelVersion,
    /// Built by default.
    pub(super) supported: bool,
    /// The hash of its images.
    pub(super) hash: Option<String>,
}

/// Which references are meant.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scope<'a> {
    /// All of them.
    All,
    /// Those that come to name a kernel of this series.
    #[allow(dead_code, reason = "nothing looks at it here")]
    Series(&'a str),
}

/// What is to be changed.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// The files with other contents.
    pub(super) edits: Vec<FileEdit>,
    /// One for each reference.
    pub(super) rows: Vec<ReferenceReport>,
    /// What a reader should know besides.
    pub(super) warnings: Vec<String>,
}

/// A reference and what becomes of it.
#[derive(Debug, Clone, Serialize)]
pub struct ReferenceReport {
    /// The file, relative to the top of the kit.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// The reference as it is.
    pub reference: String,
}

/// The kernels of the kit on the disk.
pub(super) fn kernels(kit: &Kit) -> Result<Vec<Kernel>, OpError> {
    let states = kit.series().map_err(kit_error)?;
    let kernels = states.iter().filter_map(|state| {
        let version = state.versions.iter().max()?.clone();
        Some(Kernel { name: state.name(), version, supported: !state.deprecated, hash: None })
    });
    Ok(kernels.collect())
}

/// Sets the hashes that the images will have once `changes` are landed and committed.
#[allow(clippy::unnecessary_wraps, reason = "the signature of what it stands in for")]
pub(super) fn fill_hashes(_: &Kit, _: &mut [Kernel], _: &[Change]) -> Result<Option<String>, OpError> {
    Ok(Some("the hashes of the images are not known".to_owned()))
}

/// What has to change for references to name the kernels as they should.
#[allow(clippy::unnecessary_wraps, reason = "the signature of what it stands in for")]
pub(super) fn plan(_: &Kit, _: &[Kernel], _: Scope<'_>, _: &[Change]) -> Result<Plan, OpError> {
    Ok(Plan::default())
}

/// The hash that a package of the kit has in its image's tag, with `changes`.
#[allow(clippy::unnecessary_wraps, reason = "the signature of what it stands in for")]
pub(super) fn package(_: &Kit, _: &str, _: &[Change]) -> Result<Option<String>, KitError> {
    Ok(None)
}
