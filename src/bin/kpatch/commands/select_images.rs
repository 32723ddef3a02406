//! The arguments that say which images, shared by the verbs that name, build and push them.

use clap::Args;

use kpatch::arch::Arch;
use kpatch::build::plan::{Kinds, PlanRequest, Tools, Which};

/// How images are chosen and called.
#[derive(Debug, Default, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
pub(crate) struct ImageArgs {
    /// The kernels: versions such as 6.6.13 or 6.6.13-foo, or series such as 6.6.x
    #[arg(value_name = "KERNEL")]
    kernels: Vec<String>,
    /// All kernels that are not deprecated
    #[arg(long, conflicts_with = "kernels")]
    all: bool,
    /// The kernel itself
    #[arg(long)]
    plain: bool,
    /// The kernel with debugging, -dbg
    #[arg(long)]
    debug: bool,
    /// The tools for the kernel that the kit builds: perf, bcc
    #[arg(long)]
    tools: bool,
    /// One tool for the kernel: perf, bcc or zfs
    #[arg(long, value_name = "NAME", conflicts_with = "tools", value_parser = ["bcc", "perf", "zfs"])]
    tool: Vec<String>,
    /// For this architecture, such as amd64 or `x86_64`
    #[arg(long, value_name = "ARCH", value_delimiter = ',')]
    arch: Vec<Arch>,
    /// The variant: with config-SERIES-ARCH-foo appended, and the patches of SERIES-foo before the common ones
    #[arg(long, value_name = "-foo", allow_hyphen_values = true)]
    extra: Option<String>,
    /// The organisation, perhaps with a registry before it [default: that of the kit]
    #[arg(long, value_name = "ORG")]
    org: Option<String>,
    /// The name of the kernel's image [default: that of the kit]
    #[arg(long, value_name = "NAME")]
    image: Option<String>,
    /// What stands in tags in the place of the hash
    #[arg(long, value_name = "HASH", conflicts_with = "hash_commit")]
    hash: Option<String>,
    /// Take the hash of this commit of the kit instead of that of the last one
    #[arg(long, value_name = "COMMIT")]
    hash_commit: Option<String>,
}

/// What is meant where nothing is said.
#[derive(Debug, Clone)]
pub(crate) struct Defaults {
    /// Which kernels.
    pub(crate) which: Which,
    /// Which images of them.
    pub(crate) kinds: Kinds,
    /// For which architectures; all if empty.
    pub(crate) archs: Vec<Arch>,
}

impl ImageArgs {
    /// What is asked for.
    pub(crate) fn request(&self, defaults: Defaults) -> PlanRequest {
        let tools = match (self.tools, self.tool.is_empty()) {
            (true, _) => Tools::All,
            (false, false) => Tools::Named(self.tool.clone()),
            (false, true) => Tools::None,
        };
        let said = Kinds { plain: self.plain, debug: self.debug, tools };
        PlanRequest {
            which: match (self.all, self.kernels.is_empty()) {
                (true, _) => Which::All,
                (false, true) => defaults.which,
                (false, false) => Which::Named(self.kernels.clone()),
            },
            kinds: if said == Kinds::default() { defaults.kinds } else { said },
            archs: if self.arch.is_empty() { defaults.archs } else { self.arch.clone() },
            extra: self.extra.clone().unwrap_or_default(),
            org: self.org.clone(),
            image: self.image.clone(),
            hash: self.hash.clone(),
            hash_commit: self.hash_commit.clone(),
        }
    }
}
