//! `kpatch source gc`: makes room in the cache.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::OpError;
use crate::source::cache_dir;
use crate::text::visible;

/// What is to go.
#[derive(Debug, Clone)]
pub struct GcOptions {
    /// What was not used for this long.
    pub unused_for: Duration,
    /// Everything, whenever it was used.
    pub all: bool,
    /// Remove nothing.
    pub dry_run: bool,
}

/// What went, or would go.
#[derive(Debug, Clone, Default, Serialize)]
pub struct GcReport {
    /// The directory of the cache.
    pub cache: String,
    /// One row for each thing that is in the cache, ordered by its path.
    pub entries: Vec<GcEntry>,
    /// How many bytes went, or would go.
    pub freed: u64,
    /// How many bytes stay.
    pub kept: u64,
}

/// One thing in the cache: a repository, the ChangeLogs of a mirror, a downloaded file, a list of releases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GcEntry {
    /// Its path below the cache.
    pub path: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// How many days ago it was used last.
    pub unused_days: u64,
    /// Whether it goes.
    pub removed: bool,
}

/// The folders of the cache in which each thing is one of its own.
const FOLDERS: [&str; 4] = ["changelogs", "files/sha256", "files/urls", "files/partial"];

/// Removes what is no longer used. Everything in the cache can be fetched again.
pub fn gc(options: &GcOptions) -> Result<GcReport, OpError> {
    let Some(cache) = cache_dir() else {
        return Err(OpError::new("there is no cache").hint("KPATCH_CACHE names its directory"));
    };
    let mut report = GcReport { cache: visible(cache.as_os_str().as_encoded_bytes()), ..GcReport::default() };
    let now = SystemTime::now();
    for path in things(&cache).map_err(|error| cannot("read", &cache, error))? {
        let (bytes, used) = measure(&path).map_err(|error| cannot("look at", &path, error))?;
        let unused = used.and_then(|used| now.duration_since(used).ok()).unwrap_or_default();
        let removed = options.all || unused >= options.unused_for;
        if removed && !options.dry_run {
            remove(&path).map_err(|error| cannot("remove", &path, error))?;
        }
        *(if removed { &mut report.freed } else { &mut report.kept }) += bytes;
        let inside = path.strip_prefix(&cache).unwrap_or(&path);
        report.entries.push(GcEntry {
            path: visible(inside.as_os_str().as_encoded_bytes()),
            bytes,
            unused_days: unused.as_secs() / 86_400,
            removed,
        });
    }
    Ok(report)
}

/// Everything that is kept or goes as a whole.
fn things(cache: &Path) -> io::Result<Vec<PathBuf>> {
    let folders: Vec<PathBuf> = FOLDERS.iter().map(|folder| cache.join(folder)).collect();
    let mut all = Vec::new();
    let mut open = vec![cache.to_owned()];
    while let Some(dir) = open.pop() {
        let entries = match fs::read_dir(&dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            other => other?,
        };
        for entry in entries {
            let path = entry?.path();
            if folders.iter().any(|folder| folder.starts_with(&path)) { open.push(path) } else { all.push(path) }
        }
    }
    all.sort();
    Ok(all)
}

/// The size of a file or of all below a directory, and the youngest time of them.
fn measure(path: &Path) -> io::Result<(u64, Option<SystemTime>)> {
    let found = fs::symlink_metadata(path)?;
    let (mut bytes, mut used) = (0, found.modified().ok());
    if found.is_dir() {
        for entry in fs::read_dir(path)? {
            let (size, time) = measure(&entry?.path())?;
            bytes += size;
            used = used.max(time);
        }
    } else {
        bytes = found.len();
    }
    Ok((bytes, used))
}

fn remove(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
}

fn cannot(what: &str, path: &Path, error: io::Error) -> OpError {
    OpError::because(format!("cannot {what} '{}'", path.display()), error)
}
