//! Builder images that an engine does not have yet.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::image::BuilderImage;
use super::layout::LayoutImage;
use super::run::{failed, run};
use crate::arch::Arch;
use crate::build::error::cannot;
use crate::build::{BuildError, Watch};
use crate::files::sha256;
use crate::process::Command;
use crate::text::hex;

/// The name of imported builder images in an engine; the tag is made of their contents.
const REPOSITORY: &str = "localhost/kpatch-builder";

/// A builder image that is a file or a directory, ready to be imported.
#[derive(Debug)]
pub(super) enum Local {
    /// An image of a layout.
    Layout(LayoutImage),
    /// What `docker load` takes.
    Archive(PathBuf),
    /// A root file system.
    Rootfs(PathBuf),
}

impl Local {
    /// The image if it is local; `None` for a reference. `arch` is that of the machine that compiles.
    pub(super) fn of(image: &BuilderImage, arch: Arch) -> Result<Option<Self>, BuildError> {
        Ok(match image {
            BuilderImage::Layout { dir, tag } => Some(Self::Layout(LayoutImage::find(dir, tag.as_deref(), arch)?)),
            BuilderImage::Archive(file) => Some(Self::Archive(file.clone())),
            BuilderImage::Rootfs(path) => Some(Self::Rootfs(path.clone())),
            BuilderImage::Reference(_) => None,
        })
    }

    /// The name that it gets in an engine: the same contents get the same name, and are imported once.
    pub(super) fn name(&self) -> Result<String, BuildError> {
        let hash = match self {
            Self::Layout(image) => image.digest.rsplit(':').next().unwrap_or_default().to_owned(),
            Self::Rootfs(path) if path.is_dir() => hash_of_dir(path)?,
            Self::Archive(file) | Self::Rootfs(file) => hash_of_file(file)?,
        };
        Ok(format!("{REPOSITORY}:{}", &hash[..hash.len().min(16)]))
    }
}

/// Packs a root file system that is a directory, without what is only there while it runs; a tarball stays what it is.
pub(super) fn rootfs_tarball(path: &Path, work: &Path, watch: Watch<'_>) -> Result<Tarball, BuildError> {
    if path.is_file() {
        return Ok(Tarball { path: path.to_owned(), _held: None });
    }
    let temporary = tempfile::Builder::new().prefix("rootfs-").tempdir_in(work).map_err(cannot("write in", work))?;
    let file = temporary.path().join("rootfs.tar");
    let command = Command::new("tar")
        .args(["--numeric-owner", "--one-file-system", "--exclude=./proc/*", "--exclude=./sys/*", "--exclude=./dev/*"])
        .arg("-C")
        .arg(path)
        .arg("-cf")
        .arg(&file)
        .arg(".");
    run(command, watch).map_err(|error| failed("packing the root file system", error))?;
    Ok(Tarball { path: file, _held: Some(temporary) })
}

/// A tarball, and the directory that goes with it.
pub(super) struct Tarball {
    /// The file.
    pub(super) path: PathBuf,
    /// Held until the tarball has been read.
    _held: Option<tempfile::TempDir>,
}

fn hash_of_file(path: &Path) -> Result<String, BuildError> {
    let mut file = File::open(path).map_err(cannot("read", path))?;
    let sum = sha256(&mut file, &|| true).map_err(cannot("read", path))?;
    Ok(sum.unwrap_or_default())
}

/// The hash of names, sizes and times below a directory. Reading the files would take longer than importing them.
fn hash_of_dir(dir: &Path) -> Result<String, BuildError> {
    let mut hash = Sha256::new();
    let running = ["proc", "sys", "dev"].map(|name| dir.join(name));
    let mut dirs = vec![dir.to_owned()];
    while let Some(dir) = dirs.pop() {
        let entries = fs::read_dir(&dir).map_err(cannot("read", &dir))?;
        let mut paths: Vec<PathBuf> = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()
            .map_err(cannot("read", &dir))?;
        paths.sort();
        for path in paths {
            let found = fs::symlink_metadata(&path).map_err(cannot("look at", &path))?;
            hash.update(path.as_os_str().as_encoded_bytes());
            for number in [u64::from(found.mode()), found.size(), found.mtime() as u64, found.mtime_nsec() as u64] {
                hash.update(number.to_le_bytes());
            }
            if found.is_dir() && !running.contains(&path) {
                dirs.push(path);
            }
        }
    }
    Ok(hex(&hash.finalize()))
}
