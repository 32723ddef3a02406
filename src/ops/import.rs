//! `kpatch import`: a patch set as a branch in the linux tree.

use std::path::PathBuf;

use serde::Serialize;

use super::jobs::{self, Job, Which};
use super::landing::branch_update;
use super::workspace::{self, Linux};
use super::{OpError, Places, Watch, compute};
use crate::apply::commit;

/// What to import.
#[derive(Debug, Clone, Default)]
pub struct ImportOptions {
    /// Where the kit and the linux tree are.
    pub places: Places,
    /// A bare directory of patches instead of a kit; needs `base`.
    pub patches: Option<PathBuf>,
    /// The series (`6.6.x`); every series that is not deprecated if absent.
    pub series: Option<String>,
    /// The tag to import onto, instead of the version in the kit.
    pub base: Option<String>,
    /// Replace a branch that is there and differs.
    pub replace_branch: bool,
    /// Write nothing.
    pub dry_run: bool,
}

/// A patch set that became a branch.
#[derive(Debug, Clone, Serialize)]
pub struct ImportReport {
    /// The series; absent for a bare patch directory.
    pub series: Option<String>,
    /// The tag below the branch.
    pub base: String,
    /// The branch, for example `v6.6.13-linuxkit`.
    pub branch: String,
    /// Its commit, 40 hex digits.
    pub commit: String,
    /// Its tree, 40 hex digits.
    pub tree: String,
    /// How many patches it holds.
    pub patches: usize,
    /// Whether the branch was written: `created`, `replaced`, `unchanged`, or `dry-run`.
    pub change: &'static str,
}

/// Imports the patch sets; a patch that does not apply is an error that names it.
pub fn import(options: &ImportOptions, watch: Watch<'_>) -> Result<Vec<ImportReport>, OpError> {
    let kit = if options.patches.is_some() { None } else { Some(workspace::kit(&options.places)?) };
    let which = Which { folder: options.patches.as_deref(), series: options.series.as_deref() };
    let sets = jobs::on_base(kit.as_ref(), which, options.base.as_deref(), watch.observer)?;
    let tags: Vec<String> = sets.iter().map(|job| job.from.to_string()).collect();
    let linux = workspace::linux(&options.places, kit.as_ref(), &tags, watch)?;
    let _lock = if options.dry_run { None } else { Some(workspace::lock_linux(&linux, "import")?) };
    sets.iter().map(|job| import_one(options, &linux, job, watch)).collect()
}

fn import_one(
    options: &ImportOptions,
    linux: &Linux,
    job: &Job<'_>,
    watch: Watch<'_>,
) -> Result<ImportReport, OpError> {
    let store = &linux.store;
    let set = job.place.read()?;
    let base = compute::release(store, job.from.as_str())?;
    let stack = compute::stack(store, &set.patches, base, watch)?;
    let mut tip = stack.base.commit;
    for (patch, step) in set.patches.iter().zip(&stack.steps) {
        match &step.result {
            Ok(placed) => tip = commit(store, patch, placed.tree, tip, &stack.base),
            Err(error) => {
                return Err(OpError::new(format!("{} does not apply to {}: {error}", patch.file, job.from))
                    .hint("is it the right base? kpatch plan shows what becomes of every patch"));
            }
        }
    }
    let branch = job.place.branch(&job.from);
    let updates = branch_update(store, &branch, tip, options.replace_branch)?;
    let change = match updates.first() {
        None => "unchanged",
        Some(_) if options.dry_run => "dry-run",
        Some(update) if update.old.is_some() => "replaced",
        Some(_) => "created",
    };
    if !options.dry_run {
        if watch.interrupt.is_raised() {
            return Err(OpError::interrupted());
        }
        store.write_pack(&[tip]).map_err(|error| OpError::because("cannot write the commits", error))?;
        let message = format!("kpatch import: {} patches on {}", set.patches.len(), job.from);
        store
            .update_refs(&updates, &message, chrono::Utc::now().timestamp())
            .map_err(|error| OpError::because(format!("cannot write branch '{branch}'"), error))?;
    }
    Ok(ImportReport {
        series: job.place.series(),
        base: job.from.to_string(),
        branch,
        commit: tip.to_string(),
        tree: stack.tip().to_string(),
        patches: set.patches.len(),
        change,
    })
}
