//! What a kit says of itself, as data. Paths are relative to its top.

use crate::version::{KernelVersion, Series};

/// All that the rules look at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The series and variants, ordered as the kit orders them; also those of which only configurations are there.
    pub series: Vec<SeriesFacts>,
    /// The builder that the Makefile names.
    pub builder: Option<Builder>,
    /// Files below `kernel/` that somebody seems to have left behind, each with what it looks like.
    pub strays: Vec<(String, &'static str)>,
    /// The groups of tests for kernels.
    pub tests: Vec<TestGroup>,
    /// The references to images of this kit; empty where nobody looked for them.
    pub references: Vec<ReferenceFacts>,
    /// What has been released, for the series of the kit that are built; absent where that is not known.
    pub releases: Option<Vec<ReleaseFacts>>,
}

/// One series, or one variant of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesFacts {
    /// The series with its variant: `6.6.x`, `5.11.x-rt`.
    pub name: String,
    /// The series.
    pub series: Series,
    /// The variant with its dash; empty for the plain kernel.
    pub variant: String,
    /// The versions that are listed; those of the plain kernel for a variant that is listed nowhere.
    pub versions: Vec<Versioned>,
    /// True if the versions are its own.
    pub is_listed: bool,
    /// Listed for one architecture alone.
    pub is_partial: bool,
    /// No longer built by default.
    pub deprecated: bool,
    /// Its configurations and fragments.
    pub configs: Vec<ConfigFacts>,
    /// Its patch directory, if that exists, with the number of patches in it.
    pub patches: Option<(String, usize)>,
    /// Its file `build-args`, if it has one.
    pub build_args: Option<BuildArgs>,
}

impl SeriesFacts {
    /// True for a plain kernel that is built.
    pub fn is_built(&self) -> bool {
        self.variant.is_empty() && !self.deprecated && self.is_listed
    }
}

/// A version where it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned {
    /// The version.
    pub version: KernelVersion,
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: Option<usize>,
}

/// A configuration or a fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFacts {
    /// The file.
    pub path: String,
    /// The architecture as `uname -m` says it.
    pub arch: String,
    /// The version that its header names, with the line; absent in a fragment.
    pub header: Option<(usize, String)>,
    /// `CONFIG_LOCALVERSION`, with the line.
    pub local_version: Option<(usize, String)>,
}

/// A `build-args` file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildArgs {
    /// The file.
    pub path: String,
    /// The arguments, in order.
    pub args: Vec<BuildArg>,
    /// Lines that are no argument, with their numbers.
    pub bad: Vec<(usize, String)>,
}

/// A line `KEY=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildArg {
    /// The line, from 1.
    pub line: usize,
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
}

impl BuildArgs {
    /// The first argument of that name.
    pub fn get(&self, key: &str) -> Option<&BuildArg> {
        self.args.iter().find(|arg| arg.key == key)
    }
}

/// The image that the Makefile builds with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Builder {
    /// The file.
    pub path: String,
    /// The image.
    pub image: String,
}

/// A directory with one kind of test for a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestGroup {
    /// The directory.
    pub path: String,
    /// The number that its name begins with.
    pub number: u32,
    /// What it tests.
    pub kind: TestKind,
    /// The series, with its variant, as the name says it.
    pub series: String,
}

/// What a test group tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TestKind {
    /// `0NN_config_SERIES`.
    Config,
    /// `1NN_kmod_SERIES`.
    Kmod,
    /// `2NN_tags_SERIES`.
    Tags,
}

impl TestKind {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Config, Self::Kmod, Self::Tags];

    /// The word in the name of the directory.
    pub fn word(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Kmod => "kmod",
            Self::Tags => "tags",
        }
    }

    /// What the numbers of its groups begin at.
    pub fn base(self) -> u32 {
        match self {
            Self::Config => 0,
            Self::Kmod => 100,
            Self::Tags => 200,
        }
    }
}

/// A reference to an image of a kernel, of something built for one, or of the checker of its configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReferenceFacts {
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// The reference, as it is written.
    pub text: String,
    /// What it should be now; absent where it is good, and where that cannot be said.
    pub now: Option<String>,
    /// The kernel that it names.
    pub version: Option<KernelVersion>,
    /// What the image is.
    pub kind: ReferenceKind,
    /// Made of a tree that was not committed.
    pub is_dirty: bool,
}

/// What the image of a reference is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ReferenceKind {
    /// A kernel itself.
    #[default]
    Kernel,
    /// The image with the compiler of one kernel.
    Builder,
    /// A tool for one kernel, such as perf.
    Tool,
    /// The checker of configurations.
    Checker,
}

/// The newest release of a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseFacts {
    /// The series.
    pub series: Series,
    /// The newest release; absent if the list of releases has none of it any more.
    pub newest: Option<KernelVersion>,
    /// True if no more are to come.
    pub is_eol: bool,
}
