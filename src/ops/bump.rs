//! `kpatch bump`: carries a patch set to another release and lands it.

use std::path::PathBuf;

use super::compute::{self, Computed};
use super::exported::{Exported, GateOptions, exported};
use super::jobs::{Job, jobs, newest};
use super::landing::{Landing, branch_update};
use super::new_set::{Source, Style};
use super::renames::Memory;
use super::report::{BumpReport, PatchReport, State};
use super::workspace::{self, Linux};
use super::{OpError, Places, Watch, present, record};
use crate::event::Event;
use crate::patch_set::PatchSet;
use crate::version::Tag;

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
    /// Numbers of patches whose `emptied` or `partial` result is accepted.
    pub accept: Vec<u32>,
    /// Skip the `patch -F0` leg of the gate, for sets with binary diffs.
    pub skip_patch_utility: bool,
    /// Write with `git format-patch` itself instead of kpatch's own writer.
    pub export_with_git: bool,
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
    let _lock = match (&kit, options.dry_run) {
        (Some(kit), false) => Some(workspace::lock_kit(kit, "bump", watch)?),
        _ => None,
    };
    let mut warnings = Vec::new();
    if let (Some(kit), false) = (&kit, options.allow_dirty) {
        warnings.extend(workspace::refuse_dirty(kit)?);
    }
    let jobs = jobs(kit.as_ref(), folder, &options.what, watch.observer)?;
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
        let mut report = Run { options, linux: &linux, job: &job, to: &to, watch }.run()?;
        report.warnings.extend(warnings.iter().cloned());
        reports.push(report);
    }
    Ok(reports)
}

/// One patch set on its way to one target.
struct Run<'a> {
    options: &'a BumpOptions,
    linux: &'a Linux,
    job: &'a Job<'a>,
    to: &'a Tag,
    watch: Watch<'a>,
}

impl Run<'_> {
    fn run(&self) -> Result<BumpReport, OpError> {
        let store = &self.linux.store;
        let set = self.job.place.read()?;
        // Wrong tags are said before any work is done.
        let base = compute::release(store, self.job.from.as_str())?;
        let target = compute::release(store, self.to.as_str())?;
        let stack = compute::stack(store, &set.patches, base, self.watch)?;
        let mut memory = Memory::default();
        let computed = compute::onto(store, &set.patches, stack, target, &mut memory, self.watch)?;
        if !self.options.dry_run {
            memory.keep();
        }
        let mut report = present::report(store, &set.patches, &computed, &self.options.accept);
        report.series = self.job.place.series();
        if report.state == State::WouldStop {
            if !self.options.dry_run {
                record::write(self.linux, &set, &computed, &mut report)?;
                report.state = State::Stopped;
            }
            return Ok(report);
        }
        self.finish(&set, &computed, report)
    }

    /// Exports, passes the gate, and lands.
    fn finish(&self, set: &PatchSet, computed: &Computed, mut report: BumpReport) -> Result<BumpReport, OpError> {
        let store = &self.linux.store;
        let sources = sources(set, computed);
        let style = self.options.style();
        let target = computed.carried.target.tree;
        // Deflating takes as long as the gate, and needs nothing of it.
        let (exported, pack) = std::thread::scope(|scope| {
            let pack = (!self.options.dry_run).then(|| scope.spawn(|| store.pack(&[computed.tip])));
            let exported = exported(store, set, &sources, style, target, self.gate_options());
            (exported, pack.map(|pack| pack.join().expect("deflating does not panic")))
        });
        let exported = exported?;
        for (row, at) in report.patches.iter_mut().filter(|row| row.commit.is_some()).zip(0..) {
            row.bytes_kept = Some(exported.untouched(at));
            row.rewrite = if self.options.refresh { None } else { rewrite(set, &exported, row) };
        }
        let landing = Landing::plan(self.options, &self.job.place, &self.job.from, self.to, set, &exported.files)?;
        report.files = landing.files();
        report.gate = Some(exported.gate);
        let Some(pack) = pack else { return Ok(report) };
        if self.watch.interrupt.is_raised() {
            return Err(OpError::interrupted());
        }
        let pack = pack.map_err(|error| OpError::because("cannot pack the carried commits", error))?;
        let updates = branch_update(store, &self.to.branch(), computed.tip, self.options.replace_branch)?;
        landing.land(store, pack, &updates, &format!("kpatch bump: {} to {}", self.job.from, self.to))?;
        record::clear(self.linux, self.to.as_str());
        report.commit = Some(computed.tip.to_string());
        report.state = State::Landed;
        Ok(report)
    }

    fn gate_options(&self) -> GateOptions {
        GateOptions { skip_patch: self.options.skip_patch_utility }
    }
}

impl BumpOptions {
    fn style(&self) -> Style {
        Style { refresh: self.refresh, renumber: self.renumber, with_git: self.export_with_git }
    }
}

/// What changed in the file of a patch that was written anew.
pub(super) fn rewrite(set: &PatchSet, exported: &Exported, row: &PatchReport) -> Option<String> {
    let new = exported.files.iter().find(|file| !file.kept && file.was.as_ref() == Some(&row.file))?;
    let (_, parts) = set.files().find(|(name, _)| *name == row.file)?;
    let old: Vec<u8> = parts.iter().flat_map(|part| part.bytes.iter().copied()).collect();
    if old == new.bytes {
        return None;
    }
    let diff = similar::TextDiff::from_lines(old.as_slice(), new.bytes.as_slice());
    let mut out = Vec::new();
    diff.unified_diff().context_radius(3).header(&row.file, &new.name).to_writer(&mut out).ok()?;
    Some(String::from_utf8_lossy(&out).into_owned())
}

/// The patches of the new set, in order.
fn sources<'a>(set: &'a PatchSet, computed: &Computed) -> Vec<Source<'a>> {
    let picks = set.patches.iter().zip(&computed.carried.picks).zip(&computed.commits);
    picks
        .filter_map(|((patch, pick), commit)| {
            Some(Source {
                patch: Some(patch),
                same: pick.outcome.keeps_bytes(),
                commit: (*commit)?,
                before: pick.before,
                after: pick.after,
            })
        })
        .collect()
}
