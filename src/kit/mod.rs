//! The repository that holds `kernel/`: its layouts, versions and patch sets.
//!
//! Two layouts are known, and the way from one to the other; each part is looked for where it is, series by series:
//! - flat: a `Makefile` with lists of versions, `patches-6.6.x/`, `config-6.6.x-x86_64`;
//! - per series: `6.6.x/` with `build-args`, `patches/`, `config-x86_64` and perhaps an empty file `deprecated`.

mod build_args;
pub mod cases;
pub mod checker;
mod config;
mod configs;
mod edit;
pub mod hash;
mod kernels;
mod makefile;
mod migrate;
mod patches;
mod setting;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use toml::Spanned;

use crate::files::WORK_DIR;
use crate::git::BoxError;
use crate::image::{ImageError, Images};
use crate::text::visible;
use crate::version::{KernelVersion, Series, Tag, VersionError, is_variant};
use makefile::{BadWord, Mention};

pub use config::{
    CheckConfig, Config, ImageConfig, LintConfig, LinuxTree, SeriesConfig, SourcesConfig, TestsConfig, Waiver,
};
pub use configs::ConfigFile;
pub use edit::{FileChange, FileEdit};
pub use kernels::Kernel;
pub use migrate::{Left, Migration};
pub use patches::patch_files;
pub use setting::SeriesSetting;

/// Why a kit cannot be read or edited.
#[derive(Debug, thiserror::Error)]
pub enum KitError {
    /// Neither the directory nor one above it is a kit.
    #[error("no kit at '{}': neither it nor a directory above it has kernel/ with a list of kernels or patches", start.display())]
    NotFound {
        /// Where the search began.
        start: PathBuf,
    },
    /// The directory that was named is no kit.
    #[error("'{}' is no kit: it has no kernel/ with a list of kernels or patches", path.display())]
    NotAKit {
        /// The directory.
        path: PathBuf,
    },
    /// The system refused something.
    #[error("cannot {what} '{}'", path.display())]
    Io {
        /// The step, as a verb.
        what: &'static str,
        /// What it was to be done to.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// `kpatch.toml` is not as it should be.
    #[error("{}:{line}: {reason}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// A word in the place of a version.
    #[error("{}:{line}: not a list of kernel versions", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong with the word.
        source: VersionError,
    },
    /// One series in both layouts at once.
    #[error("{name} has patches in two places, '{}' and '{}'", flat.display(), own.display())]
    TwoPatchDirs {
        /// The series with its variant.
        name: String,
        /// The directory of the flat layout.
        flat: PathBuf,
        /// The one of the per-series layout.
        own: PathBuf,
    },
    /// A directory of patches, or a patch, that is no plain directory or file.
    #[error("'{}' is not {expected}", path.display())]
    NotPlain {
        /// The entry.
        path: PathBuf,
        /// What it should be.
        expected: &'static str,
    },
    /// A patch whose name is not UTF-8.
    #[error("the name of '{}' is not UTF-8", path.display())]
    Name {
        /// The patch.
        path: PathBuf,
    },
    /// A series or variant whose version is written nowhere.
    #[error("{name} has no version of its own in the kit")]
    NoVersion {
        /// The series with its variant.
        name: String,
    },
    /// A version that is not in the file.
    #[error("'{}' does not list {version}; it lists {listed}", path.display())]
    NotListed {
        /// The file.
        path: PathBuf,
        /// The version that was looked for.
        version: KernelVersion,
        /// The versions that are there, separated by blanks, or `nothing`.
        listed: String,
    },
    /// The new version is in the file already.
    #[error("'{}' lists {version} already", path.display())]
    AlreadyListed {
        /// The file.
        path: PathBuf,
        /// The new version.
        version: KernelVersion,
    },
    /// `ORG` and `IMAGE` that make no name of an image.
    #[error("'{}' does not name the images", path.display())]
    Images {
        /// The Makefile.
        path: PathBuf,
        /// What is wrong with the name.
        source: ImageError,
    },
    /// A series whose images have no hash.
    #[error("{name} has no directory of its own below kernel/ in the last commit, so its images have no hash")]
    NoDirectory {
        /// The series with its variant.
        name: String,
    },
    /// Git could not be asked.
    #[error("cannot {what}")]
    Git {
        /// The step, as a verb.
        what: &'static str,
        /// Why.
        source: BoxError,
    },
    /// A series in none of the lists and lines that can be edited.
    #[error("'{}' has neither a list nor a line of its own for {name}", path.display())]
    NoList {
        /// The file.
        path: PathBuf,
        /// The series with its variant.
        name: String,
    },
    /// A Makefile without a list to move a version to.
    #[error("'{}' has no list {list}", path.display())]
    NoDeprecatedList {
        /// The file.
        path: PathBuf,
        /// The list that is missing.
        list: String,
    },
    /// A bump that would make another variant.
    #[error("{old} and {new} are different variants")]
    Variant {
        /// The version to replace.
        old: KernelVersion,
        /// The version to put in its place.
        new: KernelVersion,
    },
    /// Something that stands in the way to the per-series layout.
    #[error("{}{}: {reason}", path.display(), line.map(|line| format!(":{line}")).unwrap_or_default())]
    Migrate {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: Option<usize>,
        /// What is in the way.
        reason: String,
        /// The way out.
        hint: &'static str,
    },
}

/// Turns an `io::Error` into one that names the step and the path.
fn cannot(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> KitError {
    let path = path.to_owned();
    move |source| KitError::Io { what, path, source }
}

/// Names the file of a bad word.
fn bad_word(path: &Path) -> impl FnOnce(BadWord) -> KitError {
    let path = path.to_owned();
    move |bad| KitError::Version { path, line: bad.line, source: bad.reason }
}

impl KitError {
    /// The way out, where there is one.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotFound { .. } | Self::NotAKit { .. } => {
                Some("go into the repository that holds kernel/, or name it: --kit DIR, or the variable KITSRC")
            }
            Self::Migrate { hint, .. } => Some(hint),
            Self::NotPlain { .. } => Some("kpatch replaces only plain files and directories; put the real ones there"),
            Self::NoList { .. } => Some("let the kernels stand in KERNELS_all, or one call on each line"),
            Self::NoDeprecatedList { .. } => {
                Some("add the list, empty, to the Makefile, or take the series away: --remove")
            }
            _ => None,
        }
    }
}

/// A kit on disk. Nothing is remembered but the paths and the configuration; every question looks again.
#[derive(Debug, Clone)]
pub struct Kit {
    top: PathBuf,
    kernel: PathBuf,
    config: Config,
}

/// One series of a kit, or one variant of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesState {
    /// The series.
    pub series: Series,
    /// The variant with its dash, such as `-rt`; empty for the plain kernel.
    pub variant: String,
    /// The versions that the kit lists, in the order of the file; a variant that is listed nowhere goes with the
    /// versions of the plain kernel. Empty if the kit names none.
    pub versions: Vec<KernelVersion>,
    /// No longer built by default.
    pub deprecated: bool,
    /// Where its patches are. The directory does not exist if there are none.
    pub patches_dir: PathBuf,
    /// The file that lists its versions; `None` if none lists them as its own.
    pub version_file: Option<PathBuf>,
}

impl SeriesState {
    /// The series with the variant: `6.6.x`, `5.11.x-rt`.
    pub fn name(&self) -> String {
        format!("{}{}", self.series, self.variant)
    }

    /// True if a version is of this series and variant.
    pub fn is_of(&self, version: &KernelVersion) -> bool {
        version.series() == self.series && version.variant() == self.variant
    }

    /// The version that a kernel of this variant has on a release's tag: `6.6.14-rt` on `v6.6.14`.
    pub fn version_at(&self, tag: &Tag) -> Option<KernelVersion> {
        tag.version()?.with_variant(&self.variant).ok()
    }
}

impl Kit {
    /// Opens the kit that `start` is in: `start` or the nearest directory above it that is a kit.
    pub fn discover(start: &Path) -> Result<Self, KitError> {
        let start = fs::canonicalize(start).map_err(cannot("open", start))?;
        for dir in start.ancestors() {
            if let Some((top, kernel)) = probe(dir)? {
                return Self::at(top, kernel);
            }
        }
        Err(KitError::NotFound { start })
    }

    /// Opens the kit `path`: the directory with `kernel/`, or that directory itself.
    pub fn open(path: &Path) -> Result<Self, KitError> {
        let dir = fs::canonicalize(path).map_err(cannot("open", path))?;
        let (top, kernel) = probe(&dir)?.ok_or_else(|| KitError::NotAKit { path: path.to_owned() })?;
        Self::at(top, kernel)
    }

    fn at(top: PathBuf, kernel: PathBuf) -> Result<Self, KitError> {
        Ok(Self { config: Config::read(&top)?, top, kernel })
    }

    /// The directory that holds `kernel/`, absolute.
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// The directory with the lists, configs and patches, absolute.
    pub fn kernel_dir(&self) -> &Path {
        &self.kernel
    }

    /// A path for display: relative to the top where it is inside.
    pub fn shown(&self, path: &Path) -> String {
        visible(path.strip_prefix(&self.top).unwrap_or(path).as_os_str().as_encoded_bytes())
    }

    /// Where kpatch works while it changes the kit; absent otherwise.
    pub fn work_dir(&self) -> PathBuf {
        self.kernel.join(WORK_DIR)
    }

    /// Where the patches of another series of the same variant and layout live.
    pub fn patches_dir_of(&self, series: &Series, variant: &str) -> Result<PathBuf, KitError> {
        let found = Found::in_dir(&self.kernel)?;
        self.patches_dir(&(*series, variant.to_owned()), &found, &format!("{series}{variant}"))
    }

    /// The kernel configuration of a series, which may have a variant, for an architecture as `uname -m` writes it: that of
    /// the layout that has one, or else where the series would have it.
    pub fn config_file(&self, series: &str, arch: &str) -> Result<PathBuf, KitError> {
        let found = Found::in_dir(&self.kernel)?;
        let own = self.kernel.join(series).join(format!("config-{arch}"));
        let flat = self.kernel.join(format!("config-{series}-{arch}"));
        let is_own =
            own.exists() || (!flat.exists() && split_series(series).is_some_and(|key| found.own.contains_key(&key)));
        Ok(if is_own { own } else { flat })
    }

    /// What `kpatch.toml` says.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The names of the kit's images: as `kpatch.toml` says, else as `ORG` and `IMAGE` of the Makefile do where they are
    /// plain words, else the usual ones.
    pub fn images(&self) -> Result<Images, KitError> {
        let path = self.kernel.join("Makefile");
        let text = read_if_there(&path)?.unwrap_or_default();
        let said = |name: &str| makefile::word(&text, name).map(str::to_owned);
        let name_of = |setting: &Option<Spanned<String>>, variable: &str, usual: &str| {
            let set = setting.as_ref().map(|name| name.get_ref().clone());
            set.or_else(|| said(variable)).unwrap_or_else(|| usual.to_owned())
        };
        let config = &self.config.image;
        let org = name_of(&config.org, "ORG", Images::ORG);
        let name = name_of(&config.name, "IMAGE", Images::NAME);
        Images::new(&org, &name).map_err(|error| match config.org.as_ref().or(config.name.as_ref()) {
            Some(setting) => self.config.error(&self.top, setting.span().start, error.to_string()),
            None => KitError::Images { path, source: error },
        })
    }

    /// The linux tree that `kpatch.toml` names.
    pub fn linux_tree(&self) -> Option<LinuxTree> {
        self.config.linux_tree(&self.top)
    }

    /// All series and variants, ordered by number, the plain kernel before its variants.
    pub fn series(&self) -> Result<Vec<SeriesState>, KitError> {
        let makefile = self.kernel.join("Makefile");
        let mentions = match read_if_there(&makefile)? {
            Some(text) => makefile::mentions(&text).map_err(bad_word(&makefile))?,
            None => Vec::new(),
        };
        let found = Found::in_dir(&self.kernel)?;
        let mut names: Vec<(Series, String)> = found.flat.keys().chain(found.own.keys()).cloned().collect();
        names.extend(mentions.iter().map(|m| (m.version.series(), m.version.variant().to_owned())));
        names.sort();
        names.dedup();
        let mut states: Vec<SeriesState> = Vec::new();
        for key in names {
            let mut state = self.state(&key, &found, &mentions, &makefile)?;
            // The plain kernel comes first: a variant without a version is built from the same release.
            if state.version_file.is_none()
                && let Some(plain) = states.iter().find(|plain| plain.series == key.0 && plain.variant.is_empty())
            {
                let varied = plain.versions.iter().filter_map(|version| version.with_variant(&key.1).ok());
                state.versions = varied.collect();
                state.deprecated |= plain.deprecated;
            }
            states.push(state);
        }
        Ok(states)
    }

    /// The image that the Makefile builds with, if it says it in plain words.
    pub fn builder(&self) -> Result<Option<String>, KitError> {
        let text = read_if_there(&self.kernel.join("Makefile"))?;
        Ok(text.as_deref().and_then(|text| makefile::word(text, "IMAGE_BUILDER")).map(str::to_owned))
    }

    /// True if the Makefile alone lists the series, and not for every architecture; calls stand in conditionals of which
    /// nothing is known, so that they count as such.
    pub fn is_for_one_arch(&self, state: &SeriesState) -> Result<bool, KitError> {
        let Some(path) = state.version_file.as_ref().filter(|path| path.ends_with("Makefile")) else {
            return Ok(false);
        };
        let text = read_if_there(path)?.unwrap_or_default();
        let lists = makefile::lists(&text).map_err(bad_word(path))?;
        let for_all =
            |list: &&makefile::List| matches!(&*list.name, "KERNELS" | "KERNELS_all" | "DEPRECATED" | "DEPRECATED_all");
        let mut for_all = lists.iter().filter(for_all).flat_map(|list| &list.words);
        Ok(!for_all.any(|(version, _)| state.is_of(version)))
    }

    fn state(
        &self,
        key: &(Series, String),
        found: &Found,
        mentions: &[Mention],
        makefile: &Path,
    ) -> Result<SeriesState, KitError> {
        let name = format!("{}{}", key.0, key.1);
        let own_dir = found.own.get(key);
        let mut deprecated = own_dir.is_some_and(|dir| dir.join("deprecated").exists());
        let build_args = own_dir.map(|dir| dir.join("build-args"));
        let mut versions = Vec::new();
        let mut version_file = None;
        if let Some(path) = build_args
            && let Some(text) = read_if_there(&path)?
        {
            let args = build_args::read(&text).map_err(bad_word(&path))?;
            for (version, _) in args.versions {
                let variant = if version.variant().is_empty() { key.1.as_str() } else { version.variant() };
                push_new(&mut versions, version.with_variant(variant).unwrap_or(version));
            }
            version_file = (!versions.is_empty()).then_some(path);
        }
        if version_file.is_none() {
            let ours = |m: &&Mention| m.version.series() == key.0 && m.version.variant() == key.1;
            let all_deprecated = mentions.iter().filter(ours).all(|m| m.deprecated);
            for mention in mentions.iter().filter(ours).filter(|m| m.deprecated == all_deprecated) {
                push_new(&mut versions, mention.version.clone());
                deprecated |= all_deprecated;
                version_file = Some(makefile.to_owned());
            }
        }
        let patches_dir = self.patches_dir(key, found, &name)?;
        Ok(SeriesState { series: key.0, variant: key.1.clone(), versions, deprecated, patches_dir, version_file })
    }

    /// The patch directory of a series: the configured one, else the one that exists, else the one that fits the
    /// layout of the kit.
    fn patches_dir(&self, key: &(Series, String), found: &Found, name: &str) -> Result<PathBuf, KitError> {
        if let Some(dir) = self.config.series.get(name).and_then(|settings| settings.patches.as_ref()) {
            return Ok(self.top.join(dir));
        }
        let flat = self.kernel.join(format!("patches-{name}"));
        let own = self.kernel.join(name).join("patches");
        match (found.flat.contains_key(key), own.exists()) {
            (true, true) => Err(KitError::TwoPatchDirs { name: name.to_owned(), flat, own }),
            (true, false) => Ok(flat),
            (false, true) => Ok(own),
            (false, false) => Ok(if found.own.is_empty() { flat } else { own }),
        }
    }
}

/// The directories of a kit that belong to one series or variant.
#[derive(Debug, Default)]
struct Found {
    /// `patches-6.6.x`.
    flat: BTreeMap<(Series, String), PathBuf>,
    /// `6.6.x`, with something of a series in it.
    own: BTreeMap<(Series, String), PathBuf>,
}

impl Found {
    fn in_dir(kernel: &Path) -> Result<Self, KitError> {
        let mut found = Self::default();
        for entry in fs::read_dir(kernel).map_err(cannot("read", kernel))? {
            let entry = entry.map_err(cannot("read", kernel))?;
            let path = entry.path();
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            // A link or a file in the place of the patches is found, too, and refused when they are read.
            if let Some(key) = name.strip_prefix("patches-").and_then(split_series) {
                found.flat.insert(key, path);
            } else if let Some(key) = split_series(name)
                && path.is_dir()
                && holds_a_series(&path, &key.1)?
            {
                found.own.insert(key, path);
            }
        }
        Ok(found)
    }

    fn is_empty(&self) -> bool {
        self.flat.is_empty() && self.own.is_empty()
    }
}

/// `6.6.x-rt` as series and variant.
fn split_series(name: &str) -> Option<(Series, String)> {
    let (series, variant) = name.split_at(name.find('-').unwrap_or(name.len()));
    is_variant(variant).then_some((series.parse().ok()?, variant.to_owned()))
}

/// Whether a word has the form of a series with its variant: `6.6.x`, `5.11.x-rt`.
pub fn is_series_name(name: &str) -> bool {
    split_series(name).is_some()
}

/// True if the directory has what a series directory has. A variant that has no more than fragments of a configuration goes
/// with the plain kernel, as it does in the flat layout.
fn holds_a_series(dir: &Path, variant: &str) -> Result<bool, KitError> {
    for entry in fs::read_dir(dir).map_err(cannot("read", dir))? {
        let name = entry.map_err(cannot("read", dir))?.file_name();
        let name = name.as_encoded_bytes();
        let has_config = || variant.is_empty() && name.starts_with(b"config-");
        if matches!(name, b"build-args" | b"patches" | b"deprecated") || has_config() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The top and the kernel directory of the kit that `dir` is, if it is one. Told by contents: the kernel's own
/// sources have a `kernel/Makefile`, too.
fn probe(dir: &Path) -> Result<Option<(PathBuf, PathBuf)>, KitError> {
    let inner = dir.join("kernel");
    if is_kernel_dir(&inner)? {
        return Ok(Some((dir.to_owned(), inner)));
    }
    match dir.parent() {
        Some(top) if is_kernel_dir(dir)? => Ok(Some((top.to_owned(), dir.to_owned()))),
        _ => Ok(None),
    }
}

fn is_kernel_dir(dir: &Path) -> Result<bool, KitError> {
    if !dir.is_dir() {
        return Ok(false);
    }
    let makefile = dir.join("Makefile");
    let has_list = makefile.is_file() && read_if_there(&makefile)?.is_some_and(|text| makefile::names_kernels(&text));
    Ok(has_list || !Found::in_dir(dir)?.is_empty())
}

/// The bytes of a file; `None` if there is none.
fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, KitError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(cannot("read", path)(error)),
    }
}

fn push_new(versions: &mut Vec<KernelVersion>, version: KernelVersion) {
    if !versions.contains(&version) {
        versions.push(version);
    }
}

#[cfg(test)]
mod tests;
