//! All that a producer has to know to compile one kernel for one architecture.

use std::path::PathBuf;

use crate::arch::Arch;
use crate::version::KernelVersion;

/// A file by its name and its bytes, as they go into the build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFile {
    /// The name without directories.
    pub name: String,
    /// The contents.
    pub bytes: Vec<u8>,
}

/// What is compiled, and how. Two equal recipes, compiled by equal compilers, give equal bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// The kernel with its variant: `6.6.13`, `6.6.13-rt`.
    pub version: KernelVersion,
    /// The debug kernel.
    pub debug: bool,
    /// For which architecture.
    pub arch: Arch,
    /// The patched sources, unpacked: the top of a kernel tree. Object directories lie in it, so that the compiler sees the same relative
    /// paths wherever the tree is.
    pub tree: PathBuf,
    /// The same as `linux.tar.xz`; none for a build that is not to carry its sources.
    pub tarball: Option<PathBuf>,
    /// Where the sources came from, as `/kernel-source-info` says it.
    pub source: String,
    /// What names the sources: 64 hex digits that change with the release and with each patch.
    pub source_id: String,
    /// The configuration.
    pub config: NamedFile,
    /// What is appended to it: that of the variant, that of the debug kernel.
    pub fragments: Vec<NamedFile>,
    /// What follows the version in `uname -r`: `-linuxkit`, `-linuxkit-foo-dbg`.
    pub local_version: String,
    /// Whether configuring must not change the configuration; only where nothing is appended.
    pub final_config: bool,
    /// Whether what the configuration does not name is off, but for what the kernel's own tiny configurations say. Such a
    /// configuration is not final.
    pub minimal: bool,
    /// The moment that all timestamps get, in seconds since 1970.
    pub epoch: i64,
    /// The reference of the image with the compiler, where one was named.
    pub builder: Option<String>,
    /// Tools that are built with it: `perf`, `bcc`, `zfs`.
    pub tools: Vec<String>,
    /// How many jobs `make` may run.
    pub jobs: usize,
}
