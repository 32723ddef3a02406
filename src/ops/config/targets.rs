//! Which configurations of a kit a verb works on, and the trees that they are for.

use std::fs;
use std::path::Path;

use bstr::ByteSlice as _;

use super::arch_of;
use crate::apply::{Engine, touched_paths};
use crate::event::Event;
use crate::git::{GitError, Oid, Store};
use crate::kbuild;
use crate::kconfig::Config;
use crate::kit::{ConfigFile, Kit, SeriesState};
use crate::ops::gate::replay;
use crate::ops::jobs::{self, Place};
use crate::ops::workspace::kit_error;
use crate::ops::{OpError, Watch, compute};
use crate::patch_set::PatchSet;
use crate::text::visible;
use crate::version::KernelVersion;

/// A series with those of its configurations that are wanted.
pub(super) struct Group {
    pub(super) state: SeriesState,
    pub(super) version: KernelVersion,
    /// Configurations, no fragments.
    pub(super) configs: Vec<ConfigFile>,
}

/// The configurations that were named as `SERIES` or `SERIES:ARCH`; without names, those of every series that is not
/// deprecated.
pub(super) fn groups(kit: &Kit, wanted: &[String], watch: Watch<'_>) -> Result<Vec<Group>, OpError> {
    let all: Vec<ConfigFile> =
        kit.configs().map_err(kit_error)?.into_iter().filter(|config| !config.is_fragment()).collect();
    let mut groups: Vec<Group> = Vec::new();
    if wanted.is_empty() {
        for state in kit.series().map_err(kit_error)? {
            let configs: Vec<ConfigFile> = of(&all, &state).cloned().collect();
            if state.deprecated || !state.variant.is_empty() || configs.is_empty() {
                continue;
            }
            if state.versions.is_empty() {
                let text = format!("{} has configurations but no version in the kit", state.name());
                watch.observer.event(&Event::Warning(text));
                continue;
            }
            groups.push(group(kit, state, configs)?);
        }
        return Ok(groups);
    }
    for name in wanted {
        let (series, arch) = match name.split_once(':') {
            Some((series, arch)) => (series, Some(arch_of(arch)?)),
            None => (name.as_str(), None),
        };
        let state = jobs::find_series(kit, series)?;
        let configs: Vec<ConfigFile> =
            of(&all, &state).filter(|config| arch.is_none_or(|arch| arch == config.arch)).cloned().collect();
        if configs.is_empty() {
            let known: Vec<String> = all.iter().map(ConfigFile::name).collect();
            let error = OpError::new(format!("the kit has no configuration for '{}'", visible(name.as_bytes())));
            return Err(if known.is_empty() { error } else { error.hint(format!("it has {}", known.join(", "))) });
        }
        match groups.iter_mut().find(|group| group.state.name() == state.name()) {
            Some(group) => group.configs.extend(configs),
            None => groups.push(group(kit, state, configs)?),
        }
    }
    for group in &mut groups {
        group.configs.sort();
        group.configs.dedup();
    }
    Ok(groups)
}

fn of<'a>(all: &'a [ConfigFile], state: &SeriesState) -> impl Iterator<Item = &'a ConfigFile> {
    let (series, variant) = (state.series, state.variant.clone());
    all.iter().filter(move |config| config.series == series && config.variant == variant)
}

fn group(kit: &Kit, state: SeriesState, configs: Vec<ConfigFile>) -> Result<Group, OpError> {
    let version = version_of(kit, &state)?;
    Ok(Group { state, version, configs })
}

/// The one version of a series.
pub(super) fn version_of(kit: &Kit, state: &SeriesState) -> Result<KernelVersion, OpError> {
    let tag = jobs::current(kit, state)?;
    tag.version().ok_or_else(|| OpError::new(format!("'{tag}' is no version of a kernel")))
}

/// The tree of a release with the patches of a series where any of them can change what configuring does. The error is a
/// set that does not apply.
pub(super) fn tree(
    store: &Store,
    kit: &Kit,
    version: &KernelVersion,
    states: &[&SeriesState],
) -> Result<Result<Oid, String>, OpError> {
    let base = compute::release(store, version.tag().as_str())?.tree;
    let mut sets: Vec<PatchSet> = Vec::new();
    for state in states {
        sets.push(Place::Kit(kit, (*state).clone()).read()?);
    }
    let matters = |set: &PatchSet| touched_paths(&set.patches).iter().any(|path| kbuild::is_part(path.as_bstr()));
    if !sets.iter().any(matters) {
        return Ok(Ok(base));
    }
    let mut tip = base;
    for set in &sets {
        let failed = |error: GitError| OpError::because("cannot read the linux tree", error);
        crate::apply::prefetch(store, &touched_paths(&set.patches), &[tip]).map_err(failed)?;
        // The build uses the patch utility.
        match replay(store, tip, set, Engine::PatchUtility)?.tree(tip) {
            Ok(tree) => tip = tree,
            Err(reason) => return Ok(Err(reason.to_owned())),
        }
    }
    Ok(Ok(tip))
}

/// The tree of the release that a configuration was made for, as its header says; `None` if the header or the linux tree
/// does not know it.
pub(super) fn made_for(store: &Store, config: &[u8]) -> Option<(KernelVersion, Option<Oid>)> {
    let version = release_of(config)?;
    let tree = crate::apply::Release::find(store, version.tag().as_str()).ok().map(|release| release.tree);
    Some((version, tree))
}

/// Whether a configuration was made for a release of the same series: from one to the next, compilers are hardly ever asked
/// anything new.
pub(super) fn is_near(config: &[u8], version: &KernelVersion) -> bool {
    release_of(config).is_some_and(|made_for| made_for.series() == version.series())
}

/// The version in the header of a configuration.
fn release_of(config: &[u8]) -> Option<KernelVersion> {
    config[crate::kconfig::release(config)?].to_str().ok()?.parse().ok()
}

/// The bytes of a configuration and what they say.
pub(super) fn read(path: &Path) -> Result<(Vec<u8>, Config), OpError> {
    let shown = visible(path.as_os_str().as_encoded_bytes());
    let bytes = fs::read(path).map_err(|error| OpError::because(format!("cannot read '{shown}'"), error))?;
    let config = Config::parse(&bytes).map_err(|error| {
        OpError::new(format!("{shown}:{error}"))
            .hint("a configuration has lines CONFIG_X=…, '# CONFIG_X is not set', and comments")
    })?;
    Ok((bytes, config))
}
