//! From what the user asked for to patch sets, each with its base and its target.

use std::path::{Path, PathBuf};

use super::bump::What;
use super::workspace::kit_error;
use super::{OpError, Places, Watch, workspace};
use crate::event::{Event, Observer};
use crate::git::Store;
use crate::kit::{Kit, SeriesState};
use crate::patch::PatchError;
use crate::patch_set::PatchSet;
use crate::version::{KernelVersion, Tag};

/// Where a patch set lives.
#[derive(Debug)]
pub(super) enum Place<'k> {
    /// In a kit.
    Kit(&'k Kit, SeriesState),
    /// In a directory of its own.
    Folder(PathBuf),
}

impl Place<'_> {
    /// The series, for reports.
    pub(super) fn series(&self) -> Option<String> {
        match self {
            Self::Kit(_, state) => Some(state.name()),
            Self::Folder(_) => None,
        }
    }

    /// The variant with its dash; empty for the plain kernel and for a bare directory.
    pub(super) fn variant(&self) -> &str {
        match self {
            Self::Kit(_, state) => &state.variant,
            Self::Folder(_) => "",
        }
    }

    /// The branch of the linux tree that carries the set on a tag.
    pub(super) fn branch(&self, tag: &Tag) -> String {
        tag.branch_of(self.variant())
    }

    /// The directory of the patch files; it need not exist.
    pub(super) fn patches_dir(&self) -> &Path {
        match self {
            Self::Kit(_, state) => &state.patches_dir,
            Self::Folder(folder) => folder,
        }
    }

    /// The patch files, each with its name, in order.
    pub(super) fn files(&self) -> Result<Vec<(String, Vec<u8>)>, OpError> {
        match self {
            Self::Kit(kit, state) => kit.patch_files(state).map_err(kit_error),
            Self::Folder(folder) => crate::kit::patch_files(folder).map_err(kit_error),
        }
    }

    /// Reads the patch set. Every file that cannot be read is named.
    pub(super) fn read(&self) -> Result<PatchSet, OpError> {
        PatchSet::read(self.files()?).map_err(|errors| unreadable(self.patches_dir(), &errors))
    }
}

/// One error for all files that cannot be read.
pub(super) fn unreadable(folder: &Path, errors: &[PatchError]) -> OpError {
    let lines: Vec<String> = errors.iter().map(|error| format!("{}/{error}", folder.display())).collect();
    let error = OpError::new(lines.join("\n"));
    errors.iter().filter_map(|error| error.hint.clone()).take(1).fold(error, OpError::hint)
}

/// A patch set that goes from one tag to another.
#[derive(Debug)]
pub(super) struct Job<'k> {
    pub(super) place: Place<'k>,
    pub(super) from: Tag,
    /// The target; the newest release of the series in the linux tree if absent.
    pub(super) to: Option<Tag>,
}

/// Which patch sets a verb works on where they are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Which<'a> {
    /// A bare directory of patches.
    pub(super) folder: Option<&'a Path>,
    /// One series of the kit; every one that is not deprecated if absent.
    pub(super) series: Option<&'a str>,
}

/// The patch sets of verbs that do not carry: each on the tag that the kit, or the user, says.
pub(super) fn on_base<'k>(
    kit: Option<&'k Kit>,
    which: Which<'_>,
    base: Option<&str>,
    observer: &dyn Observer,
) -> Result<Vec<Job<'k>>, OpError> {
    let base = base.map(tag).transpose()?;
    if let Some(folder) = which.folder {
        let Some(from) = base else {
            return Err(OpError::new("a bare patch directory needs its tag").hint("say --base v6.6.13"));
        };
        if !folder.is_dir() {
            return Err(OpError::new(format!("'{}' is not a directory", folder.display())));
        }
        return Ok(vec![Job { place: Place::Folder(folder.to_owned()), from, to: None }]);
    }
    let kit = kit.expect("without a folder there is a kit");
    match which.series {
        Some(name) => {
            let state = find_series(kit, name)?;
            let from = base.map_or_else(|| current(kit, &state), Ok)?;
            Ok(vec![Job { place: Place::Kit(kit, state), from, to: None }])
        }
        None if base.is_some() => {
            Err(OpError::new("--base needs a series").hint("for example: kpatch verify 6.6.x --base v6.6.13"))
        }
        None => all(kit, observer),
    }
}

/// Reads a tag, or a version without its `v`.
pub(super) fn tag(text: &str) -> Result<Tag, OpError> {
    Tag::parse(text).map_err(|error| OpError::because(format!("'{text}' is no tag"), error))
}

/// The jobs that the user asked for.
pub(super) fn jobs<'k>(
    kit: Option<&'k Kit>,
    folder: Option<&Path>,
    what: &What,
    observer: &dyn Observer,
) -> Result<Vec<Job<'k>>, OpError> {
    if let Some(folder) = folder {
        let What::Tags { from, to } = what else {
            return Err(OpError::new("a bare patch directory needs both tags")
                .hint("for example: kpatch bump --patches DIR v6.6.13 v6.6.14"));
        };
        if !folder.is_dir() {
            return Err(OpError::new(format!("'{}' is not a directory", folder.display())));
        }
        let place = Place::Folder(folder.to_owned());
        return Ok(vec![Job { place, from: tag(from)?, to: Some(tag(to)?) }]);
    }
    let kit = kit.expect("without a folder there is a kit");
    match what {
        What::All => all(kit, observer),
        What::Series { series, to } => {
            let state = find_series(kit, series)?;
            let from = current(kit, &state)?;
            let to = to.as_deref().map(tag).transpose()?;
            Ok(vec![Job { place: Place::Kit(kit, state), from, to }])
        }
        What::Tags { from, to } => {
            let (from, to) = (tag(from)?, tag(to)?);
            let state = series_of(kit, &from, &to)?;
            Ok(vec![Job { place: Place::Kit(kit, state), from, to: Some(to) }])
        }
    }
}

fn all<'k>(kit: &'k Kit, observer: &dyn Observer) -> Result<Vec<Job<'k>>, OpError> {
    let mut jobs = Vec::new();
    for state in kit.series().map_err(kit_error)?.into_iter().filter(|state| !state.deprecated) {
        if state.versions.is_empty() {
            observer.event(&Event::Warning(format!("{} has patches but no version in the kit", state.name())));
            continue;
        }
        let from = current(kit, &state)?;
        jobs.push(Job { place: Place::Kit(kit, state), from, to: None });
    }
    Ok(jobs)
}

/// The series of that name, with or without its `.x`.
pub(super) fn find_series(kit: &Kit, name: &str) -> Result<SeriesState, OpError> {
    let mut all = kit.series().map_err(kit_error)?;
    let at = all.iter().position(|state| state.name() == name || state.name().replacen(".x", "", 1) == name);
    if let Some(at) = at {
        return Ok(all.swap_remove(at));
    }
    let known: Vec<String> = all.iter().map(SeriesState::name).collect();
    Err(OpError::new(format!("the kit has no series '{name}'")).hint(format!("it has {}", known.join(", "))))
}

/// The tag of the version that a series is at.
pub(super) fn current(kit: &Kit, state: &SeriesState) -> Result<Tag, OpError> {
    match state.versions.as_slice() {
        [] => Err(OpError::new(format!("the kit '{}' names no version of {}", kit.top().display(), state.name()))
            .hint("say both tags, for example: kpatch bump v6.6.13 v6.6.14")),
        [one] => Ok(one.tag()),
        many => {
            let listed: Vec<String> = many.iter().map(ToString::to_string).collect();
            Err(OpError::new(format!("{} has more than one version: {}", state.name(), listed.join(", ")))
                .hint("say both tags, for example: kpatch bump v6.6.13 v6.6.14"))
        }
    }
}

/// The series that a tag's version belongs to in the kit.
fn series_of(kit: &Kit, from: &Tag, to: &Tag) -> Result<SeriesState, OpError> {
    let Some(version) = from.version() else {
        return Err(OpError::new(format!("'{from}' is not the tag of a kernel release"))
            .hint("release tags look like v6.6.13; for other tags use --patches DIR"));
    };
    let all = kit.series().map_err(kit_error)?;
    let listed: Vec<String> = all.iter().flat_map(|state| &state.versions).map(ToString::to_string).collect();
    if let Some(state) = all.iter().find(|state| state.versions.contains(&version)) {
        return Ok(state.clone());
    }
    // A kit without version lists: the series says enough.
    let same = |state: &&SeriesState| state.versions.is_empty() && state.is_of(&version);
    if let Some(state) = all.iter().find(same) {
        return Ok(state.clone());
    }
    let error = OpError::new(format!("the kit '{}' has no kernel {version}", kit.top().display()));
    let is_done = to.version().is_some_and(|version| all.iter().any(|state| state.versions.contains(&version)));
    Err(match (listed.is_empty(), is_done) {
        (true, _) => error,
        (false, false) => error.hint(format!("it has {}", listed.join(", "))),
        (false, true) => error.hint(format!("it has {}: this bump is done already", listed.join(", "))),
    })
}

/// Gives sets without a target the newest release of their series, where the linux tree is a server that can be asked.
pub(super) fn ask_for_targets(
    jobs: &mut [Job<'_>],
    places: &Places,
    kit: Option<&Kit>,
    watch: Watch<'_>,
) -> Result<(), OpError> {
    if jobs.iter().all(|job| job.to.is_some()) {
        return Ok(());
    }
    let Some(tags) = workspace::remote_tags(places, kit, watch)? else { return Ok(()) };
    let known = named(&tags);
    for job in jobs.iter_mut().filter(|job| job.to.is_none()) {
        job.to = newest_of(&known, &job.from);
    }
    Ok(())
}

/// The newest release of a series among the linux tree's tags, if it is newer than `from`.
pub(super) fn newest(store: &Store, from: &Tag) -> Result<Option<Tag>, OpError> {
    Ok(newest_of(&versions(store)?, from))
}

/// The newest release of the series of `from` that is newer; `known` begins with the oldest version.
fn newest_of(known: &[KernelVersion], from: &Tag) -> Option<Tag> {
    let version = from.version()?;
    let is_newer =
        |known: &&KernelVersion| known.rc().is_none() && known.series() == version.series() && **known > version;
    known.iter().rfind(is_newer).map(KernelVersion::tag)
}

/// The releases among the linux tree's tags, oldest version first; release candidates are none.
pub(super) fn releases(store: &Store) -> Result<Vec<KernelVersion>, OpError> {
    let mut versions = versions(store)?;
    versions.retain(|version| version.rc().is_none());
    Ok(versions)
}

/// The releases and release candidates among the linux tree's tags, oldest version first.
pub(super) fn versions(store: &Store) -> Result<Vec<KernelVersion>, OpError> {
    let tags = store.tags().map_err(|error| OpError::because("cannot read the tags of the linux tree", error))?;
    Ok(named(&tags))
}

/// The versions that are the names of tags, oldest first.
fn named(tags: &[String]) -> Vec<KernelVersion> {
    let known = tags.iter().filter_map(|name| Tag::parse(name).ok().filter(|tag| tag.as_str() == name));
    let mut versions: Vec<KernelVersion> = known.filter_map(|tag| tag.version()).collect();
    versions.sort_unstable();
    versions.dedup();
    versions
}
