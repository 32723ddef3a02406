//! One image of a plan, and its names.

use crate::arch::Arch;
use crate::image::KernelTag;
use crate::version::KernelVersion;

/// What an image holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A kernel with its modules.
    Kernel,
    /// A tool that is built for one kernel, by its name: `perf`, `bcc`, `zfs`.
    Tool(String),
}

/// What says from which files an image is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hash {
    /// 40 hex digits of git, or what the user said in their place.
    pub id: String,
    /// There are changes that no commit holds.
    pub dirty: bool,
}

/// One image, for one or more architectures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// What it holds.
    pub content: Content,
    /// Its repository: `linuxkit/kernel`, `linuxkit/kernel-perf`.
    pub repository: String,
    /// The kernel, with its variant.
    pub version: KernelVersion,
    /// The debug kernel.
    pub debug: bool,
    /// For which architectures.
    pub archs: Vec<Arch>,
    /// From which files; `None` where the kit is no git repository.
    pub hash: Option<Hash>,
    /// The image that it is compiled in, where the kit names one.
    pub builder: Option<String>,
}

impl Image {
    /// The tag `VERSION[-dbg][-HASH[-dirty]][-ARCH]`. Without an architecture it is that of the index.
    pub fn tag(&self, is_hashed: bool, arch: Option<Arch>) -> String {
        let hash = self.hash.as_ref().filter(|_| is_hashed);
        let tag = KernelTag {
            debug: self.debug,
            hash: hash.map(|hash| hash.id.clone()),
            dirty: hash.is_some_and(|hash| hash.dirty),
            arch,
            ..KernelTag::plain(self.version.clone())
        };
        tag.to_string()
    }

    /// The whole reference of a tag: `linuxkit/kernel:6.6.13-amd64`.
    pub fn reference(&self, is_hashed: bool, arch: Option<Arch>) -> String {
        format!("{}:{}", self.repository, self.tag(is_hashed, arch))
    }

    /// All tags in the order in which they are documented: the plain index, the hashed one, then both of each architecture. Without a hash
    /// there are only plain ones.
    pub fn tags(&self) -> Vec<String> {
        let places = std::iter::once(None).chain(self.archs.iter().copied().map(Some));
        let both = |arch| [Some(self.tag(false, arch)), self.hash.is_some().then(|| self.tag(true, arch))];
        places.flat_map(both).flatten().collect()
    }

    /// The tag of the image that the kernel is compiled in; tools have none of their own.
    pub fn builder_tag(&self) -> Option<String> {
        let tag = KernelTag { debug: self.debug, builder: true, ..KernelTag::plain(self.version.clone()) };
        (self.content == Content::Kernel).then(|| tag.to_string())
    }

    /// What it is, in words: `6.6.13`, `6.6.13-dbg`, `perf for 6.6.13`.
    pub fn title(&self) -> String {
        let kernel = format!("{}{}", self.version, if self.debug { "-dbg" } else { "" });
        match &self.content {
            Content::Kernel => kernel,
            Content::Tool(name) => format!("{name} for {kernel}"),
        }
    }
}
