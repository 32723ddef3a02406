//! Sets of the -rt project: how its releases are called, where they are, and how they are read.

mod input;
mod listing;
mod release;

use std::path::PathBuf;

pub use input::{Content, read};
pub use listing::{Listing, listing};
pub use release::RtRelease;

use super::resolve::is_url;
use crate::event::Interrupt;
use crate::net::{self, Limits};
use crate::patch::PatchError;
use crate::version::Series;

/// Where people find everything.
const PAGES: &str = "https://www.kernel.org/pub/linux/kernel";
/// The signed list of the files of a directory.
const SUMS: &str = "sha256sums.asc";

/// Why a set, or the list of the releases, is not at hand.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The network is not to be used.
    #[error("{url} cannot be fetched with --offline")]
    Offline {
        /// What would be fetched, for display.
        url: String,
    },
    /// It could not be fetched.
    #[error("cannot fetch the set")]
    Fetch(#[source] net::Error),
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
            Self::Fetch(error) | Self::List(error) => error.hint().map(str::to_owned),
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
            Self::Fetch(error) | Self::List(error) => error.is_interrupted(),
            Self::Tarball(error) => error.is_interrupted(),
            _ => false,
        }
    }
}

/// The directory of the project with the newest releases of a series, below a mirror.
fn directory(mirror: &str, series: Series) -> String {
    format!("{mirror}/projects/rt/{}.{}", series.major, series.minor)
}

/// The page of a release's tarball at kernel.org. All releases are in `older`, also the newest.
pub fn page(release: &RtRelease) -> String {
    format!("{}/older/{}", directory(PAGES, release.base().series()), release.tarball())
}

/// True for the address of something of the -rt project, wherever it is mirrored.
pub fn is_page(origin: &str) -> bool {
    origin.contains("/projects/rt/")
}

/// A release's tarball with what is beside it to prove it.
#[derive(Debug, Clone)]
pub struct Downloaded {
    /// Its address, for display.
    pub url: String,
    /// The files by their names: the tarball first, then the list of sums and the signature, where they are.
    pub files: Vec<(String, Vec<u8>)>,
}

/// Fetches the tarball of a release from a mirror, which may be a directory: among the newest ones, or the older ones.
///
/// # Errors
/// When it is in neither place, cannot be fetched, or the network is not to be used.
pub fn download(mirror: &str, release: &RtRelease, offline: bool, interrupt: &Interrupt) -> Result<Downloaded, Error> {
    let dir = directory(mirror, release.base().series());
    let name = release.tarball();
    for place in [dir.clone(), format!("{dir}/older")] {
        let get = |file: &str| get(&format!("{place}/{file}"), offline, interrupt);
        let Some(bytes) = get(&name)? else { continue };
        let mut files = vec![(name.clone(), bytes)];
        let signature = format!("{}.sign", name.trim_end_matches(".xz"));
        for beside in [SUMS.to_owned(), signature] {
            if let Some(bytes) = get(&beside)? {
                files.push((beside, bytes));
            }
        }
        return Ok(Downloaded { url: crate::text::visible(format!("{place}/{name}").as_bytes()), files });
    }
    Err(Error::NoRelease { name, place: crate::text::visible(dir.as_bytes()) })
}

/// The bytes behind an address or a path; `None` if there is nothing.
fn get(place: &str, offline: bool, interrupt: &Interrupt) -> Result<Option<Vec<u8>>, Error> {
    if !is_url(place) {
        return match std::fs::read(place) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::Read { path: PathBuf::from(place), source }),
        };
    }
    if offline {
        return Err(Error::Offline { url: crate::text::visible(place.as_bytes()) });
    }
    match net::fetch(place, Limits::default(), interrupt) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(net::Error::Status { status: 404, .. }) => Ok(None),
        Err(error) => Err(Error::Fetch(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let mirror = dir.path().to_str().expect("UTF-8");
        let release: RtRelease = "6.6.14-rt21".parse().expect("a release");
        let never = Interrupt::new();
        let none = download(mirror, &release, true, &never).expect_err("nothing there");
        assert!(none.to_string().starts_with("there is no patches-6.6.14-rt21.tar.xz in "), "{none}");
        let older = dir.path().join("projects/rt/6.6/older");
        std::fs::create_dir_all(&older).expect("made");
        for name in ["patches-6.6.14-rt21.tar.xz", "patches-6.6.14-rt21.tar.sign"] {
            std::fs::write(older.join(name), name).expect("written");
        }
        let found = download(mirror, &release, true, &never).expect("there");
        let names: Vec<&str> = found.files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["patches-6.6.14-rt21.tar.xz", "patches-6.6.14-rt21.tar.sign"]);
        let away = download("https://m.invalid", &release, true, &never).expect_err("the network");
        assert!(away.to_string().ends_with("cannot be fetched with --offline"), "{away}");
    }
}
