//! `kpatch new-series`: a series from the one before it, with everything that a series has.

mod base;
mod carry;
mod cases;
mod checker;

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::config::ConfigChangeReport;
use super::config::derive::{self, Derive, Derived};
use super::file_changes::{FileChanges, FilePreview};
use super::landing::{Landing, branch_update};
use super::references::{Kernel, Scope, fill_hashes, kernels, plan};
use super::report::{BumpReport, FileReport, ReferenceReport, ReferenceState, State};
use super::workspace::{self, Linux, kit_error};
use super::{Accept, OpError, Places, Watch, compute};
use crate::arch::Arch;
use crate::git::Oid;
use crate::kit::{ConfigFile, FileChange, Kit, SeriesState};
use crate::version::{KernelVersion, Tag};
use carry::{Carried, Way};

/// What to make.
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct NewSeriesOptions {
    /// Where the kit and the linux tree are.
    pub places: Places,
    /// The first version, `7.0.5` or `v7.0.5`.
    pub version: String,
    /// The series before it; the newest supported one below the new one if absent.
    pub from: Option<String>,
    /// The architectures; those of the series before it if empty.
    pub archs: Vec<String>,
    /// Take the fragments of its variants along.
    pub variants: bool,
    /// Take no patches along.
    pub no_patches: bool,
    /// Make no test cases.
    pub no_tests: bool,
    /// Let no reference follow.
    pub keep_references: bool,
    /// Results and proposals that are taken.
    pub accept: Vec<Accept>,
    /// Leave out what is left open.
    pub skip_conflicts: bool,
    /// Skip the `patch -F0` leg of the gate, for sets with binary diffs.
    pub skip_patch_utility: bool,
    /// Replace the branch of the new release if it is there and differs.
    pub replace_branch: bool,
    /// Write nothing at all.
    pub dry_run: bool,
    /// Go on although `kernel/` has changes that are not committed.
    pub allow_dirty: bool,
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct NewSeriesReport {
    /// The version, `7.0.5`.
    pub version: String,
    /// The series, `7.0.x`.
    pub series: String,
    /// The series before it.
    pub from: String,
    /// The version of the series before it.
    pub from_version: String,
    /// How it ended.
    pub state: State,
    /// What became of the patches of the series before it; absent if it has none, or none were to come along.
    pub patches: Option<BumpReport>,
    /// What became of its configurations.
    pub configs: Vec<ConfigChangeReport>,
    /// The groups of test cases that were made.
    pub tests: Vec<GroupReport>,
    /// What changed in the script that checks configurations.
    pub checker: Vec<CheckerReport>,
    /// The references that follow.
    pub references: Vec<ReferenceReport>,
    /// What changes in the kit, paths relative to its top.
    pub files: Vec<FileReport>,
    /// What the files become; where nothing was to be written.
    pub previews: Vec<FilePreview>,
    /// The branch in the linux tree; absent if no patch came along.
    pub branch: Option<String>,
    /// The commit that it is at; absent where nothing was written.
    pub commit: Option<String>,
    /// What a reader should know besides.
    pub warnings: Vec<String>,
}

/// A group of test cases.
#[derive(Debug, Clone, Serialize)]
pub struct GroupReport {
    /// Its directory, relative to the top of the kit.
    pub path: String,
    /// The group that it was copied from; absent if it was made from a template.
    pub from: Option<String>,
}

/// An edit of the script that checks configurations.
#[derive(Debug, Clone, Serialize)]
pub struct CheckerReport {
    /// The line of the old script, from 1.
    pub line: usize,
    /// What was done and why.
    pub what: String,
}

/// What a new series can begin with, for those who ask a person.
#[derive(Debug, Clone)]
pub struct Choices {
    /// The series that it may follow, oldest first, each with the architectures that it has configurations for.
    pub from: Vec<(String, Vec<Arch>)>,
    /// The one that is taken unasked.
    pub default: Option<usize>,
}

/// What a person can choose from.
pub fn choices(places: &Places, version: &str) -> Result<Choices, OpError> {
    let kit = workspace::kit(places)?;
    let version = base::version(version)?;
    base::refuse_known(&kit, &version)?;
    let states = base::candidates(&kit)?;
    let default = base::default_of(&states, version.series());
    let archs = |state: &SeriesState| -> Result<Vec<Arch>, OpError> {
        Ok(base::configs(&kit, state, &[])?.into_iter().map(|config| config.arch).collect())
    };
    let from = states.iter().map(|state| Ok((state.name(), archs(state)?))).collect::<Result<_, OpError>>()?;
    Ok(Choices { from, default })
}

/// Makes the series, all of it or nothing.
pub fn new_series(options: &NewSeriesOptions, watch: Watch<'_>) -> Result<NewSeriesReport, OpError> {
    let version = base::version(&options.version)?;
    let kit = workspace::kit(&options.places)?;
    let _lock = if options.dry_run { None } else { Some(workspace::lock_kit(&kit, "new-series", watch)?) };
    base::refuse_known(&kit, &version)?;
    let mut warnings = Vec::new();
    if !options.allow_dirty {
        warnings.extend(workspace::refuse_dirty(&kit)?);
    }
    let from = base::previous(&kit, options.from.as_deref(), version.series())?;
    let base = base::tag_of(&from).ok_or_else(|| OpError::new(format!("{} has no version in the kit", from.name())))?;
    let target = version.tag();
    let tags = [base.to_string(), target.to_string()];
    let linux = workspace::linux(&options.places, Some(&kit), &tags, watch)?;
    let _linux_lock = if options.dry_run { None } else { Some(workspace::lock_linux(&linux, "new-series")?) };
    let work = Work { options, kit: &kit, linux: &linux, version: &version, from: &from, base, target, watch };
    work.run(warnings)
}

/// One new series on its way.
struct Work<'a> {
    options: &'a NewSeriesOptions,
    kit: &'a Kit,
    linux: &'a Linux,
    version: &'a KernelVersion,
    from: &'a SeriesState,
    base: Tag,
    target: Tag,
    watch: Watch<'a>,
}

impl Work<'_> {
    fn run(&self, warnings: Vec<String>) -> Result<NewSeriesReport, OpError> {
        // Wrong tags are said before any work is done.
        let release = compute::release(&self.linux.store, self.target.as_str())?;
        let mut report = self.report(warnings);
        let mut changes = FileChanges::of(self.kit);
        changes.add(self.kit.add_version(self.version, self.from).map_err(kit_error)?, false)?;
        let configs = base::configs(self.kit, self.from, &self.options.archs)?;
        if configs.is_empty() {
            report.warnings.push(format!("{} has no configurations, so the new series has none", self.from.name()));
        }
        let carried = if self.options.no_patches { None } else { self.carry(&mut changes)? };
        if let Some(carried) = carried.as_ref().filter(|carried| carried.is_open()) {
            report.patches = Some(carried.report.clone());
            return Ok(NewSeriesReport {
                state: if self.options.dry_run { State::WouldStop } else { State::Stopped },
                ..report
            });
        }
        let before = match &carried {
            Some(carried) => Some(carried.before),
            None => compute::release(&self.linux.store, self.base.as_str()).ok().map(|release| release.tree),
        };
        let after = carried.as_ref().map_or(release.tree, |carried| carried.tree);
        let made = self.configs(&configs, before, after, &mut changes, &mut report)?;
        self.follow(&configs, &made, &mut changes, &mut report)?;
        report.patches = carried.as_ref().map(|carried| carried.report.clone());
        self.land(changes, &configs, carried.as_ref(), report)
    }

    fn report(&self, warnings: Vec<String>) -> NewSeriesReport {
        let from_version = self.from.versions.iter().max().map(ToString::to_string).unwrap_or_default();
        NewSeriesReport {
            version: self.version.to_string(),
            series: self.version.series().to_string(),
            from: self.from.name(),
            from_version,
            state: State::WouldLand,
            patches: None,
            configs: Vec::new(),
            tests: Vec::new(),
            checker: Vec::new(),
            references: Vec::new(),
            files: Vec::new(),
            previews: Vec::new(),
            branch: None,
            commit: None,
            warnings,
        }
    }

    fn carry(&self, changes: &mut FileChanges) -> Result<Option<Carried>, OpError> {
        let dir = self.kit.patches_dir_of(&self.version.series(), "").map_err(kit_error)?;
        if dir.exists() {
            return Err(OpError::new(format!("'{}' exists already", self.kit.shown(&dir)))
                .hint("move it away, or take no patches along: --no-patches"));
        }
        let Self { kit, linux, from: state, .. } = *self;
        let way = Way { kit, linux, state, from: &self.base, to: &self.target, dir: &dir };
        carry::carry(&way, self.options, changes, self.watch)
    }

    /// The configurations for the new release, and the fragments of variants where they are to come along.
    fn configs(
        &self,
        configs: &[ConfigFile],
        before: Option<Oid>,
        after: Oid,
        changes: &mut FileChanges,
        report: &mut NewSeriesReport,
    ) -> Result<Vec<Derived>, OpError> {
        let series = self.version.series();
        let job = |config: &ConfigFile| Derive {
            name: format!("{series}:{}", config.arch),
            from: config.path.clone(),
            to: self.kit.config_like(config, series),
            arch: config.arch,
            old: before,
        };
        let jobs: Vec<Derive> = configs.iter().map(job).collect();
        let kernel = derive::Kernel { store: &self.linux.store, tree: after, version: self.version };
        let (made, warnings) = derive::derive(self.kit, kernel, &jobs, self.watch)?;
        report.warnings.extend(warnings);
        for made in &made {
            let change = FileChange { path: made.to.clone(), old: made.old.clone(), new: Some(made.new.clone()) };
            changes.add(change, false)?;
        }
        report.configs = made.iter().map(|made| made.report.clone()).collect();
        if self.options.variants {
            self.fragments(configs, changes)?;
        }
        Ok(made)
    }

    fn fragments(&self, configs: &[ConfigFile], changes: &mut FileChanges) -> Result<(), OpError> {
        let all = self.kit.configs().map_err(kit_error)?;
        let is_meant = |config: &&ConfigFile| {
            config.series == self.from.series
                && config.is_fragment()
                && configs.iter().any(|plain| plain.arch == config.arch)
        };
        for fragment in all.iter().filter(is_meant) {
            let bytes = workspace::read(&fragment.path)?;
            let path = self.kit.config_like(fragment, self.version.series());
            changes.add(FileChange { path, old: None, new: Some(bytes) }, false)?;
        }
        Ok(())
    }

    /// What follows from a new series elsewhere: the checker, test cases, references.
    fn follow(
        &self,
        configs: &[ConfigFile],
        made: &[Derived],
        changes: &mut FileChanges,
        report: &mut NewSeriesReport,
    ) -> Result<(), OpError> {
        let name = self.version.series().to_string();
        let mut kernels = kernels(self.kit)?;
        kernels.push(Kernel { name: name.clone(), version: self.version.clone(), supported: true, hash: None });
        let unknown = fill_hashes(self.kit, &mut kernels, changes.all())?;
        let hash = kernels.iter().find(|kernel| kernel.name == name).and_then(|kernel| kernel.hash.clone());
        if !self.options.no_tests {
            let checked = self.checker(configs, made, changes, &mut report.warnings)?;
            let named = cases::Named { version: self.version, hash: hash.as_deref(), from: self.from };
            report.tests = cases::cases(self.kit, &named, changes)?;
            if !checked.is_empty() {
                checker::image(self.kit, changes, &mut report.warnings)?;
            }
            report.checker = checked;
        }
        if !self.options.keep_references {
            let plan = plan(self.kit, &kernels, Scope::Series(&name), changes.all())?;
            for edit in plan.edits {
                changes.add(edit.into(), false)?;
            }
            report.references = plan.rows;
            report.references.retain(|row| row.state == ReferenceState::Updated);
            report.warnings.extend(plan.warnings);
        }
        if !(report.tests.is_empty() && report.references.is_empty()) {
            report.warnings.extend(unknown);
        }
        Ok(())
    }

    fn checker(
        &self,
        configs: &[ConfigFile],
        made: &[Derived],
        changes: &mut FileChanges,
        warnings: &mut Vec<String>,
    ) -> Result<Vec<CheckerReport>, OpError> {
        let before = configs.iter().map(|config| Ok((config.arch, workspace::read(&config.path)?)));
        let after = configs.iter().zip(made).map(|(config, made)| (config.arch, made.new.clone()));
        let old = checker::Texts { series: self.from.series, configs: before.collect::<Result<_, OpError>>()? };
        let new = checker::Texts { series: self.version.series(), configs: after.collect() };
        Ok(checker::checker(self.kit, &old, &new, changes, warnings)?.unwrap_or_default())
    }

    /// Lands everything, or says what would land.
    fn land(
        &self,
        changes: FileChanges,
        configs: &[ConfigFile],
        carried: Option<&Carried>,
        mut report: NewSeriesReport,
    ) -> Result<NewSeriesReport, OpError> {
        let store = &self.linux.store;
        let carried = carried.filter(|carried| carried.any);
        report.files = changes.reports();
        report.branch = carried.map(|_| self.target.branch());
        if self.options.dry_run {
            report.previews = changes.previews(|path| self.origin(path, configs));
            return Ok(report);
        }
        if self.watch.interrupt.is_raised() {
            return Err(OpError::interrupted());
        }
        let message = format!("kpatch new-series: {} from {}", self.version, self.from.name());
        let landing = Landing::of_files(self.kit, Some(report.series.clone()), changes);
        match carried {
            Some(carried) => {
                let updates = branch_update(store, &self.target.branch(), carried.tip, self.options.replace_branch)?;
                let pack = store.pack(&[carried.tip]);
                let pack = pack.map_err(|error| OpError::because("cannot pack the carried commits", error))?;
                landing.land(store, pack, &updates, &message)?;
                report.commit = Some(carried.tip.to_string());
            }
            None => landing.commit(store, &[], &message)?,
        }
        report.state = State::Landed;
        Ok(report)
    }

    /// What a new file was made from, if that is a configuration or the file of a version.
    fn origin(&self, path: &Path, configs: &[ConfigFile]) -> Option<Vec<u8>> {
        let series = self.version.series();
        let config = configs.iter().find(|config| self.kit.config_like(config, series) == path);
        let build_args = || self.from.version_file.clone().filter(|file| path.file_name() == file.file_name());
        let from: PathBuf = config.map(|config| config.path.clone()).or_else(build_args)?;
        std::fs::read(from).ok()
    }
}
