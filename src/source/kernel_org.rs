//! What kernel.org has of a release, below a mirror: the tarball, and what proves it.

use std::path::PathBuf;

use super::downloads::{Access, Downloads, Error as DownloadError};
use super::mirror::is_web;
use super::proof::{self, Evidence};
use crate::net::{self, Limits};
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
    #[error("{list} has no {name}")]
    Unlisted {
        /// The list of sums, for display.
        list: String,
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
            Self::Unlisted { .. } => Some("kpatch source list says which releases there are"),
            Self::Candidate { .. } => Some("candidates are tags of git: name a repository with --linux"),
        }
    }

    /// True when the user asked for the end.
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Download { source, .. } if source.is_interrupted())
    }
}

/// A release's tarball on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The file, by its name at kernel.org: `linux-6.6.13.tar.xz`.
    pub file: PathBuf,
    /// Where it is from.
    pub url: String,
    /// With the list of sums, or the signature where there is no list.
    pub evidence: Evidence,
}

/// Gets the tarball of `version` from the mirror `place`, a URL or a directory in the shape of kernel.org's `pub/linux/kernel`. The list of sums
/// is got first and held to the keys of `evidence`, if there are any; what comes has to be what it says.
///
/// # Errors
/// When there is no such release, or it cannot be had, or is not what the list says.
pub fn tarball(
    place: &str,
    version: &KernelVersion,
    evidence: Evidence,
    downloads: &Downloads,
    access: Access<'_>,
) -> Result<Release, Error> {
    if version.rc().is_some() {
        return Err(Error::Candidate { version: version.to_string(), place: place.to_owned() });
    }
    let plain = version.plain().to_string();
    let major = plain.split('.').next().unwrap_or_default();
    let dir = format!("{}/v{major}.x", place.trim_end_matches('/'));
    let name = format!("linux-{plain}.tar.xz");
    let url = format!("{dir}/{name}");
    if !is_web(place) {
        // The proofs lie beside it, where they are looked for anyway.
        return Ok(Release { file: url.clone().into(), url, evidence });
    }
    let get = Get { downloads, access };
    let list = format!("{dir}/{SUMS}");
    let mut evidence = evidence;
    let Some((sums, sum)) = get.listed(&list, &name, &evidence)? else {
        evidence.signature = Some(get.file(&format!("{dir}/linux-{plain}.tar.sign"), SMALL, None)?);
        let file = get.file(&url, TARBALL, None)?;
        return Ok(Release { file, url, evidence });
    };
    evidence.sums = Some(sums);
    let file = get.file(&url, TARBALL, Some(&sum))?;
    Ok(Release { file, url, evidence })
}

struct Get<'a> {
    downloads: &'a Downloads,
    access: Access<'a>,
}

impl Get<'_> {
    fn file(&self, url: &str, bytes: u64, sum: Option<&str>) -> Result<PathBuf, Error> {
        let limits = Limits { bytes, ..Limits::default() };
        let kept = self.downloads.file(url, limits, sum, self.access).map_err(failed(url))?;
        Ok(kept.path)
    }

    /// The list of sums, and what it says of a file; `None` where there is no list. A list of the cache serves if it has the file: more is added
    /// to such lists with each release, and nothing changes.
    fn listed(&self, list: &str, name: &str, evidence: &Evidence) -> Result<Option<(PathBuf, String)>, Error> {
        if let Some(kept) = self.downloads.get(list)
            && let Some(sum) = proof::listed_sum(&kept.path, name, evidence)?
        {
            return Ok(Some((kept.path, sum)));
        }
        let limits = Limits { bytes: SMALL, ..Limits::default() };
        let fetched = if self.access.offline {
            self.downloads.file(list, limits, None, self.access)
        } else {
            self.downloads.fetch(list, limits, None, self.access)
        };
        let kept = match fetched {
            Err(DownloadError::Net(net::Error::Status { status: 404, .. })) => return Ok(None),
            other => other.map_err(failed(list))?,
        };
        match proof::listed_sum(&kept.path, name, evidence) {
            Ok(Some(sum)) => Ok(Some((kept.path, sum))),
            Ok(None) => Err(Error::Unlisted { list: crate::text::visible(list.as_bytes()), name: name.to_owned() }),
            Err(error) => {
                // A list that proves nothing is not to be in the way of a good one.
                self.downloads.forget(list);
                Err(error.into())
            }
        }
    }
}

fn failed(url: &str) -> impl FnOnce(DownloadError) -> Error {
    let url = crate::text::visible(url.as_bytes());
    move |source| Error::Download { url, source: Box::new(source) }
}
