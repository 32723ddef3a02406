//! The traces that a write leaves, even one of the same bytes: times and inodes.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Everything below `folder`: path to mode, size, time of change in nanoseconds, and inode.
pub fn snapshot(folder: &Path) -> BTreeMap<PathBuf, (u32, u64, i128, u64)> {
    let mut found = BTreeMap::new();
    walk(folder, &mut found);
    found
}

fn walk(path: &Path, found: &mut BTreeMap<PathBuf, (u32, u64, i128, u64)>) {
    let read = std::fs::symlink_metadata(path).unwrap();
    let time = i128::from(read.mtime()) * 1_000_000_000 + i128::from(read.mtime_nsec());
    found.insert(path.to_owned(), (read.mode(), read.size(), time, read.ino()));
    if read.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            walk(&entry.unwrap().path(), found);
        }
    }
}
