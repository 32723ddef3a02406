//! What a landing leaves behind so that it can be taken back: the bytes that were there before.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::OpError;
use super::stopped::remove_at_once;
use crate::files::{Change, write_atomic};
use crate::git::{Oid, RefUpdate, Store, blob_id};

/// Where the records are, below the git directory; each in a folder with a number for a name.
const FOLDER: &str = "kpatch/undo";
/// How many are kept.
const KEPT: usize = 20;
/// The version of a record's structure.
const SCHEMA: u32 = 1;

/// A landing, both ways.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    schema: u32,
    /// What landed, for example `kpatch bump: v6.6.13 to v6.6.14`.
    pub(super) message: String,
    /// The series in the kit; absent for a bare patch directory.
    pub(super) series: Option<String>,
    /// What targets are relative to.
    root: PathBuf,
    /// Where a landing there is staged.
    pub(super) work: PathBuf,
    pub(super) changes: Vec<Both>,
    pub(super) refs: Vec<Moved>,
}

/// One change with what was there before and after it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Both {
    pub(super) target: PathBuf,
    /// A directory, of which these are the patch files; otherwise a file, which is named by itself.
    pub(super) directory: bool,
    /// Whether a file that was there before was a program.
    #[serde(default)]
    executable: bool,
    /// Name and blob id of each file; nothing for a file that was not there.
    pub(super) before: Vec<(String, String)>,
    pub(super) after: Vec<(String, String)>,
}

/// A ref that moved; 40 hex digits, or none where it was not there.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Moved {
    pub(super) name: String,
    pub(super) old: Option<String>,
    pub(super) new: Option<String>,
}

/// What the files of a record are now.
pub(super) enum State {
    /// It never landed, or was taken back.
    Before,
    /// It landed, and nothing has changed since.
    After,
    /// This file is something else.
    Other(PathBuf),
}

/// Writes down what is about to land. A record of what then does not land is recognized by its files.
pub(super) fn remember(
    store: &Store,
    root: &Path,
    work: &Path,
    series: Option<String>,
    changes: &[Change],
    updates: &[RefUpdate],
    message: &str,
) -> Result<(), OpError> {
    let folder = store.common_dir().join(FOLDER);
    let failed = |error: std::io::Error| OpError::because(format!("cannot write '{}'", folder.display()), error);
    let numbers = numbers(&folder);
    let number = numbers.last().map_or(1, |last| last + 1);
    let staging = folder.join(format!(".{number:08}.new"));
    if staging.exists() {
        fs::remove_dir_all(&staging).map_err(failed)?;
    }
    fs::create_dir_all(&staging).map_err(failed)?;
    let mut both = Vec::new();
    for change in changes {
        both.push(both_of(root, change, &staging)?);
    }
    let moved = |update: &RefUpdate| Moved {
        name: update.name.clone(),
        old: update.old.map(|id| id.to_string()),
        new: update.new.map(|id| id.to_string()),
    };
    let record = Record {
        schema: SCHEMA,
        message: message.to_owned(),
        series,
        root: root.canonicalize().unwrap_or_else(|_| root.to_owned()),
        work: work.to_owned(),
        changes: both,
        refs: updates.iter().map(moved).collect(),
    };
    let json = serde_json::to_vec_pretty(&record).expect("a record is json");
    let path = staging.join("record.json");
    write_atomic(&path, &json)
        .map_err(|error| OpError::because(format!("cannot write '{}'", path.display()), error))?;
    fs::rename(&staging, folder.join(format!("{number:08}"))).map_err(failed)?;
    for old in numbers.iter().rev().skip(KEPT - 1) {
        forget(&folder.join(format!("{old:08}")))?;
    }
    Ok(())
}

/// The files of one change, the old ones kept beside the record.
fn both_of(root: &Path, change: &Change, staging: &Path) -> Result<Both, OpError> {
    let blob = |bytes: &[u8]| blob_id(bytes).to_string();
    let (mut both, before) = match change {
        Change::Dir { target, files, keep } => {
            let mut before = Vec::new();
            for (name, bytes) in files_of(&root.join(target))? {
                if !keep.iter().any(|kept| *kept == *name) {
                    before.push((name, bytes));
                }
            }
            let after = files.iter().map(|(name, bytes)| (name.clone(), blob(bytes))).collect();
            (Both { target: target.clone(), directory: true, executable: false, before: Vec::new(), after }, before)
        }
        Change::File { target, old, new, .. } => {
            let unnamed = |bytes: &Vec<u8>| (String::new(), bytes.clone());
            let after = new.iter().map(|bytes| (String::new(), blob(bytes))).collect();
            let executable = is_executable(&root.join(target));
            let both = Both { target: target.clone(), directory: false, executable, before: Vec::new(), after };
            (both, old.iter().map(unnamed).collect())
        }
    };
    for (name, bytes) in before {
        let id = blob(&bytes);
        let path = staging.join(&id);
        fs::write(&path, &bytes)
            .map_err(|error| OpError::because(format!("cannot write '{}'", path.display()), error))?;
        both.before.push((name, id));
    }
    Ok(both)
}

/// Whether a file may be run by its owner.
fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o100 != 0)
}

/// The bytes of a file; nothing if there is none.
fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, OpError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(OpError::because(format!("cannot read '{}'", path.display()), error)),
    }
}

/// Name and bytes of the regular files of a directory, which need not exist, in the order of their names.
fn files_of(folder: &Path) -> Result<Vec<(String, Vec<u8>)>, OpError> {
    let failed = |error: std::io::Error| OpError::because(format!("cannot read '{}'", folder.display()), error);
    let mut files = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return Ok(files) };
    for entry in entries {
        let entry = entry.map_err(failed)?;
        if entry.file_type().map_err(failed)?.is_file()
            && let Ok(name) = entry.file_name().into_string()
        {
            files.push((name, fs::read(entry.path()).map_err(failed)?));
        }
    }
    files.sort();
    Ok(files)
}

/// The numbers of the records, oldest first.
fn numbers(folder: &Path) -> Vec<u32> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut numbers: Vec<u32> = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
    numbers.sort_unstable();
    numbers
}

/// All records, newest first.
pub(super) fn records(store: &Store) -> Result<Vec<(PathBuf, Record)>, OpError> {
    let folder = store.common_dir().join(FOLDER);
    let mut all = Vec::new();
    for number in numbers(&folder).into_iter().rev() {
        let path = folder.join(format!("{number:08}"));
        let broken = || OpError::new(format!("'{}' is no record of a landing", path.display())).hint("remove it");
        let text = fs::read(path.join("record.json")).map_err(|_| broken())?;
        let record: Record = serde_json::from_slice(&text).map_err(|_| broken())?;
        if record.schema != SCHEMA {
            return Err(OpError::new(format!("'{}' was written by another version of kpatch", path.display()))
                .hint("undo it with that version, or remove it"));
        }
        all.push((path, record));
    }
    Ok(all)
}

/// Removes a record.
pub(super) fn forget(folder: &Path) -> Result<(), OpError> {
    // One of which a part is gone would no longer be readable, and stand in the way of all older ones.
    remove_at_once(folder, &folder.with_extension("gone"))
        .map_err(|error| OpError::because(format!("cannot remove '{}'", folder.display()), error))
}

impl Record {
    /// What targets are relative to, without links.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// True if it changed this bare directory, or this series.
    pub(super) fn is_about(&self, folder: Option<&Path>, series: Option<&str>) -> bool {
        let folder = folder.and_then(Path::file_name);
        folder.is_none_or(|name| self.changes.iter().any(|both| both.target == Path::new(name)))
            && series.is_none_or(|series| {
                let known = self.series.as_deref().unwrap_or_default();
                known == series || known.replacen(".x", "", 1) == series
            })
    }

    /// Compares the files with what they were before and after.
    pub(super) fn state(&self) -> Result<State, OpError> {
        let (mut is_before, mut is_after) = (true, true);
        let mut other = None;
        for both in &self.changes {
            let path = self.root.join(&both.target);
            let now = self.now(both)?;
            let known = |files: &[(String, String)], others: &[(String, String)]| {
                files.iter().all(|file| now.contains(file))
                    && !now.iter().any(|(name, _)| {
                        others.iter().any(|(other, _)| other == name) && !files.iter().any(|(file, _)| file == name)
                    })
            };
            let (before, after) = (known(&both.before, &both.after), known(&both.after, &both.before));
            is_before &= before;
            is_after &= after;
            if !before && !after {
                other.get_or_insert(path);
            }
        }
        Ok(match (is_after, is_before, other) {
            (true, _, _) => State::After,
            (false, true, _) => State::Before,
            (_, _, other) => State::Other(other.unwrap_or_else(|| self.root.clone())),
        })
    }

    /// Name and blob id of what is there now.
    fn now(&self, both: &Both) -> Result<Vec<(String, String)>, OpError> {
        let path = self.root.join(&both.target);
        let id = |bytes: &[u8]| blob_id(bytes).to_string();
        if both.directory {
            return Ok(files_of(&path)?.into_iter().map(|(name, bytes)| (name, id(&bytes))).collect());
        }
        Ok(read_if_there(&path)?.map(|bytes| (String::new(), id(&bytes))).into_iter().collect())
    }

    /// The changes that take it back.
    pub(super) fn backwards(&self, folder: &Path) -> Result<Vec<Change>, OpError> {
        let read = |id: &String| {
            let path = folder.join(id);
            let bytes = fs::read(&path)
                .map_err(|error| OpError::because(format!("cannot read '{}'", path.display()), error))?;
            let intact = Oid::from_hex(id.as_bytes()).ok() == Some(blob_id(&bytes));
            intact.then_some(bytes).ok_or_else(|| OpError::new(format!("'{}' is damaged", path.display())))
        };
        let mut changes = Vec::new();
        for both in &self.changes {
            let path = self.root.join(&both.target);
            let target = both.target.clone();
            if !both.directory {
                let new = both.before.first().map(|(_, id)| read(id)).transpose()?;
                let old = read_if_there(&path)?;
                changes.push(Change::File { target, old, new, executable: both.executable });
                continue;
            }
            let mut files = Vec::new();
            for (name, id) in &both.before {
                files.push((name.clone(), read(id)?));
            }
            let ours = |name: &std::ffi::OsStr| both.after.iter().any(|(after, _)| name == after.as_str());
            let keep = match fs::read_dir(&path) {
                Ok(entries) => {
                    entries.filter_map(|entry| Some(entry.ok()?.file_name())).filter(|name| !ours(name)).collect()
                }
                Err(_) => Vec::new(),
            };
            changes.push(Change::Dir { target, files, keep });
        }
        Ok(changes)
    }
}
