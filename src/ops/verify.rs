//! `kpatch verify`: the gate alone.

use std::path::PathBuf;

use serde::Serialize;

use super::gate::replay;
use super::jobs::{self, Job, Place, Which};
use super::oracle::Oracle;
use super::renames::Memory;
use super::report::CommonReport;
use super::whole::Whole;
use super::workspace::{self, Linux};
use super::{OpError, Places, Watch, compute};
use crate::apply::{Engine, Release};
use crate::carry::Decisions;
use crate::git::{GitError, Oid, Store};
use crate::patch_set::PatchSet;
use crate::version::Tag;

/// What to verify.
#[derive(Debug, Clone, Default)]
pub struct VerifyOptions {
    /// Where the kit and the linux tree are.
    pub places: Places,
    /// A bare directory of patches instead of a kit; needs `base`.
    pub patches: Option<PathBuf>,
    /// The series (`6.6.x`); every series that is not deprecated if absent.
    pub series: Option<String>,
    /// The tag to verify on, instead of the version in the kit.
    pub base: Option<String>,
    /// With `with_git`: also carry to this tag with `git merge-tree` and compare with kpatch's own carrying.
    pub to: Option<String>,
    /// Run git and patch themselves beside kpatch.
    pub with_git: bool,
}

/// What was verified.
#[derive(Debug, Clone, Serialize)]
pub struct VerifyReport {
    /// The series; absent for a bare patch directory.
    pub series: Option<String>,
    /// The tag.
    pub base: String,
    /// How many patches there are.
    pub patches: usize,
    /// The legs of the comparison.
    pub legs: Vec<LegReport>,
    /// For a variant: the common patches of its series on top, as its images are built; absent where there are none, or where
    /// its own do not apply.
    pub common: Option<CommonReport>,
    /// True if all legs that were checked give one tree and no patch failed, also of the common patches.
    pub holds: bool,
}

/// One way to the tree.
#[derive(Debug, Clone, Serialize)]
pub struct LegReport {
    /// For example `git am (kpatch)`, `patch -F0 (kpatch)`, `branch v6.6.13-linuxkit`, `git am`, `patch`.
    pub name: String,
    /// The tree, 40 hex digits; absent if it was not reached or not checked.
    pub tree: Option<String>,
    /// Why not, or which patches failed.
    pub detail: Vec<String>,
    /// True if the leg could not be run: then it proves nothing.
    pub skipped: bool,
}

/// Verifies the patch sets.
pub fn verify(options: &VerifyOptions, watch: Watch<'_>) -> Result<Vec<VerifyReport>, OpError> {
    let kit = if options.patches.is_some() { None } else { Some(workspace::kit(&options.places)?) };
    let which = Which { folder: options.patches.as_deref(), series: options.series.as_deref() };
    let sets = jobs::on_base(kit.as_ref(), which, options.base.as_deref(), watch.observer)?;
    let mut tags: Vec<String> = sets.iter().map(|job| job.from.to_string()).collect();
    let to = options.to.as_deref().map(jobs::tag).transpose()?;
    tags.extend(to.iter().map(ToString::to_string));
    let linux = workspace::linux(&options.places, kit.as_ref(), &tags, watch)?;
    sets.iter().map(|job| verify_one(options, &linux, job, to.as_ref(), watch)).collect()
}

fn verify_one(
    options: &VerifyOptions,
    linux: &Linux,
    job: &Job<'_>,
    to: Option<&Tag>,
    watch: Watch<'_>,
) -> Result<VerifyReport, OpError> {
    let store = &linux.store;
    let set = job.place.read()?;
    let base = compute::release(store, job.from.as_str())?;
    let mut legs = vec![
        own_leg(store, base.tree, &set, Engine::Git, "git am (kpatch's own)")?,
        own_leg(store, base.tree, &set, Engine::PatchUtility, "patch -F0 (kpatch's own)")?,
        branch_leg(store, &job.place.branch(&job.from))?,
    ];
    if options.with_git {
        let oracle = Oracle::new(linux, &base, watch)?;
        legs.push(oracle.am(&set)?);
        legs.push(oracle.patch(&set)?);
    }
    let mut holds = agree(&legs);
    if let Some(to) = to {
        let target = compute::release(store, to.as_str())?;
        let stack = compute::stack(store, &set.patches, base.clone(), watch)?;
        let mut memory = Memory::default();
        let computed = compute::onto(linux, &set.patches, stack, target, &Decisions::new(), &mut memory, watch)?;
        let mut carried = vec![LegReport {
            name: format!("carried to {to} (kpatch's own)"),
            tree: Some(computed.carried.tip().to_string()),
            detail: Vec::new(),
            skipped: false,
        }];
        if options.with_git {
            let oracle = Oracle::new(linux, &base, watch)?;
            carried.push(oracle.merge_tree(&set, &computed)?);
        }
        holds &= agree(&carried);
        legs.extend(carried);
    }
    let common = common(store, job, &base, &set)?;
    holds &= common.as_ref().is_none_or(|common| common.holds);
    let (series, patches) = (job.place.series(), set.patches.len());
    Ok(VerifyReport { series, base: job.from.to_string(), patches, legs, common, holds })
}

/// The common patches on top of those of a variant.
fn common(store: &Store, job: &Job<'_>, base: &Release, set: &PatchSet) -> Result<Option<CommonReport>, OpError> {
    let Place::Kit(kit, state) = &job.place else { return Ok(None) };
    if state.variant.is_empty() {
        return Ok(None);
    }
    match replay(store, base.tree, set, Engine::Git)?.tree(base.tree) {
        Ok(tree) => Whole { store, kit, skip_patch: false }.on_top(state, &job.from, tree),
        Err(_) => Ok(None),
    }
}

/// True if every leg that was run reached the same tree.
fn agree(legs: &[LegReport]) -> bool {
    let run: Vec<&LegReport> = legs.iter().filter(|leg| !leg.skipped).collect();
    run.iter().all(|leg| leg.tree.is_some() && leg.tree == run[0].tree)
}

fn own_leg(store: &Store, base: Oid, set: &PatchSet, engine: Engine, name: &str) -> Result<LegReport, OpError> {
    let replayed = replay(store, base, set, engine)?;
    let (tree, detail) = match replayed.tree(base) {
        Ok(tree) => (Some(tree.to_string()), Vec::new()),
        Err(reason) => (None, vec![reason.to_owned()]),
    };
    Ok(LegReport { name: name.into(), tree, detail, skipped: false })
}

fn branch_leg(store: &Store, branch: &str) -> Result<LegReport, OpError> {
    let failed = |error: GitError| OpError::because("cannot read the linux tree", error);
    let tip = store.resolve(&format!("refs/heads/{branch}")).map_err(failed)?;
    let tree = tip.map(|tip| store.commit(tip)).transpose().map_err(failed)?.map(|commit| commit.tree.to_string());
    let skipped = tree.is_none();
    let detail = if skipped { vec!["not there, so not compared; kpatch import makes it".into()] } else { Vec::new() };
    Ok(LegReport { name: format!("branch {branch}"), tree, detail, skipped })
}
