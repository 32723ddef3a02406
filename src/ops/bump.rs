//! `kpatch bump`: carries a patch set to another release and lands it.

use std::path::PathBuf;

use super::jobs::{Job, Place, ask_for_targets, jobs, newest};
use super::proposals::Proposer;
use super::report::BumpReport;
use super::run::Run;
use super::stopped::journal::Settings;
use super::{Accept, OpError, Places, Watch, last_report, workspace};
use crate::event::Event;

/// What to carry, and how.
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct BumpOptions {
    /// Where the kit and the linux tree are.
    pub places: Places,
    /// A bare directory of patches instead of a kit.
    pub patches: Option<PathBuf>,
    /// Where the new set is written instead of in place; must not exist or be empty. Only with `patches`.
    pub out: Option<PathBuf>,
    /// What to carry.
    pub what: What,
    /// Write every patch anew, as `git format-patch` does.
    pub refresh: bool,
    /// Close the gaps that dropped patches leave in the numbers.
    pub renumber: bool,
    /// Write nothing at all.
    pub dry_run: bool,
    /// Go on although `kernel/` has changes that are not committed.
    pub allow_dirty: bool,
    /// Replace the target's branch if it is there and differs.
    pub replace_branch: bool,
    /// Results and proposals that are taken.
    pub accept: Vec<Accept>,
    /// Skip the `patch -F0` leg of the gate, for sets with binary diffs.
    pub skip_patch_utility: bool,
    /// For a variant: leave the common patches of its series out of the proof.
    pub skip_common: bool,
    /// Write with `git format-patch` itself instead of kpatch's own writer.
    pub export_with_git: bool,
    /// Leave the kernel configurations as they are.
    pub keep_configs: bool,
    /// Leave the image references as they are.
    pub keep_references: bool,
}

/// Which patch set goes where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum What {
    /// Every series that is not deprecated, each to its newest tag in the linux tree.
    #[default]
    All,
    /// One series (`6.6.x`), to a tag or to the newest one.
    Series {
        /// The series as the user typed it.
        series: String,
        /// The target; the newest release of the series in the linux tree if absent.
        to: Option<String>,
    },
    /// From one tag to another.
    Tags {
        /// The base (`CURTAG`).
        from: String,
        /// The target (`NEWTAG`).
        to: String,
    },
}

/// Carries the patch sets; one report for each, in the order of the kit.
///
/// A set that needs decisions is recorded and reported; the others land.
pub fn bump(options: &BumpOptions, watch: Watch<'_>) -> Result<Vec<BumpReport>, OpError> {
    let folder = options.patches.as_deref();
    if options.out.is_some() && folder.is_none() {
        return Err(OpError::new("--out needs --patches"));
    }
    let kit = if folder.is_some() { None } else { Some(workspace::kit(&options.places)?) };
    let lands_in = options.out.as_deref().or(folder);
    let _lock = match (&kit, lands_in) {
        _ if options.dry_run => None,
        (Some(kit), _) => Some(workspace::lock_kit(kit, "bump", watch)?),
        (None, Some(folder)) => Some(workspace::lock_folder(folder, "bump", watch)?),
        (None, None) => None,
    };
    let mut warnings = Vec::new();
    if let (Some(kit), false) = (&kit, options.allow_dirty) {
        warnings.extend(workspace::refuse_dirty(kit)?);
    }
    let jobs = jobs(kit.as_ref(), folder, &options.what, watch.observer)?;
    let mut jobs = without_followers(jobs, options, watch);
    ask_for_targets(&mut jobs, &options.places, kit.as_ref(), watch)?;
    let tags: Vec<String> =
        jobs.iter().flat_map(|job| std::iter::once(&job.from).chain(&job.to)).map(ToString::to_string).collect();
    let linux = workspace::linux(&options.places, kit.as_ref(), &tags, watch)?;
    let _linux_lock = if options.dry_run { None } else { Some(workspace::lock_linux(&linux, "bump")?) };
    let mut reports = Vec::new();
    for job in jobs {
        let Some(to) = job.to.clone().map_or_else(|| newest(&linux.store, &job.from), |to| Ok(Some(to)))? else {
            watch.observer.event(&Event::Warning(format!("{} is the newest of its series here", job.from)));
            continue;
        };
        let run = Run {
            linux: &linux,
            place: &job.place,
            from: &job.from,
            to: &to,
            settings: options.settings(),
            proposer: Proposer::of(&job.place)?,
            writes: !options.dry_run,
            watch,
        };
        let mut report = run.start(&options.accept)?;
        report.warnings.extend(warnings.iter().cloned());
        if !options.dry_run
            && let Err(error) = last_report::keep(&linux, &job.place, &report)
        {
            // What has landed has landed.
            report.warnings.push(error.to_string());
        }
        reports.push(report);
    }
    Ok(reports)
}

/// Of all series, those that go to the newest release unasked: a variant that follows the releases of the -rt project goes
/// where somebody says, and one without a version of its own has none to bump.
fn without_followers<'k>(jobs: Vec<Job<'k>>, options: &BumpOptions, watch: Watch<'_>) -> Vec<Job<'k>> {
    if options.what != What::All {
        return jobs;
    }
    let goes = |job: &Job<'_>| {
        let Place::Kit(kit, state) = &job.place else { return true };
        let name = state.name();
        let follows = kit.config().series.get(&name).is_some_and(|settings| settings.rt.is_some());
        let words = if follows {
            format!(
                "{name} follows the releases of the -rt project and stays on {}; kpatch bump {name} --to TAG",
                job.from
            )
        } else if state.version_file.is_none() && !state.variant.is_empty() {
            format!("{name} has no version of its own in the kit and stays as it is")
        } else {
            return true;
        };
        watch.observer.event(&Event::Warning(words));
        false
    };
    jobs.into_iter().filter(goes).collect()
}

impl BumpOptions {
    fn settings(&self) -> Settings {
        Settings {
            out: self.out.as_deref().map(|out| std::path::absolute(out).unwrap_or_else(|_| out.to_owned())),
            refresh: self.refresh,
            renumber: self.renumber,
            replace_branch: self.replace_branch,
            skip_patch_utility: self.skip_patch_utility,
            skip_common: self.skip_common,
            export_with_git: self.export_with_git,
            keep_configs: self.keep_configs,
            keep_references: self.keep_references,
            changelogs: self.places.changelogs.clone(),
        }
    }
}
