//! What kernel.org has released: the newest version of each series, and which series are past their end.
//!
//! The list is fetched once an hour at most and kept in the cache; without a network the copy there is used, with its age.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::copy::{Ask, Problem, age, ask};
use super::mirror::{is_web, of_kit, said};
use crate::event::Interrupt;
use crate::net;
use crate::text::visible;
use crate::version::{KernelVersion, Series};

/// Where kernel.org has its list.
pub const URL: &str = "https://www.kernel.org/releases.json";
/// The variable that names another list: a URL or a path.
pub const VARIABLE: &str = "KPATCH_RELEASES";
/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not there, and no copy either.
    #[error("the network is not to be used, and no copy of '{source_name}' is in the cache")]
    Offline {
        /// The list, for display.
        source_name: String,
    },
    /// It could not be fetched, and no copy is in the cache.
    #[error("cannot fetch the list of releases")]
    Fetch(#[from] net::Error),
    /// The file could not be read.
    #[error("cannot read '{}'", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// It is no list of releases.
    #[error("'{source_name}' is no list of releases")]
    Parse {
        /// The list, for display.
        source_name: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// A released version, the newest of its series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The version.
    pub version: KernelVersion,
    /// `mainline`, `stable` or `longterm`.
    pub moniker: String,
    /// True if no more releases of its series are to come.
    pub is_eol: bool,
}

/// The list, and how old it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Releases {
    /// In the order of the list, without what is no release, such as linux-next.
    pub releases: Vec<Release>,
    /// Where it is from, for display.
    pub source: String,
    /// How long ago it was fetched, or written if it is a file; whole seconds, 0 for just now.
    pub age: Duration,
    /// Why a copy from the cache is used although it is not fresh.
    pub stale: Option<String>,
}

#[derive(Deserialize)]
struct Document {
    releases: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    version: String,
    moniker: String,
    iseol: bool,
}

impl Releases {
    /// The newest release of a series that the list has.
    pub fn newest(&self, series: Series) -> Option<&Release> {
        let ours = self.releases.iter().filter(|release| release.version.series() == series);
        ours.max_by(|a, b| a.version.cmp(&b.version))
    }

    /// Whether no more releases of a series are to come: the list says so, or has it no longer although it has newer ones.
    pub fn is_eol(&self, series: Series) -> bool {
        match self.newest(series) {
            Some(release) => release.is_eol,
            None => self.releases.iter().any(|release| release.version.series() > series),
        }
    }
}

/// Where the list is: what the environment says, else the settings of the kit at `top`, else kernel.org.
pub fn place(setting: Option<&str>, top: &Path) -> String {
    let setting = setting.map(|setting| of_kit(setting, top));
    said(VARIABLE, setting.as_deref()).unwrap_or_else(|| URL.to_owned())
}

/// Reads the list at `place`, a URL or a path. What is fetched is kept in the directory `cache`, and used from there while it
/// is fresh, when `offline`, and when fetching fails.
///
/// # Errors
/// When there is neither a list nor a copy of it, and when it is none.
pub fn releases(place: &str, cache: Option<&Path>, offline: bool, interrupt: &Interrupt) -> Result<Releases, Error> {
    if !is_web(place) {
        let path = Path::new(place);
        let bytes = fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
        return parse(&bytes, place, age(path).unwrap_or_default(), None);
    }
    let copy = cache.map(|dir| dir.join(format!("releases-{:08x}.json", crc32fast::hash(place.as_bytes()))));
    let asked = ask(&Ask { url: place, copy, offline, interrupt }, |found| {
        parse(found.bytes, place, found.age, found.stale).map_err(Answer)
    });
    asked.map_err(|Answer(error)| match error {
        Error::Offline { .. } => Error::Offline { source_name: visible(place.as_bytes()) },
        error => error,
    })
}

/// An error on its way out of the question.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Answer(Error);

impl From<Problem> for Answer {
    fn from(problem: Problem) -> Self {
        Self(match problem {
            Problem::Offline => Error::Offline { source_name: String::new() },
            Problem::Fetch(error) => Error::Fetch(error),
        })
    }
}

fn parse(bytes: &[u8], place: &str, age: Duration, stale: Option<String>) -> Result<Releases, Error> {
    let source = visible(place.as_bytes());
    let document: Document =
        serde_json::from_slice(bytes).map_err(|error| Error::Parse { source_name: source.clone(), source: error })?;
    let release = |row: Row| {
        let version = row.version.parse().ok()?;
        Some(Release { version, moniker: visible(row.moniker.as_bytes()), is_eol: row.iseol })
    };
    let releases = document.releases.into_iter().filter_map(release).collect();
    Ok(Releases { releases, source, age: Duration::from_secs(age.as_secs()), stale })
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    const LIST: &str = r#"{"latest_stable": {"version": "6.13.1"}, "releases": [
        {"iseol": false, "version": "6.14-rc2", "moniker": "mainline", "source": null, "released": {"timestamp": 1}},
        {"iseol": false, "version": "6.13.1", "moniker": "stable"},
        {"iseol": true, "version": "6.11.9", "moniker": "stable"},
        {"iseol": false, "version": "6.6.70", "moniker": "longterm"},
        {"iseol": false, "version": "next-20250101", "moniker": "linux-next"}]}"#;

    fn series(text: &str) -> Series {
        text.parse().expect("a series")
    }

    #[test]
    fn the_newest_of_each_series_and_its_end_are_read() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("releases.json");
        fs::write(&path, LIST).expect("written");
        let list = releases(path.to_str().expect("UTF-8"), None, true, &Interrupt::new()).expect("a list");
        assert_eq!(list.releases.len(), 4);
        assert_eq!(list.newest(series("6.6.x")).map(|release| release.version.to_string()), Some("6.6.70".into()));
        assert_eq!(list.newest(series("6.14.x")).map(|release| &*release.moniker), Some("mainline"));
        let eol = ["6.6.x", "6.11.x", "5.11.x", "7.0.x"].map(|name| list.is_eol(series(name)));
        assert_eq!(eol, [false, true, true, false]);
        assert_eq!(list.stale, None);
    }

    #[test]
    fn without_a_network_the_copy_is_used_and_says_its_age() {
        let dir = tempfile::tempdir().expect("a directory");
        let url = "http://127.0.0.1:1/releases.json";
        let cache = Some(dir.path());
        assert!(matches!(releases(url, cache, true, &Interrupt::new()), Err(Error::Offline { .. })));
        let copy = dir.path().join(format!("releases-{:08x}.json", crc32fast::hash(url.as_bytes())));
        fs::write(&copy, LIST).expect("written");
        // Fresh: nobody is asked.
        assert_eq!(releases(url, cache, false, &Interrupt::new()).expect("the copy").stale, None);
        let file = fs::File::options().write(true).open(&copy).expect("opened");
        file.set_modified(SystemTime::now() - Duration::from_secs(7200)).expect("aged");
        let old = releases(url, cache, true, &Interrupt::new()).expect("the copy");
        assert!(old.age >= Duration::from_secs(7200) && old.stale.is_some());
        let old = releases(url, cache, false, &Interrupt::new()).expect("the copy");
        assert!(old.stale.is_some_and(|reason| reason.contains("cannot fetch")));
        fs::write(&copy, "<html>").expect("written");
        assert!(releases(url, cache, true, &Interrupt::new()).is_err());
    }

    #[test]
    fn what_is_no_list_is_named() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("x");
        fs::write(&path, "{}").expect("written");
        let error = releases(path.to_str().expect("UTF-8"), None, false, &Interrupt::new()).expect_err("no list");
        assert!(error.to_string().ends_with("x' is no list of releases"), "{error}");
        assert!(matches!(releases("/none", None, false, &Interrupt::new()), Err(Error::Read { .. })));
        assert_eq!(place(Some("lists/x.json"), Path::new("/kit")), "/kit/lists/x.json");
        assert_eq!(place(Some("https://example.org/x"), Path::new("/kit")), "https://example.org/x");
    }
}
