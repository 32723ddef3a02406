//! `kpatch drop`: takes patches out of a set and carries the rest over the gap.

use super::change_set::{Change, ChangeOptions, ChangeReport, Dropped, run};
use super::select::{PatchName, select_all};
use super::{OpError, Watch};

/// What to drop.
#[derive(Debug, Clone, Default)]
pub struct DropOptions {
    /// From which set.
    pub set: ChangeOptions,
    /// The patches, as [`select`](super::select::select) reads them.
    pub patches: Vec<String>,
    /// Why, for the report.
    pub reason: Option<String>,
}

/// Drops the patches. A later patch that needs one of them is a conflict, and then nothing changes.
pub fn drop(options: &DropOptions, watch: Watch<'_>) -> Result<ChangeReport, OpError> {
    run(&options.set, "drop", watch, |setting| {
        let set = &setting.set;
        let dropped = select_all(set, &options.patches)?
            .into_iter()
            .map(|at| Dropped { patch: PatchName::of(&set.patches[at]), reason: options.reason.clone() });
        Ok(Change { dropped: dropped.collect(), ..Change::default() })
    })
}
