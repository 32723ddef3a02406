//! The whole stack of a variant: its own patches on a release, and the common ones of its series on top, as its images are
//! built.

use std::path::Path;

use super::OpError;
use super::gate::whole;
use super::jobs::{Place, unreadable};
use super::new_set::NewFile;
use super::report::CommonReport;
use super::workspace::kit_error;
use crate::apply::{Engine, Release, prefetch, touched_paths};
use crate::git::{GitError, Oid, Store};
use crate::kit::{Kit, SeriesState};
use crate::patch_set::PatchSet;
use crate::version::{Series, Tag};

/// What the proof of a whole stack needs.
pub(super) struct Whole<'a> {
    pub(super) store: &'a Store,
    pub(super) kit: &'a Kit,
    /// Leave `patch -F0` out.
    pub(super) skip_patch: bool,
}

impl Whole<'_> {
    /// The common patches on `tree`, the one of a variant on `base`; absent if there are none.
    ///
    /// # Errors
    /// When they do not give one tree there: no image of the variant could be built.
    pub(super) fn common(&self, state: &SeriesState, base: &Tag, tree: Oid) -> Result<Option<CommonReport>, OpError> {
        let Some(report) = self.on_top(state, base, tree)? else { return Ok(None) };
        if report.holds {
            return Ok(Some(report));
        }
        let why = why(&report);
        Err(OpError::new(format!(
            "the gate does not hold, nothing was changed: on {base} with the patches of {}, the common patches give no tree: {why}",
            state.name()
        ))
        .hint("images of a variant are built with the common patches of its series on top of its own")
        .hint("carry it to a release on which they apply, or leave them out of the proof: --skip-common"))
    }

    /// The same, whatever comes of it.
    pub(super) fn on_top(&self, state: &SeriesState, base: &Tag, tree: Oid) -> Result<Option<CommonReport>, OpError> {
        if state.variant.is_empty() {
            return Ok(None);
        }
        let series = base.version().map_or(state.series, |version| version.series());
        let common = self.plain(series)?.map(|plain| Place::Kit(self.kit, plain).read()).transpose()?;
        match common.filter(|common| !common.patches.is_empty()) {
            Some(common) => self.report(tree, &common).map(Some),
            None => Ok(None),
        }
    }

    fn report(&self, tree: Oid, common: &PatchSet) -> Result<CommonReport, OpError> {
        let failed = |error| OpError::because("cannot read the linux tree", error);
        prefetch(self.store, &touched_paths(&common.patches), &[tree]).map_err(failed)?;
        let am = whole(self.store, tree, common, Engine::Git)?;
        let patch = if self.skip_patch { None } else { Some(whole(self.store, tree, common, Engine::PatchUtility)?) };
        let describe = |result: &Result<Oid, String>| match result {
            Ok(tree) => tree.to_string(),
            Err(reason) => format!("failed: {reason}"),
        };
        Ok(CommonReport {
            patches: common.patches.len(),
            git_am: describe(&am),
            patch: patch.as_ref().map_or_else(|| "not checked".to_owned(), describe),
            holds: am.is_ok() && patch.is_none_or(|patch| patch == am),
        })
    }

    fn plain(&self, series: Series) -> Result<Option<SeriesState>, OpError> {
        let all = self.kit.series().map_err(kit_error)?;
        Ok(all.into_iter().find(|state| state.series == series && state.variant.is_empty()))
    }

    /// What a new set of common patches breaks: the variants of the series whose stacks it does not complete any more, and
    /// those that could not be looked at. `to` is the release that the plain kernel goes to.
    pub(super) fn variants(&self, state: &SeriesState, to: &Tag, new: &[NewFile]) -> Result<Vec<String>, OpError> {
        if !state.variant.is_empty() || to.version().is_none_or(|version| version.series() != state.series) {
            return Ok(Vec::new());
        }
        let all = self.kit.series().map_err(kit_error)?;
        let variants = all.into_iter().filter(|other| {
            other.series == state.series && !other.variant.is_empty() && !other.deprecated && other.patches_dir.is_dir()
        });
        let mut warnings = Vec::new();
        for variant in variants {
            let files = new.iter().map(|file| (file.name.clone(), file.bytes.clone())).collect();
            let common = PatchSet::read(files).map_err(|errors| unreadable(Path::new("the exported set"), &errors))?;
            let base = match (&variant.version_file, variant.versions.as_slice()) {
                (Some(_), [version]) => version.tag(),
                // Without a version of its own it is built from the release of the plain kernel.
                (None, _) => to.clone(),
                (Some(_), _) => continue,
            };
            if let Some(reason) = self.broken(&variant, &base, &common)? {
                warnings
                    .push(format!("{} on {base}, which has these patches on top of its own: {reason}", variant.name()));
            }
        }
        Ok(warnings)
    }

    /// Why a variant's stack does not hold with these common patches, or was not checked.
    fn broken(&self, variant: &SeriesState, base: &Tag, common: &PatchSet) -> Result<Option<String>, OpError> {
        let release = match Release::find(self.store, base.as_str()) {
            Ok(release) => release,
            Err(GitError::NoSuchRef(_)) => return Ok(Some("not checked, the linux tree lacks the tag".to_owned())),
            Err(error) => return Err(OpError::because(format!("cannot read tag '{base}'"), error)),
        };
        let set = match Place::Kit(self.kit, variant.clone()).read() {
            Ok(set) => set,
            Err(error) => return Ok(Some(format!("not checked, {error}"))),
        };
        let own = match whole(self.store, release.tree, &set, Engine::Git)? {
            Ok(tree) => tree,
            Err(reason) => return Ok(Some(format!("its own do not apply there, {reason}"))),
        };
        if common.patches.is_empty() {
            return Ok(None);
        }
        let report = self.report(own, common)?;
        Ok((!report.holds).then(|| format!("they give no tree, {}", why(&report))))
    }
}

/// What went wrong with the common patches.
pub(super) fn why(report: &CommonReport) -> String {
    let failed = [("git am", &report.git_am), ("patch", &report.patch)]
        .into_iter()
        .find_map(|(name, said)| said.strip_prefix("failed: ").map(|reason| format!("{reason} ({name})")));
    failed.unwrap_or_else(|| format!("git am gives {}, patch gives {}", report.git_am, report.patch))
}
