//! All files below a folder, to see what a run has changed.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Type, permissions and content of every entry below a folder; links are not followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot(BTreeMap<PathBuf, (u32, Vec<u8>)>);

impl Snapshot {
    pub fn of(folder: &Path) -> Self {
        let mut entries = BTreeMap::new();
        collect(folder, folder, &mut entries);
        assert!(!entries.is_empty(), "{} is empty", folder.display());
        Self(entries)
    }

    /// Leaves out `path` and what is below it.
    pub fn forget(&mut self, path: &str) {
        self.0.retain(|known, _| !known.starts_with(path));
    }

    /// One line for each entry that is not the same in both.
    pub fn changes(&self, after: &Self) -> Vec<String> {
        let gone = self.0.keys().filter(|path| !after.0.contains_key(*path));
        let gone = gone.map(|path| format!("gone: {}", path.display()));
        let other = after.0.iter().filter(|(path, now)| self.0.get(*path) != Some(now));
        gone.chain(other.map(|(path, _)| format!("new or changed: {}", path.display()))).collect()
    }
}

fn collect(top: &Path, folder: &Path, entries: &mut BTreeMap<PathBuf, (u32, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let found = std::fs::symlink_metadata(&path).unwrap();
        let content = if found.is_symlink() {
            std::fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
        } else if found.is_dir() {
            collect(top, &path, entries);
            Vec::new()
        } else {
            std::fs::read(&path).unwrap()
        };
        entries.insert(path.strip_prefix(top).unwrap().to_owned(), (found.permissions().mode(), content));
    }
}

/// Name and bytes of every file of a folder, in the order of the names; links and folders are no files.
pub fn read_folder(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let entries = entries.map(Result::unwrap).filter(|entry| entry.file_type().unwrap().is_file());
    let mut files: Vec<(String, Vec<u8>)> =
        entries.map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap())).collect();
    files.sort();
    files
}

/// Copies a folder with everything in it.
pub fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, copy) = (entry.path(), to.join(entry.file_name()));
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => copy_folder(&path, &copy),
            kind if kind.is_symlink() => {
                std::os::unix::fs::symlink(std::fs::read_link(&path).unwrap(), copy).unwrap();
            }
            _ => drop(std::fs::copy(&path, &copy).unwrap()),
        }
    }
}
