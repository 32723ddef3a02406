//! A package of any kind.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::deb::{self, Deb};
use super::entry::{Limits, Visit};
use super::rpm::{self, Rpm};
use crate::arch::Arch;
use crate::build::BuildError;
use crate::build::error::cannot;
use crate::text::visible;

/// What a package says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) name: String,
    /// With the revision of the distribution: `6.1.192-2`.
    pub(super) version: String,
    /// As the distribution spells it; `all` or `noarch` for what is the same everywhere.
    pub(super) arch: String,
    /// The distribution in one word.
    pub(super) vendor: String,
    /// The source package that it was built from.
    pub(super) source: String,
    /// When it was built, in seconds since 1970.
    pub(super) epoch: i64,
}

impl Facts {
    /// The architecture; `None` for packages that have none.
    pub(super) fn known_arch(&self, package: &Path) -> Result<Option<Arch>, BuildError> {
        if matches!(self.arch.as_str(), "all" | "noarch") {
            return Ok(None);
        }
        let unknown =
            |error: crate::arch::ArchError| BuildError::Input(format!("'{}': {error}", package.display()), None);
        self.arch.parse().map(Some).map_err(unknown)
    }
}

/// A package that was opened.
#[derive(Debug)]
pub(super) enum Package {
    Deb(Deb),
    Rpm(Rpm),
}

impl Package {
    /// Opens a file, of which the first bytes say what it is.
    pub(super) fn open(path: &Path) -> Result<Self, BuildError> {
        let mut magic = Vec::new();
        let file = File::open(path).map_err(cannot("open", path))?;
        file.take(8).read_to_end(&mut magic).map_err(cannot("read", path))?;
        if magic == deb::MAGIC {
            Deb::open(path).map(Self::Deb)
        } else if magic.starts_with(rpm::MAGIC) {
            Rpm::open(path).map(Self::Rpm)
        } else {
            let message = format!("'{}' is neither a .deb nor an .rpm", visible(path.as_os_str().as_encoded_bytes()));
            Err(BuildError::Input(message, Some("name the packages of a kernel, as the distribution has them".into())))
        }
    }

    pub(super) fn facts(&self) -> &Facts {
        match self {
            Self::Deb(package) => package.facts(),
            Self::Rpm(package) => package.facts(),
        }
    }

    /// Shows every entry to `visit`, in the order of the package.
    pub(super) fn read(&self, limits: &Limits, visit: &mut Visit<'_>) -> Result<(), BuildError> {
        match self {
            Self::Deb(package) => package.read(limits, visit),
            Self::Rpm(package) => package.read(limits, visit),
        }
    }
}
