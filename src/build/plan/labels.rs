//! The labels of images.

use std::collections::BTreeMap;

use super::Plan;

/// Where the kit's own sources are; of the OCI image specification's annotations.
pub const SOURCE: &str = "org.opencontainers.image.source";
/// The commit of the kit, for what was built from a commit.
pub const REVISION: &str = "org.opencontainers.image.revision";
/// The image with the compiler, or what compiled it where there was none.
pub const BUILD_IMAGE: &str = "org.mobyproject.linuxkit.kernel.buildimage";

/// The labels of every image of a plan that `builder` compiled.
pub fn labels(plan: &Plan, builder: &str) -> BTreeMap<String, String> {
    let known = [(SOURCE, plan.source.as_deref()), (REVISION, plan.revision.as_deref()), (BUILD_IMAGE, Some(builder))];
    known.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.to_owned()))).collect()
}
