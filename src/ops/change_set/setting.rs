//! What every change begins with: the locks, the set, and its stack on the base.

use std::sync::Arc;

use crate::apply::{Release, Stack, commit};
use crate::git::{Oid, Store};
use crate::kit::Kit;
use crate::ops::jobs::{self, Job, Which};
use crate::ops::workspace::{self, Linux};
use crate::ops::{OpError, Watch, compute};
use crate::patch_set::PatchSet;

use super::ChangeOptions;

/// A patch set that is going to change, and everything around it.
pub(in crate::ops) struct Setting<'a> {
    pub(in crate::ops) options: &'a ChangeOptions,
    /// The verb, for the log of the branch.
    pub(in crate::ops) verb: &'static str,
    pub(in crate::ops) linux: &'a Linux,
    pub(in crate::ops) job: &'a Job<'a>,
    /// The set as it is.
    pub(in crate::ops) set: PatchSet,
    /// Its trees on the base.
    pub(in crate::ops) stack: Arc<Stack>,
    /// What a reader should know besides.
    pub(in crate::ops) warnings: Vec<String>,
    pub(in crate::ops) watch: Watch<'a>,
}

impl Setting<'_> {
    pub(in crate::ops) fn store(&self) -> &Store {
        &self.linux.store
    }

    /// The release that the set stands on.
    pub(in crate::ops) fn base(&self) -> &Release {
        &self.stack.base
    }

    /// The tree below the patch with that index in the set, or the tree of the whole set.
    pub(in crate::ops) fn tree_at(&self, index: usize) -> Oid {
        self.stack.steps.get(index).map_or_else(|| self.stack.tip(), |step| step.before)
    }

    /// The commit that `import` makes of the set; `None` if a patch does not apply.
    pub(super) fn commit(&self) -> Option<Oid> {
        let steps = self.set.patches.iter().zip(&self.stack.steps);
        steps.into_iter().try_fold(self.base().commit, |tip, (patch, step)| {
            let placed = step.result.as_ref().ok()?;
            Some(commit(self.store(), patch, placed.tree, tip, self.base()))
        })
    }
}

/// Takes the locks, reads the set, applies it to its base, and hands all of that to `work`.
pub(in crate::ops) fn set_out<T>(
    options: &ChangeOptions,
    verb: &'static str,
    watch: Watch<'_>,
    work: impl FnOnce(&mut Setting<'_>) -> Result<T, OpError>,
) -> Result<T, OpError> {
    let kit = if options.patches.is_some() { None } else { Some(workspace::kit(&options.places)?) };
    let _lock = match (&kit, options.dry_run) {
        (Some(kit), false) => Some(workspace::lock_kit(kit, verb, watch)?),
        _ => None,
    };
    let mut warnings = Vec::new();
    if let (Some(kit), false) = (&kit, options.allow_dirty) {
        warnings.extend(workspace::refuse_dirty(kit)?);
    }
    let job = the_set(options, kit.as_ref(), watch)?;
    let linux = workspace::linux(&options.places, kit.as_ref(), &[job.from.to_string()], watch)?;
    let _linux_lock = if options.dry_run { None } else { Some(workspace::lock_linux(&linux, verb)?) };
    let set = job.place.read()?;
    let base = compute::release(&linux.store, job.from.as_str())?;
    let stack = compute::stack(&linux.store, &set.patches, base, watch)?;
    work(&mut Setting { options, verb, linux: &linux, job: &job, set, stack, warnings, watch })
}

/// The one set that is meant.
pub(in crate::ops) fn the_set<'k>(
    options: &ChangeOptions,
    kit: Option<&'k Kit>,
    watch: Watch<'_>,
) -> Result<Job<'k>, OpError> {
    let which = Which { folder: options.patches.as_deref(), series: options.series.as_deref() };
    let mut sets = jobs::on_base(kit, which, options.base.as_deref(), watch.observer)?;
    match sets.len() {
        1 => Ok(sets.remove(0)),
        0 => Err(OpError::new("the kit has no patch set").hint("a directory of patches is named with --patches DIR")),
        _ => {
            let known: Vec<String> = sets.iter().filter_map(|job| job.place.series()).collect();
            Err(OpError::new("the kit has more than one series")
                .hint(format!("name one: --series {}", known.first().map_or("6.6.x", String::as_str)))
                .hint(format!("it has {}", known.join(", "))))
        }
    }
}
