//! `kpatch rt status`: where the -rt variants of a kit stand.

use serde::Serialize;

use super::{VARIANT, known, source_error};
use crate::apply::{Engine, Release, prefetch, touched_paths};
use crate::git::GitError;
use crate::kit::{Kit, SeriesState};
use crate::ops::check::ReleasesReport;
use crate::ops::gate::whole;
use crate::ops::released::released;
use crate::ops::report::CommonReport;
use crate::ops::source::mirror_of;
use crate::ops::whole::{self, Whole};
use crate::ops::workspace::{self, Linux, kit_error};
use crate::ops::{OpError, Places, Watch, jobs};
use crate::patch_set::PatchSet;
use crate::source::releases::Releases;
use crate::source::{cache_dir, rt};
use crate::text::with_causes;
use crate::version::Tag;

/// Where a variant stands.
#[derive(Debug, Clone, Serialize)]
pub struct RtStatusReport {
    /// The series with the variant, `6.6.x-rt`.
    pub series: String,
    /// The versions that the kit lists for it.
    pub versions: Vec<String>,
    /// No longer built by default.
    pub deprecated: bool,
    /// The tag that its patches apply to; absent if the kit does not say one.
    pub base: Option<String>,
    /// The release of the -rt project that they are from, if it is known.
    pub release: Option<String>,
    /// What says so: `kpatch.toml`, or `origin`, the lines of the patches.
    pub release_from: Option<&'static str>,
    /// How many patches it has.
    pub patches: usize,
    /// The newest release of the project for that series; absent where it could not be known.
    pub newest_rt: Option<String>,
    /// The list of the project's releases that was used.
    pub rt_list: Option<ReleasesReport>,
    /// Why the newest release of the project is not known.
    pub rt_unknown: Option<String>,
    /// True if the newest one is newer than that of the kit; absent where that is not known.
    pub rt_behind: Option<bool>,
    /// The newest stable release of the series; absent where it could not be known.
    pub newest_stable: Option<String>,
    /// The list of kernel.org that was used.
    pub stable_list: Option<ReleasesReport>,
    /// Why the newest stable release is not known.
    pub stable_unknown: Option<String>,
    /// How many stable releases the base is behind the newest one.
    pub behind: Option<u32>,
    /// Whether the patches apply to the base, and the common ones of the series on top; absent where that was not checked.
    pub applies: Option<bool>,
    /// Why they do not apply, or why that was not checked.
    pub detail: Option<String>,
    /// The common patches of the series on top; absent if there are none, or it was not checked.
    pub common: Option<CommonReport>,
}

impl RtStatusReport {
    /// True if an image of it could not be built.
    pub fn is_broken(&self) -> bool {
        self.applies == Some(false)
    }
}

/// Looks at all variants of the -rt project. Nothing is written but the copies of lists in the cache.
pub fn status(places: &Places, watch: Watch<'_>) -> Result<Vec<RtStatusReport>, OpError> {
    let kit = workspace::kit(places)?;
    let is_rt = |state: &SeriesState| {
        let said = kit.config().series.get(&state.name()).is_some_and(|settings| settings.rt.is_some());
        state.variant == VARIANT || said
    };
    let states: Vec<SeriesState> = kit.series().map_err(kit_error)?.into_iter().filter(is_rt).collect();
    if states.is_empty() {
        return Ok(Vec::new());
    }
    let stable = released(Some(&kit), places.offline, watch)?;
    // What the linux tree lacks is not fetched for a look.
    let local = Places { offline: true, ..places.clone() };
    let linux = workspace::linux(&local, Some(&kit), &[], watch).map_err(|error| error.to_string());
    let looked = Looker { kit: &kit, linux, stable, offline: places.offline, watch };
    states.iter().map(|state| looked.look(state)).collect()
}

/// What is the same for all variants.
struct Looker<'a> {
    kit: &'a Kit,
    linux: Result<Linux, String>,
    stable: Result<Releases, String>,
    offline: bool,
    watch: Watch<'a>,
}

impl Looker<'_> {
    fn look(&self, state: &SeriesState) -> Result<RtStatusReport, OpError> {
        let set = known::set(self.kit, state)?;
        let base = jobs::current(self.kit, state).ok();
        let known = known::release(self.kit, state, &set)?;
        let mut report = RtStatusReport {
            series: state.name(),
            versions: state.versions.iter().map(ToString::to_string).collect(),
            deprecated: state.deprecated,
            base: base.as_ref().map(ToString::to_string),
            release: known.as_ref().map(|known| known.release.to_string()),
            release_from: known.as_ref().map(|known| known.said_by),
            patches: set.patches.len(),
            newest_rt: None,
            rt_list: None,
            rt_unknown: None,
            rt_behind: None,
            newest_stable: None,
            stable_list: None,
            stable_unknown: None,
            behind: None,
            applies: None,
            detail: None,
            common: None,
        };
        self.project(state, known.map(|known| known.release).as_ref(), &mut report)?;
        self.released(state, base.as_ref(), &mut report);
        match &base {
            Some(base) => self.applies(state, base, &set, &mut report)?,
            None => report.detail = Some("the kit does not say one version of it".to_owned()),
        }
        Ok(report)
    }

    /// What the project has released for the series.
    fn project(
        &self,
        state: &SeriesState,
        known: Option<&rt::RtRelease>,
        report: &mut RtStatusReport,
    ) -> Result<(), OpError> {
        let mirror = mirror_of(Some(self.kit));
        match rt::listing(&mirror, state.series, cache_dir().as_deref(), self.offline, self.watch.interrupt) {
            Ok(list) => {
                let newest = list.releases.last();
                report.newest_rt = newest.map(ToString::to_string);
                report.rt_behind = newest.zip(known).map(|(newest, known)| newest > known);
                report.rt_list =
                    Some(ReleasesReport { source: list.source, age: list.age.as_secs(), stale: list.stale });
            }
            Err(error) if error.is_interrupted() => return Err(source_error(error)),
            Err(error) => report.rt_unknown = Some(with_causes(&error)),
        }
        Ok(())
    }

    /// What kernel.org has released of the series.
    fn released(&self, state: &SeriesState, base: Option<&Tag>, report: &mut RtStatusReport) {
        let list = match &self.stable {
            Ok(list) => list,
            Err(why) => {
                report.stable_unknown = Some(why.clone());
                return;
            }
        };
        report.stable_list = Some(list.into());
        let Some(newest) = list.newest(state.series) else {
            report.stable_unknown = Some(format!("the list has no release of {}", state.series));
            return;
        };
        report.newest_stable = Some(newest.version.to_string());
        let base = base.and_then(Tag::version);
        report.behind = base.map(|base| newest.version.patch().saturating_sub(base.patch()));
    }

    /// Whether the whole stack applies.
    fn applies(
        &self,
        state: &SeriesState,
        base: &Tag,
        set: &PatchSet,
        report: &mut RtStatusReport,
    ) -> Result<(), OpError> {
        let store = match &self.linux {
            Ok(linux) => &linux.store,
            Err(why) => {
                report.detail = Some(why.clone());
                return Ok(());
            }
        };
        let release = match Release::find(store, base.as_str()) {
            Ok(release) => release,
            Err(GitError::NoSuchRef(_)) => {
                report.detail = Some(format!("the linux tree has no tag '{base}'"));
                return Ok(());
            }
            Err(error) => return Err(OpError::because(format!("cannot read tag '{base}'"), error)),
        };
        let failed = |error: GitError| OpError::because("cannot read the linux tree", error);
        prefetch(store, &touched_paths(&set.patches), &[release.tree]).map_err(failed)?;
        let tree = match whole(store, release.tree, set, Engine::Git)? {
            Ok(tree) => tree,
            Err(why) => {
                (report.applies, report.detail) = (Some(false), Some(why));
                return Ok(());
            }
        };
        let stack = Whole { store, kit: self.kit, skip_patch: false };
        report.common = stack.on_top(state, base, tree)?;
        let broken = report.common.as_ref().filter(|common| !common.holds);
        report.detail = broken.map(|common| format!("the common patches on top: {}", whole::why(common)));
        report.applies = Some(broken.is_none());
        Ok(())
    }
}
