//! `kpatch plan`: what bump would do, on one target or many, writing nothing at all.

use std::path::PathBuf;

use super::bump::What;
use super::cells::{Cell, Filler, Heard, Row};
use super::jobs::{self, Job, jobs};
use super::parallel::Limits;
use super::proposals::Proposer;
use super::report::BumpReport;
use super::{OpError, Places, Watch, compute, news, present, why, workspace};
use crate::event::Event;
use crate::git::Store;
use crate::kit::Kit;
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
    /// Which releases each patch set goes to.
    pub targets: Targets,
}

/// Which releases the patch sets go to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Targets {
    /// Those that `what` names.
    #[default]
    Named,
    /// These tags, whatever `what` names.
    Tags(Vec<String>),
    /// Every release of a set's own series that is newer than this one, as far as the linux tree has them.
    Since(String),
    /// The newest releases of a set's own series that are newer than its base; as many as that, if there are.
    Newest(usize),
}

/// Computes each bump; nothing is written, not even objects. A patch set is applied to its base once, however many
/// targets it goes to, and several targets are computed at a time.
///
/// The reports are in the order of the sets, and for each set in that of its targets.
pub fn plan(options: &PlanOptions, watch: Watch<'_>) -> Result<Vec<BumpReport>, OpError> {
    let kit = kit(options)?;
    let mut asked = asked(options, kit.as_ref(), watch)?;
    if options.targets == Targets::Named {
        jobs::ask_for_targets(&mut asked, &options.places, kit.as_ref(), watch)?;
    }
    let tags = tags(options, &asked)?;
    let open = || workspace::linux(&options.places, kit.as_ref(), &tags, watch);
    let linux = open()?;
    let rows = rows(options, asked, &linux.store, watch)?;
    // Wrong tags are said before any work is done.
    for tag in rows.iter().flat_map(|row| std::iter::once(&row.from).chain(&row.targets)) {
        compute::release(&linux.store, tag.as_str())?;
    }
    let filler = Filler { reopen: &open, limits: Limits::of_machine(), watch };
    let mut reports = Vec::new();
    let heard = Heard::default();
    let cells = filler.fill(linux, &rows, |cell| full_report(cell, heard.watch(watch.interrupt)))?;
    heard.tell(watch.observer);
    for row in cells {
        for cell in row? {
            reports.push(cell??);
        }
    }
    Ok(reports)
}

/// The same, with what explains the conflicts and what is proposed for them.
fn full_report(cell: &Cell<'_>, watch: Watch<'_>) -> Result<BumpReport, OpError> {
    let (store, set, computed) = (&cell.linux.store, &cell.set, cell.computed);
    let mut report = report(cell);
    news::fill(cell.linux, &set.patches, computed, &mut report, watch)?;
    Proposer::of(&cell.row.place)?.fill(store, computed, &mut report)?;
    why::fill(store, &set.patches, computed, &mut report)?;
    Ok(report)
}

/// What bump would report of a cell.
pub(super) fn report(cell: &Cell<'_>) -> BumpReport {
    let mut report = present::report(&cell.linux.store, &cell.set.patches, cell.computed, &[]);
    report.series = cell.row.place.series();
    report.branch = format!("{}{}-linuxkit", report.target.tag, cell.row.place.variant());
    report
}

/// The kit, unless a bare directory of patches is carried.
pub(super) fn kit(options: &PlanOptions) -> Result<Option<Kit>, OpError> {
    if options.patches.is_some() { Ok(None) } else { workspace::kit(&options.places).map(Some) }
}

/// The sets that are asked for; their targets may still be open.
pub(super) fn asked<'k>(
    options: &PlanOptions,
    kit: Option<&'k Kit>,
    watch: Watch<'_>,
) -> Result<Vec<Job<'k>>, OpError> {
    let mut all = Vec::new();
    for what in &options.what {
        all.extend(jobs(kit, options.patches.as_deref(), what, watch.observer)?);
    }
    Ok(all)
}

/// Every tag that is named.
pub(super) fn tags(options: &PlanOptions, asked: &[Job<'_>]) -> Result<Vec<String>, OpError> {
    let mut tags: Vec<String> = asked.iter().map(|job| job.from.to_string()).collect();
    match &options.targets {
        Targets::Named => tags.extend(asked.iter().filter_map(|job| job.to.as_ref()).map(ToString::to_string)),
        Targets::Tags(named) => {
            for name in named {
                tags.push(jobs::tag(name)?.to_string());
            }
        }
        Targets::Since(_) | Targets::Newest(_) => {}
    }
    tags.sort_unstable();
    tags.dedup();
    Ok(tags)
}

/// The sets, each once and with all its targets. A set without any is left out with a warning.
pub(super) fn rows<'k>(
    options: &PlanOptions,
    asked: Vec<Job<'k>>,
    store: &Store,
    watch: Watch<'_>,
) -> Result<Vec<Row<'k>>, OpError> {
    let mut rows: Vec<Row<'k>> = Vec::new();
    for job in asked {
        let targets = targets(&options.targets, &job, store)?;
        if targets.is_empty() {
            let newest = format!("{} is the newest of its series here", job.from);
            watch.observer.event(&Event::Warning(newest));
            continue;
        }
        let same = |row: &Row<'_>| row.from == job.from && row.place.patches_dir() == job.place.patches_dir();
        let at = rows.iter().position(same).unwrap_or_else(|| {
            rows.push(Row { place: job.place, from: job.from, targets: Vec::new() });
            rows.len() - 1
        });
        for target in targets {
            if !rows[at].targets.contains(&target) {
                rows[at].targets.push(target);
            }
        }
    }
    Ok(rows)
}

/// Where one set is to go.
fn targets(targets: &Targets, job: &Job<'_>, store: &Store) -> Result<Vec<Tag>, OpError> {
    match targets {
        Targets::Named => Ok(match &job.to {
            Some(to) => vec![to.clone()],
            None => jobs::newest(store, &job.from)?.into_iter().collect(),
        }),
        Targets::Tags(names) => names.iter().map(|name| jobs::tag(name)).collect(),
        Targets::Since(since) => later(store, &job.from, &jobs::tag(since)?),
        Targets::Newest(number) => {
            let mut newer = later(store, &job.from, &job.from)?;
            Ok(newer.split_off(newer.len().saturating_sub(*number)))
        }
    }
}

/// The releases of a base's series that are newer than `since`, but not the base itself, oldest first.
fn later(store: &Store, from: &Tag, since: &Tag) -> Result<Vec<Tag>, OpError> {
    let version = |tag: &Tag| {
        tag.version().ok_or_else(|| {
            OpError::new(format!("'{tag}' is not the tag of a kernel release, so none is newer"))
                .hint("name the targets")
        })
    };
    let (from, since) = (version(from)?, version(since)?);
    let mut releases = jobs::releases(store)?;
    releases.retain(|known| known.series() == from.series() && *known > since && *known != from);
    Ok(releases.iter().map(Tag::from).collect())
}
