//! The last report of each series, beside the linux tree, for `status`, which looks at no history itself.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sha1::{Digest as _, Sha1};

use super::WatchReport;
use crate::files::write_atomic;
use crate::git::Store;
use crate::ops::jobs::Place;
use crate::ops::workspace::Linux;
use crate::text::{hex, visible};
use crate::version::Tag;

/// The folder of the reports, below the git directory that all work trees of the linux tree share.
const FOLDER: &str = "kpatch/watch";

/// A report, and the patch files that it is about.
#[derive(Serialize, Deserialize)]
struct Kept {
    set: String,
    report: WatchReport,
}

fn path(store: &Store, series: &str) -> PathBuf {
    // Nothing of the name can lead out of the folder.
    let file = format!("{}.json", visible(series.as_bytes()).replace('/', "!"));
    store.common_dir().join(FOLDER).join(file)
}

/// A name for patch files: another one if a byte of them changes.
fn name(files: &[(String, Vec<u8>)]) -> String {
    let mut hash = Sha1::new();
    for (name, bytes) in files {
        hash.update(format!("{name}\0{}\0", bytes.len()));
        hash.update(bytes);
    }
    hex(&hash.finalize())
}

/// Keeps the report of a series of the kit. Where that is not possible, the report is good all the same.
pub(super) fn keep(linux: &Linux, place: &Place<'_>, report: &WatchReport) {
    let (Some(series), Ok(files)) = (place.series(), place.files()) else { return };
    let path = path(&linux.store, &series);
    let json = serde_json::to_vec_pretty(&Kept { set: name(&files), report: report.clone() });
    if let (Some(folder), Ok(json)) = (path.parent(), json) {
        let _ = std::fs::create_dir_all(folder).map(|()| write_atomic(&path, &json));
    }
}

/// The last report of a series, if it is still about this base and these patches.
pub(in crate::ops) fn last(
    store: &Store,
    series: &str,
    base: &Tag,
    files: &[(String, Vec<u8>)],
) -> Option<WatchReport> {
    let bytes = std::fs::read(path(store, series)).ok()?;
    let kept: Kept = serde_json::from_slice(&bytes).ok()?;
    (kept.report.base == base.as_str() && kept.set == name(files)).then_some(kept.report)
}
