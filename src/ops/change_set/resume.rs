//! Going on with a change that stopped: everything is computed anew, with what was decided.

use super::compute::Changed;
use super::{ChangeOptions, Setting, compute, finish};
use crate::ops::jobs::Job;
use crate::ops::proposals::Proposer;
use crate::ops::report::BumpReport;
use crate::ops::resume::{Asker, ResumeOptions};
use crate::ops::run::accepted;
use crate::ops::stopped::Stopped;
use crate::ops::workspace::Linux;
use crate::ops::{OpError, Watch, compute as carrying};
use crate::patch_set::PatchSet;

/// Goes on with the change in the journal of `stopped`; `set` is the one that it began with.
pub(in crate::ops) fn resume(
    options: &ResumeOptions,
    linux: &Linux,
    job: &Job<'_>,
    set: PatchSet,
    mut stopped: Stopped,
    watch: Watch<'_>,
) -> Result<BumpReport, OpError> {
    let store = &linux.store;
    let skip_patch_utility = stopped.journal.settings.skip_patch_utility;
    let how = ChangeOptions { skip_patch_utility, ..ChangeOptions::default() };
    let setting = setting(&how, linux, job, set, &stopped, watch)?;
    let change = stopped.journal.change.clone().unwrap_or_default();
    stopped.restore(store)?;
    let mut changed = compute(&setting, &change, &stopped.journal.decisions)?;
    stopped.keep(store, &changed.patches, &changed.computed)?;
    let proposer = Proposer::of(&job.place)?;
    let new_set = PatchSet { patches: changed.patches.clone() };
    let asker = Asker { linux, proposer: &proposer, options };
    let new = asker.answers(&stopped, &new_set, &changed.computed)?;
    stopped.journal.decisions.extend(new);
    stopped.write_decisions(store)?;
    loop {
        changed = compute(&setting, &change, &stopped.journal.decisions)?;
        // A patch that waited for an accepted one may be open now.
        let new = accepted(store, &proposer, &new_set, &changed.computed, asker.accept())?;
        if new.is_empty() {
            break;
        }
        stopped.journal.decisions.extend(new);
    }
    let decided = stopped.journal.decisions.clone();
    Ok(finish(&setting, &change, &changed, decided, Some(stopped))?.report)
}

/// What the change of a journal is computed in.
fn setting<'a>(
    options: &'a ChangeOptions,
    linux: &'a Linux,
    job: &'a Job<'a>,
    set: PatchSet,
    stopped: &Stopped,
    watch: Watch<'a>,
) -> Result<Setting<'a>, OpError> {
    let base = carrying::release(&linux.store, job.from.as_str())?;
    let stack = carrying::stack(&linux.store, &set.patches, base, watch)?;
    let verb = verb(&stopped.journal.verb);
    Ok(Setting { options, verb, linux, job, set, stack, warnings: Vec::new(), watch })
}

/// The new set of a change that stopped, carried as far as it is decided.
pub(in crate::ops) fn as_stopped(
    linux: &Linux,
    job: &Job<'_>,
    set: PatchSet,
    stopped: &Stopped,
    watch: Watch<'_>,
) -> Result<Changed, OpError> {
    let how = ChangeOptions::default();
    let setting = setting(&how, linux, job, set, stopped, watch)?;
    compute(&setting, &stopped.journal.change.clone().unwrap_or_default(), &stopped.journal.decisions)
}

/// The verb of a journal.
fn verb(name: &str) -> &'static str {
    ["add", "drop", "edit", "reorder"].into_iter().find(|known| *known == name).unwrap_or("change")
}
