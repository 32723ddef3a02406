//! `kpatch status`: where each series stands.

use serde::Serialize;

use super::check::ReleasesReport;
use super::released::released;
use super::stopped::Stopped;
use super::stopped::journal::Journal;
use super::workspace::kit_error;
use super::{OpError, Places, Watch, jobs, landing, stopped, watch, workspace};
use crate::event::Event;
use crate::files::{FilesError, Landing, Lock};
use crate::git::{GitError, Store};
use crate::kit::{Kit, SeriesState};
use crate::source::releases::Releases;
use crate::version::KernelVersion;

/// Where a kit stands.
#[derive(Debug, Clone, Serialize)]
pub struct StatusReport {
    /// The kit's top directory; absent where there is none.
    pub kit: Option<String>,
    /// The linux tree; absent if none is known.
    pub linux: Option<String>,
    /// A landing that an earlier run left unfinished: `completed` or `rolled-back` just now.
    pub recovered: Option<&'static str>,
    /// The list of releases that is at hand; absent if there is none.
    pub releases: Option<ReleasesReport>,
    /// One row for each series.
    pub series: Vec<SeriesStatus>,
    /// Stopped bumps of bare directories of patches.
    pub stopped: Vec<StoppedStatus>,
}

/// Where one series stands.
#[derive(Debug, Clone, Serialize)]
pub struct SeriesStatus {
    /// The series with its variant, for example `6.6.x` or `5.11.x-rt`.
    pub series: String,
    /// The versions in the kit.
    pub versions: Vec<String>,
    /// No longer built by default.
    pub deprecated: bool,
    /// How many patch files it has.
    pub patches: usize,
    /// Whether the linux tree has the tag of its version; absent without a linux tree.
    pub tag_known: Option<bool>,
    /// The branch of its version, if the linux tree has it.
    pub branch: Option<String>,
    /// The newest release of the series among the linux tree's tags, if it is newer than the kit's.
    pub newer: Option<String>,
    /// The newest release of the series that the list of releases has, if it is newer than the kit's; absent for variants, which follow
    /// releases of their own.
    pub released: Option<String>,
    /// True if no more releases of the series are to come; absent without a list.
    pub eol: Option<bool>,
    /// What the last `kpatch watch` found; absent if there was none, or the set or its version is another one since.
    pub watch: Option<WatchStatus>,
    /// Bumps that wait for decisions.
    pub stopped: Vec<StoppedStatus>,
}

/// What the last `kpatch watch` of a series found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WatchStatus {
    /// How many things upstream says of the commits that the series carries.
    pub findings: usize,
    /// How many published flaws its kernel has for certain; absent where nobody said where they are.
    pub cves: Option<usize>,
    /// The newest tags that were looked up to.
    pub until: Vec<String>,
}

/// A bump that waits for decisions.
#[derive(Debug, Clone, Serialize)]
pub struct StoppedStatus {
    /// The kit, or the bare directory of patches.
    pub home: String,
    /// The tag that the patches still apply to.
    pub base: String,
    /// The target's tag.
    pub target: String,
    /// The patches that wait.
    pub open: Vec<OpenStatus>,
    /// How many decisions were made.
    pub decided: usize,
    /// Where it is recorded.
    pub record: String,
}

/// A patch that waits for a decision.
#[derive(Debug, Clone, Serialize)]
pub struct OpenStatus {
    /// The patch file.
    pub patch: String,
    /// Which patch of that file, from 0.
    pub part: usize,
    /// The name of its outcome.
    pub outcome: String,
    /// Where the files to resolve lie; absent if files cannot decide it.
    pub resolve: Option<String>,
}

impl SeriesStatus {
    /// Notes what a list of releases says of the series.
    fn compare(&mut self, state: &SeriesState, list: &Releases) {
        self.eol = Some(list.is_eol(state.series));
        let newest = list.newest(state.series).map(|newest| &newest.version);
        let newest = newest.filter(|newest| newest.rc().is_none() && state.variant.is_empty());
        let newer = newest.filter(|newest| state.versions.iter().max().is_some_and(|version| version < *newest));
        self.released = newer.map(ToString::to_string);
    }
}

impl StoppedStatus {
    fn of(stopped: &Stopped) -> Self {
        let Journal { base, target, open, decisions, .. } = &stopped.journal;
        let open = open.iter().map(|open| {
            let folder = stopped.resolve().join(open.folder());
            OpenStatus {
                patch: open.patch.clone(),
                part: open.part,
                outcome: open.outcome.clone(),
                resolve: folder.is_dir().then(|| folder.display().to_string()),
            }
        });
        Self {
            home: stopped.journal.home.display().to_string(),
            base: base.clone(),
            target: target.clone(),
            open: open.collect(),
            decided: decisions.len(),
            record: stopped.folder.display().to_string(),
        }
    }
}

/// Looks at the kit; finishes a landing that was cut off.
///
/// Neither a linux tree that is a URL nor a list of releases is asked for: `status` never waits for a network, and tells of the list
/// that `kpatch outdated` has fetched.
///
/// Without a kit there is something to say only where the bump of a bare directory of patches is stopped.
pub fn status(places: &Places, watch: Watch<'_>) -> Result<StatusReport, OpError> {
    let local = Places { offline: true, ..places.clone() };
    let kit = match workspace::kit(places) {
        Ok(kit) => kit,
        Err(error) => return without_kit(places, &local, watch).ok_or(error),
    };
    let recovered = recover(&kit, watch)?;
    let linux = match workspace::linux(&local, Some(&kit), &[], watch) {
        Ok(linux) => Some(linux),
        Err(error) => {
            watch.observer.event(&Event::Warning(error.to_string()));
            None
        }
    };
    let store = linux.as_ref().map(|linux| &linux.store);
    let stopped = match store {
        Some(store) => stopped::waiting(store, Some(&kit), None)?,
        None => Vec::new(),
    };
    let bare = stopped.iter().filter(|stopped| stopped.journal.series.is_none()).map(StoppedStatus::of);
    let releases = released(Some(&kit), true, watch)?.ok();
    let mut series = Vec::new();
    for state in kit.series().map_err(kit_error)? {
        let mut row = series_status(&kit, &state, store, &stopped)?;
        if let Some(list) = &releases {
            row.compare(&state, list);
        }
        series.push(row);
    }
    Ok(StatusReport {
        kit: Some(kit.top().display().to_string()),
        linux: linux.map(|linux| linux.name),
        recovered,
        releases: releases.as_ref().map(ReleasesReport::from),
        series,
        stopped: bare.collect(),
    })
}

/// What there is to say without a kit, if anything.
fn without_kit(places: &Places, local: &Places, watch: Watch<'_>) -> Option<StatusReport> {
    if places.kit.is_some() {
        return None;
    }
    let linux = workspace::linux(local, None, &[], watch).ok()?;
    let stopped = stopped::waiting(&linux.store, None, None).ok()?;
    let stopped: Vec<StoppedStatus> = stopped.iter().map(StoppedStatus::of).collect();
    let linux = Some(linux.name);
    let report = StatusReport { kit: None, linux, recovered: None, releases: None, series: Vec::new(), stopped };
    (!report.stopped.is_empty()).then_some(report)
}

/// Finishes a landing that was cut off, and clears away the lock of a process that died.
fn recover(kit: &Kit, watch: Watch<'_>) -> Result<Option<&'static str>, OpError> {
    let work = kit.work_dir();
    if work.symlink_metadata().is_err() {
        return Ok(None);
    }
    let path = work.join("lock");
    match Lock::acquire(&path, "status") {
        // The lock takes an empty work directory with it when it goes.
        Ok(_lock) => landing::recover(&work, kit.top()),
        // What looks like a landing that was cut off is one under way.
        Err(busy @ FilesError::Busy { .. }) => {
            watch.observer.event(&Event::Warning(busy.to_string()));
            Ok(None)
        }
        Err(error) if Landing::is_interrupted(&work) => {
            Err(OpError::because("cannot finish a landing that was cut off", error))
        }
        // Looking needs no work directory.
        Err(_) => Ok(None),
    }
}

fn series_status(
    kit: &Kit,
    state: &SeriesState,
    store: Option<&Store>,
    stopped: &[Stopped],
) -> Result<SeriesStatus, OpError> {
    let failed = |error: GitError| OpError::because("cannot read the linux tree", error);
    let files = kit.patch_files(state).map_err(kit_error)?;
    let tag = state.versions.iter().max().map(KernelVersion::tag);
    let (mut tag_known, mut branch, mut newer) = (None, None, None);
    let watched = store.zip(tag.as_ref()).and_then(|(store, tag)| watch::last(store, &state.name(), tag, &files));
    if let (Some(store), Some(tag)) = (store, &tag) {
        tag_known = Some(store.resolve(&tag.full_name()).map_err(failed)?.is_some());
        let name = tag.branch_of(&state.variant);
        branch = store.resolve(&format!("refs/heads/{name}")).map_err(failed)?.map(|_| name);
        newer = jobs::newest(store, tag)?.map(|tag| tag.to_string());
    }
    let waiting = stopped.iter().filter(|stopped| stopped.journal.series.as_ref() == Some(&state.name()));
    Ok(SeriesStatus {
        series: state.name(),
        versions: state.versions.iter().map(ToString::to_string).collect(),
        deprecated: state.deprecated,
        patches: files.len(),
        tag_known,
        branch,
        newer,
        released: None,
        eol: None,
        watch: watched.map(|report| WatchStatus {
            findings: report.findings.len(),
            cves: report.cves.map(|cves| cves.found.len()),
            until: report.until,
        }),
        stopped: waiting.map(StoppedStatus::of).collect(),
    })
}
