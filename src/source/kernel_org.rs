//! What kernel.org has of a release, below a mirror: the tarball, and what proves it.

use std::path::PathBuf;

use super::downloads::{Access, Downloads, Error as DownloadError};
use super::mirror::is_web;
use super::proof::{self, Evidence};
use crate::net::Limits;
use crate::text::visible;
use crate::version::KernelVersion;

/// The largest tarball that is downloaded, in bytes; that of 6.12 has 150 MB.
const TARBALL: u64 = 1 << 30;
/// The largest list of sums or signature, in bytes.
const SMALL: u64 = 8 << 20;
/// The name of the list of sums in each directory.
const SUMS: &str = "sha256sums.asc";

/// Why a release cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It could not be downloaded.
    #[error("cannot get {url}")]
    Download {
        /// The file.
        url: String,
        /// Why not.
        #[source]
        source: Box<DownloadError>,
    },
    /// What is there is not proved to be what was released.
    #[error(transparent)]
    Proof(#[from] proof::Error),
    /// There is no such release.
    #[error("there is no {name} in {place}")]
    Missing {
        /// The directory, for display.
        place: String,
        /// The file.
        name: String,
    },
    /// It has to be proved, and nothing is there that could.
    #[error("{place} has neither a list of sums nor a signature, and {name} has to be proved")]
    Unproved {
        /// The directory, for display.
        place: String,
        /// The file.
        name: String,
    },
    /// Tarballs are kept of releases alone.
    #[error("there are no tarballs of the release candidate {version} at {place}")]
    Candidate {
        /// The version.
        version: String,
        /// The mirror.
        place: String,
    },
}

impl Error {
    /// The way out, where one is known.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Download { source, .. } => source.hint(),
            Self::Proof(error) => error.hint(),
            Self::Missing { .. } => Some("kpatch source list says which releases there are"),
            Self::Unproved { .. } => Some("name another mirror"),
            Self::Candidate { .. } => Some("candidates are tags of git: name a repository with --linux"),
        }
    }

    /// True when the network is not to be used, and is needed.
    pub fn is_offline(&self) -> bool {
        matches!(self, Self::Download { source, .. } if matches!(**source, DownloadError::Offline { .. }))
    }

    /// True when the user asked for the end.
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Download { source, .. } if source.is_interrupted())
    }
}

/// A file of a release on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The file, by its name at kernel.org: `linux-6.6.13.tar.xz`.
    pub file: PathBuf,
    /// Where it is from.
    pub url: String,
    /// With the list of sums, or the signature where there is no list.
    pub evidence: Evidence,
}

/// A mirror of kernel.org, and what it takes to get files from it.
#[derive(Clone, Copy)]
pub struct Mirror<'a> {
    /// A URL or a directory, in the shape of kernel.org's `pub/linux/kernel`.
    pub place: &'a str,
    /// Where files are kept.
    pub downloads: &'a Downloads,
    /// What files have to prove.
    pub evidence: &'a Evidence,
    /// Whether the network may be used.
    pub access: Access<'a>,
}

/// The directory of the releases of a version, below a mirror.
pub(crate) fn directory(version: &KernelVersion) -> String {
    format!("v{}.x", version.series().major)
}

impl Mirror<'_> {
    /// Gets the tarball of a release.
    ///
    /// # Errors
    /// When there is no such release, or as [`Mirror::file`].
    pub fn tarball(&self, version: &KernelVersion) -> Result<Release, Error> {
        if version.rc().is_some() {
            return Err(Error::Candidate { version: version.to_string(), place: visible(self.place.as_bytes()) });
        }
        let (dir, name) = (directory(version), format!("linux-{}.tar.xz", version.plain()));
        let missing = || Error::Missing { place: self.shown(&dir), name: name.clone() };
        self.file(&dir, &name, TARBALL)?.ok_or_else(missing)
    }

    /// Gets the file `name` of the directory `dir`, with what proves it: the list of sums of the directory, which is held to the keys, if
    /// there are any; or the signature `NAME.sign`, without the end that says how the file is compressed. `None` if the list does not have it,
    /// or there is no such file. It has `most` bytes at most.
    ///
    /// # Errors
    /// When it cannot be had, is not what the list says, or has to be proved and cannot be.
    pub fn file(&self, dir: &str, name: &str, most: u64) -> Result<Option<Release>, Error> {
        let place = self.below(dir);
        let (url, mut evidence) = (format!("{place}/{name}"), self.evidence.clone());
        if !is_web(self.place) {
            // The proofs lie beside it, where they are looked for anyway.
            let file = PathBuf::from(&url);
            return Ok(file.exists().then_some(Release { file, url, evidence }));
        }
        // What is in the cache although there was no list, or no signature, is there without a network, too.
        let kept = self.access.offline && self.downloads.get(&url).is_some();
        let listed = match self.listed(&format!("{place}/{SUMS}"), name) {
            Err(error) if kept && error.is_offline() => Listed::NoList,
            other => other?,
        };
        let sum = match listed {
            Listed::Sum(list, sum) => {
                evidence.sums = Some(list);
                Some(sum)
            }
            Listed::Not => return Ok(None),
            Listed::NoList => {
                let stem = name.strip_suffix(".xz").or_else(|| name.strip_suffix(".gz")).unwrap_or(name);
                evidence.signature = match self.get(&format!("{place}/{stem}.sign"), SMALL, None) {
                    Err(error) if kept && error.is_offline() => None,
                    other => other?,
                };
                if evidence.required && evidence.signature.is_none() {
                    return Err(Error::Unproved { name: name.to_owned(), place: self.shown(dir) });
                }
                None
            }
        };
        let file = self.get(&url, most, sum.as_deref())?;
        Ok(file.map(|file| Release { file, url, evidence }))
    }

    /// The SHA-256 that the list of sums of the directory `dir` says of the file `name`, 64 hex digits; `None` if it has no such file, and where
    /// there is no list. It is held to the keys as that of [`Mirror::file`].
    ///
    /// # Errors
    /// When the list cannot be had, or its signature does not count.
    pub fn sum(&self, dir: &str, name: &str) -> Result<Option<String>, Error> {
        let listed = self.listed(&format!("{}/{SUMS}", self.below(dir)), name)?;
        Ok(if let Listed::Sum(_, sum) = listed { Some(sum) } else { None })
    }

    /// A directory below the mirror, for display.
    pub(super) fn shown(&self, dir: &str) -> String {
        visible(self.below(dir).as_bytes())
    }

    fn below(&self, dir: &str) -> String {
        format!("{}/{dir}", self.place.trim_end_matches('/'))
    }

    fn get(&self, url: &str, bytes: u64, sum: Option<&str>) -> Result<Option<PathBuf>, Error> {
        let limits = Limits { bytes, ..Limits::default() };
        match self.downloads.file(url, limits, sum, self.access) {
            Err(error) if error.is_missing() => Ok(None),
            other => other.map(|kept| Some(kept.path)).map_err(failed(url)),
        }
    }

    /// A list of the cache serves if it has the file: more is added to such lists with each release, and nothing changes.
    fn listed(&self, list: &str, name: &str) -> Result<Listed, Error> {
        if let Some(kept) = self.downloads.get(list)
            && let Some(sum) = proof::listed_sum(&kept.path, name, self.evidence)?
        {
            return Ok(Listed::Sum(kept.path, sum));
        }
        let limits = Limits { bytes: SMALL, ..Limits::default() };
        let fetched = if self.access.offline {
            self.downloads.file(list, limits, None, self.access)
        } else {
            self.downloads.fetch(list, limits, None, self.access)
        };
        let kept = match fetched {
            Err(error) if error.is_missing() => return Ok(Listed::NoList),
            other => other.map_err(failed(list))?,
        };
        match proof::listed_sum(&kept.path, name, self.evidence) {
            Ok(Some(sum)) => Ok(Listed::Sum(kept.path, sum)),
            Ok(None) => Ok(Listed::Not),
            Err(error) => {
                // A list that proves nothing is not to be in the way of a good one.
                self.downloads.forget(list);
                Err(error.into())
            }
        }
    }
}

/// What the list of sums of a directory says of a file.
enum Listed {
    /// The list, and the sum.
    Sum(PathBuf, String),
    /// It has no such file.
    Not,
    /// There is no list.
    NoList,
}

fn failed(url: &str) -> impl FnOnce(DownloadError) -> Error {
    let url = visible(url.as_bytes());
    move |source| Error::Download { url, source: Box::new(source) }
}
