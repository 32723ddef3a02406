//! The all-or-nothing change of a kit: a patch directory, a version file and refs, together.
//!
//! Everything new is first written beside the old, under `.kpatch/landing.tmp`, with a journal of the steps. The
//! rename to `.kpatch/landing` is the instant that counts: before it, the old state is kept; after it, the steps are
//! taken, and taken again by whoever comes next if the process dies, until all of the new state is there. A step
//! finds out by contents whether it has been taken already, so it may be interrupted and repeated at will.

use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::journal::{Journal, Stamp, Step, relative, resolve};
use super::moves::{exchange, mode_of, remove_staged, rename_new, stage_dir};
use super::{FilesError, cannot, lstat, parent, sync_dir, tidy, write_new};

/// Being prepared; thrown away if found.
const STAGING: &str = "landing.tmp";
/// Committed; completed if found.
const COMMITTED: &str = "landing";
/// Completed; the rest of it is thrown away if found.
const DONE: &str = "landing.done";

/// One thing that a landing changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The patch directory `target` gets exactly these files, besides the `keep`ers that are in it now.
    ///
    /// Neither files nor keepers: the directory goes away, since git keeps no empty one.
    Dir {
        /// Relative to the root of the landing.
        target: PathBuf,
        /// Name and bytes of each file.
        files: Vec<(String, Vec<u8>)>,
        /// Names of the entries that stay as they are.
        keep: Vec<OsString>,
    },
    /// The file `target` gets these bytes, provided that it still has the `old` ones.
    ///
    /// Directories that a new file needs are made; those that a file leaves empty go with it.
    File {
        /// Relative to the root of the landing.
        target: PathBuf,
        /// Bytes that the change was made from; absent for a file that must not be there yet.
        old: Option<Vec<u8>>,
        /// Bytes to land; absent for a file that goes.
        new: Option<Vec<u8>>,
        /// Whether a file that is new is a program. One that is there keeps its permissions.
        executable: bool,
    },
}

/// What [`Landing::recover`] found and did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovered {
    /// Nothing was interrupted.
    Nothing,
    /// A change was interrupted before it counted: the old state is there.
    RolledBack,
    /// A change was interrupted after it counted: now all of the new state is there.
    Completed,
}

/// Called at every write with its name; an error stands for the death of the process. In production it does nothing.
pub(super) type Hook<'a> = &'a dyn Fn(&'static str) -> Result<(), FilesError>;

/// Lets everything pass.
const ALIVE: Hook<'static> = &|_| Ok(());

/// A prepared change. One that is dropped stays in the work directory for [`Landing::recover`] to throw away.
///
/// The caller holds the [`super::Lock`] of the kit from `stage` to the end of `finish`, and during `recover`.
#[derive(Debug)]
#[must_use = "a landing changes nothing before it is committed"]
pub struct Landing {
    place: Place,
    journal: Journal,
}

/// A change that counts: finished by [`Committed::finish`], or by [`Landing::recover`] after a crash.
#[derive(Debug)]
#[must_use = "a committed landing has to be finished"]
pub struct Committed(Landing);

/// Where a landing works.
#[derive(Debug, Clone)]
struct Place {
    /// `kernel/.kpatch`.
    work: PathBuf,
    /// The directory that targets are relative to.
    root: PathBuf,
    /// Whether the file system may be asked to exchange two directories.
    may_exchange: bool,
}

impl Committed {
    /// Takes every step: first the caller's `update` of refs, then the files.
    ///
    /// `update` has to be all or nothing, and has to take refs that have their new values already for done. If it
    /// fails, or if somebody has changed a target since it was staged, the landing is withdrawn and the old state
    /// stays. After any other error the landing waits for [`Landing::recover`].
    pub fn finish<E>(self, update: impl FnOnce(&serde_json::Value) -> Result<(), E>) -> Result<(), FilesError>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let Landing { place, journal } = self.0;
        let update = || update(&journal.refs).map_err(|error| FilesError::Refs(error.into()));
        if let Err(error) = place.check(&journal).and_then(|()| update()) {
            place.withdraw()?;
            return Err(error);
        }
        place.take_steps(&journal, ALIVE)
    }
}

impl Landing {
    /// Writes all of `changes` below the work directory `work` (`kernel/.kpatch`), durable, and changes nothing yet.
    ///
    /// Targets are relative to `root`, on the same file system as `work`, and not reached through links. `refs` is
    /// handed to the update of refs in [`Committed::finish`] and [`Landing::recover`]. On an error nothing is left.
    pub fn stage(work: &Path, root: &Path, changes: &[Change], refs: serde_json::Value) -> Result<Self, FilesError> {
        let place = Place::new(work, root);
        place.make_work()?;
        let landing = place.stage(changes, refs, ALIVE);
        if landing.is_err() {
            place.throw_away_staging();
        }
        landing
    }

    /// True if nothing would change but the refs.
    pub fn is_empty(&self) -> bool {
        self.journal.steps.is_empty()
    }

    /// The instant that counts: from here on the change will be completed, by this process or by the next one. On an
    /// error the old state stays and nothing is left.
    pub fn commit(self) -> Result<Committed, FilesError> {
        match self.place.commit(ALIVE) {
            Ok(()) => Ok(Committed(self)),
            Err(error) => {
                self.place.withdraw()?;
                Err(error)
            }
        }
    }

    /// Throws the prepared change away.
    pub fn abandon(self) {
        self.place.throw_away_staging();
    }

    /// Brings an interrupted change to its end: the old state if it had not counted yet, else the new one.
    ///
    /// `update` is that of [`Committed::finish`]. If it fails, or if a target has been changed by somebody since, the
    /// landing is left as it is, to be recovered once that is put right, or discarded.
    pub fn recover<E>(
        work: &Path,
        root: &Path,
        update: impl FnOnce(&serde_json::Value) -> Result<(), E>,
    ) -> Result<Recovered, FilesError>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let place = Place::new(work, root);
        place.recover(update, ALIVE)
    }

    /// Whether [`Landing::recover`] has something to do.
    pub fn is_interrupted(work: &Path) -> bool {
        [STAGING, COMMITTED, DONE].iter().any(|name| work.join(name).symlink_metadata().is_ok())
    }

    /// Throws an interrupted landing away that cannot be completed, provided that none of its files has landed.
    /// The refs are the caller's to look after. True if there was one.
    pub fn discard(work: &Path, root: &Path) -> Result<bool, FilesError> {
        let place = Place::new(work, root);
        if !place.exists(COMMITTED)? {
            return Ok(false);
        }
        let journal = Journal::read(&place.path(COMMITTED))?;
        for (index, step) in journal.steps.iter().enumerate() {
            if place.state(index, step)? != State::Waiting {
                return Err(FilesError::Begun { path: place.path(COMMITTED) });
            }
        }
        place.withdraw()?;
        Ok(true)
    }
}

/// How far a step has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not taken: the old state is there.
    Waiting,
    /// The old is out of the way, the new is not there yet.
    Halfway,
    /// Taken.
    Taken,
    /// Neither the old nor the new is there.
    Foreign,
}

impl Place {
    fn new(work: &Path, root: &Path) -> Self {
        Self { work: work.to_owned(), root: root.to_owned(), may_exchange: true }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.work.join(name)
    }

    fn exists(&self, name: &str) -> Result<bool, FilesError> {
        Ok(lstat(&self.path(name))?.is_some())
    }

    /// The new state of step `index` inside the landing `name`.
    fn staged(&self, name: &str, index: usize) -> PathBuf {
        self.path(name).join(format!("{index}.new"))
    }

    /// Where step `index` puts the old state.
    fn retired(&self, index: usize) -> PathBuf {
        self.path(COMMITTED).join(format!("{index}.old"))
    }

    fn make_work(&self) -> Result<(), FilesError> {
        match fs::create_dir(&self.work) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(cannot("create", &self.work)(error)),
            _ if lstat(&self.work)?.is_some_and(|found| found.is_symlink()) => {
                Err(FilesError::Symlink { path: self.work.clone() })
            }
            _ => Ok(()),
        }
    }

    /// As far as it can be done: what stays is thrown away by the next recovery.
    fn throw_away_staging(&self) {
        let _ = fs::remove_dir_all(self.path(STAGING));
        tidy(&self.work);
    }

    fn remove(&self, name: &str) -> Result<(), FilesError> {
        let path = self.path(name);
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(cannot("remove", &path)(error)),
            _ => Ok(()),
        }
    }

    fn stage(&self, changes: &[Change], refs: serde_json::Value, hook: Hook<'_>) -> Result<Landing, FilesError> {
        if self.exists(COMMITTED)? {
            return Err(FilesError::Unfinished { path: self.path(COMMITTED) });
        }
        self.remove(STAGING)?;
        hook("make the staging directory")?;
        let staging = self.path(STAGING);
        fs::create_dir(&staging).map_err(cannot("create", &staging))?;
        let mut steps: Vec<Step> = Vec::new();
        for change in changes {
            let step = self.stage_one(steps.len(), change, hook)?;
            if steps.iter().any(|other| overlap(&other.target, &step.target)) {
                return Err(FilesError::Outside { path: step.target.into() });
            }
            if step.old != step.new {
                steps.push(step);
            } else if step.new.is_some() {
                remove_staged(&self.staged(STAGING, steps.len()))?;
            }
        }
        let journal = Journal::new(steps, refs);
        hook("write the journal")?;
        journal.write(&staging)?;
        hook("sync the staging directory")?;
        sync_dir(&staging)?;
        Ok(Landing { place: self.clone(), journal })
    }

    fn stage_one(&self, index: usize, change: &Change, hook: Hook<'_>) -> Result<Step, FilesError> {
        let (Change::Dir { target, .. } | Change::File { target, .. }) = change;
        let target = relative(target)?;
        let path = resolve(&self.root, &target)?;
        self.check_device(&path)?;
        let old = Stamp::of(&path)?;
        let staged = self.staged(STAGING, index);
        match change {
            Change::Dir { files, keep, .. } => {
                if matches!(old, Some(Stamp::File(_))) {
                    return Err(FilesError::Changed { path });
                }
                if !files.is_empty() || !keep.is_empty() {
                    stage_dir(&path, &staged, files, keep, hook)?;
                }
            }
            Change::File { old: expected, new, executable, .. } => {
                let mode = match (lstat(&path)?, expected) {
                    (None, None) => executable.then_some(0o755),
                    (Some(found), Some(expected))
                        if found.is_file() && fs::read(&path).map_err(cannot("read", &path))? == *expected =>
                    {
                        Some(mode_of(&path)?)
                    }
                    _ => return Err(FilesError::Changed { path }),
                };
                if let Some(new) = new {
                    hook("stage the file")?;
                    write_new(&staged, new, mode)?;
                }
            }
        }
        Ok(Step { target, old, new: Stamp::of(&staged)? })
    }

    /// A rename cannot cross file systems, and it must not fail once the landing has counted.
    fn check_device(&self, target: &Path) -> Result<(), FilesError> {
        let device = |path: &Path| fs::metadata(path).map(|found| found.dev()).map_err(cannot("look at", path));
        let mut dir = parent(target);
        while lstat(dir)?.is_none() && dir != self.root {
            dir = parent(dir);
        }
        let target_is_elsewhere = match lstat(target)? {
            Some(found) => found.dev() != device(&self.work)?,
            None => false,
        };
        if target_is_elsewhere || device(dir)? != device(&self.work)? {
            return Err(FilesError::CrossDevice { path: target.to_owned(), work: self.work.clone() });
        }
        Ok(())
    }

    fn commit(&self, hook: Hook<'_>) -> Result<(), FilesError> {
        hook("commit")?;
        let (from, to) = (self.path(STAGING), self.path(COMMITTED));
        rename_new(&from, &to)?;
        sync_dir(&self.work)?;
        sync_dir(parent(&self.work))
    }

    /// Takes a committed landing back, of which no file has landed.
    fn withdraw(&self) -> Result<(), FilesError> {
        if self.exists(COMMITTED)? {
            rename_new(&self.path(COMMITTED), &self.path(STAGING))?;
            sync_dir(&self.work)?;
        }
        self.throw_away_staging();
        Ok(())
    }

    fn recover<E>(
        &self,
        update: impl FnOnce(&serde_json::Value) -> Result<(), E>,
        hook: Hook<'_>,
    ) -> Result<Recovered, FilesError>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        if lstat(&self.work)?.is_some_and(|found| found.is_symlink()) {
            return Err(FilesError::Symlink { path: self.work.clone() });
        }
        let mut recovered = Recovered::Nothing;
        if self.exists(STAGING)? {
            hook("throw the staging directory away")?;
            self.remove(STAGING)?;
            recovered = Recovered::RolledBack;
        }
        if self.exists(COMMITTED)? {
            let journal = Journal::read(&self.path(COMMITTED))?;
            self.check(&journal)?;
            hook("update the refs")?;
            update(&journal.refs).map_err(|error| FilesError::Refs(error.into()))?;
            self.take_steps(&journal, hook)?;
            recovered = Recovered::Completed;
        } else if self.exists(DONE)? {
            self.remove(DONE)?;
            recovered = Recovered::Completed;
        }
        tidy(&self.work);
        Ok(recovered)
    }

    /// Every target has to be in its old or in its new state.
    fn check(&self, journal: &Journal) -> Result<(), FilesError> {
        for (index, step) in journal.steps.iter().enumerate() {
            if self.state(index, step)? == State::Foreign {
                return Err(FilesError::Changed { path: self.root.join(&step.target) });
            }
        }
        Ok(())
    }

    fn state(&self, index: usize, step: &Step) -> Result<State, FilesError> {
        let now = Stamp::of(&resolve(&self.root, &step.target)?)?;
        Ok(if now == step.new {
            State::Taken
        } else if now == step.old {
            State::Waiting
        } else if now.is_none() && step.old.is_some() && Stamp::of(&self.retired(index))? == step.old {
            State::Halfway
        } else {
            State::Foreign
        })
    }

    fn take_steps(&self, journal: &Journal, hook: Hook<'_>) -> Result<(), FilesError> {
        for (index, step) in journal.steps.iter().enumerate() {
            let target = resolve(&self.root, &step.target)?;
            let state = self.state(index, step)?;
            hook("take a step")?;
            match state {
                State::Taken => {}
                State::Waiting => self.take(index, step, &target, hook)?,
                State::Halfway => rename_new(&self.staged(COMMITTED, index), &target)?,
                State::Foreign => return Err(FilesError::Changed { path: target }),
            }
            hook("sync a step")?;
            if step.new.is_none() {
                self.prune(&target)?;
            } else {
                sync_dir(parent(&target))?;
            }
            sync_dir(&self.path(COMMITTED))?;
        }
        hook("finish")?;
        // Renamed first: a landing that is thrown away halfway has no journal to be completed by.
        self.remove(DONE)?;
        rename_new(&self.path(COMMITTED), &self.path(DONE))?;
        sync_dir(&self.work)?;
        hook("throw the old state away")?;
        self.remove(DONE)?;
        tidy(&self.work);
        Ok(())
    }

    /// Removes the directories that the removal of `target` has left empty, and syncs the one that stays.
    fn prune(&self, target: &Path) -> Result<(), FilesError> {
        let mut dir = parent(target);
        while dir != self.root && (lstat(dir)?.is_none() || fs::remove_dir(dir).is_ok()) {
            dir = parent(dir);
        }
        sync_dir(dir)
    }

    fn take(&self, index: usize, step: &Step, target: &Path, hook: Hook<'_>) -> Result<(), FilesError> {
        let staged = self.staged(COMMITTED, index);
        let retired = self.retired(index);
        match (&step.old, &step.new) {
            (None, _) => {
                let dir = parent(target);
                fs::create_dir_all(dir).map_err(cannot("create", dir))?;
                sync_dir(parent(dir))?;
                rename_new(&staged, target)
            }
            (Some(_), None) => fs::rename(target, &retired).map_err(cannot("remove", target)),
            (Some(Stamp::File(_)), Some(_)) => fs::rename(&staged, target).map_err(cannot("replace", target)),
            (Some(Stamp::Dir(_)), Some(_)) => {
                if self.may_exchange && exchange(&staged, target)? {
                    return Ok(());
                }
                // The file system cannot exchange: for an instant there is no directory, which a recovery mends.
                fs::rename(target, &retired).map_err(cannot("replace", target))?;
                hook("between two renames")?;
                rename_new(&staged, target)
            }
        }
    }
}

/// True if one target is the other or lies inside it.
fn overlap(a: &str, b: &str) -> bool {
    let inside = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    inside(a, b) || inside(b, a)
}

#[cfg(test)]
#[path = "landing_tests.rs"]
mod tests;
