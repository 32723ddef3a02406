//! `kpatch mergetool`: prepares the files to resolve for git's own merge tools.

use std::fmt::Write as _;
use std::path::PathBuf;

use bstr::{BString, ByteSlice as _};
use tempfile::TempDir;

use super::compute::Computed;
use super::jobs::Job;
use super::proposals::Proposer;
use super::resume::{Which, place};
use super::run::Run;
use super::select::select;
use super::stopped::journal::folder_name;
use super::stopped::{Stopped, open, scratch};
use super::workspace::{self, Linux};
use super::{OpError, Watch, change_set, jobs};
use crate::carry::{Conflict, Outcome};
use crate::diff::format::quoted;
use crate::git::process::Error as GitProcessError;
use crate::git::{Git, GitError, PathConflict, Store};
use crate::patch_set::PatchSet;

/// The files of one patch, with a repository beside them in which they conflict: what `git mergetool` works on.
#[derive(Debug)]
pub struct Prepared {
    /// The patch file.
    pub patch: String,
    /// The folder with the files to resolve.
    pub work_tree: PathBuf,
    /// A repository for this one use.
    pub git_dir: PathBuf,
    /// The paths that conflict.
    pub paths: Vec<BString>,
    /// Removes the repository.
    _guard: TempDir,
}

/// Prepares the open patches of a stopped bump, or the one that is named. Patches that conflict otherwise than by
/// content are left out.
pub fn prepare(which: &Which, wanted: Option<&str>, watch: Watch<'_>) -> Result<Vec<Prepared>, OpError> {
    let kit = which.kit()?;
    let _lock = kit.as_ref().map(|kit| workspace::lock_kit(kit, "mergetool", watch)).transpose()?;
    let linux = workspace::linux(&which.places, kit.as_ref(), &[], watch)?;
    let _linux_lock = workspace::lock_linux(&linux, "mergetool")?;
    let mut stopped = which.find(&linux, kit.as_ref())?;
    let place = place(&stopped, kit.as_ref())?;
    let from = jobs::tag(&stopped.journal.base)?;
    stopped.restore(&linux.store)?;
    let (set, computed) = computed(&linux, &Job { place, from, to: None }, &stopped, watch)?;
    let patches = &set.patches;
    stopped.keep(&linux.store, patches, &computed)?;
    let wanted = wanted.map(|wanted| select(&set, wanted)).transpose()?;
    let mut prepared = Vec::new();
    for (patch, pick) in open(patches, &computed.carried.picks) {
        let Outcome::Conflict(Conflict::Merge(conflicts)) = &pick.outcome else { continue };
        let with_lines: Vec<&PathConflict> = conflicts.iter().filter(|conflict| !conflict.chunks.is_empty()).collect();
        let is_wanted = wanted.is_none_or(|at| std::ptr::eq(&raw const patches[at], patch));
        if is_wanted && !with_lines.is_empty() {
            let work_tree = stopped.resolve().join(folder_name(&patch.file, patch.part));
            prepared.push(repository(&linux.store, &patch.file, work_tree, &with_lines)?);
        }
    }
    if prepared.is_empty() {
        return Err(
            OpError::new("no conflict that a merge tool could resolve is open").hint("kpatch status says what waits")
        );
    }
    Ok(prepared)
}

/// The set that stopped, carried as far as it is decided.
fn computed(
    linux: &Linux,
    job: &Job<'_>,
    stopped: &Stopped,
    watch: Watch<'_>,
) -> Result<(PatchSet, Computed), OpError> {
    let set = job.place.read()?;
    if stopped.journal.change.is_some() {
        let changed = change_set::as_stopped(linux, job, set, stopped, watch)?;
        return Ok((PatchSet { patches: changed.patches }, changed.computed));
    }
    let to = jobs::tag(&stopped.journal.target)?;
    let settings = stopped.journal.settings.clone();
    let proposer = Proposer::of(&job.place)?;
    let run = Run { linux, place: &job.place, from: &job.from, to: &to, settings, proposer, writes: true, watch };
    let settled = run.settle(set, stopped.journal.decisions.clone(), &[])?;
    Ok((settled.set, settled.computed))
}

/// True if no conflict marker is left in any of the files.
pub fn is_resolved(prepared: &Prepared) -> bool {
    prepared.paths.iter().all(|path| {
        let path = prepared.work_tree.join(path.to_path_lossy());
        std::fs::read(path).is_ok_and(|content| !scratch::has_markers(&content))
    })
}

/// A repository whose index holds the three sides of each conflict.
fn repository(
    store: &Store,
    patch: &str,
    work_tree: PathBuf,
    conflicts: &[&PathConflict],
) -> Result<Prepared, OpError> {
    let guard = tempfile::Builder::new()
        .prefix("kpatch-mergetool-")
        .tempdir()
        .map_err(|error| OpError::because("cannot make a temporary folder", error))?;
    let git_dir = guard.path().join("git");
    let git = Git::new(&git_dir);
    let failed = |error: GitProcessError| OpError::because("cannot prepare the files for git mergetool", error);
    git.init_bare(Some("sha1")).map_err(failed)?;
    // A repository that is bare would refuse to have a work tree.
    git.run(["config", "core.bare", "false"]).map_err(failed)?;
    let mut index = String::new();
    for conflict in conflicts {
        for (side, stage) in [(conflict.base, 1), (conflict.ours, 2), (conflict.theirs, 3)] {
            let Some(entry) = side else { continue };
            let content = store
                .content(Some(entry))
                .map_err(|error: GitError| OpError::because("cannot read the linux tree", error))?;
            git.run_with_input(["hash-object", "-w", "--no-filters", "--stdin"], content.to_vec()).map_err(failed)?;
            let _ = writeln!(index, "{:o} {} {stage}\t{}", entry.mode, entry.id, quoted_path(&conflict.path));
        }
    }
    git.run_with_input(["update-index", "--index-info"], index).map_err(failed)?;
    let paths = conflicts.iter().map(|conflict| conflict.path.clone()).collect();
    Ok(Prepared { patch: patch.to_owned(), work_tree, git_dir, paths, _guard: guard })
}

/// A path as git's own listings write it.
fn quoted_path(path: &BString) -> String {
    quoted("", path).to_str_lossy().into_owned()
}
