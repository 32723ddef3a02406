//! Carries a stack of patches to another release by three-way merges.

mod classify;
mod decision;
mod hazard;
mod outcome;
mod siblings;

use std::collections::HashMap;

use bstr::BString;

pub use decision::{Decision, Decisions, Resolution, Take, question};
pub use hazard::{Hazard, HazardKind};
pub use outcome::{Conflict, Outcome, Pick, Proof, TreeProof};

use crate::apply::{Release, Stack, touched_paths};
use crate::event::{Event, Interrupt, Observer};
use crate::git::{GitError, Oid, Renames, Store};
use crate::patch::Patch;
use crate::upstream::{Claim, Effect, History, Releases, peel};

/// A stack on its target.
#[derive(Debug)]
pub struct Carried {
    /// What it stands on now.
    pub target: Release,
    /// What became of each patch, in the order of the set.
    pub picks: Vec<Pick>,
    /// Files that the patches touch and that upstream moved.
    pub renames: Renames,
}

impl Carried {
    /// The tree with everything that was carried.
    pub fn tip(&self) -> Oid {
        self.picks.last().map_or(self.target.tree, |pick| pick.after)
    }
}

/// Everything that carrying reads.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The objects.
    pub store: &'a Store,
    /// The patches of the stack, in order.
    pub patches: &'a [Patch],
    /// The commits between the two releases, if the linux tree has them.
    pub history: Option<&'a History>,
    /// What persons have decided.
    pub decisions: &'a Decisions,
    /// Is told of each pick.
    pub observer: &'a dyn Observer,
    /// Stops the work.
    pub interrupt: &'a Interrupt,
}

/// Carries `stack` to `target`. A conflict is recorded and the rest goes on as if the patch were skipped.
///
/// `renames` are those of the touched paths between the two releases ([`renames`]). `None` if the work was interrupted.
pub fn carry(
    context: Context<'_>,
    stack: &Stack,
    target: Release,
    renames: Renames,
) -> Result<Option<Carried>, GitError> {
    let Context { store, observer, .. } = context;
    let effects: Vec<Option<Effect<'_>>> = stack
        .steps
        .iter()
        .zip(context.patches)
        .map(|(step, patch)| {
            let placed = step.result.as_ref().ok()?;
            Some(Effect { changes: &placed.changes, diffs: &patch.diff })
        })
        .collect();
    let releases = Releases { base: stack.base.tree, target: target.tree };
    let peeled = peel(store, &effects, releases, &renames)?;
    observer.event(&Event::Stage { name: "carrying patches".into(), total: Some(stack.steps.len()) });

    let mut picks: Vec<Pick> = Vec::with_capacity(stack.steps.len());
    let mut blockers = Blockers::default();
    let mut tip = target.tree;
    for (at, step) in stack.steps.iter().enumerate() {
        if context.interrupt.is_raised() {
            return Ok(None);
        }
        let patch = &context.patches[at];
        let pick = match &step.result {
            Err(_) if matches!(context.decisions.get(&at), Some(Decision::LeaveOut)) => {
                Pick { decided: true, ..Pick::skipped(tip, Outcome::LeftOut) }
            }
            Err(error) => Pick::skipped(tip, Outcome::BaseBad(error.to_string())),
            Ok(placed) => {
                let case =
                    classify::Case { store, patch, placed, tip, renames: &renames, releases, peeled: peeled[at] };
                let mut pick = case.classify()?;
                classify::weigh_history(&mut pick, context, &claim_of(patch), &placed.changes)?;
                if let Some(decision) = context.decisions.get(&at) {
                    decision::decide(&case, &mut pick, decision)?;
                }
                blockers.note(at, &mut pick, placed.changes.iter().map(|walk| &walk.path));
                pick
            }
        };
        tip = pick.after;
        picks.push(pick);
        observer.event(&Event::Step);
    }
    Ok(Some(Carried { target, picks, renames }))
}

/// Where the paths that the patches touch went between two releases.
pub fn renames(store: &Store, patches: &[Patch], base: &Release, target: &Release) -> Result<Renames, GitError> {
    store.renames(base.tree, target.tree, &touched_paths(patches))
}

/// What a patch says of its origin, in its message and among its mail headers.
pub fn claim_of(patch: &Patch) -> Claim {
    Claim::read(&patch.message.subject, &patch.text()[patch.layout.head.clone()])
}

/// Which paths wait for which conflict.
#[derive(Default)]
struct Blockers(HashMap<BString, usize>);

impl Blockers {
    /// A conflict on a path that an earlier conflict left behind is that one's doing.
    fn note<'p>(&mut self, at: usize, pick: &mut Pick, touched: impl Iterator<Item = &'p BString>) {
        let Outcome::Conflict(conflict) = &mut pick.outcome else { return };
        let paths = match conflict {
            Conflict::Merge(paths) => std::mem::take(paths),
            Conflict::Disagreement { .. } | Conflict::Hazard { .. } => Vec::new(),
        };
        let by = paths.iter().find_map(|conflict| self.0.get(&conflict.path).copied());
        // A file that upstream moved conflicts at its new place.
        let waiting = touched.cloned().chain(paths.iter().map(|conflict| conflict.path.clone()));
        for path in waiting {
            self.0.entry(path).or_insert(by.unwrap_or(at));
        }
        match (by, conflict) {
            (Some(by), _) => pick.outcome = Outcome::Blocked { by, paths },
            (None, Conflict::Merge(none)) => *none = paths,
            (None, Conflict::Disagreement { .. } | Conflict::Hazard { .. }) => {}
        }
    }
}
