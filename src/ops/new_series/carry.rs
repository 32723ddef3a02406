//! The patches of the previous series on the first release of the new one: the machinery of a bump, without its places.

use std::path::Path;

use super::NewSeriesOptions;
use crate::carry::Pick;
use crate::git::Oid;
use crate::kit::{FileChange, Kit, SeriesState};
use crate::ops::compute::Computed;
use crate::ops::exported::{GateOptions, exported};
use crate::ops::file_changes::FileChanges;
use crate::ops::jobs::Place;
use crate::ops::new_set::Style;
use crate::ops::proposals::Proposer;
use crate::ops::report::{BumpReport, State};
use crate::ops::run::{Run, Settled, sources};
use crate::ops::select::select;
use crate::ops::stopped::journal::{Decided, DecidedKind, Settings};
use crate::ops::workspace::Linux;
use crate::ops::{OpError, Watch, present, why};
use crate::version::Tag;

/// A set that was carried.
pub(super) struct Carried {
    /// The tree of the previous series with its patches.
    pub(super) before: Oid,
    /// The tree of the new release with those that came along.
    pub(super) tree: Oid,
    /// The commit on top.
    pub(super) tip: Oid,
    /// Whether any patch came along.
    pub(super) any: bool,
    pub(super) report: BumpReport,
}

impl Carried {
    /// True if somebody has to decide first.
    pub(super) fn is_open(&self) -> bool {
        self.report.needs_decision()
    }
}

/// Where a set goes from and to.
pub(super) struct Way<'a> {
    pub(super) kit: &'a Kit,
    pub(super) linux: &'a Linux,
    pub(super) state: &'a SeriesState,
    pub(super) from: &'a Tag,
    pub(super) to: &'a Tag,
    /// The patch directory of the new series.
    pub(super) dir: &'a Path,
}

/// Carries the set of the previous series and adds the files of the new one to `changes`; `None` if it has no patches.
pub(super) fn carry(
    way: &Way<'_>,
    options: &NewSeriesOptions,
    changes: &mut FileChanges,
    watch: Watch<'_>,
) -> Result<Option<Carried>, OpError> {
    let Way { linux, from, to, .. } = *way;
    let place = Place::Kit(way.kit, way.state.clone());
    let set = place.read()?;
    if set.patches.is_empty() {
        return Ok(None);
    }
    for accept in &options.accept {
        select(&set, &accept.patch)?;
    }
    let proposer = Proposer::of(&place)?;
    let settings = Settings { renumber: true, skip_patch_utility: options.skip_patch_utility, ..Settings::default() };
    let run = Run { linux, place: &place, from, to, settings, proposer, writes: !options.dry_run, watch };
    let mut settled = run.settle(set, Vec::new(), &options.accept)?;
    if options.skip_conflicts {
        settled = without_open(&run, settled)?;
    }
    let Settled { set, computed, decided } = settled;
    let store = &linux.store;
    let mut report = present::report(store, &set.patches, &computed, &decided);
    report.series = Some(way.state.name());
    let before = computed.stack.tip();
    let (tree, tip) = (computed.carried.tip(), computed.tip);
    if report.state == State::WouldStop {
        run.proposer.fill(store, &computed, &mut report)?;
        why::fill(store, &set.patches, &computed, &mut report)?;
        return Ok(Some(Carried { before, tree, tip, any: false, report }));
    }
    let any = write(way, &set, &computed, options, &mut report, changes)?;
    Ok(Some(Carried { before, tree, tip, any, report }))
}

/// Leaves out what is open, until nothing is: first what is open by itself, then what waits for it in vain.
fn without_open(run: &Run<'_>, mut settled: Settled) -> Result<Settled, OpError> {
    loop {
        let Settled { set, computed, mut decided } = settled;
        let picks = || set.patches.iter().zip(&computed.carried.picks).filter(|(_, pick)| pick.is_open());
        let waits = |pick: &Pick| matches!(pick.outcome, crate::carry::Outcome::Blocked { .. });
        let by_itself: Vec<Decided> = picks()
            .filter(|(_, pick)| !waits(pick))
            .map(|(patch, _)| Decided::plain(patch, DecidedKind::Skipped))
            .collect();
        let new: Vec<Decided> = if by_itself.is_empty() {
            picks().map(|(patch, _)| Decided::plain(patch, DecidedKind::Skipped)).collect()
        } else {
            by_itself
        };
        if new.is_empty() {
            return Ok(Settled { set, computed, decided });
        }
        decided.extend(new);
        settled = run.again(set, computed, decided, &[])?;
    }
}

/// Exports the new set through the gate and adds its files; false if nothing came along.
fn write(
    way: &Way<'_>,
    set: &crate::patch_set::PatchSet,
    computed: &Computed,
    options: &NewSeriesOptions,
    report: &mut BumpReport,
    changes: &mut FileChanges,
) -> Result<bool, OpError> {
    let sources = sources(set, computed);
    if sources.is_empty() {
        return Ok(false);
    }
    let style = Style { renumber: true, ..Style::default() };
    let gate = GateOptions { skip_patch: options.skip_patch_utility };
    let exported = exported(&way.linux.store, set, &sources, style, computed.carried.target.tree, gate)?;
    for (row, at) in report.patches.iter_mut().filter(|row| row.commit.is_some()).zip(0..) {
        row.bytes_kept = Some(exported.untouched(at));
    }
    for file in &exported.files {
        let change = FileChange { path: way.dir.join(&file.name), old: None, new: Some(file.bytes.clone()) };
        changes.add(change, false)?;
    }
    report.gate = Some(exported.gate);
    Ok(true)
}
