//! `kpatch bisect`: how far a patch carries, and what ends it.

mod commits;
mod report;
mod search;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

pub use report::{BisectReport, CommitReport, End, ProbeReport};

use super::cells::{Cell, Filler, Heard, Row};
use super::jobs::{self, Job, Which};
use super::parallel::Limits;
use super::plan::report as bump_report;
use super::renames::Memory;
use super::report::OutcomeName;
use super::select::select;
use super::workspace::{self, Linux};
use super::{OpError, Places, Watch, compute, present, why};
use crate::apply::{Release, Stack};
use crate::carry::Decisions;
use crate::event::Event;
use crate::git::{GitError, Oid, Store};
use crate::kit::Kit;
use crate::patch_set::PatchSet;
use crate::text::visible;
use crate::version::{KernelVersion, Tag};

/// What to look for.
#[derive(Debug, Clone, Default)]
pub struct BisectOptions {
    /// Where the kit and the linux tree are.
    pub places: Places,
    /// A bare directory of patches instead of a kit; needs `base`.
    pub patches: Option<PathBuf>,
    /// The series (`6.6.x`); the kit's only one if absent.
    pub series: Option<String>,
    /// The tag that the set applies to, instead of the version in the kit.
    pub base: Option<String>,
    /// The patch: its number (`7`, `0007`, `0007#2` for the second of one file), its file, or a part of the file's name
    /// that no other has.
    pub patch: String,
    /// The first release to look at; the base if absent.
    pub from: Option<String>,
    /// The last one; the newest of the same series if absent. One of another series means all releases in between, in
    /// the order of versions.
    pub to: Option<String>,
    /// What counts as the patch's end.
    pub until: Until,
    /// Look at every release instead of searching by halves.
    pub all: bool,
    /// Look also for the first commit that ends the patch.
    pub commits: bool,
}

/// What counts as the end of a patch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Until {
    /// It conflicts, or is blocked by one that does.
    Conflict,
    /// Upstream has it, with proof or without.
    Dropped,
    /// Any of these, and that only a part of it is left.
    #[default]
    Any,
}

impl Until {
    fn is_end(self, outcome: OutcomeName) -> bool {
        let conflicts = matches!(outcome, OutcomeName::Conflict | OutcomeName::Blocked);
        let dropped = matches!(outcome, OutcomeName::Upstreamed | OutcomeName::Emptied);
        match self {
            Self::Conflict => conflicts,
            Self::Dropped => dropped,
            Self::Any => conflicts || dropped || outcome == OutcomeName::Partial,
        }
    }
}

/// Finds the first release on which the patch is at its end; nothing is written.
///
/// Outcomes need not turn only once, and a search by halves finds one of the turns. What it says of it is seen: the
/// release before, the release itself, and the one after.
pub fn bisect(options: &BisectOptions, watch: Watch<'_>) -> Result<BisectReport, OpError> {
    let kit = if options.patches.is_some() { None } else { Some(workspace::kit(&options.places)?) };
    let job = job(options, kit.as_ref(), watch)?;
    let given = |tag: &Option<String>| tag.as_deref().map(jobs::tag).transpose();
    let (from, to) = (given(&options.from)?.unwrap_or_else(|| job.from.clone()), given(&options.to)?);
    let tags: Vec<String> = [&job.from, &from].into_iter().chain(&to).map(ToString::to_string).collect();
    let open = || workspace::linux(&options.places, kit.as_ref(), &tags, watch);
    let linux = open()?;
    let set = job.place.read()?;
    let at = select(&set, &options.patch)?;
    let releases = releases(&linux.store, &from, to.as_ref())?;
    let base = compute::release(&linux.store, job.from.as_str())?;
    let stack = compute::stack(&linux.store, &set.patches, base, watch)?;
    let patch = &set.patches[at];
    if let Err(error) = &stack.steps[at].result {
        return Err(OpError::new(format!("{} does not apply to its own base {}: {error}", patch.file, job.from))
            .hint("kpatch verify shows what is wrong with a set"));
    }
    let mut report = BisectReport {
        series: job.place.series(),
        base: job.from.to_string(),
        file: patch.file.clone(),
        part: patch.part,
        subject: visible(&patch.message.subject),
        until: options.until,
        releases: releases.len(),
        probes: Vec::new(),
        last_good: None,
        first_bad: None,
        commit: None,
        no_commit: None,
    };
    let prober = Prober { linux: &linux, set: &set, stack, at, until: options.until, watch };
    if options.all {
        let row = Row { place: job.place, from: job.from, targets: releases };
        let filler = Filler { reopen: &open, limits: Limits::of_machine(), watch };
        // In a tree of their own, which goes with what they have read.
        report.probes = every(&filler, open()?, &row, at, options.until)?;
        let bad = report.probes.iter().position(|probe| probe.end.stops);
        report.settle(bad);
    } else {
        let bad = prober.search(&releases, &mut report.probes)?;
        report.probes.sort_by_key(|probe| probe.place);
        report.settle(bad.and_then(|bad| report.probes.iter().position(|probe| probe.place == bad)));
    }
    if options.commits {
        prober.search_commits(&mut report)?;
    }
    Ok(report)
}

impl BisectReport {
    /// Names the end, the probe at `bad`, and what comes before it.
    fn settle(&mut self, bad: Option<usize>) {
        let Some(bad) = bad else { return };
        self.first_bad = Some(self.probes[bad].release.clone());
        self.last_good = bad.checked_sub(1).map(|good| self.probes[good].release.clone());
    }
}

/// Carries the set to what is asked for, and looks at the one patch.
struct Prober<'a> {
    linux: &'a Linux,
    set: &'a PatchSet,
    stack: Arc<Stack>,
    at: usize,
    until: Until,
    watch: Watch<'a>,
}

impl Prober<'_> {
    fn end(&self, target: Release) -> Result<End, OpError> {
        let heard = Heard::default();
        let stack = Arc::clone(&self.stack);
        let watch = heard.watch(self.watch.interrupt);
        let patches = &self.set.patches;
        let computed =
            compute::onto(self.linux, patches, stack, target, &Decisions::new(), &mut Memory::default(), watch)?;
        let mut report = present::report(&self.linux.store, patches, &computed, &[]);
        why::fill(&self.linux.store, patches, &computed, &mut report)?;
        heard.tell(self.watch.observer);
        self.watch.observer.event(&Event::Step);
        Ok(End::of(report.patches.swap_remove(self.at), self.until))
    }

    /// Searches the releases by halves; the place of the first bad one.
    fn search(&self, releases: &[Tag], probes: &mut Vec<ProbeReport>) -> Result<Option<usize>, OpError> {
        self.watch.observer.event(&Event::Stage { name: "looking at releases".into(), total: None });
        let mut is_bad = |place: usize| -> Result<bool, OpError> {
            let known = probes.iter().find(|probe| probe.place == place);
            if let Some(known) = known {
                return Ok(known.end.stops);
            }
            let release = compute::release(&self.linux.store, releases[place].as_str())?;
            let (tag, commit) = (release.tag.clone(), release.commit.to_string());
            let end = self.end(release)?;
            let stops = end.stops;
            probes.push(ProbeReport { release: tag, place, commit, end });
            Ok(stops)
        };
        let last = releases.len() - 1;
        if is_bad(0)? {
            return Ok(Some(0));
        }
        if !is_bad(last)? {
            return Ok(None);
        }
        let bad = search::turn(releases.len(), &mut is_bad)?;
        // What came before was seen; what comes after tells an end from an interlude.
        if bad < last {
            is_bad(bad + 1)?;
        }
        Ok(Some(bad))
    }

    /// Searches the commits between the last good and the first bad release by halves.
    fn search_commits(&self, report: &mut BisectReport) -> Result<(), OpError> {
        let (Some(good), Some(bad)) = (&report.last_good, &report.first_bad) else {
            report.no_commit = report.first_bad.is_some().then_some("no release before is good");
            return Ok(());
        };
        let failed = |error: GitError| OpError::because("cannot read the linux tree", error);
        let commit = |tag: &str| compute::release(&self.linux.store, tag).map(|release| release.commit);
        let Some(way) = commits::way(&self.linux.store, commit(good)?, commit(bad)?).map_err(failed)? else {
            report.no_commit = Some("the linux tree has no commits between the two releases");
            return Ok(());
        };
        if way.commits.is_empty() {
            report.no_commit = Some("the release has no commits of its own");
            return Ok(());
        }
        self.watch.observer.event(&Event::Stage { name: "looking at commits".into(), total: None });
        let probe = |commit: Oid| self.end(commits::as_release(&self.linux.store, commit).map_err(failed)?);
        // Within a series the two ways part at the good release itself.
        if commit(good)? != way.parted && probe(way.parted)?.stops {
            report.no_commit = Some("where the series part, the patch is at its end already");
            return Ok(());
        }
        let found = search::turn(way.commits.len(), |at| Ok::<_, OpError>(probe(way.commits[at])?.stops))?;
        let id = way.commits[found];
        let message = self.linux.store.commit(id).map_err(failed)?.message;
        let title = message.split(|byte| *byte == b'\n').next().unwrap_or_default();
        report.commit = Some(CommitReport {
            commit: id.to_string(),
            title: visible(title),
            of: way.commits.len(),
            end: probe(id)?,
        });
        Ok(())
    }
}

/// What becomes of the patch on each release, several at a time.
fn every(
    filler: &Filler<'_>,
    linux: Linux,
    row: &Row<'_>,
    at: usize,
    until: Until,
) -> Result<Vec<ProbeReport>, OpError> {
    let look = |cell: &Cell<'_>| {
        let mut report = bump_report(cell);
        (report.target, End::of(report.patches.swap_remove(at), until))
    };
    let rows = filler.fill(linux, std::slice::from_ref(row), look)?;
    let mut probes = Vec::new();
    for cells in rows {
        for (place, cell) in cells?.into_iter().enumerate() {
            let (release, end) = cell?;
            probes.push(ProbeReport { release: release.tag, place, commit: release.commit, end });
        }
    }
    Ok(probes)
}

/// The patch set that is meant.
fn job<'k>(options: &BisectOptions, kit: Option<&'k Kit>, watch: Watch<'_>) -> Result<Job<'k>, OpError> {
    let hint = "for example: kpatch bisect 0007 --series 6.6.x";
    let which = Which { folder: options.patches.as_deref(), series: options.series.as_deref() };
    if which.folder.is_none() && which.series.is_none() && options.base.is_some() {
        return Err(OpError::new("--base needs a series").hint(hint));
    }
    let mut jobs = jobs::on_base(kit, which, options.base.as_deref(), watch.observer)?;
    match jobs.len() {
        1 => Ok(jobs.remove(0)),
        0 => Err(OpError::new("the kit has no series to look at")),
        _ => {
            let known: Vec<String> = jobs.iter().filter_map(|job| job.place.series()).collect();
            Err(OpError::new(format!("the kit has more than one series: {}", known.join(", "))).hint(hint))
        }
    }
}

/// The releases to look at: `from`, and those after it in the order of versions, up to `to` or the newest of the same
/// series.
fn releases(store: &Store, from: &Tag, to: Option<&Tag>) -> Result<Vec<Tag>, OpError> {
    let version = |tag: &Tag| {
        let not =
            || OpError::new(format!("'{tag}' is not the tag of a kernel release, so none comes before or after it"));
        tag.version().ok_or_else(|| not().hint("say --from and --to with tags such as v6.6.13"))
    };
    let first = version(from)?;
    let mut releases: Vec<KernelVersion> = jobs::releases(store)?.into_iter().filter(|known| *known > first).collect();
    match to {
        Some(to) => {
            let last = version(to)?;
            if last <= first {
                return Err(OpError::new(format!("'{to}' is not newer than '{from}'")));
            }
            compute::release(store, to.as_str())?;
            releases.retain(|known| *known < last);
            releases.push(last);
        }
        None => releases.retain(|known| known.series() == first.series()),
    }
    Ok(std::iter::once(from.clone()).chain(releases.iter().map(Tag::from)).collect())
}
