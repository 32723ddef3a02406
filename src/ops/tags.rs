//! `kpatch tags`: how the images of kernels are called.

use serde::Serialize;

use super::images_plan::plan;
use super::{OpError, Places};
use crate::build::plan::{Content, Image, PlanRequest};

/// Which tags are asked for.
#[derive(Debug, Clone, Default)]
pub struct TagsOptions {
    /// Where the kit is.
    pub places: Places,
    /// Which images.
    pub request: PlanRequest,
}

/// The tags of one image.
#[derive(Debug, Clone, Serialize)]
pub struct TagsReport {
    /// What it holds: `kernel`, or the name of a tool.
    pub content: String,
    /// The kernel, with its variant.
    pub version: String,
    /// The debug kernel.
    pub debug: bool,
    /// For which architectures, as tags name them.
    pub archs: Vec<String>,
    /// The repository, such as `linuxkit/kernel`.
    pub repository: String,
    /// What says from which files it is built; absent where the kit is no git repository.
    pub hash: Option<String>,
    /// There are changes that no commit holds.
    pub dirty: bool,
    /// The reference of the index that the plain tag names.
    pub plain: String,
    /// The reference of the index that the tag with the hash names.
    pub hashed: Option<String>,
    /// All references but that of the builder, in the order in which the document lists them.
    pub references: Vec<String>,
    /// The reference of the image that the kernel is compiled in; absent for tools.
    pub builder: Option<String>,
    /// What is compiled in, if the kit names it.
    pub build_image: Option<String>,
}

/// Names the images.
pub fn tags(options: &TagsOptions) -> Result<Vec<TagsReport>, OpError> {
    let (_, plan) = plan(&options.places, &options.request)?;
    Ok(plan.images.iter().map(report).collect())
}

pub(super) fn report(image: &Image) -> TagsReport {
    let reference = |tag: &String| format!("{}:{tag}", image.repository);
    TagsReport {
        content: match &image.content {
            Content::Kernel => "kernel".to_owned(),
            Content::Tool(name) => name.clone(),
        },
        version: image.version.to_string(),
        debug: image.debug,
        archs: image.archs.iter().map(|arch| arch.oci().to_owned()).collect(),
        repository: image.repository.clone(),
        hash: image.hash.as_ref().map(|hash| hash.id.clone()),
        dirty: image.hash.as_ref().is_some_and(|hash| hash.dirty),
        plain: image.reference(false, None),
        hashed: image.hash.as_ref().map(|_| image.reference(true, None)),
        references: image.tags().iter().map(reference).collect(),
        builder: image.builder_tag().as_ref().map(reference),
        build_image: image.builder.clone(),
    }
}
