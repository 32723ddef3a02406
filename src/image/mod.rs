//! Image references and the tags of kernel images, parsed; and where they stand in a text.

mod scan;
mod tag;

use std::fmt;
use std::ops::Range;

use crate::text::visible;

pub use scan::references;
pub use tag::{KernelTag, is_hash};

/// What is no image reference, or no tag of a kernel image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// Not `[HOST[:PORT]/]PATH[:TAG][@DIGEST]` as the OCI distribution specification has it.
    #[error("'{}' is not an image reference such as linuxkit/kernel:6.6.13", visible(.0.as_bytes()))]
    Reference(String),
    /// Not `6.6.13`, `6.6.13-dbg-HASH-amd64`, `6.6.13-builder` or the like.
    #[error("'{}' is not the tag of a kernel image such as 6.6.13", visible(.0.as_bytes()))]
    Tag(String),
}

/// An image reference in its parts; displays as the text that it was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reference<'a> {
    /// The host, perhaps with a port: `registry.example.org:5000`.
    pub registry: Option<&'a str>,
    /// The path of the repository, such as `linuxkit/kernel`.
    pub path: &'a str,
    /// The tag, without its colon.
    pub tag: Option<&'a str>,
    /// The digest, without its at sign: `sha256:` and 64 hex digits.
    pub digest: Option<&'a str>,
}

/// The longest name that registries take, host and path together.
const NAME_MAX: usize = 255;
/// The longest tag.
const TAG_MAX: usize = 128;

impl<'a> Reference<'a> {
    /// Reads a whole text; nothing may stand around the reference.
    pub fn parse(text: &'a str) -> Result<Self, ImageError> {
        Self::read(text).ok_or_else(|| ImageError::Reference(text.to_owned()))
    }

    fn read(text: &'a str) -> Option<Self> {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        // A colon before the last slash is that of a port.
        let path_start = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match rest[path_start..].find(':') {
            Some(colon) => (&rest[..path_start + colon], Some(&rest[path_start + colon + 1..])),
            None => (rest, None),
        };
        let (registry, path) = match name.split_once('/') {
            Some((first, path)) if names_a_host(first) && is_host(first) => (Some(first), path),
            _ => (None, name),
        };
        let is_good = name.len() <= NAME_MAX
            && path.split('/').all(is_component)
            && tag.is_none_or(is_tag)
            && digest.is_none_or(is_digest);
        is_good.then_some(Self { registry, path, tag, digest })
    }

    /// The last part of the path: `kernel` of `linuxkit/kernel`.
    pub fn name(&self) -> &'a str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }

    /// Where the tag stands in the text of the reference, in bytes.
    pub fn tag_place(&self) -> Option<Range<usize>> {
        let name = self.registry.map_or(0, |host| host.len() + 1) + self.path.len();
        self.tag.map(|tag| name + 1..name + 1 + tag.len())
    }

    /// The same reference with another tag.
    #[must_use]
    pub fn with_tag<'b>(&self, tag: &'b str) -> Reference<'b>
    where
        'a: 'b,
    {
        Reference { tag: Some(tag), ..*self }
    }
}

impl fmt::Display for Reference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(host) = self.registry {
            write!(f, "{host}/")?;
        }
        f.write_str(self.path)?;
        if let Some(tag) = self.tag {
            write!(f, ":{tag}")?;
        }
        match self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

/// The first part of a name with several is a host if a path could not look like it.
fn names_a_host(part: &str) -> bool {
    part == "localhost" || part.bytes().any(|byte| matches!(byte, b'.' | b':') || byte.is_ascii_uppercase())
}

fn is_host(text: &str) -> bool {
    let (host, port) = text.split_once(':').unwrap_or((text, "0"));
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    host.split('.').all(is_label) && !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// Words of small letters and digits with one dot, one or two underscores, or dashes between them.
fn is_component(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    let has_words_around = bytes.first().is_some_and(|byte| is_word(*byte)) && is_word(bytes[bytes.len() - 1]);
    has_words_around
        && bytes.chunk_by(|a, b| is_word(*a) == is_word(*b)).all(|chunk| {
            is_word(chunk[0]) || matches!(chunk, b"." | b"_" | b"__") || chunk.iter().all(|byte| *byte == b'-')
        })
}

fn is_tag(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    (1..=TAG_MAX).contains(&text.len()) && !text.starts_with(['.', '-']) && text.bytes().all(is_inner)
}

fn is_digest(text: &str) -> bool {
    let Some((algorithm, encoded)) = text.split_once(':') else { return false };
    let is_hex = |length: usize| encoded.len() == length && is_lower_hex(encoded);
    match algorithm {
        "sha256" => is_hex(64),
        "sha512" => is_hex(128),
        _ => {
            let is_word = |word: &str| {
                !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            };
            let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'=' | b'_' | b'-');
            algorithm.split(['+', '.', '_', '-']).all(is_word) && encoded.len() >= 32 && encoded.bytes().all(is_inner)
        }
    }
}

fn is_lower_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Which of a kit's images a reference names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ImageKind {
    /// The kernel itself: `linuxkit/kernel`.
    Kernel,
    /// A tool that is built for one kernel: `linuxkit/kernel-perf`, `linuxkit/kernel-bcc`.
    Tool,
    /// Modules that are built for one kernel: `linuxkit/zfs-kmod`.
    Zfs,
}

/// The names of a kit's images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Images {
    registry: Option<String>,
    kernel: String,
    zfs: String,
}

impl Images {
    /// The organisation where nothing else is said.
    pub const ORG: &str = "linuxkit";
    /// The name of the kernel's image where nothing else is said.
    pub const NAME: &str = "kernel";

    /// The images `org/name`, `org/name-TOOL` and `org/zfs-kmod`. With a host in `org` only references with that host
    /// are theirs, else those with any host and with none.
    pub fn new(org: &str, name: &str) -> Result<Self, ImageError> {
        let kernel = format!("{org}/{name}");
        let bad = || ImageError::Reference(kernel.clone());
        let bare = Reference::read(&kernel).filter(|read| read.tag.is_none() && read.digest.is_none());
        let bare = bare.ok_or_else(bad)?;
        let zfs = format!("{org}/zfs-kmod");
        let zfs = Reference::read(&zfs).ok_or_else(bad)?.path.to_owned();
        Ok(Self { registry: bare.registry.map(str::to_owned), kernel: bare.path.to_owned(), zfs })
    }

    /// The image of the kernel, without a tag: `linuxkit/kernel`.
    pub fn kernel(&self) -> String {
        match &self.registry {
            Some(host) => format!("{host}/{}", self.kernel),
            None => self.kernel.clone(),
        }
    }

    /// The image of modules for ZFS, without a tag: `linuxkit/zfs-kmod`.
    pub fn zfs(&self) -> String {
        match &self.registry {
            Some(host) => format!("{host}/{}", self.zfs),
            None => self.zfs.clone(),
        }
    }

    /// Which image it is; `None` for the images of others.
    pub fn kind(&self, reference: &Reference<'_>) -> Option<ImageKind> {
        if self.registry.is_some() && self.registry.as_deref() != reference.registry {
            return None;
        }
        if reference.path == self.zfs {
            return Some(ImageKind::Zfs);
        }
        match reference.path.strip_prefix(self.kernel.as_str())? {
            "" => Some(ImageKind::Kernel),
            rest => (rest.starts_with('-') && !rest.contains('/')).then_some(ImageKind::Tool),
        }
    }
}

#[cfg(test)]
mod tests;
