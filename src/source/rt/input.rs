//! A set on this machine: a tarball or a directory, with a quilt series or numbered files.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::super::tarball::reader::{self, Content as Bytes, Item, Kind, Limits};
use super::super::tarball::{self, Error as TarballError};
use super::Error;
use crate::patch::MAX_FILE;
use crate::patch_set::{is_patch_name, number, quilt};
use crate::text::visible;

/// What a set stays far below: the largest ones have some 400 patches, of a few megabytes together.
const LIMITS: Limits = Limits { entries: 20_000, total: 256 << 20, file: 64 << 20 };
/// The file of quilt.
const SERIES: &str = "series";

/// What a tarball or a directory holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    /// The name of each patch below the directory of the set, and its bytes; in the order in which they apply.
    pub patches: Vec<(String, Vec<u8>)>,
    /// True if a quilt series says the order; else the numbers of the files do.
    pub is_quilt: bool,
    /// Patches that are there and that the series does not name.
    pub unnamed: Vec<String>,
}

/// Reads the set in `path`: a tarball (`.tar`, `.tar.gz`, `.tar.xz`), or a directory. Nothing is unpacked to the disk.
///
/// # Errors
/// When a tarball is damaged or hostile, a patch of the series is missing, or there is no set.
pub fn read(path: &Path) -> Result<Content, Error> {
    if path.is_dir() { of_directory(path) } else { of_tarball(path) }
}

fn of_tarball(path: &Path) -> Result<Content, Error> {
    let damaged = |source: io::Error| TarballError::Damaged { path: path.to_owned(), source };
    let file = File::open(path).map_err(|source| TarballError::Open { path: path.to_owned(), source })?;
    let input = reader::decompressed(file).map_err(damaged)?;
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut visit = |item: Item, content: &mut Bytes<'_>| -> Result<(), Error> {
        let refuse = |why| Error::from(reader::refused(path, &item.path, why));
        if !matches!(item.kind, Kind::File { .. }) {
            return Err(refuse("is a link, which a set has no use for"));
        }
        let name = String::from_utf8(item.path.clone()).map_err(|_| refuse("has a name that is not UTF-8"))?;
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes).map_err(damaged)?;
        files.insert(name, bytes);
        Ok(())
    };
    tarball::reader::read::<Error>(input, path, &LIMITS, &mut visit)?;
    let shown = visible(path.as_os_str().as_encoded_bytes());
    // A series may stand deeper: `patches/series` of a tree that quilt works in.
    let found = files.keys().filter(|name| name.rsplit('/').next() == Some(SERIES));
    let series = found.min_by_key(|name| (name.matches('/').count(), name.len())).cloned();
    let Some(series) = series else {
        return numbered(files.into_iter().collect(), &shown);
    };
    let top = series.strip_suffix(SERIES).unwrap_or_default().to_owned();
    let text = files.remove(&series).unwrap_or_default();
    let inside = |name: &String| name.strip_prefix(top.as_str()).map(str::to_owned);
    let mut files: BTreeMap<String, Vec<u8>> =
        files.into_iter().filter_map(|(name, bytes)| Some((inside(&name)?, bytes))).collect();
    let take = |name: &str| Ok(files.remove(name));
    let series_name = format!("{shown}: {series}");
    let patches = in_order(&series_name, &text, take)?;
    let unnamed = files.into_keys().filter(|name| name.rsplit('/').next().is_some_and(is_patch_name)).collect();
    Ok(Content { patches, is_quilt: true, unnamed })
}

fn of_directory(path: &Path) -> Result<Content, Error> {
    let shown = visible(path.as_os_str().as_encoded_bytes());
    let dirs = [path.to_owned(), path.join("patches")];
    let Some(dir) = dirs.iter().find(|dir| dir.join(SERIES).symlink_metadata().is_ok()) else {
        let files = crate::kit::patch_files(path)?;
        return numbered(files, &shown);
    };
    let file = dir.join(SERIES);
    let text = plain_file(dir, SERIES)?.ok_or_else(|| no_set(&shown, "its series is gone"))?;
    let patches = in_order(&visible(file.as_os_str().as_encoded_bytes()), &text, |name| plain_file(dir, name))?;
    let there = crate::kit::patch_files(dir)?.into_iter().map(|(name, _)| name);
    let unnamed = there.filter(|name| !patches.iter().any(|(known, _)| known == name)).collect();
    Ok(Content { patches, is_quilt: true, unnamed })
}

fn no_set(place: &str, why: &'static str) -> Error {
    Error::NoSet { place: place.to_owned(), why }
}

/// The patches that a series names, each by what `take` has for it.
fn in_order(
    series: &str,
    text: &[u8],
    mut take: impl FnMut(&str) -> Result<Option<Vec<u8>>, Error>,
) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let mut patches = Vec::new();
    for entry in quilt::series(series, text)? {
        let Some(bytes) = take(&entry.path)? else {
            let place = format!("{series}:{}", entry.line);
            return Err(Error::File { place, name: visible(entry.path.as_bytes()), why: "is not there".to_owned() });
        };
        patches.push((entry.path, bytes));
    }
    if patches.is_empty() {
        return Err(no_set(series, "the series names no patch"));
    }
    Ok(patches)
}

/// Patches without a series: the numbers of their names say the order.
fn numbered(files: Vec<(String, Vec<u8>)>, place: &str) -> Result<Content, Error> {
    let mut patches: Vec<(String, Vec<u8>)> = files.into_iter().filter(|(name, _)| is_patch_name(name)).collect();
    if patches.is_empty() {
        return Err(no_set(place, "there is neither a series nor a patch"));
    }
    if let Some((name, _)) = patches.iter().find(|(name, _)| number(name).is_none()) {
        let why = "has no number, and no series says where it stands".to_owned();
        return Err(Error::File { place: place.to_owned(), name: visible(name.as_bytes()), why });
    }
    patches.sort_by(|(a, _), (b, _)| (number(a), a.as_bytes()).cmp(&(number(b), b.as_bytes())));
    if let Some(pair) = patches.windows(2).find(|pair| number(&pair[0].0) == number(&pair[1].0)) {
        let why = format!("has the number of '{}', and no series says which is first", visible(pair[0].0.as_bytes()));
        return Err(Error::File { place: place.to_owned(), name: visible(pair[1].0.as_bytes()), why });
    }
    Ok(Content { patches, ..Content::default() })
}

/// The bytes of a regular file in `dir`, whose name may have directories of it; `None` if there is nothing.
fn plain_file(dir: &Path, name: &str) -> Result<Option<Vec<u8>>, Error> {
    let refuse = |why: &str| Error::File {
        place: visible(dir.as_os_str().as_encoded_bytes()),
        name: visible(name.as_bytes()),
        why: why.to_owned(),
    };
    let mut path: PathBuf = dir.to_owned();
    let mut parts = name.split('/').peekable();
    while let Some(part) = parts.next() {
        path.push(part);
        let found = match fs::symlink_metadata(&path) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(Error::Read { path, source }),
        };
        let is_good = if parts.peek().is_some() { found.is_dir() } else { found.is_file() };
        if !is_good {
            return Err(refuse("is no plain file"));
        }
        if found.is_file() && found.len() > MAX_FILE as u64 {
            return Err(refuse("is too large for a patch"));
        }
    }
    fs::read(&path).map(Some).map_err(|source| Error::Read { path, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a directory");
        for (name, text) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            fs::write(path, text).expect("written");
        }
        dir
    }

    fn names(files: &[(&str, &str)]) -> Result<(Vec<String>, Vec<String>), String> {
        let dir = directory(files);
        let read = read(dir.path()).map_err(|error| error.to_string())?;
        Ok((read.patches.into_iter().map(|(name, _)| name).collect(), read.unnamed))
    }

    #[test]
    fn the_series_says_the_order() {
        let files =
            [("series", "# x\nb.patch\nsub/a.patch -p1\n"), ("b.patch", "b"), ("sub/a.patch", "a"), ("c.patch", "")];
        let inside: Vec<(String, &str)> = files.iter().map(|(name, text)| (format!("patches/{name}"), *text)).collect();
        let inside: Vec<(&str, &str)> = inside.iter().map(|(name, text)| (name.as_str(), *text)).collect();
        for files in [&files[..], &inside] {
            let found = names(files).expect("a set");
            assert_eq!(found, (vec!["b.patch".into(), "sub/a.patch".into()], vec!["c.patch".into()]));
        }
        let error = names(&[("series", "\nx.patch\n")]).expect_err("missing");
        assert!(error.ends_with("series:2: 'x.patch' is not there"), "{error}");
        assert!(names(&[("series", "#\n")]).expect_err("empty").contains("names no patch"));
    }

    #[test]
    fn numbers_say_the_order_without_a_series() {
        let found = names(&[("10-b.patch", ""), ("9-a.patch", ""), ("README", "")]).expect("a set");
        assert_eq!(found.0, ["9-a.patch", "10-b.patch"]);
        assert!(
            names(&[("0001-a.patch", ""), ("b.patch", "")]).expect_err("no number").contains("'b.patch' has no number")
        );
        assert!(names(&[("1-a.patch", ""), ("1-b.patch", "")]).expect_err("twice").contains("has the number of"));
        assert!(names(&[("README", "")]).expect_err("nothing").contains("neither a series nor a patch"));
    }

    #[test]
    fn links_lead_nowhere() {
        let dir = directory(&[("series", "a.patch\n"), ("x/y", "")]);
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("a.patch")).expect("linked");
        let error = read(dir.path()).expect_err("a link").to_string();
        assert!(error.ends_with("'a.patch' is no plain file"), "{error}");
        fs::write(dir.path().join("series"), "l/y\n").expect("written");
        std::os::unix::fs::symlink("x", dir.path().join("l")).expect("linked");
        assert!(read(dir.path()).expect_err("a link").to_string().contains("no plain file"));
    }
}
