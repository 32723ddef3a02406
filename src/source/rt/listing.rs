//! Which releases of -rt there are: the signed list of sums of the project's directory names them.

use std::path::Path;
use std::time::Duration;

use super::super::copy::{Ask, Found, Problem, age, ask};
use super::{Error, RtRelease, SUMS, directory};
use crate::event::Interrupt;
use crate::source::mirror::is_web;
use crate::text::visible;
use crate::version::Series;

/// The releases of a series that the project lists, and how old the list is. Its signature is not looked at: it only tells
/// what there is to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Oldest first.
    pub releases: Vec<RtRelease>,
    /// Where the list is from, for display.
    pub source: String,
    /// How long ago it was fetched, or written if it is a file; whole seconds.
    pub age: Duration,
    /// Why a copy from the cache is used although it is not fresh.
    pub stale: Option<String>,
}

/// Reads the list of a series on a mirror, a URL or a directory. What is fetched is kept in the directory `cache`.
///
/// # Errors
/// When there is neither a list nor a copy of it, and when it names no release.
pub fn listing(
    mirror: &str,
    series: Series,
    cache: Option<&Path>,
    offline: bool,
    interrupt: &Interrupt,
) -> Result<Listing, Error> {
    let place = format!("{mirror}/{}/{SUMS}", directory(series));
    if !is_web(&place) {
        let path = Path::new(&place);
        let bytes = std::fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
        let found = Found { bytes: &bytes, age: age(path).unwrap_or_default(), stale: None };
        return parse(found, &place, series);
    }
    let copy = cache.map(|dir| dir.join(format!("rt-{:08x}.asc", crc32fast::hash(place.as_bytes()))));
    let asked = ask(&Ask { url: &place, copy, offline, interrupt }, |found| parse(found, &place, series));
    asked.map_err(|error| match error {
        Error::Offline { .. } => Error::Offline { url: visible(place.as_bytes()) },
        error => error,
    })
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Offline => Self::Offline { url: String::new() },
            Problem::Fetch(error) => Self::List(error),
        }
    }
}

fn parse(found: Found<'_>, place: &str, series: Series) -> Result<Listing, Error> {
    let text = String::from_utf8_lossy(found.bytes);
    let named = text.lines().filter_map(|line| line.split_whitespace().nth(1));
    let mut releases: Vec<RtRelease> = named
        .filter_map(|name| name.strip_prefix("patches-")?.split_once(".tar.")?.0.parse().ok())
        .filter(|release: &RtRelease| release.base().series() == series)
        .collect();
    releases.sort();
    releases.dedup();
    let source = visible(place.as_bytes());
    if releases.is_empty() {
        return Err(Error::NoList { place: source });
    }
    Ok(Listing { releases, source, age: Duration::from_secs(found.age.as_secs()), stale: found.stale })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_sums_names_the_releases() {
        let dir = tempfile::tempdir().expect("a directory");
        let folder = dir.path().join("projects/rt/6.6");
        std::fs::create_dir_all(&folder).expect("made");
        let sum = "0".repeat(64);
        let list = format!(
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n\
             {sum}  patch-6.6.99-rt99.patch.xz\n{sum}  patches-6.6.15-rt22.tar.xz\n{sum}  patches-6.6.15-rt22.tar.gz\n\
             {sum}  patches-6.6.14-rt21.tar.xz\n{sum}  patches-6.5.1-rt90.tar.xz\n-----BEGIN PGP SIGNATURE-----\nx\n"
        );
        std::fs::write(folder.join(SUMS), list).expect("written");
        let mirror = dir.path().to_str().expect("UTF-8");
        let series = "6.6.x".parse().expect("a series");
        let never = Interrupt::new();
        let list = listing(mirror, series, None, true, &never).expect("a list");
        let names: Vec<String> = list.releases.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["6.6.14-rt21", "6.6.15-rt22"]);
        std::fs::write(folder.join(SUMS), "nothing\n").expect("written");
        assert!(matches!(listing(mirror, series, None, true, &never), Err(Error::NoList { .. })));
        let away = listing("https://m.invalid", series, Some(dir.path()), true, &never).expect_err("the network");
        assert!(away.to_string().contains("sha256sums.asc cannot be fetched"), "{away}");
    }
}
