//! `kpatch undo`: takes back the last change that landed, or gives up the bump that is stopped.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::landing::Landing;
use super::report::FileReport;
use super::resume::Which;
use super::undo_record::{Record, State, forget, records};
use super::{OpError, Watch, stopped, workspace};
use crate::git::{GitError, Oid, RefUpdate, Store};

/// What was taken back.
#[derive(Debug, Clone, Serialize)]
pub struct UndoReport {
    /// What it was, for example `kpatch bump: v6.6.13 to v6.6.14`.
    pub what: String,
    /// What changed in the kit, paths relative to its top.
    pub files: Vec<FileReport>,
    /// Each branch of the linux tree that changed, with the commit that it has again; without one it is gone.
    pub branches: Vec<(String, Option<String>)>,
}

/// Takes back the last change of the kit, or of the bare patch directory. What has been changed since is an error, and
/// then nothing is touched.
pub fn undo(which: &Which, watch: Watch<'_>) -> Result<UndoReport, OpError> {
    let kit = which.kit()?;
    let _lock = kit.as_ref().map(|kit| workspace::lock_kit(kit, "undo", watch)).transpose()?;
    let linux = workspace::linux(&which.places, kit.as_ref(), &[], watch)?;
    let _linux_lock = workspace::lock_linux(&linux, "undo")?;
    let waiting = stopped::waiting(&linux.store, kit.as_ref(), which.patches.as_deref())?;
    if waiting.iter().any(|stopped| which.means(stopped)) {
        let stopped = which.find(&linux, kit.as_ref())?;
        stopped.remove()?;
        let what = format!("kpatch bump: {} to {}, stopped", stopped.journal.base, stopped.journal.target);
        return Ok(UndoReport { what, files: Vec::new(), branches: Vec::new() });
    }
    let root = match (&which.patches, &kit) {
        (Some(folder), _) => home_of(folder)?,
        (None, Some(kit)) => kit.top().canonicalize().unwrap_or_else(|_| kit.top().to_owned()),
        (None, None) => {
            return Err(OpError::new("there is no kit here").hint("name it with --kit, or a directory with --patches"));
        }
    };
    let _folder_lock = match &which.patches {
        Some(folder) => Some(workspace::lock_folder(folder, "undo", watch)?),
        None => None,
    };
    take_back(&linux.store, &root, which)
}

/// Bare patch directories land in their parents.
fn home_of(folder: &Path) -> Result<PathBuf, OpError> {
    let failed = |error| OpError::because(format!("cannot use '{}'", folder.display()), error);
    let folder = folder.canonicalize().map_err(failed)?;
    Ok(folder.parent().unwrap_or(&folder).to_owned())
}

fn take_back(store: &Store, root: &Path, which: &Which) -> Result<UndoReport, OpError> {
    for (folder, record) in records(store)? {
        if record.root() != root || !record.is_about(which.patches.as_deref(), which.series.as_deref()) {
            continue;
        }
        match record.state()? {
            State::Before => forget(&folder)?,
            State::Other(path) => {
                return Err(OpError::new(format!("'{}' has been changed since '{}'", path.display(), record.message))
                    .hint("undo takes back a change only while nothing was built on it; git knows older states of the kit"));
            }
            State::After => {
                let (updates, branches) = branches(store, &record)?;
                let landing = Landing::backwards(&record, &folder)?;
                let report = UndoReport { what: record.message.clone(), files: landing.files(), branches };
                landing.commit(store, &updates, &format!("kpatch undo: {}", record.message))?;
                forget(&folder)?;
                return Ok(report);
            }
        }
    }
    Err(OpError::new("there is nothing to undo here"))
}

/// A branch with the commit that it has again; without one it is gone.
type Branch = (String, Option<String>);

/// The updates that put the branches back.
fn branches(store: &Store, record: &Record) -> Result<(Vec<RefUpdate>, Vec<Branch>), OpError> {
    let failed = |error: GitError| OpError::because("cannot read the linux tree", error);
    let id = |hex: &Option<String>| hex.as_ref().and_then(|hex| Oid::from_hex(hex.as_bytes()).ok());
    let (mut updates, mut shown) = (Vec::new(), Vec::new());
    for update in &record.refs {
        let branch = update.name.trim_start_matches("refs/heads/").to_owned();
        let now = store.resolve(&update.name).map_err(failed)?;
        if now == id(&update.old) {
            continue;
        }
        if now != id(&update.new) {
            return Err(OpError::new(format!("branch '{branch}' of the linux tree has other commits since"))
                .hint("move it away with git branch -m"));
        }
        if store.is_checked_out(&branch) {
            return Err(OpError::new(format!("branch '{branch}' is checked out in a work tree of the linux tree"))
                .hint("switch that work tree to another branch first"));
        }
        updates.push(RefUpdate { name: update.name.clone(), old: now, new: id(&update.old) });
        shown.push((branch, update.old.clone()));
    }
    Ok((updates, shown))
}
