//! The report of the last bump of each patch set. It stays in the linux tree's git directory, so that the text of a
//! pull request can be written after the bump.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::jobs::Place;
use super::present::SCHEMA;
use super::report::BumpReport;
use super::workspace::{self, Linux};
use super::{OpError, Places, Watch};
use crate::event::{Interrupt, Silent};
use crate::files::write_atomic;
use crate::text::visible;

/// The folder of the reports, below the git directory that all work trees of the linux tree share.
const FOLDER: &str = "kpatch/reports";

/// The report of a bump that stopped, in the folder of its journal.
const STOPPED: &str = "report.json";

/// What the report of a patch set is called: its series, or the name of its directory.
fn name(place: &Place<'_>) -> String {
    let folder = || place.patches_dir().file_name().unwrap_or_default().to_string_lossy().into_owned();
    place.series().unwrap_or_else(folder)
}

/// The file of a report. Nothing of the name can lead out of the folder.
fn path(linux: &Linux, name: &str) -> PathBuf {
    let file = format!("{}.json", visible(name.as_bytes()).replace('/', "!"));
    linux.store.common_dir().join(FOLDER).join(file)
}

/// Keeps the report of a bump that landed or stopped, in the place of the one before.
pub(super) fn keep(linux: &Linux, place: &Place<'_>, report: &BumpReport) -> Result<(), OpError> {
    // With a bump that is given up its report goes as well.
    let path = match &report.record {
        Some(record) => PathBuf::from(record).join(STOPPED),
        None => path(linux, &name(place)),
    };
    let failed = || format!("cannot keep the report in '{}'", path.display());
    let folder = path.parent().unwrap_or(&path);
    std::fs::create_dir_all(folder).map_err(|error| OpError::because(failed(), error))?;
    let json = serde_json::to_vec_pretty(report).expect("a report is json");
    write_atomic(&path, &json).map_err(|error| OpError::because(failed(), error))
}

/// The report of the last bump of `set`, a series (`6.6.x`, `6.6`) or the name of a bare patch directory; without a
/// name that of the only set which was ever carried.
///
/// # Errors
/// Where no bump has been reported, where several have and none is named, and for a report that another version of
/// kpatch wrote.
pub fn last_report(places: &Places, set: Option<&str>) -> Result<BumpReport, OpError> {
    let kit = workspace::kit(places).ok();
    let local = Places { offline: true, ..places.clone() };
    let silent = Watch { observer: &Silent, interrupt: &Interrupt::new() };
    let linux = workspace::linux(&local, kit.as_ref(), &[], silent)?;
    let known = known(&linux)?;
    let names: Vec<String> = known.keys().cloned().collect();
    let name = match (set, names.as_slice()) {
        (_, []) => {
            return Err(OpError::new("no bump has been reported in this linux tree").hint("run kpatch bump first"));
        }
        (Some(set), _) => {
            let long = format!("{set}.x");
            let found = names.iter().find(|name| *name == set || **name == long);
            let none = || OpError::new(format!("no bump of '{set}' has been reported in this linux tree"));
            found.ok_or_else(|| none().hint(format!("there are reports of {}", names.join(", "))))?
        }
        (None, [one]) => one,
        (None, many) => {
            return Err(OpError::new("there are reports of several patch sets")
                .hint(format!("name one or more of them: {}", many.join(", "))));
        }
    };
    read(&known[name])
}

/// All reports by name. What is stopped now came after what landed.
fn known(linux: &Linux) -> Result<BTreeMap<String, PathBuf>, OpError> {
    let mut known = BTreeMap::new();
    if let Ok(entries) = std::fs::read_dir(linux.store.common_dir().join(FOLDER)) {
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            let name = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".json").map(str::to_owned));
            known.extend(name.map(|name| (name, path)));
        }
    }
    for stopped in super::stopped::list(&linux.store)? {
        let folder = || stopped.journal.home.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let path = stopped.folder.join(STOPPED);
        if path.exists() {
            known.insert(stopped.journal.series.clone().unwrap_or_else(folder), path);
        }
    }
    Ok(known)
}

fn read(path: &std::path::Path) -> Result<BumpReport, OpError> {
    let failed = || format!("cannot read the report '{}'", path.display());
    let hint = "another version of kpatch may have written it; plan or bump again";
    let bytes = std::fs::read(path).map_err(|error| OpError::because(failed(), error))?;
    let report: BumpReport =
        serde_json::from_slice(&bytes).map_err(|error| OpError::because(failed(), error).hint(hint))?;
    if report.schema == SCHEMA {
        Ok(report)
    } else {
        Err(OpError::new(format!("{}: its schema is {}, not {SCHEMA}", failed(), report.schema)).hint(hint))
    }
}
