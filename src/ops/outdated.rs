//! `kpatch source list` and `kpatch outdated`: what has been released, and how far the kit is behind.

use std::collections::BTreeMap;

use serde::Serialize;

use super::check::ReleasesReport;
use super::released::released;
use super::workspace::{self, kit_error};
use super::{OpError, Places, Watch};
use crate::kit::Kit;
use crate::source::releases::Releases;
use crate::version::{KernelVersion, Series};

/// The releases, and the kit beside them.
#[derive(Debug, Clone, Serialize)]
pub struct OutdatedReport {
    /// The list of releases.
    pub list: ReleasesReport,
    /// One row for each series, the newest first.
    pub series: Vec<OutdatedSeries>,
}

/// A series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutdatedSeries {
    /// Its name: `6.6.x`.
    pub series: String,
    /// Its newest release; absent where the list has it no longer.
    pub newest: Option<String>,
    /// `mainline`, `stable` or `longterm`.
    pub moniker: Option<String>,
    /// No more releases of it are to come.
    pub eol: bool,
    /// The version in the kit; absent where the kit does not have the series.
    pub kit: Option<String>,
    /// How many releases the kit is behind.
    pub behind: Option<u32>,
}

impl OutdatedReport {
    /// Whether a kernel of the kit is not the newest of its series.
    pub fn is_outdated(&self) -> bool {
        self.series.iter().any(|row| row.behind.is_some_and(|behind| behind > 0))
    }
}

/// All releases of the list, and where the kit stands, if there is one.
pub fn list(places: &Places, watch: Watch<'_>) -> Result<OutdatedReport, OpError> {
    let kit = workspace::kit(places).ok();
    let list = needed(places, kit.as_ref(), watch)?;
    let mut all = kit.as_ref().map(kernels).transpose()?.unwrap_or_default();
    for release in &list.releases {
        all.entry(release.version.series()).or_default();
    }
    Ok(report(&list, all))
}

/// The kernels of the kit that are not deprecated, and what there is of their series.
pub fn outdated(places: &Places, watch: Watch<'_>) -> Result<OutdatedReport, OpError> {
    let kit = workspace::kit(places)?;
    let list = needed(places, Some(&kit), watch)?;
    Ok(report(&list, kernels(&kit)?))
}

/// The list of releases, without which there is nothing to say.
fn needed(places: &Places, kit: Option<&Kit>, watch: Watch<'_>) -> Result<Releases, OpError> {
    let hint = "name a list: releases in kpatch.toml, or KPATCH_RELEASES";
    released(kit, places.offline, watch)?.map_err(|reason| OpError::new(reason).hint(hint))
}

/// The newest plain kernel of each series that the kit builds. Variants follow releases of their own.
fn kernels(kit: &Kit) -> Result<BTreeMap<Series, Option<KernelVersion>>, OpError> {
    let mut all: BTreeMap<Series, Option<KernelVersion>> = BTreeMap::new();
    let built = kit.kernels().map_err(kit_error)?.into_iter().filter(|kernel| !kernel.deprecated);
    for version in built.map(|kernel| kernel.version).filter(|version| version.variant().is_empty()) {
        let known = all.entry(version.series()).or_default();
        if known.as_ref().is_none_or(|known| *known < version) {
            *known = Some(version);
        }
    }
    Ok(all)
}

fn report(list: &Releases, kernels: BTreeMap<Series, Option<KernelVersion>>) -> OutdatedReport {
    let row = |(series, kit): (Series, Option<KernelVersion>)| {
        let newest = list.newest(series);
        let behind = newest.zip(kit.as_ref()).map(|(newest, kit)| newest.version.patch().saturating_sub(kit.patch()));
        OutdatedSeries {
            series: series.to_string(),
            newest: newest.map(|newest| newest.version.to_string()),
            moniker: newest.map(|newest| newest.moniker.clone()),
            eol: list.is_eol(series),
            kit: kit.map(|kit| kit.to_string()),
            behind,
        }
    };
    OutdatedReport { list: list.into(), series: kernels.into_iter().rev().map(row).collect() }
}
