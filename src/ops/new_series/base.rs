//! What a new series begins with: the series before it, its architectures, and that nothing is in the way.

use crate::arch::Arch;
use crate::kit::{ConfigFile, Kit, SeriesState};
use crate::ops::OpError;
use crate::ops::config::arch_of;
use crate::ops::jobs::find_series;
use crate::ops::workspace::kit_error;
use crate::text::visible;
use crate::version::{KernelVersion, Series, Tag};

/// The version that a person typed: `7.0.5`, or its tag.
pub(super) fn version(text: &str) -> Result<KernelVersion, OpError> {
    let shown = visible(text.as_bytes());
    let version: KernelVersion = text.strip_prefix('v').unwrap_or(text).parse().map_err(|error| {
        OpError::because(format!("'{shown}' is no kernel version"), error).hint("for example 7.0.5")
    })?;
    if !version.variant().is_empty() {
        return Err(OpError::new(format!("'{shown}' is a variant; a new series begins with the plain kernel"))
            .hint(format!("kpatch new-series {}", version.plain())));
    }
    Ok(version)
}

/// An error if the kit has the series, or something of it.
pub(super) fn refuse_known(kit: &Kit, version: &KernelVersion) -> Result<(), OpError> {
    let series = version.series();
    let name = series.to_string();
    let states = kit.series().map_err(kit_error)?;
    if let Some(state) = states.iter().find(|state| state.name() == name) {
        let error = OpError::new(format!("the kit has the series {name} already"));
        return Err(match (state.versions.is_empty(), state.versions.contains(version)) {
            (false, true) => error,
            (false, false) => error.hint(format!("kpatch bump {name} --to {}", version.tag())),
            (true, _) => {
                error.hint("its patches are there without a version; take them away, or write the version down")
            }
        });
    }
    let left = kit.configs().map_err(kit_error)?.into_iter().find(|config| config.series == series);
    let left = left.map(|config| config.path).or_else(|| Some(kit.kernel_dir().join(&name)).filter(|dir| dir.exists()));
    match left {
        Some(path) => Err(OpError::new(format!("the kit has the series {name} already: '{}'", kit.shown(&path)))
            .hint(format!("take away what is left of it: kpatch retire {name} --remove"))),
        None => Ok(()),
    }
}

/// The series that a new one can begin with, oldest first: plain ones that have a version.
pub(super) fn candidates(kit: &Kit) -> Result<Vec<SeriesState>, OpError> {
    let states = kit.series().map_err(kit_error)?;
    Ok(states.into_iter().filter(|state| state.variant.is_empty() && !state.versions.is_empty()).collect())
}

/// The one that the user named; else the newest supported one below the new one, or else the nearest.
pub(super) fn previous(kit: &Kit, named: Option<&str>, new: Series) -> Result<SeriesState, OpError> {
    if let Some(name) = named {
        let state = find_series(kit, name)?;
        if !state.variant.is_empty() {
            let plain = state.series;
            return Err(OpError::new(format!("{} is a variant; a new series begins with a plain one", state.name()))
                .hint(format!("--from {plain}")));
        }
        if state.versions.is_empty() {
            return Err(OpError::new(format!(
                "{} has no version in the kit, so nothing can begin with it",
                state.name()
            ))
            .hint("name another series: --from"));
        }
        return Ok(state);
    }
    let mut known = candidates(kit)?;
    let at = default_of(&known, new);
    at.map(|at| known.swap_remove(at)).ok_or_else(|| {
        OpError::new("the kit has no series that a new one could begin with").hint("write the first one by hand")
    })
}

/// Which of the candidates is taken unasked.
pub(super) fn default_of(known: &[SeriesState], new: Series) -> Option<usize> {
    let below =
        |supported: bool| known.iter().rposition(|state| state.series < new && (!supported || !state.deprecated));
    let above = || known.iter().position(|state| state.series > new);
    below(true).or_else(above).or_else(|| below(false))
}

/// The tag of the release that a series is at; of several the newest.
pub(super) fn tag_of(state: &SeriesState) -> Option<Tag> {
    state.versions.iter().max().map(KernelVersion::tag)
}

/// The configurations of the previous series for the architectures that the user named, or all of them.
pub(super) fn configs(kit: &Kit, from: &SeriesState, named: &[String]) -> Result<Vec<ConfigFile>, OpError> {
    let all = kit.configs().map_err(kit_error)?;
    let plain: Vec<ConfigFile> =
        all.into_iter().filter(|config| config.series == from.series && config.variant.is_empty()).collect();
    if named.is_empty() {
        return Ok(plain);
    }
    let wanted = named.iter().map(|name| arch_of(name)).collect::<Result<Vec<Arch>, OpError>>()?;
    if let Some(missing) = wanted.iter().find(|arch| !plain.iter().any(|config| config.arch == **arch)) {
        let known: Vec<&str> = plain.iter().map(|config| config.arch.uname()).collect();
        return Err(OpError::new(format!("{} has no configuration for {missing}", from.name()))
            .hint(format!("it has {}", if known.is_empty() { "none".to_owned() } else { known.join(", ") })));
    }
    Ok(plain.into_iter().filter(|config| wanted.contains(&config.arch)).collect())
}
