//! `kpatch push`: from the local images to the registry.

use std::path::PathBuf;

use super::images_plan::{build_error, plan};
use super::{OpError, Places, Watch};
use crate::build::plan::{Plan, PlanRequest, Which};
use crate::build::push::{self as pushing, PushReport, PushRequest, Ready};
use crate::build::{OutDir, Watch as BuildWatch};
use crate::kit::Kit;
use crate::oci::{Access, Layout};

/// How many files with changes an error names.
const SHOWN: usize = 20;

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct PushOptions {
    /// Where the kit is.
    pub places: Places,
    /// Which images. Of kernels that are not named, and of all kinds, what is in the layout.
    pub request: PlanRequest,
    /// The directory of what was built; `out` in the kit if absent.
    pub out: Option<PathBuf>,
    /// Let plain tags that name something else name the new image.
    pub move_tags: bool,
    /// Take any certificate, and plain http.
    pub insecure: bool,
    /// Ask the registry what it has, and send nothing.
    pub dry_run: bool,
}

/// Pushes what was built of the last commit.
///
/// # Errors
/// When the kit has changes that no commit holds, when an image that was asked for was not built, or when the registry cannot be reached
/// or refuses.
pub fn push(options: &PushOptions, watch: Watch<'_>) -> Result<PushReport, OpError> {
    if options.places.offline {
        return Err(OpError::new("a registry cannot be reached without the network").hint("leave --offline away"));
    }
    let (kit, plan) = plan(&options.places, &options.request)?;
    refuse_dirty(&plan)?;
    let layout = layout(&kit, options.out.as_deref(), "kpatch build")?;
    let ready = ready(&layout, &plan, &options.request)?;
    let request = PushRequest {
        move_tags: options.move_tags,
        dry_run: options.dry_run,
        access: Access { insecure: options.insecure },
    };
    let watch = BuildWatch { observer: watch.observer, interrupt: watch.interrupt };
    pushing::push(&layout, &ready, request, watch).map_err(|error| match build_error(error) {
        error if error.is_interrupted() => error.hint("run it again: what the registry has is not sent again"),
        error => error,
    })
}

/// The images of a kit.
pub(super) fn layout(kit: &Kit, out: Option<&std::path::Path>, build: &str) -> Result<Layout, OpError> {
    let top = out.map_or_else(|| kit.top().join(OutDir::NAME), PathBuf::from);
    let dir = OutDir::at(&top).images();
    if !dir.join("oci-layout").exists() {
        let text = format!("there are no images in '{}'", dir.display());
        return Err(OpError::new(text).hint(format!("build one: {build}")));
    }
    Layout::open(dir).map_err(|error| build_error(pushing::oci_failed(error)))
}

/// What no commit holds has no name that says what it is.
fn refuse_dirty(plan: &Plan) -> Result<(), OpError> {
    if plan.images.iter().any(|image| image.hash.as_ref().is_some_and(|hash| hash.dirty)) {
        let shown: Vec<String> = plan.dirty.iter().take(SHOWN).map(|path| path.display().to_string()).collect();
        let rest = plan.dirty.len().saturating_sub(SHOWN);
        let rest = if rest == 0 { String::new() } else { format!(" and {rest} more") };
        let text = format!("nothing is pushed while changes are not committed: {}{rest}", shown.join(", "));
        return Err(OpError::new(text).hint("commit them, and build again"));
    }
    if plan.images.iter().any(|image| image.hash.is_none()) {
        let text = "nothing says what the images are built from, since the kit has no commit";
        return Err(OpError::new(text).hint("commit it, or say --hash HASH"));
    }
    Ok(())
}

/// What of the plan is in the layout. What was named has to be there.
fn ready<'a>(layout: &Layout, plan: &'a Plan, request: &PlanRequest) -> Result<Vec<Ready<'a>>, OpError> {
    let mut found: Vec<Ready<'a>> = Vec::new();
    for image in &plan.images {
        found.extend(pushing::ready(layout, image).map_err(build_error)?);
    }
    let is_named = request.which != Which::All;
    for image in &plan.images {
        let ready = found.iter().find(|ready| ready.image == image);
        let built = |ready: &Ready<'_>| ready.image.version == image.version;
        // Of a kernel that is named, everything that there is.
        let is_wanted = is_named && (request.kinds != crate::build::plan::Kinds::all() || !found.iter().any(built));
        let missing =
            |arch| OpError::new(format!("{} is not in '{}'", image.reference(true, arch), layout.dir().display()));
        match ready {
            None if is_wanted || found.is_empty() => {
                return Err(missing(None).hint(format!("build it: kpatch build {}", image.version)));
            }
            Some(ready) if is_named => {
                let absent = request.archs.iter().find(|arch| !ready.manifests.iter().any(|(there, _)| there == *arch));
                if let Some(arch) = absent {
                    let hint = format!("build it: kpatch build {} --arch {}", image.version, arch.oci());
                    return Err(missing(Some(*arch)).hint(hint));
                }
            }
            _ => {}
        }
    }
    Ok(found)
}
