//! The image with the compiler, however it is named.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::build::BuildError;
use crate::image::Reference;
use crate::text::visible;

/// The image that kernels are compiled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuilderImage {
    /// `oci:DIR[:TAG]`: an image of an OCI layout; without a tag, the only one that is there.
    Layout {
        /// The layout.
        dir: PathBuf,
        /// The annotation `org.opencontainers.image.ref.name` of the image.
        tag: Option<String>,
    },
    /// `docker-archive:FILE`: what `docker save` wrote.
    Archive(PathBuf),
    /// A root file system: a directory, or a tarball of one that GNU tar unpacks.
    Rootfs(PathBuf),
    /// An image that the engine has, or can get from a registry.
    Reference(String),
}

impl BuilderImage {
    /// The reference, if that is what names it.
    pub fn reference(&self) -> Option<&str> {
        match self {
            Self::Reference(reference) => Some(reference),
            _ => None,
        }
    }

    /// The file or directory, if there is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Layout { dir: path, .. } | Self::Archive(path) | Self::Rootfs(path) => Some(path),
            Self::Reference(_) => None,
        }
    }
}

impl FromStr for BuilderImage {
    type Err = BuildError;

    /// Reads `oci:DIR[:TAG]`, `docker-archive:FILE`, the path of a root file system (one that begins with a dot or a slash, or that
    /// exists), or a reference.
    fn from_str(text: &str) -> Result<Self, BuildError> {
        let found = if let Some(rest) = text.strip_prefix("oci:") {
            // As containers-transports(5) has it: what follows the last colon is the tag, unless it is a part of the path.
            match rest.rsplit_once(':') {
                Some((dir, tag)) if !tag.contains('/') => {
                    Self::Layout { dir: dir.into(), tag: Some(tag.to_owned()).filter(|tag| !tag.is_empty()) }
                }
                _ => Self::Layout { dir: rest.into(), tag: None },
            }
        } else if let Some(file) = text.strip_prefix("docker-archive:") {
            Self::Archive(file.into())
        } else if text.starts_with(['/', '.']) || Path::new(text).exists() {
            Self::Rootfs(text.into())
        } else {
            Reference::parse(text).map_err(|error| BuildError::Input(error.to_string(), Some(FORMS.to_owned())))?;
            Self::Reference(text.to_owned())
        };
        found.check()?;
        Ok(found)
    }
}

/// What a builder image can be.
const FORMS: &str =
    "a builder image is oci:DIR[:TAG], docker-archive:FILE, a root file system, or a reference to an image";

impl BuilderImage {
    fn check(&self) -> Result<(), BuildError> {
        let (path, is_good, wanted) = match self {
            Self::Layout { dir, .. } => (dir, dir.join("index.json").is_file(), "an OCI layout"),
            Self::Archive(file) => (file, file.is_file(), "an archive of docker's"),
            Self::Rootfs(path) => (path, path.is_file() || path.join("bin").is_dir(), "a root file system"),
            Self::Reference(_) => return Ok(()),
        };
        if is_good {
            return Ok(());
        }
        let shown = visible(path.as_os_str().as_encoded_bytes());
        let what = if path.exists() { format!("'{shown}' is not {wanted}") } else { format!("there is no '{shown}'") };
        Err(BuildError::Input(what, Some(FORMS.to_owned())))
    }
}

impl fmt::Display for BuilderImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Layout { dir, tag: None } => write!(f, "oci:{}", dir.display()),
            Self::Layout { dir, tag: Some(tag) } => write!(f, "oci:{}:{tag}", dir.display()),
            Self::Archive(file) => write!(f, "docker-archive:{}", file.display()),
            Self::Rootfs(path) => path.display().fmt(f),
            Self::Reference(reference) => f.write_str(reference),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_form_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::create_dir_all(path("layout")).unwrap();
        fs::create_dir_all(path("root/bin")).unwrap();
        for file in ["layout/index.json", "saved.tar", "root.tar.xz"] {
            fs::write(path(file), "").unwrap();
        }
        let at = dir.path().display();
        let read = |text: String| text.parse::<BuilderImage>().unwrap();
        let layout = |tag: Option<&str>| BuilderImage::Layout { dir: path("layout"), tag: tag.map(str::to_owned) };
        assert_eq!(read(format!("oci:{at}/layout")), layout(None));
        assert_eq!(read(format!("oci:{at}/layout:a-b.1")), layout(Some("a-b.1")));
        assert_eq!(read(format!("docker-archive:{at}/saved.tar")), BuilderImage::Archive(path("saved.tar")));
        assert_eq!(read(format!("{at}/root")), BuilderImage::Rootfs(path("root")));
        assert_eq!(read(format!("{at}/root.tar.xz")), BuilderImage::Rootfs(path("root.tar.xz")));
        let reference = "linuxkit/alpine:146f540f25cd92ec8ff0c5b0c98342a9a95e479e";
        assert_eq!(read(reference.into()).reference(), Some(reference));
        for form in [format!("oci:{at}/layout:a-b.1"), format!("docker-archive:{at}/saved.tar"), reference.into()] {
            assert_eq!(read(form.clone()).to_string(), form);
        }
    }

    #[test]
    fn what_is_none_is_refused_by_name() {
        let refused = |text: &str| text.parse::<BuilderImage>().unwrap_err().to_string();
        assert_eq!(refused("oci:/nonexistent:x"), "there is no '/nonexistent'");
        assert_eq!(refused("/nonexistent.tar"), "there is no '/nonexistent.tar'");
        assert!(refused("Linux Kit").contains("is not an image reference"));
        let dir = tempfile::tempdir().unwrap();
        assert!(refused(&format!("oci:{}", dir.path().display())).ends_with("is not an OCI layout"));
        assert!(refused(&dir.path().display().to_string()).ends_with("is not a root file system"));
    }
}
