//! Sets of the -rt project: how its releases are called, where they are, and how they are read.

mod input;
mod listing;
mod release;

use std::path::PathBuf;

pub use input::{Content, read};
pub use listing::{Listing, listing};
pub use release::RtRelease;

use super::kernel_org::{self, Mirror};
use crate::net;
use crate::patch::PatchError;
use crate::version::Series;

/// Where people find everything.
const PAGES: &str = "https://www.kernel.org/pub/linux/kernel";
/// The signed list of the files of a directory.
const SUMS: &str = "sha256sums.asc";
/// The largest tarball, in bytes; a set has less than one megabyte.
const TARBALL: u64 = 64 << 20;

/// Why a set, or the list of the releases, is not at hand.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The network is not to be used.
    #[error("{url} cannot be fetched with --offline")]
    Offline {
        /// What would be fetched, for display.
        url: String,
    },
    /// It cannot be had from the mirror.
    #[error(transparent)]
    Mirror(#[from] kernel_org::Error),
    /// The list could not be fetched, and no copy is in the cache.
    #[error("cannot fetch the list of releases of -rt")]
    List(#[source] net::Error),
    /// No such release.
    #[error("there is no {name} in {place}")]
    NoRelease {
        /// The tarball.
        name: String,
        /// The directory, for display.
        place: String,
    },
    /// A file could not be read.
    #[error("cannot read '{}'", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A tarball that cannot be taken.
    #[error(transparent)]
    Tarball(#[from] super::tarball::Error),
    /// A series that cannot be read.
    #[error(transparent)]
    Series(#[from] PatchError),
    /// A directory of patches that cannot be read.
    #[error(transparent)]
    Kit(#[from] crate::kit::KitError),
    /// A file that is no part of a set.
    #[error("{place}: '{name}' {why}")]
    File {
        /// The tarball or directory, for display.
        place: String,
        /// The file, for display.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// Nothing that looks like a set.
    #[error("'{place}' holds no set: {why}")]
    NoSet {
        /// The tarball or directory, for display.
        place: String,
        /// What is missing.
        why: &'static str,
    },
    /// It does not list releases.
    #[error("'{place}' lists no release of -rt")]
    NoList {
        /// The list, for display.
        place: String,
    },
}

impl Error {
    /// The way out, where one is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Offline { .. } => Some("fetch it elsewhere, and name the file".to_owned()),
            Self::List(error) => error.hint().map(str::to_owned),
            Self::Mirror(error) => error.hint().map(str::to_owned),
            Self::NoRelease { .. } => {
                Some("releases are called 6.6.14-rt21; kpatch rt status tells the newest".to_owned())
            }
            Self::Tarball(error) => error.hint().map(str::to_owned),
            Self::Series(error) => error.hint.clone(),
            Self::Kit(error) => error.hint().map(str::to_owned),
            Self::NoSet { .. } => {
                Some("a set is a quilt series with its patches, or numbered files 0001-x.patch".to_owned())
            }
            _ => None,
        }
    }

    /// True when the user asked for the end.
    pub fn is_interrupted(&self) -> bool {
        match self {
            Self::List(error) => error.is_interrupted(),
            Self::Mirror(error) => error.is_interrupted(),
            Self::Tarball(error) => error.is_interrupted(),
            _ => false,
        }
    }
}

/// The directory of the project with the newest releases of a series, below a mirror.
fn directory(series: Series) -> String {
    format!("projects/rt/{}.{}", series.major, series.minor)
}

/// The page of a release's tarball at kernel.org. All releases are in `older`, also the newest.
pub fn page(release: &RtRelease) -> String {
    format!("{PAGES}/{}/older/{}", directory(release.base().series()), release.tarball())
}

/// True for the address of something of the -rt project, wherever it is mirrored.
pub fn is_page(origin: &str) -> bool {
    origin.contains("/projects/rt/")
}

/// Gets the tarball of a release from a mirror: among the older ones, where all of them are, or the newest ones.
///
/// # Errors
/// When it is in neither place, or cannot be had, or is not what the list of sums says.
pub fn fetch(mirror: &Mirror<'_>, release: &RtRelease) -> Result<kernel_org::Release, Error> {
    let (newest, name) = (directory(release.base().series()), release.tarball());
    let mut offline = None;
    for dir in [format!("{newest}/older"), newest.clone()] {
        match mirror.file(&dir, &name, TARBALL) {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => {}
            Err(error) if error.is_offline() => offline = Some(error),
            Err(error) => return Err(error.into()),
        }
    }
    match offline {
        Some(error) => Err(error.into()),
        None => Err(Error::NoRelease { name, place: mirror.shown(&newest) }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::downloads::{Access, Downloads};
    use super::super::proof::Evidence;
    use super::*;
    use crate::event::{Interrupt, Silent};

    #[test]
    fn pages_name_the_release() {
        let release: RtRelease = "6.6.14-rt21".parse().expect("a release");
        let page = page(&release);
        assert_eq!(page, "https://www.kernel.org/pub/linux/kernel/projects/rt/6.6/older/patches-6.6.14-rt21.tar.xz");
        assert!(is_page(&page) && !is_page("https://example.org/rt"));
        assert_eq!(RtRelease::find(&page), Some(release));
    }

    #[test]
    fn a_directory_serves_as_a_mirror() {
        let dir = tempfile::tempdir().expect("a directory");
        let (downloads, never) = (Downloads::new(dir.path()), Interrupt::new());
        let access = Access { offline: true, observer: &Silent, interrupt: &never };
        let evidence = Evidence::default();
        let at = |place| Mirror { place, downloads: &downloads, evidence: &evidence, access };
        let mirror = at(dir.path().to_str().expect("UTF-8"));
        let release: RtRelease = "6.6.14-rt21".parse().expect("a release");
        let none = fetch(&mirror, &release).expect_err("nothing there");
        assert!(none.to_string().starts_with("there is no patches-6.6.14-rt21.tar.xz in "), "{none}");
        for place in ["projects/rt/6.6", "projects/rt/6.6/older"] {
            let place = dir.path().join(place);
            std::fs::create_dir_all(&place).expect("made");
            std::fs::write(place.join("patches-6.6.14-rt21.tar.xz"), "").expect("written");
            let found = fetch(&mirror, &release).expect("there");
            assert_eq!(found.file, place.join("patches-6.6.14-rt21.tar.xz"));
        }
        let away = fetch(&at("https://m.invalid"), &release).expect_err("the network");
        assert!(matches!(&away, Error::Mirror(error) if error.is_offline()), "{away}");
    }
}
