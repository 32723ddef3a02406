//! Which images there are to build, and how they are called: pure, but for reading the kit.

mod image;
mod labels;
mod request;

use std::path::PathBuf;

use super::BuildError;
use super::error::kit_failed;
use crate::arch::Arch;
use crate::image::Images;
use crate::kit::hash::{self, Hashes};
use crate::kit::{Kernel, Kit, KitError};
use crate::version::KernelVersion;

pub use image::{Content, Hash, Image};
pub use labels::{BUILD_IMAGE, REVISION, SOURCE, labels};
pub use request::{Kinds, PlanRequest, Tools, Which};

/// What one run is to build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The images: kernel by kernel, the plain one before the debug one before the tools.
    pub images: Vec<Image>,
    /// The commit of the kit, 40 hex digits; `None` if it has none, or if it has changes that no commit holds.
    pub revision: Option<String>,
    /// Where the kit's own sources are.
    pub source: Option<String>,
    /// The files of `kernel/` that no commit holds, as paths from the kit's top. What is built from them is dirty, and is not pushed.
    pub dirty: Vec<PathBuf>,
}

impl Plan {
    /// The plan for what was asked.
    ///
    /// # Errors
    /// When a kernel is not in the kit, when it is not built for an architecture that was named, when a variant has nothing of its own, or when
    /// the kit cannot be read.
    pub fn of(kit: &Kit, request: &PlanRequest) -> Result<Self, BuildError> {
        let names = request.images(kit)?;
        let dirty = hash::dirty(kit).map_err(kit_failed)?.unwrap_or_default();
        let hashes = Hashing::of(kit, request, &dirty)?;
        let tools = kit.tools().map_err(kit_failed)?;
        let tools = request.kinds.tools.named(&tools);
        let mut images = Vec::new();
        for kernel in request.kernels(kit)? {
            let (version, archs) = (&kernel.version, request.archs_of(&kernel)?);
            if archs.is_empty() {
                continue;
            }
            let hash = hashes.hash(version)?;
            let image = |content, debug, repository| Image {
                content,
                repository,
                version: version.clone(),
                debug,
                archs: archs.clone(),
                hash: hash.clone(),
                builder: kernel.builder.clone(),
            };
            if request.kinds.plain {
                images.push(image(Content::Kernel, false, names.kernel()));
            }
            if request.kinds.debug {
                images.push(image(Content::Kernel, true, names.kernel()));
            }
            images.extend(tools.iter().map(|tool| image(Content::Tool(tool.clone()), false, repository(&names, tool))));
        }
        let revision = if dirty.is_empty() { hash::head(kit).map_err(kit_failed)? } else { None };
        Ok(Self { images, revision, source: kit.repository_url().map_err(kit_failed)?, dirty })
    }

    /// The kernels that are compiled for it: version, debug or not, architecture.
    pub fn compilations(&self) -> Vec<(KernelVersion, bool, Arch)> {
        let mut all: Vec<(KernelVersion, bool, Arch)> = Vec::new();
        for image in &self.images {
            for arch in &image.archs {
                let one = (image.version.clone(), image.debug, *arch);
                if !all.contains(&one) {
                    all.push(one);
                }
            }
        }
        all
    }
}

/// The repository of a tool's image. ZFS is called otherwise than the tools that run.
fn repository(names: &Images, tool: &str) -> String {
    if tool == "zfs" { names.zfs() } else { format!("{}-{tool}", names.kernel()) }
}

/// Says the hash of each kernel.
struct Hashing<'a> {
    /// What the user said in its place.
    said: Option<&'a str>,
    /// The state of the kit; none if it is no git repository.
    state: Option<Hashes>,
    is_dirty: bool,
}

impl<'a> Hashing<'a> {
    fn of(kit: &Kit, request: &'a PlanRequest, dirty: &[PathBuf]) -> Result<Self, BuildError> {
        let state = match &request.hash_commit {
            Some(commit) => {
                let state = Hashes::at(kit, commit).map_err(kit_failed)?;
                let missing = || BuildError::Input(format!("the kit has no commit '{commit}'"), None);
                Some(state.ok_or_else(missing)?)
            }
            None => Hashes::of(kit, &[]).map_err(kit_failed)?,
        };
        // Another commit, and what somebody said, are what they are, whatever lies in the work tree.
        let is_other = request.hash.is_some() || request.hash_commit.is_some();
        Ok(Self { said: request.hash.as_deref(), state, is_dirty: !is_other && !dirty.is_empty() })
    }

    fn hash(&self, version: &KernelVersion) -> Result<Option<Hash>, BuildError> {
        if let Some(said) = self.said {
            return Ok(Some(Hash { id: said.to_owned(), dirty: false }));
        }
        let Some(state) = &self.state else { return Ok(None) };
        let named = |series: String| state.images(&series);
        let varied = named(format!("{}{}", version.series(), version.variant()));
        let id = match varied {
            // In the flat layout, and for what is named only on the command line, there is no directory of the variant.
            Err(KitError::NoDirectory { .. }) if !version.variant().is_empty() => named(version.series().to_string()),
            other => other,
        };
        match id {
            Ok(id) => Ok(Some(Hash { id, dirty: self.is_dirty })),
            // What was never committed has no hash yet; its tags say only that it is dirty.
            Err(KitError::NoDirectory { .. }) if self.is_dirty => Ok(None),
            Err(error) => Err(kit_failed(error)),
        }
    }
}

/// The highest of the kernels that are not deprecated, the plain ones before variants.
fn newest(kernels: &[Kernel]) -> Option<&Kernel> {
    let supported = kernels.iter().filter(|kernel| !kernel.deprecated && kernel.version.rc().is_none());
    supported.max_by_key(|kernel| (kernel.version.variant().is_empty(), kernel.version.clone()))
}

#[cfg(test)]
mod tests;
