//! `kpatch build --demo`: a small kernel of the kit's sources that boots.

use super::{BuildOptions, OpError};
use crate::build::plan::Plan;
use crate::build::sources;
use crate::kit::Kit;

/// What follows the version in the tags of a demo, so that it never takes the place of a kernel.
const VARIANT: &str = "-demo";

/// Turns a plan for a kernel of the kit into one for its demo. A tarball of another release of the series is taken as it is: the demo shows that
/// things work, and is no kernel of the kit.
pub(super) fn adapt(plan: &mut Plan, kit: &Kit, options: &BuildOptions) -> Result<(), OpError> {
    let of_tarball = match &options.source {
        Some(tarball) => sources::version_of(&tarball.file),
        None => None,
    };
    for image in &mut plan.images {
        if let Some(version) = &of_tarball {
            let known = kit.kernels().map_err(crate::ops::workspace::kit_error)?;
            if !known.iter().any(|kernel| kernel.version.series() == version.series()) {
                return Err(OpError::new(format!("the kit has no series {}", version.series()))
                    .hint(format!("name a tarball of {}", image.version.series())));
            }
            image.version = version.clone();
        }
        image.version = image.version.plain().with_variant(VARIANT).map_err(|error| OpError::new(error.to_string()))?;
        image.builder = None;
    }
    Ok(())
}
