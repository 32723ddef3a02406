//! The files of a patch directory.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;

use super::{Kit, KitError, SeriesState, cannot};

impl Kit {
    /// Name and bytes of every patch of a series, in the order of the bytes of their names, as a shell's `*.patch`
    /// finds them; none if there is no directory.
    ///
    /// A directory that is a link, and a patch that is not a regular file, is an error: what is behind a link is not
    /// the kit's, and cannot be replaced as a whole.
    pub fn patch_files(&self, state: &SeriesState) -> Result<Vec<(String, Vec<u8>)>, KitError> {
        patch_files(&state.patches_dir)
    }

    /// The names of the other entries of the patch directory, which have to stay when the patches are replaced: a
    /// README, a quilt `series`, hidden files.
    pub fn other_entries(&self, state: &SeriesState) -> Result<Vec<OsString>, KitError> {
        Ok(entries(&state.patches_dir)?.into_iter().filter(|name| !is_patch(name)).collect())
    }
}

/// [`Kit::patch_files`] of any directory.
pub fn patch_files(dir: &Path) -> Result<Vec<(String, Vec<u8>)>, KitError> {
    let mut files = Vec::new();
    for name in entries(dir)?.into_iter().filter(is_patch) {
        let path = dir.join(&name);
        if !fs::symlink_metadata(&path).map_err(cannot("look at", &path))?.is_file() {
            return Err(KitError::NotPlain { path, expected: "a regular file" });
        }
        let bytes = fs::read(&path).map_err(cannot("read", &path))?;
        files.push((name.into_string().map_err(|_| KitError::Name { path })?, bytes));
    }
    Ok(files)
}

/// What `*.patch` matches: not a hidden file.
fn is_patch(name: &OsString) -> bool {
    let name = name.as_encoded_bytes();
    name.ends_with(b".patch") && !name.starts_with(b".")
}

/// All names in the patch directory, in byte order.
fn entries(dir: &Path) -> Result<Vec<OsString>, KitError> {
    match fs::symlink_metadata(dir) {
        Ok(found) if found.is_dir() => {}
        Ok(_) => {
            return Err(KitError::NotPlain { path: dir.to_owned(), expected: "a directory of patches" });
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(cannot("look at", dir)(error)),
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(cannot("read", dir))? {
        names.push(entry.map_err(cannot("read", dir))?.file_name());
    }
    names.sort();
    Ok(names)
}
