//! Bumps that stopped for a person, each in a folder of its own below the linux tree's git directory.
//!
//! `kpatch/stopped/<series>-<target>/` holds the journal, the contents that decisions name, and `resolve/` with the
//! files to resolve. Nothing else is written while a bump is stopped: no ref, no object, nothing in the kit.

pub(super) mod journal;
pub(super) mod questions;
pub(super) mod scratch;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::OpError;
use super::compute::Computed;
use super::jobs::{Place, find_series};
use super::report::BumpReport;
use crate::carry::{Decisions, Pick, question as question_id};
use crate::git::{GitError, Store};
use crate::kit::Kit;
use crate::patch::Patch;
use crate::patch_set::PatchSet;
use journal::{Decided, Journal, Open, digest, folder_name, keep_objects, last_on, restore_objects};

/// Where all stopped bumps are, below the git directory.
const FOLDER: &str = "kpatch/stopped";
/// The files to resolve, in the folder of a stopped bump.
const RESOLVE: &str = "resolve";

/// A stopped bump.
#[derive(Debug)]
pub(super) struct Stopped {
    pub(super) folder: PathBuf,
    pub(super) journal: Journal,
}

/// The folder of the bump of a set to a target.
pub(super) fn folder(store: &Store, place: &Place<'_>, target: &str) -> PathBuf {
    let name = match place {
        Place::Kit(_, state) => state.name(),
        Place::Folder(folder) => folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into()),
    };
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' };
    let name: String = format!("{name}-{target}").chars().map(plain).collect();
    store.common_dir().join(FOLDER).join(name.trim_start_matches('.'))
}

/// The kit's top, or the bare patch directory: what a journal calls its home.
pub(super) fn home(place: &Place<'_>) -> PathBuf {
    let path = match place {
        Place::Kit(kit, _) => kit.top(),
        Place::Folder(folder) => folder,
    };
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// All stopped bumps of a linux tree, in the order of their names. One that cannot be read is an error.
pub(super) fn list(store: &Store) -> Result<Vec<Stopped>, OpError> {
    let Ok(entries) = std::fs::read_dir(store.common_dir().join(FOLDER)) else { return Ok(Vec::new()) };
    let mut folders: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    // What is being made or taken away has a dot in front.
    folders.retain(|path| !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')));
    folders.sort();
    folders.into_iter().filter_map(|folder| Stopped::read(folder).transpose()).collect()
}

/// Those of a kit and of bare directories, or of one bare directory, that wait.
pub(super) fn waiting(store: &Store, kit: Option<&Kit>, folder: Option<&Path>) -> Result<Vec<Stopped>, OpError> {
    waiting_and_landed(store, kit, folder).map(|(waiting, _)| waiting)
}

/// The same, and beside them those that landed before the process died that was to remove them.
pub(super) fn waiting_and_landed(
    store: &Store,
    kit: Option<&Kit>,
    folder: Option<&Path>,
) -> Result<(Vec<Stopped>, Vec<Stopped>), OpError> {
    let (mut waiting, mut landed) = (Vec::new(), Vec::new());
    for stopped in list(store)?.into_iter().filter(|stopped| stopped.is_of(kit, folder)) {
        let into = if stopped.has_landed(store, kit)? { &mut landed } else { &mut waiting };
        into.push(stopped);
    }
    Ok((waiting, landed))
}

/// Removes a folder, which another process sees whole or not at all; `gone` is where it is for an instant, beside it.
pub(super) fn remove_at_once(folder: &Path, gone: &Path) -> std::io::Result<()> {
    if gone.exists() {
        std::fs::remove_dir_all(gone)?;
    }
    if folder.exists() {
        std::fs::rename(folder, gone)?;
        std::fs::remove_dir_all(gone)?;
    }
    Ok(())
}

/// Removes what a process that died was about to remove. The caller holds the lock of the linux tree.
pub(super) fn sweep(store: &Store) {
    let parent = store.common_dir().join(FOLDER);
    let Ok(entries) = std::fs::read_dir(&parent) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
            // What stays is swept the next time.
            let _ = std::fs::remove_dir_all(&path);
        }
    }
    // Only if it is empty.
    let _ = std::fs::remove_dir(&parent);
}

impl Stopped {
    /// Where the files to resolve are.
    pub(super) fn resolve(&self) -> PathBuf {
        self.folder.join(RESOLVE)
    }

    /// One that is just about to be written down.
    pub(super) fn new(store: &Store, place: &Place<'_>, base: &str, target: &str, set: &PatchSet) -> Self {
        let journal = Journal::new(place.series(), home(place), base, target, set);
        Self { folder: folder(store, place, target), journal }
    }

    /// True if it is one of the set that lives there.
    pub(super) fn is_at(&self, place: &Place<'_>) -> bool {
        self.journal.home == home(place)
    }

    /// Tells the reader of a report where the files to resolve are.
    pub(super) fn tell(&self, patches: &[Patch], report: &mut BumpReport) {
        let resolve = self.resolve();
        let is_open =
            |patch: &Patch| self.journal.open.iter().any(|open| open.patch == patch.file && open.part == patch.part);
        for (patch, row) in patches.iter().zip(&mut report.patches).filter(|(patch, _)| is_open(patch)) {
            let folder = resolve.join(folder_name(&patch.file, patch.part));
            row.resolve = folder.is_dir().then(|| folder.display().to_string());
        }
        report.record = Some(self.folder.display().to_string());
    }

    /// The stopped bump in `folder`, if there is one.
    pub(super) fn read(folder: PathBuf) -> Result<Option<Self>, OpError> {
        Ok(Journal::read(&folder)?.map(|journal| Self { folder, journal }))
    }

    /// The decisions, before anything is made of them.
    pub(super) fn write_decisions(&self, store: &Store) -> Result<(), OpError> {
        self.begin()?;
        keep_objects(&self.folder, store, &self.journal.decisions)?;
        self.journal.write(&self.folder)
    }

    /// What it is called: the series or directory, and the target.
    pub(super) fn name(&self) -> String {
        let Journal { series, home, target, .. } = &self.journal;
        let set = series.clone().unwrap_or_else(|| home.display().to_string());
        format!("{set} to {target}")
    }

    /// True if it belongs to the kit, or to the bare patch directory; without either, if it belongs to no kit.
    pub(super) fn is_of(&self, kit: Option<&Kit>, folder: Option<&Path>) -> bool {
        let same = |path: &Path| path.canonicalize().is_ok_and(|path| path == self.journal.home);
        match (&self.journal.series, folder, kit) {
            (None, Some(folder), _) => same(folder),
            (None, None, _) => true,
            (Some(_), Some(_), _) | (Some(_), None, None) => false,
            // A kit that was moved, or copied together with its linux tree, is known by its series.
            (Some(series), None, Some(kit)) => {
                same(kit.top()) || (!self.journal.home.exists() && find_series(kit, series).is_ok())
            }
        }
    }

    /// True if it landed, and only the journal was left when the process died.
    pub(super) fn has_landed(&self, store: &Store, kit: Option<&Kit>) -> Result<bool, OpError> {
        let Some(mark) = &self.journal.landing else { return Ok(false) };
        if let Some(set) = &mark.set {
            let place = match (&self.journal.series, kit) {
                (Some(series), Some(kit)) => Place::Kit(kit, find_series(kit, series)?),
                _ => Place::Folder(self.journal.home.clone()),
            };
            return Ok(place.read().is_ok_and(|now| digest(&now) == *set));
        }
        let branch = store
            .resolve(&format!("refs/heads/{}", mark.branch))
            .map_err(|error| OpError::because("cannot read the linux tree", error))?;
        if branch.map(|id| id.to_string()).as_ref() != Some(&mark.commit) {
            return Ok(false);
        }
        let (Some(series), Some(kit)) = (&self.journal.series, kit) else { return Ok(self.journal.series.is_none()) };
        let target = crate::version::Tag::parse(&self.journal.target).ok().and_then(|tag| tag.version());
        Ok(find_series(kit, series).is_ok_and(|state| target.is_some_and(|target| state.versions.contains(&target))))
    }

    /// The decisions for carrying, with the contents that they name in the store.
    pub(super) fn restore(&self, store: &Store) -> Result<(), OpError> {
        restore_objects(&self.folder, store, &self.journal.decisions)
    }

    /// Writes the journal first and then the files to resolve, so that a journal never names less than there is to go
    /// on from. Folders of patches that wait no more go away; those that are there stay as a person left them.
    pub(super) fn keep(&mut self, store: &Store, patches: &[Patch], computed: &Computed) -> Result<(), OpError> {
        let failed = |error: GitError| OpError::because("cannot read the linux tree", error);
        let before: HashMap<String, Option<String>> =
            self.journal.open.iter().map(|open| (open.folder(), open.question.clone())).collect();
        let mut questions = Vec::new();
        self.journal.open.clear();
        let why = super::why::of(store, patches, computed).map_err(failed)?;
        for ((patch, pick), why) in patches.iter().zip(&computed.carried.picks).zip(why) {
            if !pick.is_open() {
                continue;
            }
            self.journal.open.push(Open {
                patch: patch.file.clone(),
                part: patch.part,
                outcome: super::present::name(&pick.outcome).as_str().to_owned(),
                question: question_id(store, pick).map_err(failed)?,
            });
            questions.extend(questions::question(store, patch, pick, computed, why).map_err(failed)?);
        }
        self.begin()?;
        keep_objects(&self.folder, store, &self.journal.decisions)?;
        let resolve = self.resolve();
        for open in &self.journal.open {
            let name = open.folder();
            if before.get(&name).is_some_and(|before| *before != open.question) {
                scratch::put_aside(&resolve, &name)?;
            }
        }
        self.journal.write(&self.folder)?;
        // What was decided is in the journal; a folder that stays could be taken for an answer later.
        let asked = |name: &String| questions.iter().any(|question| question.name == *name);
        let done = patches.iter().map(|patch| folder_name(&patch.file, patch.part)).filter(|name| !asked(name));
        scratch::remove(&resolve, done)?;
        for question in &questions {
            scratch::write(&resolve, question)?;
        }
        Ok(())
    }

    fn begin(&self) -> Result<(), OpError> {
        std::fs::create_dir_all(&self.folder)
            .map_err(|error| OpError::because(format!("cannot write '{}'", self.folder.display()), error))
    }

    /// Takes it away, all at once.
    pub(super) fn remove(&self) -> Result<(), OpError> {
        let parent = self.folder.parent().unwrap_or(Path::new("."));
        let name = self.folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        remove_at_once(&self.folder, &parent.join(format!(".{name}.gone")))
            .map_err(|error| OpError::because(format!("cannot remove '{}'", self.folder.display()), error))?;
        // Only if it is empty.
        let _ = std::fs::remove_dir(parent);
        Ok(())
    }
}

/// The patches that wait, with what became of them.
pub(super) fn open<'a>(patches: &'a [Patch], picks: &'a [Pick]) -> impl Iterator<Item = (&'a Patch, &'a Pick)> {
    patches.iter().zip(picks).filter(|(_, pick)| pick.is_open())
}

/// The decisions as carrying takes them.
pub(super) fn decisions(patches: &[Patch], decided: &[Decided]) -> Result<Decisions, OpError> {
    let mut all = Decisions::new();
    for (at, patch) in patches.iter().enumerate() {
        if let Some(last) = last_on(decided, patch) {
            let damaged = || OpError::new(format!("the journal's decision on '{}' cannot be read", patch.file));
            all.insert(at, last.decision().ok_or_else(|| damaged().hint("kpatch abort, and bump again"))?);
        }
    }
    Ok(all)
}
