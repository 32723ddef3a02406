//! What the tests of builds have in common.

use super::{NamedFile, Recipe};
use crate::arch::Arch;

/// The recipe of a plain kernel.
pub(super) fn recipe() -> Recipe {
    Recipe {
        version: "6.6.13".parse().expect("a version"),
        debug: false,
        arch: Arch::X86_64,
        tree: "/tree".into(),
        tarball: None,
        source: "v6.6.13".into(),
        source_id: "1".repeat(64),
        config: NamedFile { name: "config-6.6.x-x86_64".into(), bytes: b"CONFIG_MODULES=y\n".to_vec() },
        fragments: Vec::new(),
        local_version: "-linuxkit".into(),
        final_config: true,
        minimal: false,
        epoch: 1_705_748_515,
        builder: None,
        tools: Vec::new(),
        jobs: 2,
    }
}
