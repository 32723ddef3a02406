//! What follows a new version of a series besides its patches: kernel configurations and image references.

use super::config::derive::{Derive, derive};
use super::config::{self, ConfigChangeReport};
use super::landing::Landing;
use super::references::{self, Kernel, Scope};
use super::report::{ReferenceReport, ReferenceState};
use super::workspace::{self, kit_error};
use super::{OpError, Watch};
use crate::git::{Oid, Store};
use crate::kit::{FileChange, Kit, SeriesState};
use crate::version::KernelVersion;

/// A series on its way from one release to another.
pub(super) struct Followed<'a> {
    pub(super) kit: &'a Kit,
    pub(super) state: &'a SeriesState,
    pub(super) from: &'a KernelVersion,
    pub(super) to: &'a KernelVersion,
    pub(super) watch: Watch<'a>,
}

impl Followed<'_> {
    /// Adds the configurations, refreshed by the kernel's own tools, to what lands. `old` and `new` are the trees that
    /// they were and are for, with the patches in them.
    pub(super) fn configs(
        &self,
        store: &Store,
        old: Oid,
        new: Oid,
        landing: &mut Landing,
    ) -> Result<(Vec<ConfigChangeReport>, Vec<String>), OpError> {
        let mut jobs = Vec::new();
        for file in self.kit.configs().map_err(kit_error)? {
            // A fragment has no header, and what it says holds for every release.
            if file.series == self.state.series && !file.is_fragment() && self.state.variant.is_empty() {
                let stays = self.from.series() == self.to.series();
                let to = if stays { file.path.clone() } else { self.kit.config_like(&file, self.to.series()) };
                let name = format!("{}:{}", self.to.series(), file.arch);
                jobs.push(Derive { name, from: file.path, to, arch: file.arch, old: Some(old) });
            }
        }
        let kernel = config::derive::Kernel { store, tree: new, version: self.to };
        let (derived, warnings) = derive(self.kit, kernel, &jobs, self.watch)?;
        let mut reports = Vec::new();
        for (job, config) in jobs.into_iter().zip(derived) {
            if !config.report.changed {
                continue;
            }
            if job.from != config.to {
                let old = Some(workspace::read(&job.from)?);
                landing.add(FileChange { path: job.from, old, new: None })?;
            }
            landing.add(FileChange { path: config.to, old: config.old, new: Some(config.new) })?;
            reports.push(config.report);
        }
        Ok((reports, warnings))
    }

    /// Adds the references to the series, which come to name the new version, to what lands.
    pub(super) fn references(&self, landing: &mut Landing) -> Result<(Vec<ReferenceReport>, Vec<String>), OpError> {
        let mut kernels = references::kernels(self.kit)?;
        let name = format!("{}{}", self.to.series(), self.state.variant);
        for kernel in &mut kernels {
            if kernel.version == *self.from {
                *kernel = Kernel { name: name.clone(), version: self.to.clone(), hash: None, ..kernel.clone() };
            }
        }
        let unhashed = references::fill_hashes(self.kit, &mut kernels, landing.changes())?;
        let scope = Scope::Bumped { from: &self.state.name(), to: &name };
        let plan = references::plan(self.kit, &kernels, scope, landing.changes())?;
        let mut warnings = plan.warnings;
        if plan.rows.iter().any(|row| row.state == ReferenceState::Unhashed) {
            warnings.extend(unhashed);
        }
        for edit in plan.edits {
            landing.add(edit.into())?;
        }
        Ok((plan.rows.into_iter().filter(|row| row.state == ReferenceState::Updated).collect(), warnings))
    }
}
