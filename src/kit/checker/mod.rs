//! The script that checks a booted kernel's configuration, and what a new series makes of it.
//!
//! This is no shell. It reads the one shape that the script has: lines `echo $UNZIPPED_CONFIG | grep -q CONFIG_A=y || fail "…"`,
//! inside of `if [ "$kernelMajor" -eq 5 -a "$kernelMinor" -ge 10 ] || […]; then … elif … else … fi`, which may ask for
//! `$arch`, too. What has another shape stays as it is, and is told where checks are in it.

mod adapt;
mod condition;
mod read;

pub use adapt::{Adapted, CheckerEdit, Kernel, adapt};

/// Where the script is, from the top of a kit.
pub const SCRIPT: &str = "test/pkg/kernel-config/check-kernel-config.sh";
/// The package that it belongs to, from the top of a kit.
pub const PACKAGE: &str = "test/pkg/kernel-config";
/// The repository of the package's image, without the organisation.
pub const IMAGE: &str = "test-kernel-config";

#[cfg(test)]
mod tests;
