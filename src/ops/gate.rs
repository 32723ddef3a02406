//! The gate: exported files must give the branch's tree, by the rules of `git am` and by those of `patch`.

use super::OpError;
use super::report::GateReport;
use crate::apply::{ApplyError, Engine, apply, apply_all};
use crate::git::{Oid, Store};
use crate::patch_set::PatchSet;

/// What a set of patch files gives on a tree.
#[derive(Debug)]
pub(super) struct Replay {
    /// The tree after each patch.
    pub(super) trees: Vec<Oid>,
    /// The first patch that does not apply: its index, and why.
    pub(super) failure: Option<(usize, String)>,
}

impl Replay {
    /// The last tree, if every patch applied.
    pub(super) fn tree(&self, base: Oid) -> Result<Oid, &str> {
        match &self.failure {
            Some((_, reason)) => Err(reason),
            None => Ok(self.trees.last().copied().unwrap_or(base)),
        }
    }
}

/// Applies a set from `tree` on, up to the first patch that fails.
pub(super) fn replay(store: &Store, tree: Oid, set: &PatchSet, engine: Engine) -> Result<Replay, OpError> {
    let mut replay = Replay { trees: Vec::new(), failure: None };
    let mut tip = tree;
    for (at, patch) in set.patches.iter().enumerate() {
        match apply(store, tip, &patch.diff, engine) {
            Ok(placed) => tip = placed.tree,
            Err(ApplyError::Git(error)) => return Err(OpError::because("cannot read the linux tree", error)),
            Err(error) => {
                replay.failure = Some((at, format!("{}: {error}", patch.file)));
                return Ok(replay);
            }
        }
        replay.trees.push(tip);
    }
    Ok(replay)
}

/// The first patch of `set` after which `patch` stands elsewhere than the branch: `(index, why)`.
pub(super) fn first_difference(replay: &Replay, wanted: &[Oid]) -> Option<(usize, String)> {
    let differs = replay.trees.iter().zip(wanted).position(|(got, wanted)| got != wanted);
    differs.map(|at| (at, "gives another tree".to_owned())).or_else(|| replay.failure.clone())
}

/// The tree of all patches, or which one fails and why.
pub(super) fn whole(store: &Store, base: Oid, set: &PatchSet, engine: Engine) -> Result<Result<Oid, String>, OpError> {
    let diffs = set.patches.iter().map(|patch| patch.diff.as_slice());
    match apply_all(store, base, diffs, engine) {
        Ok(tree) => Ok(Ok(tree)),
        Err((_, ApplyError::Git(error))) => Err(OpError::because("cannot read the linux tree", error)),
        Err((at, error)) => Ok(Err(format!("{}: {error}", set.patches[at].file))),
    }
}

/// Compares the three trees. `skip_patch` leaves out the second one.
pub(super) fn gate(
    store: &Store,
    base: Oid,
    branch: Oid,
    set: &PatchSet,
    skip_patch: bool,
) -> Result<GateReport, OpError> {
    let describe = |result: &Result<Oid, String>| match result {
        Ok(tree) => tree.to_string(),
        Err(reason) => format!("failed: {reason}"),
    };
    let (am, patch) = std::thread::scope(|scope| {
        let patch = (!skip_patch).then(|| scope.spawn(|| whole(store, base, set, Engine::PatchUtility)));
        let am = whole(store, base, set, Engine::Git);
        (am, patch.map(|patch| patch.join().expect("applying a patch does not panic")))
    });
    let (am, patch) = (am?, patch.transpose()?);
    Ok(GateReport {
        git_am: describe(&am),
        patch: patch.as_ref().map_or_else(|| "not checked".to_owned(), describe),
        branch: branch.to_string(),
        holds: am == Ok(branch) && patch.is_none_or(|patch| patch == Ok(branch)),
        refreshed: Vec::new(),
        common: None,
    })
}
