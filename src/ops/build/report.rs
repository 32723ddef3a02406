//! What `kpatch build` says it did.

use serde::Serialize;

use crate::arch::Arch;
use crate::version::KernelVersion;

/// What was built, or what would be.
#[derive(Debug, Clone, Serialize)]
pub struct BuildReport {
    /// What compiles: `native`, `docker`, `buildah`.
    pub producer: String,
    /// Why it does, in words.
    pub reason: String,
    /// Where everything is, for display.
    pub out: String,
    /// The files of `kernel/` that no commit holds, as paths from the kit's top; their images are called dirty.
    pub dirty: Vec<String>,
    /// One row for each image and architecture.
    pub images: Vec<BuiltImage>,
    /// One row for each index, which names the images of several architectures.
    pub indexes: Vec<BuiltIndex>,
    /// The reference of the kernel to use in a YAML file; absent where only tools were built.
    pub reference: Option<String>,
    /// About how many bytes of disk the build may need while it runs; only where something is to be compiled.
    pub disk_estimate: Option<u64>,
    /// About how many minutes compiling may take; only where something is to be compiled.
    pub minutes_estimate: Option<u64>,
    /// What a reader should know besides.
    pub warnings: Vec<String>,
}

/// One image of one architecture.
#[derive(Debug, Clone, Serialize)]
pub struct BuiltImage {
    /// What it holds: `kernel`, or the name of a tool.
    pub content: String,
    /// The kernel, with its variant.
    pub version: String,
    /// The debug kernel.
    pub debug: bool,
    /// The architecture, as tags name it.
    pub arch: String,
    /// What became of it.
    pub state: BuildState,
    /// Its references.
    pub references: Vec<String>,
    /// The digest of its manifest; absent where it is not built.
    pub digest: Option<String>,
    /// Who compiled it: the builder's reference, or a distribution with its compiler; absent where that is not known yet.
    pub builder: Option<String>,
}

impl BuiltImage {
    /// Whether it is made of that compilation.
    pub(super) fn is_of(&self, (version, debug, arch): &(KernelVersion, bool, Arch)) -> bool {
        self.debug == *debug && self.arch == arch.oci() && self.version == version.to_string()
    }
}

/// An index.
#[derive(Debug, Clone, Serialize)]
pub struct BuiltIndex {
    /// Its references.
    pub references: Vec<String>,
    /// The architectures that it has images of, as tags name them.
    pub archs: Vec<String>,
    /// Its digest; absent where it is not built.
    pub digest: Option<String>,
}

/// What became of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BuildState {
    /// It was built.
    Built,
    /// It is as it was: nothing that it is made of has changed.
    Unchanged,
    /// It would be built.
    WouldBuild,
}
