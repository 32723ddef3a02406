//! Where builds leave things.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::error::cannot;
use super::{BuildError, Output};
use crate::arch::Arch;
use crate::version::KernelVersion;

/// The directory of everything that is built.
///
/// | below it | what |
/// |---|---|
/// | `images/` | one OCI image layout with all images |
/// | `kernels/VERSION[-dbg]/ARCH/` | what was compiled, see [`Output`] |
/// | `work/VERSION/` | sources, with object directories in them; safe to delete |
/// | `logs/` | what compilers said |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutDir {
    top: PathBuf,
}

impl OutDir {
    /// The name of the directory in the top directory of a kit.
    pub const NAME: &str = "out";

    /// The directory at `top`, made where it is missing, absolute. Git is told to pass over it, so that a build never makes the kit dirty.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(top: &Path) -> Result<Self, BuildError> {
        let top = std::path::absolute(top).map_err(cannot("use", top))?;
        fs::create_dir_all(&top).map_err(cannot("make", &top))?;
        let ignore = top.join(".gitignore");
        match fs::File::create_new(&ignore).and_then(|mut file| file.write_all(b"*\n")) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(cannot("write", &ignore)(error)),
            _ => Ok(Self { top }),
        }
    }

    /// The directory at `top`, whether it is there or not.
    pub fn at(top: &Path) -> Self {
        Self { top: top.to_owned() }
    }

    /// The directory itself.
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// The OCI image layout.
    pub fn images(&self) -> PathBuf {
        self.top.join("images")
    }

    /// What was compiled of one kernel for one architecture.
    pub fn output(&self, version: &KernelVersion, debug: bool, arch: Arch) -> Output {
        let name = format!("{version}{}", if debug { "-dbg" } else { "" });
        Output::new(self.top.join("kernels").join(name).join(arch.oci()))
    }

    /// Where the sources of one kernel are unpacked.
    pub fn work(&self, version: &KernelVersion) -> PathBuf {
        self.top.join("work").join(version.to_string())
    }

    /// What compilers said.
    pub fn logs(&self) -> PathBuf {
        self.top.join("logs")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_passes_over_it_and_a_file_of_the_users_stays() {
        let dir = tempfile::tempdir().expect("a directory");
        let out = OutDir::create(&dir.path().join("a/out")).expect("made");
        assert_eq!(fs::read(out.top().join(".gitignore")).expect("there"), b"*\n");
        fs::write(out.top().join(".gitignore"), "mine\n").expect("written");
        assert_eq!(OutDir::create(out.top()).expect("made"), out);
        assert_eq!(fs::read(out.top().join(".gitignore")).expect("there"), b"mine\n");
        let version = "6.6.13-foo".parse().expect("a version");
        assert!(out.output(&version, true, Arch::X86_64).dir().ends_with("out/kernels/6.6.13-foo-dbg/amd64"));
        fs::write(dir.path().join("file"), "").expect("written");
        assert!(OutDir::create(&dir.path().join("file/out")).is_err());
    }
}
