//! `kpatch export`: a branch of the linux tree back into the kit's patch files.

use std::path::PathBuf;

use serde::Serialize;

use super::exported::{GateOptions, exported};
use super::jobs::{self, Job, Place, Which};
use super::landing::Landing;
use super::new_set::{NewFile, Source, Style};
use super::report::{FileReport, GateReport};
use super::workspace::{self, Linux};
use super::{OpError, Places, Watch, compute};
use crate::apply::{ApplyError, Engine, Release, apply};
use crate::event::Event;
use crate::git::{Commit, GitError, Oid, Store};
use crate::patch::Patch;
use crate::patch_set::PatchSet;

/// What to export.
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct ExportOptions {
    /// Where the kit and the linux tree are.
    pub places: Places,
    /// A bare directory of patches instead of a kit; needs `base`.
    pub patches: Option<PathBuf>,
    /// The series (`6.6.x`); every series that is not deprecated if absent.
    pub series: Option<String>,
    /// The tag below the branch, instead of the version in the kit.
    pub base: Option<String>,
    /// The branch, instead of `<tag>-linuxkit`.
    pub branch: Option<String>,
    /// Write every patch anew, as `git format-patch` does.
    pub refresh: bool,
    /// Close gaps in the numbers.
    pub renumber: bool,
    /// Write nothing.
    pub dry_run: bool,
    /// Go on although `kernel/` has changes that are not committed.
    pub allow_dirty: bool,
    /// Skip the `patch -F0` leg of the gate, for sets with binary diffs.
    pub skip_patch_utility: bool,
    /// Write with `git format-patch` itself instead of kpatch's own writer.
    pub export_with_git: bool,
}

/// What was exported.
#[derive(Debug, Clone, Serialize)]
pub struct ExportReport {
    /// The series; absent for a bare patch directory.
    pub series: Option<String>,
    /// The tag below the branch.
    pub base: String,
    /// The branch.
    pub branch: String,
    /// Each patch file of the new set with what became of it: `kept`, `rewritten`, `new`.
    pub patches: Vec<(String, &'static str)>,
    /// Patch files that left.
    pub removed: Vec<String>,
    /// What changes in the kit.
    pub files: Vec<FileReport>,
    /// The proof.
    pub gate: GateReport,
}

/// Exports the branches. A commit that makes the change of a patch file keeps that file, byte for byte.
pub fn export(options: &ExportOptions, watch: Watch<'_>) -> Result<Vec<ExportReport>, OpError> {
    let kit = if options.patches.is_some() { None } else { Some(workspace::kit(&options.places)?) };
    let _lock = match (&kit, options.dry_run) {
        (Some(kit), false) => Some(workspace::lock_kit(kit, "export", watch)?),
        _ => None,
    };
    if let (Some(kit), false) = (&kit, options.allow_dirty)
        && let Some(warning) = workspace::refuse_dirty(kit)?
    {
        watch.observer.event(&Event::Warning(warning));
    }
    let which = Which { folder: options.patches.as_deref(), series: options.series.as_deref() };
    let sets = jobs::on_base(kit.as_ref(), which, options.base.as_deref(), watch.observer)?;
    let tags: Vec<String> = sets.iter().map(|job| job.from.to_string()).collect();
    let linux = workspace::linux(&options.places, kit.as_ref(), &tags, watch)?;
    sets.iter().map(|job| export_one(options, &linux, job, watch)).collect()
}

fn export_one(
    options: &ExportOptions,
    linux: &Linux,
    job: &Job<'_>,
    watch: Watch<'_>,
) -> Result<ExportReport, OpError> {
    let store = &linux.store;
    let old = job.place.read()?;
    let base = compute::release(store, job.from.as_str())?;
    let branch = options.branch.clone().unwrap_or_else(|| job.place.branch(&job.from));
    let commits = branch_commits(store, &base, &branch)?;
    let sources = match_patches(store, &old, &commits)?;
    let style = Style { refresh: options.refresh, renumber: options.renumber, with_git: options.export_with_git };
    let gate_options = GateOptions { skip_patch: options.skip_patch_utility };
    let exported = exported(store, &old, &sources, style, base.tree, gate_options)?;
    let landing = match &job.place {
        Place::Folder(folder) => Landing::folder(folder, folder, &old, &exported.files)?,
        Place::Kit(kit, state) => Landing::directory(kit, state, &job.from, &old, &exported.files)?,
    };
    let files = landing.files();
    if !options.dry_run && !files.is_empty() {
        if watch.interrupt.is_raised() {
            return Err(OpError::interrupted());
        }
        landing.commit(store, &[], "kpatch export")?;
    }
    let removed = files.iter().filter(|file| file.change == "removed").map(|file| file.path.clone()).collect();
    let change = |file: &NewFile| match (&file.was, file.kept) {
        (None, _) => "new",
        (Some(_), true) => "kept",
        (Some(_), false) => "rewritten",
    };
    Ok(ExportReport {
        series: job.place.series(),
        base: job.from.to_string(),
        branch,
        patches: exported.files.iter().map(|file| (file.name.clone(), change(file))).collect(),
        removed,
        files,
        gate: exported.gate,
    })
}

/// The commits of a branch above its base, oldest first. A merge has no place in a patch set.
fn branch_commits(store: &Store, base: &Release, branch: &str) -> Result<Vec<(Oid, Commit, Oid)>, OpError> {
    let failed = |error: GitError| OpError::because("cannot read the linux tree", error);
    let tip = store.resolve(&format!("refs/heads/{branch}")).map_err(failed)?.ok_or_else(|| {
        OpError::new(format!("the linux tree has no branch '{branch}'")).hint("make it: kpatch import")
    })?;
    let mut commits = Vec::new();
    let mut at = tip;
    while at != base.commit {
        let missing = || {
            OpError::new(format!("branch '{branch}' does not stand on {}", base.tag))
                .hint("name the tag below it: --base")
        };
        let commit = store.commit(at).map_err(|error| match error {
            GitError::Missing(_) => missing(),
            error => failed(error),
        })?;
        let [parent] = commit.parents.as_slice() else {
            return Err(if commit.parents.is_empty() {
                missing()
            } else {
                OpError::new(format!("commit {at} of branch '{branch}' is a merge"))
                    .hint("a patch set is a line of commits: rebase the branch")
            });
        };
        if commits.len() > 10_000 {
            return Err(missing());
        }
        let parent = *parent;
        let before = store.commit(parent).map_err(failed)?.tree;
        commits.push((at, commit, before));
        at = parent;
    }
    commits.reverse();
    Ok(commits)
}

/// Finds the patch that each commit was: the next one of the same message and author, wherever it stands.
fn match_patches<'a>(
    store: &Store,
    old: &'a PatchSet,
    commits: &[(Oid, Commit, Oid)],
) -> Result<Vec<Source<'a>>, OpError> {
    let mut free: Vec<Option<&Patch>> = old.patches.iter().map(Some).collect();
    let mut sources = Vec::new();
    for (id, commit, before) in commits {
        let is_it = |patch: &Patch| {
            patch.message.to_commit_message() == commit.message && patch.message.author.email == commit.author.email
        };
        let at = free.iter().position(|patch| patch.is_some_and(is_it));
        let patch = at.and_then(|at| free[at].take());
        let same = match patch {
            None => false,
            Some(patch) => match apply(store, *before, &patch.diff, Engine::Git) {
                Ok(placed) => placed.tree == commit.tree,
                Err(ApplyError::Git(error)) => return Err(OpError::because("cannot read the linux tree", error)),
                Err(_) => false,
            },
        };
        sources.push(Source { patch, same, commit: *id, before: *before, after: commit.tree });
    }
    Ok(sources)
}
