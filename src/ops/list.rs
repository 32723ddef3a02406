//! `kpatch list`: the kernels of a kit, as its Makefile lists them.

use serde::Serialize;

use super::workspace::{kit, kit_error};
use super::{OpError, Places};
use crate::arch::Arch;
use crate::build::plan::{Content, Kinds, Plan, PlanRequest, Which};
use crate::kit::Kernel;

/// What is listed.
#[derive(Debug, Clone, Default)]
pub struct ListOptions {
    /// Where the kit is.
    pub places: Places,
    /// The architecture whose kernels are listed; that of this machine if absent.
    pub arch: Option<Arch>,
}

/// The kernels of a kit for one architecture.
#[derive(Debug, Clone, Serialize)]
pub struct ListReport {
    /// The architecture, as `uname -m` writes it.
    pub arch: String,
    /// The kernels that are built by default.
    pub kernels: Vec<ListedKernel>,
    /// Those that are built only by name.
    pub deprecated: Vec<ListedKernel>,
    /// The tools that are built for each kernel.
    pub tools: Vec<String>,
    /// Whether `kernel/` has changes that no commit holds.
    pub dirty: bool,
}

/// One kernel of a kit.
#[derive(Debug, Clone, Serialize)]
pub struct ListedKernel {
    /// The version, with its variant.
    pub version: String,
    /// All architectures that it is built for, as tags name them.
    pub archs: Vec<String>,
    /// The image that it is compiled in, if the kit names one.
    pub builder: Option<String>,
    /// What says from which files its images are built; absent where the kit is no git repository.
    pub hash: Option<String>,
}

/// Lists the kernels.
pub fn list(options: &ListOptions) -> Result<ListReport, OpError> {
    let kit = kit(&options.places)?;
    let arch = options.arch.or(Arch::host());
    let Some(arch) = arch else {
        return Err(
            OpError::new("kernels are not built for this machine's architecture").hint("name one: --arch amd64")
        );
    };
    let mut all = kit.kernels().map_err(kit_error)?;
    // A kit without configurations lists its kernels for every architecture.
    all.retain(|kernel| kernel.archs.is_empty() || kernel.archs.contains(&arch));
    let hashes = if all.is_empty() { Vec::new() } else { hashes(&kit, &all)? };
    let row = |kernel: &Kernel| ListedKernel {
        version: kernel.version.to_string(),
        archs: kernel.archs.iter().map(|arch| arch.oci().to_owned()).collect(),
        builder: kernel.builder.clone(),
        hash: hashes
            .iter()
            .find(|(version, _)| *version == kernel.version.to_string())
            .and_then(|(_, hash)| hash.clone()),
    };
    let (deprecated, kernels): (Vec<&Kernel>, Vec<&Kernel>) = all.iter().partition(|kernel| kernel.deprecated);
    Ok(ListReport {
        arch: arch.uname().to_owned(),
        kernels: kernels.into_iter().map(row).collect(),
        deprecated: deprecated.into_iter().map(row).collect(),
        tools: kit.tools().map_err(kit_error)?,
        dirty: crate::kit::hash::dirty(&kit).map_err(kit_error)?.is_some_and(|files| !files.is_empty()),
    })
}

/// The hash of each kernel, by its version.
fn hashes(kit: &crate::kit::Kit, kernels: &[Kernel]) -> Result<Vec<(String, Option<String>)>, OpError> {
    let names = kernels.iter().map(|kernel| kernel.version.to_string()).collect();
    let kinds = Kinds { plain: true, ..Kinds::default() };
    let request = PlanRequest { which: Which::Named(names), kinds, ..PlanRequest::default() };
    let plan = Plan::of(kit, &request).map_err(super::images_plan::build_error)?;
    let images = plan.images.into_iter().filter(|image| image.content == Content::Kernel);
    Ok(images.map(|image| (image.version.to_string(), image.hash.map(|hash| hash.id))).collect())
}
