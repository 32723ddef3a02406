//! From what the user named to patch sets: series of the kit, directories, single files, stdin.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::config::Configured;
use super::{LintOptions, OpError};
use crate::kit::{Kit, SeriesState, is_series_name};
use crate::lint::{Entry, Settings};
use crate::ops::jobs::{current, find_series, tag};
use crate::ops::workspace::kit_error;
use crate::patch_set::is_patch_name;
use crate::text::visible;
use crate::version::Tag;

/// Directories are searched this deep for patch sets.
const DEPTH: usize = 8;

/// What stands for stdin on the command line.
const STDIN: &str = "-";

/// The patches of one directory, or some of them.
#[derive(Debug)]
pub(super) struct Set {
    /// The directory, for display.
    pub(super) shown: String,
    /// The directory; absent for stdin.
    pub(super) dir: Option<PathBuf>,
    /// The series in the kit.
    pub(super) series: Option<String>,
    /// The tag that the patches are for, as far as it is known.
    pub(super) base: Option<Tag>,
    /// The files, in the order in which they apply.
    pub(super) files: Vec<SetFile>,
    /// What else is in the directory.
    pub(super) entries: Vec<Entry>,
    /// False for a choice of its files.
    pub(super) is_whole: bool,
    /// What the rules are to hold to.
    pub(super) settings: Settings,
}

/// A patch file.
#[derive(Debug, Clone)]
pub(super) struct SetFile {
    /// Its name, without directories; bytes that are no UTF-8 are made visible.
    pub(super) name: String,
    /// Its path, for display.
    pub(super) shown: String,
    /// Where its bytes are.
    pub(super) source: Source,
}

/// Where the bytes of a file are.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// On the disk.
    Disk(PathBuf),
    /// In memory: stdin, or a file that a fix has changed.
    Memory(Arc<[u8]>),
}

impl SetFile {
    /// The bytes.
    pub(super) fn read(&self) -> Result<Arc<[u8]>, OpError> {
        match &self.source {
            Source::Memory(bytes) => Ok(Arc::clone(bytes)),
            Source::Disk(path) => fs::read(path)
                .map(Arc::from)
                .map_err(|error| OpError::because(format!("cannot read '{}'", self.shown), error)),
        }
    }
}

/// Finds the sets.
pub(super) fn sets(options: &LintOptions, kit: Option<&Kit>, configured: &Configured<'_>) -> Result<Vec<Set>, OpError> {
    let finder = Finder { options, kit, configured, states: kit.map(Kit::series).transpose().map_err(kit_error)? };
    let mut sets = Vec::new();
    if options.paths.is_empty() {
        let states = finder.states.iter().flatten().filter(|state| !state.deprecated);
        for state in states.filter(|state| state.patches_dir.exists()) {
            sets.extend(finder.directory(&state.patches_dir, 0)?);
        }
        return Ok(sets);
    }
    let mut single: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    for path in &options.paths {
        if path.as_os_str() == STDIN {
            sets.push(finder.stdin()?);
        } else if let Some(state) = finder.series(path)? {
            sets.extend(finder.directory(&state.patches_dir, 0)?);
        } else if path.is_dir() {
            let found = finder.directory(path, DEPTH)?;
            if found.is_empty() {
                return Err(OpError::new(format!("'{}' holds no patches", path.display()))
                    .hint("name a directory of *.patch files, a patch file, or a series of the kit"));
            }
            sets.extend(found);
        } else {
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            single.entry(parent.to_owned()).or_default().push(path.clone());
        }
    }
    for (dir, files) in single {
        sets.push(finder.single(&dir, &files)?);
    }
    Ok(sets)
}

struct Finder<'a> {
    options: &'a LintOptions,
    kit: Option<&'a Kit>,
    configured: &'a Configured<'a>,
    states: Option<Vec<SeriesState>>,
}

impl Finder<'_> {
    /// The series of that name, unless something on the disk has it.
    fn series(&self, path: &Path) -> Result<Option<SeriesState>, OpError> {
        match (path.to_str(), self.kit) {
            (Some(name), Some(kit)) if is_series_name(name) && !path.exists() => find_series(kit, name).map(Some),
            _ => Ok(None),
        }
    }

    /// The set in a directory, or those in the directories below it.
    fn directory(&self, dir: &Path, depth: usize) -> Result<Vec<Set>, OpError> {
        let state = self.state(dir);
        let settings = self.configured.settings(state, dir)?;
        let (patches, others) = entries(dir)?;
        let order = if settings.profile.quilt { quilt(dir)? } else { None };
        if patches.is_empty() && order.is_none() {
            let mut sets = Vec::new();
            for other in others.iter().filter(|_| depth > 0) {
                let path = dir.join(other);
                let is_hidden = other.as_encoded_bytes().starts_with(b".");
                if !is_hidden && fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir()) {
                    sets.extend(self.directory(&path, depth - 1)?);
                }
            }
            return Ok(sets);
        }
        let names = order.unwrap_or(patches);
        let files: Vec<SetFile> = names.iter().map(|name| patch_file(&dir.join(name))).collect::<Result<_, _>>()?;
        let entries = others.iter().map(|name| entry(dir, name)).collect();
        Ok(vec![self.set(dir, state, settings, files, entries, true)?])
    }

    /// Some files of one directory.
    fn single(&self, dir: &Path, paths: &[PathBuf]) -> Result<Set, OpError> {
        let mut paths = paths.to_vec();
        paths.sort();
        paths.dedup();
        let files: Vec<SetFile> = paths.iter().map(|path| patch_file(path)).collect::<Result<_, _>>()?;
        let state = self.state(dir);
        let settings = self.configured.settings(state, dir)?;
        self.set(dir, state, settings, files, Vec::new(), false)
    }

    fn stdin(&self) -> Result<Set, OpError> {
        let bytes = self.options.stdin.clone().unwrap_or_default();
        let file = SetFile { name: "stdin".into(), shown: "stdin".into(), source: Source::Memory(Arc::from(bytes)) };
        let settings = self.configured.nameless()?;
        let base = self.options.base.as_deref().map(tag).transpose()?;
        let (files, entries) = (vec![file], Vec::new());
        Ok(Set { shown: "stdin".into(), dir: None, series: None, base, files, entries, is_whole: false, settings })
    }

    fn set(
        &self,
        dir: &Path,
        state: Option<&SeriesState>,
        settings: Settings,
        files: Vec<SetFile>,
        entries: Vec<Entry>,
        is_whole: bool,
    ) -> Result<Set, OpError> {
        let base = match (&self.options.base, state, self.kit) {
            (Some(base), _, _) => Some(tag(base)?),
            // A series without one version is linted without a tree.
            (None, Some(state), Some(kit)) => current(kit, state).ok(),
            _ => None,
        };
        let series = state.map(SeriesState::name);
        Ok(Set { shown: shown(dir), dir: Some(dir.to_owned()), series, base, files, entries, is_whole, settings })
    }

    /// The series of the kit whose patches are in that directory.
    fn state(&self, dir: &Path) -> Option<&SeriesState> {
        let real = fs::canonicalize(dir).ok()?;
        self.states.iter().flatten().find(|state| state.patches_dir == real)
    }
}

/// The names in a directory, in the order of their bytes: patches, and what else is there.
fn entries(dir: &Path) -> Result<(Vec<PathBuf>, Vec<std::ffi::OsString>), OpError> {
    let failed = |error| OpError::because(format!("cannot read '{}'", dir.display()), error);
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        names.push(entry.map_err(failed)?.file_name());
    }
    names.sort();
    let (patches, others): (Vec<_>, Vec<_>) =
        names.into_iter().partition(|name| is_patch_name(&name.to_string_lossy()));
    Ok((patches.into_iter().map(PathBuf::from).collect(), others))
}

fn entry(dir: &Path, name: &std::ffi::OsStr) -> Entry {
    let path = dir.join(name);
    let is_dir = fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir());
    let has_patches = is_dir && entries(&path).is_ok_and(|(patches, _)| !patches.is_empty());
    Entry { name: visible(name.as_encoded_bytes()), is_dir, has_patches }
}

/// A file that is there and is plain: what is behind a link or a pipe is nobody's patch.
fn patch_file(path: &Path) -> Result<SetFile, OpError> {
    let shown = shown(path);
    let found =
        fs::symlink_metadata(path).map_err(|error| OpError::because(format!("cannot read '{shown}'"), error))?;
    if !found.is_file() {
        return Err(OpError::new(format!("'{shown}' is not a regular file"))
            .hint("name patch files, directories of them, or series of the kit"));
    }
    let name = path.file_name().map(|name| visible(name.as_encoded_bytes())).unwrap_or_default();
    Ok(SetFile { name, shown, source: Source::Disk(path.to_owned()) })
}

/// The patches that a quilt `series` file lists, relative to its directory; `None` if there is no such file.
fn quilt(dir: &Path) -> Result<Option<Vec<PathBuf>>, OpError> {
    let path = dir.join("series");
    let text = match fs::symlink_metadata(&path) {
        Ok(found) if found.is_file() => {
            fs::read(&path).map_err(|e| OpError::because(format!("cannot read '{}'", shown(&path)), e))?
        }
        _ => return Ok(None),
    };
    let mut names = Vec::new();
    for (at, line) in String::from_utf8_lossy(&text).lines().enumerate() {
        // Options such as -p1 and comments may follow the name.
        let Some(name) = line.split_whitespace().next().filter(|word| !word.starts_with('#')) else { continue };
        let inside = Path::new(name).components().all(|part| matches!(part, std::path::Component::Normal(_)));
        if !inside || !dir.join(name).is_file() {
            let line = at + 1;
            return Err(OpError::new(format!("{}:{line}: '{}' is not there", shown(&path), visible(name.as_bytes())))
                .hint("restore the patch, or take its line out"));
        }
        names.push(PathBuf::from(name));
    }
    // A file that lists none is no quilt series: kits keep notes under that name, too.
    Ok((!names.is_empty()).then_some(names))
}

/// A path for display: from the current directory, if it is below.
pub(super) fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let path = path.strip_prefix(&here).unwrap_or(path);
    let path = path.strip_prefix(".").unwrap_or(path);
    if path.as_os_str().is_empty() { ".".to_owned() } else { visible(path.as_os_str().as_encoded_bytes()) }
}
