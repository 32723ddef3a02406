//! `kpatch config refresh`: configurations as the kernel's own tools write them for the version of their series.

use super::compiler::Choice;
use super::derive::{Derive, Derived, Kernel, derive_with};
use super::targets::{self, Group, groups};
use super::{ConfigChangeReport, kbuild_error};
use crate::event::Event;
use crate::git::{Oid, Store};
use crate::kit::{FileChange, Kit};
use crate::ops::file_changes::FileChanges;
use crate::ops::landing::Landing;
use crate::ops::workspace::{self, Linux};
use crate::ops::{OpError, Places, Watch};

/// What to refresh.
#[derive(Debug, Clone, Default)]
pub struct RefreshOptions {
    /// Where the kit and the linux tree are.
    pub places: Places,
    /// `SERIES` or `SERIES:ARCH`; every series that is not deprecated if empty.
    pub configs: Vec<String>,
    /// Which compiler answers.
    pub toolchain: Choice,
    /// What the programs of the compiler begin with.
    pub cross_compile: Option<String>,
    /// Write nothing.
    pub dry_run: bool,
    /// Go on although `kernel/` has changes that are not committed.
    pub allow_dirty: bool,
}

/// Refreshes configurations, all of them or none. One that is final already is not touched.
pub fn refresh(options: &RefreshOptions, watch: Watch<'_>) -> Result<Vec<ConfigChangeReport>, OpError> {
    let kit = workspace::kit(&options.places)?;
    let _lock = begin(&kit, "config refresh", options.dry_run, options.allow_dirty, watch)?;
    let (linux, groups) = open(&options.places, &kit, &options.configs, watch)?;
    let mut all = Vec::new();
    for group in &groups {
        let tree = tree_of(&linux.store, &kit, group)?;
        all.extend(refresh_group(options, &kit, &linux.store, group, tree, watch)?);
    }
    if !options.dry_run {
        land(&kit, &linux.store, &all, "config refresh")?;
    }
    Ok(all.into_iter().map(|derived| derived.report).collect())
}

fn refresh_group(
    options: &RefreshOptions,
    kit: &Kit,
    store: &Store,
    group: &Group,
    tree: Oid,
    watch: Watch<'_>,
) -> Result<Vec<Derived>, OpError> {
    let mut jobs = Vec::new();
    for config in &group.configs {
        let (bytes, _) = targets::read(&config.path)?;
        let old = match targets::made_for(store, &bytes) {
            Some((version, _)) if version == group.version.plain() => Some(tree),
            Some((_, tree)) => tree,
            None => None,
        };
        let (name, path) = (config.name(), &config.path);
        jobs.push(Derive { name, from: path.clone(), to: path.clone(), arch: config.arch, old });
    }
    let choice = (options.toolchain, options.cross_compile.as_deref());
    let kernel = Kernel { store, tree, version: &group.version };
    let (derived, warnings) = derive_with(kit, kernel, &jobs, choice, watch)?;
    for warning in warnings {
        watch.observer.event(&Event::Warning(warning));
    }
    Ok(derived)
}

/// The lock of the kit, for what is going to write; a dirty kit is refused.
pub(super) fn begin(
    kit: &Kit,
    what: &str,
    dry_run: bool,
    allow_dirty: bool,
    watch: Watch<'_>,
) -> Result<Option<crate::files::Lock>, OpError> {
    if dry_run {
        return Ok(None);
    }
    let lock = workspace::lock_kit(kit, what, watch)?;
    if !allow_dirty && let Some(warning) = workspace::refuse_dirty(kit)? {
        watch.observer.event(&Event::Warning(warning));
    }
    Ok(Some(lock))
}

/// The wanted configurations, and the linux tree with their releases.
pub(super) fn open(
    places: &Places,
    kit: &Kit,
    wanted: &[String],
    watch: Watch<'_>,
) -> Result<(Linux, Vec<Group>), OpError> {
    let groups = groups(kit, wanted, watch)?;
    if groups.is_empty() {
        return Err(OpError::new(format!("the kit '{}' has no configurations", kit.top().display()))
            .hint("a configuration is kernel/6.6.x/config-x86_64, or kernel/config-6.6.x-x86_64"));
    }
    let tags: Vec<String> = groups.iter().map(|group| group.version.tag().to_string()).collect();
    let linux = workspace::linux(places, Some(kit), &tags, watch)?;
    Ok((linux, groups))
}

/// The tree that the configurations of a series are for; an error if its patches do not apply.
pub(super) fn tree_of(store: &Store, kit: &Kit, group: &Group) -> Result<Oid, OpError> {
    targets::tree(store, kit, &group.version, &[&group.state])?.map_err(|reason| {
        OpError::new(format!("the patches of {} do not apply to {}: {reason}", group.state.name(), group.version.tag()))
            .hint("kpatch verify says more")
    })
}

/// Writes all that changed, or nothing; `kpatch undo` takes it back.
pub(super) fn land(kit: &Kit, store: &Store, all: &[Derived], message: &str) -> Result<(), OpError> {
    let new = all.iter().filter(|derived| derived.report.changed);
    let mut series: Vec<&str> = new.clone().filter_map(|derived| derived.report.config.split(':').next()).collect();
    series.dedup();
    let mut changes = FileChanges::of(kit);
    for Derived { to, old, new, .. } in new {
        changes.add(FileChange { path: to.clone(), old: old.clone(), new: Some(new.clone()) }, false)?;
    }
    if changes.all().is_empty() {
        return Ok(());
    }
    Landing::of_files(kit, Some(series.join(", ")), changes).commit(store, &[], message)
}

/// The Kconfig files of a series.
pub(super) fn lay_out(store: &Store, group: &Group, tree: Oid) -> Result<crate::kbuild::Sources, OpError> {
    crate::kbuild::Sources::lay_out(store, tree)
        .map_err(|error| kbuild_error(&format!("Linux {}", group.version.plain()), error))
}
