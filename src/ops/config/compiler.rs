//! Which compiler answers when a configuration is evaluated.

use crate::arch::Arch;
use crate::kbuild::{Toolchain, is_installed};
use crate::ops::OpError;

/// What the user wants to be asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Choice {
    /// The answers that the configuration has recorded; for `check`, a compiler of this machine beside it where there is one.
    #[default]
    Recorded,
    /// A compiler of this machine.
    Host,
    /// The kernel's dummy tools, which can do everything.
    Dummy,
}

/// What the programs of a compiler for an architecture begin with on Debian and most others.
fn prefix(arch: Arch) -> &'static str {
    match arch {
        Arch::Aarch64 => "aarch64-linux-gnu-",
        Arch::Riscv64 => "riscv64-linux-gnu-",
        Arch::S390x => "s390x-linux-gnu-",
        Arch::X86_64 => "x86_64-linux-gnu-",
    }
}

/// The compiler of this machine for an architecture: the native one, the one that the user named, or the usual cross
/// compiler. `None` if there is none.
pub(super) fn here(arch: Arch, cross_compile: Option<&str>) -> Option<Toolchain<'static>> {
    let cross_compile = match cross_compile {
        Some(named) => Some(named.to_owned()),
        None if Arch::host() == Some(arch) => None,
        None => Some(prefix(arch).to_owned()),
    };
    let program = format!("{}gcc", cross_compile.as_deref().unwrap_or_default());
    is_installed(&program).then_some(Toolchain::Host { cross_compile })
}

/// As [`here`], or an error that says what to install.
pub(super) fn must_be_here(arch: Arch, cross_compile: Option<&str>) -> Result<Toolchain<'static>, OpError> {
    here(arch, cross_compile).ok_or_else(|| {
        let prefix = cross_compile.map_or_else(|| prefix(arch).to_owned(), str::to_owned);
        let package = format!("gcc-{}", prefix.trim_end_matches('-').replace('_', "-"));
        OpError::new(format!("no compiler for {arch} is here: '{prefix}gcc' is not installed"))
            .hint(format!("install it, on Debian: apt-get install {package}; or name another one with --cross-compile"))
            .hint("--toolchain dummy and recorded need none")
    })
}
