//! The ChangeLogs of stable releases: from a mirror of kernel.org, which is asked once for each, from a directory, or made of what a git server
//! has: a ChangeLog is the log of the commits since the release before it.
//!
//! A release does not change, and neither does its ChangeLog: what is in the cache is as good as what the mirror has. Nothing
//! gets there that was not read as the ChangeLog of its release before.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::cache::{directory_name, open_cache};
use super::downloads::{Access, Downloads};
use super::fetch;
use super::kernel_org::{self, Mirror};
use super::mirror;
use super::proof::Evidence;
use crate::changelog::{Logged, Malformed, parse};
use crate::event::{Interrupt, Silent};
use crate::files::write_atomic;
use crate::net::{self, Limits};
use crate::process::without_passwords;
use crate::text::{hex, visible};
use crate::version::{KernelVersion, Series};

/// The largest ones have about three megabytes.
const MOST_BYTES: u64 = 16 << 20;
/// What fetching one may take: it is no more than a help, and nobody wants to wait for it.
const LIMITS: Limits =
    Limits { bytes: MOST_BYTES, connect: Duration::from_secs(5), time: Duration::from_secs(60), proxies: true };

/// Why there is no ChangeLog.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It would have to be fetched.
    #[error("the network is not to be used, and the cache has no ChangeLog of {release}")]
    Offline {
        /// The release.
        release: KernelVersion,
    },
    /// It could not be fetched.
    #[error("cannot fetch the ChangeLog of {release}")]
    Fetch {
        /// The release.
        release: KernelVersion,
        /// What the web said.
        source: net::Error,
    },
    /// The git server does not have its commits, or cannot be asked.
    #[error("cannot fetch the commits of {release}")]
    Server {
        /// The release.
        release: KernelVersion,
        /// What git said.
        source: Box<fetch::Error>,
    },
    /// There is no release before it.
    #[error("{release} is the first release of its series: what came before it is no one release")]
    First {
        /// The release.
        release: KernelVersion,
    },
    /// A page for people came instead.
    #[error("{url} is a web page, not a ChangeLog")]
    Page {
        /// The URL, for display.
        url: String,
    },
    /// The file could not be read.
    #[error("cannot read '{}'", visible(path.as_os_str().as_encoded_bytes()))]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// It is no ChangeLog, or it was cut.
    #[error("{name} is no ChangeLog")]
    Parse {
        /// The file or the URL, for display.
        name: String,
        /// The line, and what is wrong with it.
        source: Malformed,
    },
    /// The list of sums, which would prove it, cannot be had.
    #[error("cannot prove the ChangeLog of {release}")]
    Unproved {
        /// The release.
        release: KernelVersion,
        /// Why not.
        source: Box<kernel_org::Error>,
    },
    /// It is not the one that the list of sums has.
    #[error("{url} {why}")]
    Refused {
        /// The URL, for display.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// It is that of another release.
    #[error("{name} is not the ChangeLog of {release}: it begins with '{title}'")]
    Other {
        /// The file or the URL, for display.
        name: String,
        /// The release.
        release: KernelVersion,
        /// The title of its newest commit, for display.
        title: String,
    },
}

impl Error {
    /// True where the next one would fail alike: nobody answers.
    pub fn is_network(&self) -> bool {
        let unanswered = |error: &net::Error| {
            matches!(
                error,
                net::Error::Unreachable { .. } | net::Error::TimedOut { .. } | net::Error::Certificates { .. }
            )
        };
        match self {
            Self::Fetch { source, .. } => unanswered(source),
            Self::Server { source, .. } => matches!(**source, fetch::Error::Unreachable { .. }),
            _ => false,
        }
    }

    /// True when the user asked for the end.
    pub fn is_interrupted(&self) -> bool {
        match self {
            Self::Fetch { source, .. } => source.is_interrupted(),
            Self::Unproved { source, .. } => source.is_interrupted(),
            Self::Server { source, .. } => source.is_interrupted(),
            _ => false,
        }
    }
}

/// Where ChangeLogs are.
#[derive(Debug, Clone)]
pub struct ChangeLogs {
    place: String,
    kind: Kind,
    cache: Option<PathBuf>,
    offline: bool,
    /// What they have to prove, where there are keys to prove it with.
    proof: Option<(Downloads, Evidence)>,
}

/// What kind of place it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Mirror,
    Directory,
    Server,
}

impl ChangeLogs {
    /// Those of `place`: a mirror of kernel.org, of which copies are kept in the directory `cache`, or a directory that holds
    /// them, perhaps in `v6.x/`.
    pub fn new(place: &str, cache: Option<&Path>, offline: bool) -> Self {
        let place = place.trim_end_matches('/');
        let folder = |dir: &Path| dir.join("changelogs").join(directory_name(place, ""));
        let kind = if mirror::is_web(place) { Kind::Mirror } else { Kind::Directory };
        let cache = cache.filter(|_| kind == Kind::Mirror).map(folder);
        Self { place: place.to_owned(), kind, cache, offline, proof: None }
    }

    /// What the git server at `url` has of the commits of releases; copies are kept in the directory `cache`.
    pub fn of_server(url: &str, cache: Option<&Path>, offline: bool) -> Self {
        let cache = cache.map(|dir| dir.join("changelogs").join(directory_name(url, ".git")));
        Self { place: url.to_owned(), kind: Kind::Server, cache, offline, proof: None }
    }

    /// Holds what comes from a mirror to its list of sums, where `evidence` has keys; the list is kept in the directory `cache`, without which
    /// nothing is held to it.
    #[must_use]
    pub fn held_to(self, evidence: &Evidence, cache: Option<&Path>) -> Self {
        // Keys that cannot be read are an error once they are needed.
        let held = self.kind == Kind::Mirror && evidence.has_keys().unwrap_or(true);
        let proof = cache.filter(|_| held).map(|cache| (Downloads::new(cache), evidence.clone()));
        Self { proof, ..self }
    }

    /// Where they are, for display.
    pub fn place(&self) -> String {
        without_passwords(&visible(self.place.as_bytes()))
    }

    /// The same without what would have to be fetched.
    #[must_use]
    pub fn without_network(&self) -> Self {
        Self { offline: true, ..self.clone() }
    }

    /// The releases and candidates of a series whose ChangeLogs are in the directory; `None` for a mirror.
    pub fn in_directory(&self, series: Series) -> Option<Vec<KernelVersion>> {
        if self.kind != Kind::Directory {
            return None;
        }
        let dir = Path::new(&self.place);
        let folders = [dir.to_owned(), dir.join(format!("v{}.x", series.major))];
        let entries = folders.iter().filter_map(|dir| fs::read_dir(dir).ok()).flatten().filter_map(Result::ok);
        let version = |entry: fs::DirEntry| entry.file_name().to_str()?.strip_prefix("ChangeLog-")?.parse().ok();
        let mut found: Vec<KernelVersion> = entries.filter_map(version).collect();
        found.retain(|version| version.series() == series && version.variant().is_empty());
        found.sort_unstable();
        found.dedup();
        Some(found)
    }

    /// The commits of one release, newest first.
    ///
    /// # Errors
    /// Where there is none, and where what is there is not the ChangeLog of that release.
    pub fn read(&self, release: &KernelVersion, interrupt: &Interrupt) -> Result<Vec<Logged>, Error> {
        let name = format!("ChangeLog-{release}");
        let below = format!("v{}.x/{name}", release.series().major);
        if self.kind == Kind::Directory {
            let dir = Path::new(&self.place);
            let nested = dir.join(below);
            let path = if nested.exists() { nested } else { dir.join(name) };
            return read(&bounded(&path)?, &visible(path.as_os_str().as_encoded_bytes()), release);
        }
        let copy = self.cache.as_ref().map(|cache| cache.join(name));
        if let Some(path) = copy.as_ref().filter(|path| path.exists()) {
            let known =
                bounded(path).and_then(|text| read(&text, &visible(path.as_os_str().as_encoded_bytes()), release));
            // A copy that is spoilt is replaced, if it can be.
            if known.is_ok() || self.offline {
                return known;
            }
        }
        if self.offline {
            return Err(Error::Offline { release: release.clone() });
        }
        let (url, text) = if self.kind == Kind::Server {
            (self.place.clone(), self.log(release)?)
        } else {
            let url = format!("{}/{below}", self.place);
            let text = download(&url, release, interrupt)?;
            (url, text)
        };
        let shown = without_passwords(&visible(url.as_bytes()));
        self.prove(&text, release, &shown, interrupt)?;
        let commits = read(&text, &shown, release)?;
        if let Some(path) = copy {
            // The answer is good without a copy of it, too.
            let made = path.parent().map(fs::create_dir_all);
            let _ = made.transpose().map(|_| write_atomic(&path, &text));
        }
        Ok(commits)
    }
}

impl ChangeLogs {
    /// The log of the commits since the release before, fetched from the git server into a repository of its own, which is not kept.
    fn log(&self, release: &KernelVersion) -> Result<Vec<u8>, Error> {
        let series = release.series();
        let before = match release.patch() {
            0 => return Err(Error::First { release: release.clone() }),
            1 => format!("v{}.{}", series.major, series.minor),
            patch => format!("v{}.{}.{}", series.major, series.minor, patch - 1),
        };
        let failed = |source| Error::Server { release: release.clone(), source: Box::new(source) };
        let dir = tempfile::tempdir().map_err(|source| Error::Read { path: std::env::temp_dir(), source })?;
        let git = open_cache(dir.path(), &self.place).map_err(failed)?;
        fetch::fetch_log(&git, &self.place, &before, release.tag().as_str(), &Silent).map_err(failed)
    }

    /// Holds what was fetched to the list of sums.
    fn prove(&self, text: &[u8], release: &KernelVersion, url: &str, interrupt: &Interrupt) -> Result<(), Error> {
        let Some((downloads, evidence)) = &self.proof else { return Ok(()) };
        let access = Access { offline: self.offline, observer: &Silent, interrupt };
        let mirror = Mirror { place: &self.place, downloads, evidence, access };
        let refused = |why| Err(Error::Refused { url: url.to_owned(), why });
        let listed = mirror.sum(&kernel_org::directory(release), &format!("ChangeLog-{release}"));
        match listed.map_err(|source| Error::Unproved { release: release.clone(), source: Box::new(source) })? {
            Some(sum) if !sum.eq_ignore_ascii_case(&hex(&Sha256::digest(text))) => {
                refused("is not the one that the list of sums has")
            }
            None if evidence.required => refused("has to be proved, and no list of sums has it"),
            _ => Ok(()),
        }
    }
}

fn download(url: &str, release: &KernelVersion, interrupt: &Interrupt) -> Result<Vec<u8>, Error> {
    net::fetch(url, LIMITS, interrupt).map_err(|source| match source {
        net::Error::Page { url } => Error::Page { url },
        source => Error::Fetch { release: release.clone(), source },
    })
}

fn bounded(path: &Path) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    let mut text = Vec::new();
    let file = fs::File::open(path).map_err(failed)?;
    file.take(MOST_BYTES + 1).read_to_end(&mut text).map_err(failed)?;
    if text.len() as u64 > MOST_BYTES {
        return Err(failed(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it has more than {MOST_BYTES} bytes"),
        )));
    }
    Ok(text)
}

/// The commits of a text that is to be the ChangeLog of `release`.
fn read(text: &[u8], name: &str, release: &KernelVersion) -> Result<Vec<Logged>, Error> {
    let name = || if name.contains("://") { name.to_owned() } else { format!("'{name}'") };
    let commits = parse(text).map_err(|source| Error::Parse { name: name(), source })?;
    let title = commits.first().map(|newest| visible(newest.title())).unwrap_or_default();
    if title == format!("Linux {release}") {
        return Ok(commits);
    }
    Err(Error::Other { name: name(), release: release.clone(), title })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> KernelVersion {
        text.parse().expect("a version")
    }

    fn log(release: &str) -> String {
        format!("commit {}\nAuthor: A <a@b.c>\nDate:   today\n\n    Linux {release}\n", "1".repeat(40))
    }

    #[test]
    fn a_directory_holds_them_flat_or_as_kernel_org_does() {
        let dir = tempfile::tempdir().expect("a directory");
        fs::create_dir(dir.path().join("v6.x")).expect("made");
        fs::write(dir.path().join("v6.x/ChangeLog-6.6.14"), log("6.6.14")).expect("written");
        fs::write(dir.path().join("ChangeLog-6.6.15"), log("6.6.15")).expect("written");
        fs::write(dir.path().join("ChangeLog-6.6.16"), log("6.6.15")).expect("written");
        fs::write(dir.path().join("ChangeLog-6.6.17"), "commit\n").expect("written");
        let logs = ChangeLogs::new(dir.path().to_str().expect("UTF-8"), None, true);
        let read = |text: &str| logs.read(&version(text), &Interrupt::new());
        assert_eq!(read("6.6.14").expect("nested")[0].title(), "Linux 6.6.14");
        let there = logs.in_directory("6.6.x".parse().expect("a series")).expect("a directory");
        assert_eq!(there, ["6.6.14", "6.6.15", "6.6.16", "6.6.17"].map(version));
        assert_eq!(read("6.6.15").expect("flat")[0].title(), "Linux 6.6.15");
        let error = read("6.6.16").expect_err("another's").to_string();
        assert!(error.ends_with("is not the ChangeLog of 6.6.16: it begins with 'Linux 6.6.15'"), "{error}");
        assert!(matches!(read("6.6.17"), Err(Error::Parse { source: Malformed { line: 1, .. }, .. })));
        assert!(matches!(read("6.6.18"), Err(Error::Read { .. })));
    }

    #[test]
    fn a_copy_serves_without_a_network() {
        let dir = tempfile::tempdir().expect("a directory");
        let place = "http://127.0.0.1:1/k/";
        let logs = |offline| ChangeLogs::new(place, Some(dir.path()), offline);
        let read = |offline| logs(offline).read(&version("6.6.14"), &Interrupt::new());
        assert!(matches!(read(true), Err(Error::Offline { .. })));
        assert_eq!(logs(true).in_directory("6.6.x".parse().expect("a series")), None);
        let error = read(false).expect_err("nobody is there");
        assert!(error.is_network() && !error.is_interrupted(), "{error:?}");
        let folder = logs(true).cache.expect("a cache");
        assert!(!folder.exists());
        fs::create_dir_all(&folder).expect("made");
        fs::write(folder.join("ChangeLog-6.6.14"), log("6.6.14")).expect("written");
        assert!(read(true).is_ok() && read(false).is_ok());
        fs::write(folder.join("ChangeLog-6.6.14"), "commit").expect("written");
        assert!(matches!(read(true), Err(Error::Parse { .. })));
        assert!(matches!(read(false), Err(Error::Fetch { .. })));
        assert_eq!(ChangeLogs::new("https://a:b@h/x", None, true).place(), "https://a@h/x");
    }
}
