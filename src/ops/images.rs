//! `kpatch images`: what there is in the local layout, and whether what is in the registry fits together.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::images_plan::{build_error, plan};
use super::push::layout;
use super::workspace::kit;
use super::{OpError, Places, Watch};
use crate::build::Watch as BuildWatch;
use crate::build::check::{self, Check};
use crate::build::plan::PlanRequest;
use crate::build::push::oci_failed;
use crate::oci::{self, Access, Descriptor, Layout};

/// Which images are listed.
#[derive(Debug, Clone, Default)]
pub struct ImagesListOptions {
    /// Where the kit is.
    pub places: Places,
    /// The directory of what was built; `out` in the kit if absent.
    pub out: Option<PathBuf>,
}

/// One name in the layout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedImage {
    /// The whole reference.
    pub reference: String,
    /// What it names.
    pub digest: String,
    /// The architectures, as tags name them.
    pub archs: Vec<String>,
    /// Whether it is an index of images, and not one image.
    pub index: bool,
    /// How much is to be sent at most to push it, in bytes; what several images share counts for each.
    pub size: u64,
}

/// Lists the local images.
///
/// # Errors
/// When there is no layout, or it cannot be read.
pub fn list(options: &ImagesListOptions) -> Result<Vec<ListedImage>, OpError> {
    let kit = kit(&options.places)?;
    let layout = layout(&kit, options.out.as_deref(), "kpatch build")?;
    let row = |(reference, entry): (String, Descriptor)| {
        let mut sizes = BTreeMap::new();
        let mut archs = Vec::new();
        measure(&layout, &entry, &mut sizes, &mut archs)?;
        Ok(ListedImage {
            reference,
            digest: entry.digest().to_string(),
            archs,
            index: oci::is_index(entry.media_type()),
            size: sizes.values().sum(),
        })
    };
    let rows: Result<Vec<_>, oci::Error> = layout.refs().and_then(|refs| refs.into_iter().map(row).collect());
    rows.map_err(|error| build_error(oci_failed(error)))
}

/// Adds the sizes of everything that an entry consists of, by digest, and its architectures.
fn measure(
    layout: &Layout,
    entry: &Descriptor,
    sizes: &mut BTreeMap<String, u64>,
    archs: &mut Vec<String>,
) -> Result<(), oci::Error> {
    sizes.insert(entry.digest().to_string(), entry.size());
    if oci::is_index(entry.media_type()) {
        return layout.read_index(entry)?.manifests().iter().try_for_each(|entry| measure(layout, entry, sizes, archs));
    }
    let manifest = layout.read_manifest(entry)?;
    archs.extend(oci::architecture(entry));
    for part in manifest.layers().iter().chain([manifest.config()]) {
        sizes.insert(part.digest().to_string(), part.size());
    }
    Ok(())
}

/// Which images are checked.
#[derive(Debug, Clone, Default)]
pub struct ImagesCheckOptions {
    /// Where the kit is.
    pub places: Places,
    /// Which images.
    pub request: PlanRequest,
    /// Take any certificate, and plain http.
    pub insecure: bool,
}

/// Compares, for each image in the registry, what has to agree.
///
/// # Errors
/// When the registry cannot be reached or refuses. What does not agree is a row.
pub fn check(options: &ImagesCheckOptions, watch: Watch<'_>) -> Result<Vec<Check>, OpError> {
    if options.places.offline {
        return Err(OpError::new("a registry cannot be reached without the network").hint("leave --offline away"));
    }
    let (_, plan) = plan(&options.places, &options.request)?;
    let watch = BuildWatch { observer: watch.observer, interrupt: watch.interrupt };
    check::check(&plan.images, Access { insecure: options.insecure }, watch).map_err(build_error)
}
