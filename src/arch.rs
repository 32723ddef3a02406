//! Architectures by their different names.

use std::fmt;
use std::str::FromStr;

/// An architecture that kernels are built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Arch {
    /// `aarch64`, `arm64`.
    Aarch64,
    /// `riscv64`.
    Riscv64,
    /// `s390x`.
    S390x,
    /// `x86_64`, `amd64`.
    X86_64,
}

/// A name that is none of an architecture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no architecture that kernels are built for here")]
pub struct ArchError(String);

impl Arch {
    /// All of them, by the order of their names.
    pub const ALL: [Self; 4] = [Self::Aarch64, Self::Riscv64, Self::S390x, Self::X86_64];

    /// As `uname -m` writes it, and the names of configurations: `x86_64`, `aarch64`.
    pub fn uname(self) -> &'static str {
        match self {
            Self::Aarch64 => "aarch64",
            Self::Riscv64 => "riscv64",
            Self::S390x => "s390x",
            Self::X86_64 => "x86_64",
        }
    }

    /// As image tags and platforms write it: `amd64`, `arm64`.
    pub fn oci(self) -> &'static str {
        match self {
            Self::Aarch64 => "arm64",
            Self::Riscv64 => "riscv64",
            Self::S390x => "s390x",
            Self::X86_64 => "amd64",
        }
    }

    /// As the kernel's `make ARCH=` wants it.
    pub fn kernel(self) -> &'static str {
        match self {
            Self::Aarch64 => "arm64",
            Self::Riscv64 => "riscv",
            Self::S390x => "s390",
            Self::X86_64 => "x86_64",
        }
    }

    /// The file that `make defconfig` reads, relative to the kernel's sources.
    pub fn defconfig(self) -> &'static str {
        match self {
            Self::Aarch64 => "arch/arm64/configs/defconfig",
            Self::Riscv64 => "arch/riscv/configs/defconfig",
            Self::S390x => "arch/s390/configs/defconfig",
            Self::X86_64 => "arch/x86/configs/x86_64_defconfig",
        }
    }

    /// That of this machine, if kernels are built for it.
    pub fn host() -> Option<Self> {
        std::env::consts::ARCH.parse().ok()
    }
}

impl FromStr for Arch {
    type Err = ArchError;

    /// Takes the name in any of its spellings.
    fn from_str(name: &str) -> Result<Self, ArchError> {
        let known = Self::ALL.into_iter().find(|arch| [arch.uname(), arch.oci(), arch.kernel()].contains(&name));
        known.ok_or_else(|| ArchError(crate::text::visible(name.as_bytes())))
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.uname())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_understood() {
        for arch in Arch::ALL {
            for name in [arch.uname(), arch.oci(), arch.kernel()] {
                assert_eq!(name.parse(), Ok(arch));
            }
        }
        assert_eq!("riscv".parse(), Ok(Arch::Riscv64));
        assert!("".parse::<Arch>().is_err() && "x86".parse::<Arch>().is_err());
        assert!(Arch::ALL.is_sorted_by_key(|arch| arch.uname()));
    }
}
