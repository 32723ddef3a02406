//! The output directory: what every producer yields, and the assembler reads.

use std::fs;
use std::path::{Path, PathBuf};

use super::BuildError;
use super::error::cannot;

/// The directory with what was compiled of one kernel for one architecture.
///
/// | below it | what |
/// |---|---|
/// | `root/` | the files of the image, as they are: `kernel`, `System.map`, `kernel_config`, `kernel-builder`, `kernel-source-info`, `kernel.tar`, `kernel-dev.tar`, `kernel-headers.tar`; `vmlinux` of a debug kernel; `intel-ucode.cpio` where there is one |
/// | `trees/modules`, `trees/dev`, `trees/headers` | what `kernel.tar`, `kernel-dev.tar` and `kernel-headers.tar` are made of |
/// | `tools/NAME/` | the files of a tool's image: `tools/perf/usr/bin/perf` |
/// | `release` | what `make kernelrelease` says, one line |
/// | `compiler` | who compiled it, one line: `debian-12/gcc-12.2.0-14+deb12u1/binutils-2.40` |
/// | `complete` | the fingerprint of what was built, one line; written last |
#[derive(Debug, Clone)]
pub struct Output {
    dir: PathBuf,
}

impl Output {
    /// The output directory at `dir`, which need not exist.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// The directory itself.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The files of the kernel's image.
    pub fn root(&self) -> PathBuf {
        self.dir.join("root")
    }

    /// What one of the tarballs is made of: `modules`, `dev`, `headers`.
    pub fn tree(&self, name: &str) -> PathBuf {
        self.dir.join("trees").join(name)
    }

    /// The files of a tool's image.
    pub fn tool(&self, name: &str) -> PathBuf {
        self.dir.join("tools").join(name)
    }

    /// One of the one-line files; `None` if it is not there.
    pub fn line(&self, name: &str) -> Option<String> {
        let text = fs::read_to_string(self.dir.join(name)).ok()?;
        Some(text.trim_end().to_owned())
    }

    /// True if everything that `fingerprint` names is here already.
    pub fn is_complete(&self, fingerprint: &str) -> bool {
        self.line("complete").as_deref() == Some(fingerprint)
    }

    /// Says that everything is here.
    ///
    /// # Errors
    /// When the mark cannot be written.
    pub fn seal(&self, fingerprint: &str) -> Result<(), BuildError> {
        let path = self.dir.join("complete");
        crate::files::write_atomic(&path, format!("{fingerprint}\n").as_bytes())
            .map_err(|error| cannot("write", &path)(std::io::Error::other(error)))
    }

    /// Takes the mark away, before anything changes.
    ///
    /// # Errors
    /// When it is there and stays.
    pub fn unseal(&self) -> Result<(), BuildError> {
        let path = self.dir.join("complete");
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(cannot("remove", &path)(error)),
            _ => Ok(()),
        }
    }
}
