//! `kpatch plan`: what bump would do, on one target or many, writing nothing at all.

use std::path::PathBuf;

use super::bump::What;
use super::compute;
use super::jobs::{jobs, newest};
use super::renames::Memory;
use super::report::BumpReport;
use super::{OpError, Places, Watch, present, workspace};
use crate::apply::Stack;
use crate::carry::Decisions;
use crate::event::Event;
use crate::patch_set::PatchSet;
use crate::version::Tag;

/// What to plan.
#[derive(Debug, Clone, Default)]
pub struct PlanOptions {
    /// Where the kit and the linux tree are.
    pub places: Places,
    /// A bare directory of patches instead of a kit.
    pub patches: Option<PathBuf>,
    /// What to carry where; several make a matrix.
    pub what: Vec<What>,
}

/// Computes each bump; nothing is written, not even objects. A patch set is applied to its base once, however many
/// targets it goes to.
pub fn plan(options: &PlanOptions, watch: Watch<'_>) -> Result<Vec<BumpReport>, OpError> {
    let folder = options.patches.as_deref();
    let kit = if folder.is_some() { None } else { Some(workspace::kit(&options.places)?) };
    let mut all = Vec::new();
    for what in &options.what {
        all.extend(jobs(kit.as_ref(), folder, what, watch.observer)?);
    }
    let tags: Vec<String> =
        all.iter().flat_map(|job| std::iter::once(&job.from).chain(&job.to)).map(ToString::to_string).collect();
    let linux = workspace::linux(&options.places, kit.as_ref(), &tags, watch)?;
    let mut reports = Vec::new();
    let mut applied: Option<Applied> = None;
    for job in &all {
        let Some(to) = job.to.clone().map_or_else(|| newest(&linux.store, &job.from), |to| Ok(Some(to)))? else {
            watch.observer.event(&Event::Warning(format!("{} is the newest of its series here", job.from)));
            continue;
        };
        let target = compute::release(&linux.store, to.as_str())?;
        let key = (job.place.patches_dir().to_owned(), job.from.clone());
        let at = match applied.take() {
            Some(at) if at.key == key => at,
            _ => {
                let set = job.place.read()?;
                let base = compute::release(&linux.store, job.from.as_str())?;
                let stack = compute::stack(&linux.store, &set.patches, base, watch)?;
                Applied { key, set, stack }
            }
        };
        let mut memory = Memory::default();
        let computed =
            compute::onto(&linux.store, &at.set.patches, at.stack, target, &Decisions::new(), &mut memory, watch)?;
        let mut report = present::report(&linux.store, &at.set.patches, &computed, &[]);
        report.series = job.place.series();
        reports.push(report);
        applied = Some(Applied { stack: computed.stack, ..at });
    }
    Ok(reports)
}

/// A patch set on its base, for the next target.
struct Applied {
    key: (PathBuf, Tag),
    set: PatchSet,
    stack: Stack,
}
