//! References to the images of the kit, as `update-yaml` sees them.

use std::collections::BTreeSet;

use crate::drift::{ReferenceFacts, ReferenceKind};
use crate::image::{ImageKind, Images, KernelTag, Reference, is_hash, references as images_in};
use crate::kit::hash::package;
use crate::kit::{Kit, checker};
use crate::ops::OpError;
use crate::ops::references::{Scope, Text, fill_hashes, kernels, plan, texts};
use crate::ops::report::{ReferenceReport, ReferenceState};
use crate::ops::workspace::kit_error;
use crate::text::line_of;

/// What was found.
pub(super) struct Read {
    /// The references.
    pub(super) facts: Vec<ReferenceFacts>,
    /// How many files they are in.
    pub(super) files: usize,
    /// Why references with a hash cannot be judged, if they cannot.
    pub(super) unhashed: Option<String>,
    /// Why references to the checker cannot be judged, if they cannot.
    pub(super) uncheckable: Option<String>,
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
    let mut facts: Vec<ReferenceFacts> = plan.rows.iter().filter_map(|row| fact(row, &images)).collect();
    let uncheckable = checkers(kit, &mut facts)?;
    Ok(Read {
        files: files.len(),
        unhashed: unhashed.filter(|_| has_hash),
        uncheckable,
        facts,
        warnings: plan.warnings,
    })
}

/// Adds the references to the image with the checker of configurations; says why if it is not known what they should be.
fn checkers(kit: &Kit, facts: &mut Vec<ReferenceFacts>) -> Result<Option<String>, OpError> {
    let is_checker = |image: &Reference<'_>| image.name() == checker::IMAGE && image.tag.is_some_and(is_hash);
    let mut found = Vec::new();
    for Text { path, text } in texts(kit)? {
        let path = kit.shown(&path);
        for (place, image) in images_in(text.as_bytes()).filter(|(_, image)| is_checker(image)) {
            found.push((path.clone(), line_of(text.as_bytes(), place.start), image.to_string()));
        }
    }
    if found.is_empty() {
        return Ok(None);
    }
    let Some(hash) = package(kit, checker::PACKAGE, &[]).map_err(kit_error)? else {
        return Ok(Some(format!("the last commit of the kit has no {}", checker::PACKAGE)));
    };
    let now = |text: &str| Reference::parse(text).ok().map(|image| image.with_tag(&hash).to_string());
    facts.extend(found.into_iter().map(|(path, line, text)| ReferenceFacts {
        path,
        line,
        now: now(&text).filter(|now| *now != text),
        text,
        version: None,
        kind: ReferenceKind::Checker,
        is_dirty: false,
    }));
    Ok(None)
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
