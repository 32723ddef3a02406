//! The last act: branch, patch directory and version, all or nothing.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::OpError;
use super::file_changes::{self, FileChanges};
use super::jobs::Place;
use super::new_set::NewFile;
use super::report::FileReport;
use super::undo_record::{Record, remember};
use super::workspace::{self, Linux, kit_error};
use crate::files::{self, Change, FilesError, Recovered};
use crate::git::{Oid, Pack, RefUpdate, Store};
use crate::kit::{FileChange, Kit, SeriesState};
use crate::patch_set::PatchSet;
use crate::propose::Resolution;
use crate::version::{KernelVersion, Tag};

/// How long a lock of a ref has to stay as it is before it counts as one that nobody holds.
const LOCK_PATIENCE: Duration = Duration::from_millis(500);

/// What is going to change in a kit.
#[derive(Debug)]
pub(super) struct Landing {
    /// Paths in `changes` are relative to it.
    root: PathBuf,
    work: PathBuf,
    changes: Vec<Change>,
    files: Vec<FileReport>,
    /// The series in the kit; absent for a bare patch directory.
    series: Option<String>,
    /// Whether it is written down so that it can be taken back.
    remembered: bool,
}

/// The refs of a landing, as they stand in its journal.
#[derive(Debug, Serialize, Deserialize)]
struct Refs {
    git_dir: PathBuf,
    message: String,
    seconds: i64,
    updates: Vec<Update>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Update {
    name: String,
    old: Option<String>,
    new: Option<String>,
}

impl Landing {
    /// Works out what a bump changes; nothing is written.
    pub(super) fn plan(
        out: Option<&Path>,
        place: &Place<'_>,
        from: &Tag,
        to: &Tag,
        old: &PatchSet,
        new: &[NewFile],
    ) -> Result<Self, OpError> {
        match place {
            Place::Folder(folder) => Self::folder(out.unwrap_or(folder), folder, old, new),
            Place::Kit(kit, state) => {
                let moved = match (from.version(), to.version()) {
                    (Some(from), Some(to)) if from.series() != to.series() => Some(to.series()),
                    _ => None,
                };
                let target = match &moved {
                    Some(series) => kit.patches_dir_of(series, &state.variant).map_err(kit_error)?,
                    None => state.patches_dir.clone(),
                };
                let mut landing = Self::of_kit(kit, state);
                if target != state.patches_dir {
                    if target.exists() {
                        return Err(OpError::new(format!("'{}' exists already", target.display()))
                            .hint("another series lives there; carry to a tag of its own series, or move it away"));
                    }
                    landing.set_directory(&state.patches_dir, &state.patches_dir, old, &[])?;
                }
                landing.set_directory(&target, &state.patches_dir, old, new)?;
                let versions = (state.version_at(from), state.version_at(to));
                if let (Some(from), Some(to), false) = (versions.0, versions.1, state.versions.is_empty()) {
                    landing.set_version(kit, state, &from, &to)?;
                }
                Ok(landing)
            }
        }
    }

    /// A landing that only writes a patch directory.
    pub(super) fn folder(target: &Path, source: &Path, old: &PatchSet, new: &[NewFile]) -> Result<Self, OpError> {
        let target = std::path::absolute(target)
            .map_err(|error| OpError::because(format!("cannot use '{}'", target.display()), error))?;
        let source = std::path::absolute(source)
            .map_err(|error| OpError::because(format!("cannot use '{}'", source.display()), error))?;
        let parent = target.parent().ok_or_else(|| OpError::new("a patch directory has a parent"))?.to_owned();
        if target != source && std::fs::read_dir(&target).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(OpError::new(format!("'{}' is not empty", target.display())).hint("name a new directory"));
        }
        let mut landing = Self::new(&parent, parent.join(files::WORK_DIR));
        landing.set_directory(&target, &source, old, new)?;
        Ok(landing)
    }

    /// A landing that gives one patch directory of a kit another set, and does nothing else.
    pub(super) fn of_set(kit: &Kit, state: &SeriesState, old: &PatchSet, new: &[NewFile]) -> Result<Self, OpError> {
        let mut landing = Self::of_kit(kit, state);
        landing.set_directory(&state.patches_dir, &state.patches_dir, old, new)?;
        Ok(landing)
    }

    /// A landing that writes one patch directory of a kit, and the version of `base` if the kit has another one.
    pub(super) fn directory(
        kit: &Kit,
        state: &SeriesState,
        base: &Tag,
        old: &PatchSet,
        new: &[NewFile],
    ) -> Result<Self, OpError> {
        let mut landing = Self::of_set(kit, state, old, new)?;
        if let ([current], Some(version)) = (state.versions.as_slice(), state.version_at(base))
            && *current != version
            && state.is_of(&version)
        {
            landing.set_version(kit, state, current, &version)?;
        }
        Ok(landing)
    }

    /// Adds the resolutions of conflicts to those that the kit keeps; one that it has stays as it is.
    pub(super) fn add_resolutions(&mut self, kit: &Kit, new: &[Resolution]) -> Result<(), OpError> {
        let folder = kit.work_dir().join(super::proposals::FOLDER);
        let (target, shown) = self.relative(&folder)?;
        let mut keep = Vec::new();
        if let Ok(entries) = std::fs::read_dir(&folder) {
            for entry in entries {
                keep.push(entry.map_err(|e| OpError::because(format!("cannot read '{shown}'"), e))?.file_name());
            }
        }
        let mut files: Vec<(String, Vec<u8>)> = new.iter().map(|one| (one.file_name(), one.to_bytes())).collect();
        files.retain(|(name, _)| !keep.iter().any(|known| *known == **name));
        files.sort();
        files.dedup_by(|a, b| a.0 == b.0);
        if files.is_empty() {
            return Ok(());
        }
        self.files.extend(
            files.iter().map(|(name, _)| FileReport { path: format!("{shown}/{name}"), change: "written".into() }),
        );
        self.changes.push(Change::Dir { target, files, keep });
        Ok(())
    }

    fn set_version(
        &mut self,
        kit: &Kit,
        state: &SeriesState,
        old: &KernelVersion,
        new: &KernelVersion,
    ) -> Result<(), OpError> {
        self.add(kit.version_edit(state, old, new).map_err(kit_error)?.into())
    }

    /// Adds a file that comes, changes or goes; directories come and go with it.
    pub(super) fn add(&mut self, change: FileChange) -> Result<(), OpError> {
        let FileChange { path, old, new } = change;
        let (target, _) = self.relative(&path)?;
        let change = Change::File { target, old, new, executable: false };
        self.files.push(file_changes::report(&change));
        self.changes.push(change);
        Ok(())
    }

    /// What lands, relative to the root.
    pub(super) fn changes(&self) -> &[Change] {
        &self.changes
    }

    fn new(root: &Path, work: PathBuf) -> Self {
        Self { root: root.to_owned(), work, changes: Vec::new(), files: Vec::new(), series: None, remembered: true }
    }

    fn of_kit(kit: &Kit, state: &SeriesState) -> Self {
        Self { series: Some(state.name()), ..Self::new(kit.top(), kit.work_dir()) }
    }

    /// A landing of single files of a kit, of one series or of none.
    pub(super) fn of_files(kit: &Kit, series: Option<String>, changes: FileChanges) -> Self {
        let files = changes.reports();
        let changes = changes.into_changes();
        Self { changes, files, series, ..Self::new(kit.top(), kit.work_dir()) }
    }

    /// A landing that takes another one back.
    pub(super) fn backwards(record: &Record, folder: &Path) -> Result<Self, OpError> {
        let mut files = Vec::new();
        for both in &record.changes {
            let shown = both.target.display();
            let path = |name: &str| if both.directory { format!("{shown}/{name}") } else { shown.to_string() };
            let change = if both.directory || both.after.is_empty() { "written" } else { "edited" };
            for (name, _) in both.before.iter().filter(|file| !both.after.contains(file)) {
                files.push(FileReport { path: path(name), change: change.into() });
            }
            for (name, _) in both.after.iter().filter(|(name, _)| !both.before.iter().any(|(old, _)| old == name)) {
                files.push(FileReport { path: path(name), change: "removed".into() });
            }
        }
        let changes = record.backwards(folder)?;
        Ok(Self { changes, files, remembered: false, ..Self::new(record.root(), record.work.clone()) })
    }

    /// Gives `target` the new files; what is in it and is no patch of the old set stays.
    fn set_directory(&mut self, target: &Path, source: &Path, old: &PatchSet, new: &[NewFile]) -> Result<(), OpError> {
        let (relative, shown) = self.relative(target)?;
        let ours = |name: &std::ffi::OsStr| old.patches.iter().any(|patch| name == patch.file.as_str());
        let mut keep = Vec::new();
        if let Ok(entries) = std::fs::read_dir(target) {
            for entry in entries {
                let name = entry.map_err(|e| OpError::because(format!("cannot read '{shown}'"), e))?.file_name();
                if !ours(&name) {
                    if new.iter().any(|file| name == file.name.as_str()) {
                        return Err(OpError::new(format!("'{shown}/{}' is in the way", name.to_string_lossy())));
                    }
                    keep.push(name);
                }
            }
        }
        let moved = target != source;
        let written = new.iter().filter(|file| moved || !file.kept);
        let mut reports: Vec<FileReport> = written
            .map(|file| FileReport { path: format!("{shown}/{}", file.name), change: "written".into() })
            .collect();
        for (name, _) in old.files() {
            if !moved && !new.iter().any(|file| file.name == *name) {
                reports.push(FileReport { path: format!("{shown}/{name}"), change: "removed".into() });
            }
        }
        // Equal bytes are no change: the directory itself stays as it is.
        if reports.is_empty() {
            return Ok(());
        }
        reports.sort_by(|a, b| a.path.cmp(&b.path));
        self.files.extend(reports);
        let files = new.iter().map(|file| (file.name.clone(), file.bytes.clone())).collect();
        self.changes.push(Change::Dir { target: relative, files, keep });
        Ok(())
    }

    fn relative(&self, path: &Path) -> Result<(PathBuf, String), OpError> {
        let inside = path
            .strip_prefix(&self.root)
            .map_err(|_| OpError::new(format!("'{}' is outside of '{}'", path.display(), self.root.display())))?;
        Ok((inside.to_owned(), inside.display().to_string()))
    }

    /// What changes, for the report.
    pub(super) fn files(&self) -> Vec<FileReport> {
        self.files.clone()
    }

    /// Lands: objects, then branch, patch directory and version at once.
    pub(super) fn land(self, store: &Store, pack: Pack, updates: &[RefUpdate], message: &str) -> Result<(), OpError> {
        let staged = self.stage(store, updates, message)?;
        // Only now, so that a kit that cannot be written leaves no objects behind.
        if let Err(error) = store.write(pack) {
            staged.abandon();
            return Err(OpError::because("cannot write the carried commits", error));
        }
        finish(staged)
    }

    /// Stages, commits and finishes.
    pub(super) fn commit(self, store: &Store, updates: &[RefUpdate], message: &str) -> Result<(), OpError> {
        finish(self.stage(store, updates, message)?)
    }

    /// The same without refs. Where a linux tree is at hand, it is written down there, so that it can be taken back.
    pub(super) fn commit_files(self, linux: Option<&Linux>, what: &str, message: &str) -> Result<(), OpError> {
        let Some(linux) = linux else { return land_files(&self.root, &self.work, &self.changes, message) };
        let _lock = workspace::lock_linux(linux, what)?;
        self.commit(&linux.store, &[], message)
    }

    fn stage(self, store: &Store, updates: &[RefUpdate], message: &str) -> Result<files::Landing, OpError> {
        if self.remembered && !(self.changes.is_empty() && updates.is_empty()) {
            let Self { root, work, series, changes, .. } = &self;
            remember(store, root, work, series.clone(), changes, updates, message)?;
        }
        let seconds = chrono::Utc::now().timestamp();
        let refs = Refs {
            git_dir: std::path::absolute(store.git_dir()).unwrap_or_else(|_| store.git_dir().to_owned()),
            message: message.to_owned(),
            seconds,
            updates: updates
                .iter()
                .map(|update| Update {
                    name: update.name.clone(),
                    old: update.old.map(|id| id.to_string()),
                    new: update.new.map(|id| id.to_string()),
                })
                .collect(),
        };
        let refs = serde_json::to_value(&refs).expect("names and ids are json");
        files::Landing::stage(&self.work, &self.root, &self.changes, refs).map_err(old_state)
    }
}

/// Lands changes of files alone, all of them or none. The caller holds the lock of the place.
pub(super) fn land_files(root: &Path, work: &Path, changes: &[Change], message: &str) -> Result<(), OpError> {
    let refs = Refs { git_dir: PathBuf::new(), message: message.to_owned(), seconds: 0, updates: Vec::new() };
    let refs = serde_json::to_value(&refs).expect("a message is json");
    finish(files::Landing::stage(work, root, changes, refs).map_err(old_state)?)
}

/// From here on there is no way back but forward.
fn finish(staged: files::Landing) -> Result<(), OpError> {
    let committed = staged.commit().map_err(old_state)?;
    committed.finish(update_refs).map_err(|error| OpError::because("cannot land", error))
}

fn old_state(error: FilesError) -> OpError {
    OpError::because("cannot land; the old state is in place", error)
}

/// The update that makes `branch` point to `tip`; none if it does already.
pub(super) fn branch_update(store: &Store, branch: &str, tip: Oid, replace: bool) -> Result<Vec<RefUpdate>, OpError> {
    let name = format!("refs/heads/{branch}");
    let old = store.resolve(&name).map_err(|error| OpError::because("cannot read the linux tree", error))?;
    match old {
        Some(old) if old == tip => Ok(Vec::new()),
        Some(_) if !replace => Err(OpError::new(format!("the linux tree has a branch '{branch}' with other commits"))
            .hint("move it away with git branch -m, or say --replace-branch")),
        Some(_) if store.is_checked_out(branch) => {
            Err(OpError::new(format!("branch '{branch}' is checked out in a work tree of the linux tree"))
                .hint("switch that work tree to another branch first"))
        }
        old => Ok(vec![RefUpdate { name, old, new: Some(tip) }]),
    }
}

/// Takes the ref updates of a journal; those that were taken before are done.
fn update_refs(journal: &serde_json::Value) -> Result<(), OpError> {
    let failed = |error: crate::git::GitError| OpError::because("cannot update the branch", error);
    let refs: Refs = serde_json::from_value(journal.clone())
        .map_err(|error| OpError::because("cannot read the journal of the landing", error))?;
    if refs.updates.is_empty() {
        return Ok(());
    }
    let store = Store::open(&refs.git_dir).map_err(failed)?;
    let id = |text: &Option<String>| text.as_ref().and_then(|hex| Oid::from_hex(hex.as_bytes()).ok());
    let mut todo = Vec::new();
    for update in &refs.updates {
        let (old, new) = (id(&update.old), id(&update.new));
        if store.resolve(&update.name).map_err(failed)? != new {
            todo.push(RefUpdate { name: update.name.clone(), old, new });
        }
    }
    store.update_refs(&todo, &refs.message, refs.seconds).map_err(failed)
}

/// Removes the locks of refs that the process which was cut off has left behind.
///
/// Such a lock is empty or holds the very commit that the journal names, and it stays: a git at work on the same
/// branch would hold its lock for an instant, with a commit of its own.
fn break_stale_locks(journal: &serde_json::Value) -> Result<(), OpError> {
    let Ok(refs) = serde_json::from_value::<Refs>(journal.clone()) else { return Ok(()) };
    let Ok(store) = Store::open(&refs.git_dir) else { return Ok(()) };
    for update in &refs.updates {
        let path = store.common_dir().join(format!("{}.lock", update.name));
        let is_ours = || {
            let text = std::fs::read_to_string(&path).ok()?;
            let text = text.trim_end();
            Some(text.is_empty() || update.new.as_deref() == Some(text))
        };
        if is_ours() != Some(true) {
            continue;
        }
        std::thread::sleep(LOCK_PATIENCE);
        if is_ours() == Some(true) {
            std::fs::remove_file(&path).map_err(|error| {
                OpError::because(format!("cannot remove the stale lock '{}'", path.display()), error)
            })?;
        }
    }
    Ok(())
}

/// Brings a landing that was cut off to its end. The caller holds the kit's lock.
pub(super) fn recover(work: &Path, root: &Path) -> Result<Option<&'static str>, OpError> {
    let update = |journal: &serde_json::Value| {
        break_stale_locks(journal)?;
        update_refs(journal)
    };
    let recovered = files::Landing::recover(work, root, update)
        .map_err(|error| OpError::because("cannot finish a landing that was cut off", error))?;
    Ok(match recovered {
        Recovered::Nothing => None,
        Recovered::RolledBack => Some("rolled-back"),
        Recovered::Completed => Some("completed"),
    })
}
