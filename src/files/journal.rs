//! What a landing is going to do, on disk.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{FilesError, cannot, lstat, write_new};

/// The version of the format; another one is refused, never guessed at.
const VERSION: u32 = 1;
/// The name of the journal inside a landing.
const NAME: &str = "journal.json";

/// The steps of a landing and what the caller wants to be told when they are done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Journal {
    version: u32,
    /// In the order in which they are taken.
    pub(super) steps: Vec<Step>,
    /// The caller's own, given back to its update of refs.
    pub(super) refs: serde_json::Value,
}

/// The replacement, creation or removal of one directory or file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    /// Relative to the root of the landing.
    pub(super) target: String,
    /// What is there before; `None` for nothing.
    pub(super) old: Option<Stamp>,
    /// What is there afterwards; `None` for nothing.
    pub(super) new: Option<Stamp>,
}

/// What a file or directory holds, as far as two states of one landing have to be told apart.
///
/// Contents instead of inodes and times: these change when a kit is restored from a backup, and the numbers of
/// devices even from one boot to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
pub(super) enum Stamp {
    /// One file.
    File(Sum),
    /// Every file below a directory by its path in it; directories themselves have no size. Bytes of a path that are
    /// not UTF-8 are escaped.
    Dir(BTreeMap<String, Option<Sum>>),
}

/// Length in bytes and CRC-32 of a file's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sum {
    size: u64,
    crc32: u32,
}

impl Sum {
    fn of(bytes: &[u8]) -> Self {
        Self { size: bytes.len() as u64, crc32: crc32fast::hash(bytes) }
    }
}

impl Stamp {
    /// Looks at `path`; `None` if there is nothing. A link at `path` is refused, links inside a directory are taken
    /// as what they say.
    pub(super) fn of(path: &Path) -> Result<Option<Self>, FilesError> {
        let Some(found) = lstat(path)? else { return Ok(None) };
        if found.is_symlink() {
            return Err(FilesError::Symlink { path: path.to_owned() });
        }
        if !found.is_dir() {
            return Ok(Some(Self::File(Sum::of(&fs::read(path).map_err(cannot("read", path))?))));
        }
        let mut entries = BTreeMap::new();
        collect(path, path, &mut entries)?;
        Ok(Some(Self::Dir(entries)))
    }
}

/// Adds everything below `dir` to `entries`, under its path from `top`.
fn collect(top: &Path, dir: &Path, entries: &mut BTreeMap<String, Option<Sum>>) -> Result<(), FilesError> {
    for entry in fs::read_dir(dir).map_err(cannot("read", dir))? {
        let path = entry.map_err(cannot("read", dir))?.path();
        let kind = fs::symlink_metadata(&path).map_err(cannot("look at", &path))?;
        let sum = if kind.is_dir() {
            collect(top, &path, entries)?;
            None
        } else if kind.is_symlink() {
            Some(Sum::of(fs::read_link(&path).map_err(cannot("read", &path))?.as_os_str().as_bytes()))
        } else if kind.is_file() {
            Some(Sum::of(&fs::read(&path).map_err(cannot("read", &path))?))
        } else {
            // A pipe or a device has nothing that could be read without waiting for it.
            Some(Sum::of(b""))
        };
        let name = path.strip_prefix(top).unwrap_or(&path);
        entries.insert(name.as_os_str().as_bytes().escape_ascii().to_string(), sum);
    }
    Ok(())
}

impl Journal {
    pub(super) fn new(steps: Vec<Step>, refs: serde_json::Value) -> Self {
        Self { version: VERSION, steps, refs }
    }

    /// Writes the journal of the landing `dir`.
    pub(super) fn write(&self, dir: &Path) -> Result<(), FilesError> {
        let path = dir.join(NAME);
        let text = serde_json::to_vec_pretty(self)
            .map_err(|error| FilesError::Journal { path: path.clone(), reason: error.to_string() })?;
        write_new(&path, &text, None)
    }

    /// Reads the journal of the landing `dir`.
    ///
    /// A kit comes from somewhere, and with it perhaps a forged journal: it may name nothing outside the root.
    pub(super) fn read(dir: &Path) -> Result<Self, FilesError> {
        let path = dir.join(NAME);
        let bad = |reason: String| FilesError::Journal { path: path.clone(), reason };
        let text = fs::read(&path).map_err(cannot("read", &path))?;
        let value: serde_json::Value = serde_json::from_slice(&text).map_err(|error| bad(error.to_string()))?;
        match value.get("version").and_then(serde_json::Value::as_u64) {
            Some(version) if version == u64::from(VERSION) => {}
            Some(version) => {
                return Err(bad(format!("its format is version {version}, this kpatch knows {VERSION}")));
            }
            None => return Err(bad("it has no version".to_owned())),
        }
        let journal: Self = serde_json::from_value(value).map_err(|error| bad(error.to_string()))?;
        for step in &journal.steps {
            relative(Path::new(&step.target))?;
        }
        Ok(journal)
    }
}

/// `path` as the journal writes it: relative, and without a step upwards.
pub(super) fn relative(path: &Path) -> Result<String, FilesError> {
    let outside = || FilesError::Outside { path: path.to_owned() };
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => parts.push(part.to_str().ok_or_else(outside)?),
            Component::CurDir => {}
            _ => return Err(outside()),
        }
    }
    let is_git = |part: &&str| part.eq_ignore_ascii_case(".git");
    if parts.is_empty() || parts.iter().any(is_git) { Err(outside()) } else { Ok(parts.join("/")) }
}

/// The place of `target` below `root`, if no directory on the way is a link to somewhere else.
pub(super) fn resolve(root: &Path, target: &str) -> Result<PathBuf, FilesError> {
    let mut path = root.to_owned();
    for part in target.split('/') {
        if lstat(&path)?.is_some_and(|found| found.is_symlink()) && path != root {
            return Err(FilesError::Symlink { path });
        }
        path.push(part);
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_reads_as_it_was_written() {
        let dir = tempfile::tempdir().expect("a directory");
        fs::create_dir_all(dir.path().join("d/e")).expect("made");
        fs::write(dir.path().join("d/e/f"), "x").expect("written");
        std::os::unix::fs::symlink("nowhere", dir.path().join("d/l")).expect("a link");
        let stamp = Stamp::of(&dir.path().join("d")).expect("readable");
        let steps = vec![Step { target: "kernel/patches-6.6.x".to_owned(), old: None, new: stamp }];
        let journal = Journal::new(steps, serde_json::json!({"branch": "v6.6.13-linuxkit"}));
        journal.write(dir.path()).expect("written");
        assert_eq!(Journal::read(dir.path()).expect("a journal"), journal);
    }

    #[test]
    fn hostile_and_future_journals_are_refused() {
        let step = |target: &str| {
            format!(r#"{{"version":1,"refs":null,"steps":[{{"target":"{target}","old":null,"new":null}}]}}"#)
        };
        let mut texts: Vec<String> =
            ["../x", "/etc/passwd", "a/../../b", "", ".", ".git/hooks/pre-commit", "kernel/.GIT/x"].map(step).into();
        texts.extend(
            [
                "",
                "[]",
                "{}",
                "null",
                r#"{"version":2,"steps":[],"refs":null}"#,
                r#"{"version":1,"steps":[],"refs":null,"more":1}"#,
            ]
            .map(str::to_owned),
        );
        for text in texts {
            let dir = tempfile::tempdir().expect("a directory");
            fs::write(dir.path().join(NAME), &text).expect("written");
            assert!(Journal::read(dir.path()).is_err(), "{text}");
        }
        let dir = tempfile::tempdir().expect("a directory");
        fs::write(dir.path().join(NAME), step("kernel/Makefile")).expect("written");
        Journal::read(dir.path()).expect("a good one");
    }

    #[test]
    fn a_path_through_a_link_is_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        std::os::unix::fs::symlink("/tmp", dir.path().join("kernel")).expect("a link");
        assert!(matches!(resolve(dir.path(), "kernel/x"), Err(FilesError::Symlink { .. })));
        resolve(dir.path(), "other/x").expect("a path");
    }
}
