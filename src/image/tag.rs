//! The tags of kernel images.

use std::fmt;
use std::str::FromStr;

use super::{ImageError, is_lower_hex};
use crate::arch::Arch;
use crate::version::KernelVersion;

/// The tag of an image that belongs to one kernel:
/// `VERSION[-dbg][-HASH[-dirty[-ID]]][-ARCH]`, or `VERSION[-dbg]-builder[-ARCH]`.
///
/// What follows the numbers of the version and is none of these words is its variant, such as `-rt`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KernelTag {
    /// The version with its variant.
    pub version: KernelVersion,
    /// The debug kernel.
    pub debug: bool,
    /// The 40 hex digits that say from which files it is built.
    pub hash: Option<String>,
    /// The files were not committed; only with a hash.
    pub dirty: bool,
    /// The seven hex digits that may say which files that were not committed; only where it is dirty.
    pub dirty_id: Option<String>,
    /// The image of one architecture.
    pub arch: Option<Arch>,
    /// What the kernel was built in, rather than the kernel; never with a hash.
    pub builder: bool,
}

impl KernelTag {
    /// The tag with nothing but a version.
    pub fn plain(version: KernelVersion) -> Self {
        Self { version, debug: false, hash: None, dirty: false, dirty_id: None, arch: None, builder: false }
    }

    /// The same kind of tag for another kernel: debug, builder and architecture stay, a hash becomes `hash`, and nothing
    /// is dirty.
    #[must_use]
    pub fn of_kernel(&self, version: &KernelVersion, hash: Option<&str>) -> Self {
        let version = version.clone();
        Self { version, hash: hash.map(str::to_owned), dirty: false, dirty_id: None, ..self.clone() }
    }
}

/// The name of an architecture in tags.
fn arch(word: &str) -> Option<Arch> {
    Arch::ALL.into_iter().find(|arch| arch.oci() == word)
}

/// True for what hashes are in tags: 40 hex digits, lower case.
pub fn is_hash(word: &str) -> bool {
    word.len() == 40 && is_lower_hex(word)
}

/// Words that no variant has, since each has a place of its own.
fn is_reserved(word: &str) -> bool {
    matches!(word, "dbg" | "builder" | "dirty") || arch(word).is_some() || is_hash(word)
}

impl FromStr for KernelTag {
    type Err = ImageError;

    fn from_str(text: &str) -> Result<Self, ImageError> {
        read(text).ok_or_else(|| ImageError::Tag(text.to_owned()))
    }
}

fn read(text: &str) -> Option<KernelTag> {
    let mut words: Vec<&str> = text.split('-').collect();
    let arch = words.last().copied().and_then(arch);
    words.truncate(words.len() - usize::from(arch.is_some()));
    let builder = words.last() == Some(&"builder");
    words.truncate(words.len() - usize::from(builder));
    let (mut hash, mut dirty, mut dirty_id) = (None, false, None);
    if !builder {
        if let [.., "dirty", id] = words[..]
            && id.len() == 7
            && is_lower_hex(id)
        {
            dirty_id = Some(id.to_owned());
            words.pop();
        }
        dirty = words.last() == Some(&"dirty");
        words.truncate(words.len() - usize::from(dirty));
        hash = words.last().filter(|word| is_hash(word)).map(|word| (*word).to_owned());
        words.truncate(words.len() - usize::from(hash.is_some()));
    }
    let debug = words.last() == Some(&"dbg");
    words.truncate(words.len() - usize::from(debug));
    if words.iter().any(|word| is_reserved(word)) || (dirty && hash.is_none()) {
        return None;
    }
    let version = words.join("-").parse().ok()?;
    Some(KernelTag { version, debug, hash, dirty, dirty_id, arch, builder })
}

impl fmt::Display for KernelTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.version)?;
        if self.debug {
            f.write_str("-dbg")?;
        }
        if self.builder {
            f.write_str("-builder")?;
        }
        if let Some(hash) = &self.hash {
            write!(f, "-{hash}")?;
            if self.dirty {
                f.write_str("-dirty")?;
            }
            if let Some(id) = self.dirty_id.as_deref().filter(|_| self.dirty) {
                write!(f, "-{id}")?;
            }
        }
        match self.arch {
            Some(arch) => write!(f, "-{}", arch.oci()),
            None => Ok(()),
        }
    }
}
