//! References to the images of the kit, as `update-yaml` sees them.

use std::collections::BTreeSet;

use crate::drift::{ReferenceFacts, ReferenceKind};
use crate::image::{ImageKind, Images, KernelTag, Reference};
use crate::kit::Kit;
use crate::ops::OpError;
use crate::ops::references::{Scope, fill_hashes, kernels, plan};
use crate::ops::report::{ReferenceReport, ReferenceState};
use crate::ops::workspace::kit_error;

/// What was found.
pub(super) struct Read {
    /// The references.
    pub(super) facts: Vec<ReferenceFacts>,
    /// How many files they are in.
    pub(super) files: usize,
    /// Why references with a hash cannot be judged, if they cannot.
    pub(super) unhashed: Option<String>,
    /// Files that could not be read.
    pub(super) warnings: Vec<String>,
}

/// The references in the files of the kit.
pub(super) fn read(kit: &Kit) -> Result<Read, OpError> {
    let images = kit.images().map_err(kit_error)?;
    let mut known = kernels(kit)?;
    let unhashed = fill_hashes(kit, &mut known, &[])?;
    let plan = plan(kit, &known, Scope::All, &[])?;
    let files: BTreeSet<&str> = plan.rows.iter().map(|row| row.file.as_str()).collect();
    let has_hash = plan.rows.iter().any(|row| row.state == ReferenceState::Unhashed);
    Ok(Read {
        files: files.len(),
        unhashed: unhashed.filter(|_| has_hash),
        facts: plan.rows.iter().filter_map(|row| fact(row, &images)).collect(),
        warnings: plan.warnings,
    })
}

fn fact(row: &ReferenceReport, images: &Images) -> Option<ReferenceFacts> {
    let reference = Reference::parse(&row.old).ok()?;
    let image = images.kind(&reference)?;
    let tag: KernelTag = reference.tag?.parse().ok()?;
    let kind = match image {
        _ if tag.builder => ReferenceKind::Builder,
        ImageKind::Kernel => ReferenceKind::Kernel,
        ImageKind::Tool | ImageKind::Zfs => ReferenceKind::Tool,
    };
    Some(ReferenceFacts {
        path: row.file.clone(),
        line: row.line,
        text: row.old.clone(),
        now: row.new.clone().filter(|_| row.state == ReferenceState::Updated),
        version: Some(tag.version),
        kind,
        is_dirty: tag.dirty,
    })
}
