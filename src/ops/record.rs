//! What a stopped bump leaves behind in the linux tree's git directory, for a person to read.

use std::path::{Path, PathBuf};

use super::OpError;
use super::compute::Computed;
use super::present;
use super::report::BumpReport;
use super::workspace::Linux;
use crate::carry::{Conflict, Outcome};
use crate::files::write_atomic;
use crate::git::{Entry, PathConflict, RefUpdate, Store};
use crate::patch_set::PatchSet;

/// The folder of the records, below the git directory.
const FOLDER: &str = "kpatch/stopped";

/// The folder of the record of a target.
pub(super) fn folder(store: &Store, target: &str) -> PathBuf {
    store.common_dir().join(FOLDER).join(target.replace('/', "-"))
}

/// The ref that keeps what was carried so far from being collected as garbage.
fn keep_ref(target: &str) -> String {
    format!("refs/kpatch/stopped/{target}")
}

/// Writes the record: the report, the carried commits, and for every conflicting path its base, ours, theirs and the
/// file with markers.
pub(super) fn write(
    linux: &Linux,
    set: &PatchSet,
    computed: &Computed,
    report: &mut BumpReport,
) -> Result<(), OpError> {
    let store = &linux.store;
    let target = &computed.carried.target.tag;
    let record = folder(store, target);
    let failed = |error: std::io::Error| OpError::because(format!("cannot write '{}'", record.display()), error);
    store.write_pack(&[computed.tip]).map_err(|error| OpError::because("cannot write the carried commits", error))?;
    clear(linux, target);
    std::fs::create_dir_all(&record).map_err(failed)?;
    let name = keep_ref(target);
    let update = RefUpdate { name, old: None, new: Some(computed.tip) };
    store
        .update_refs(&[update], "kpatch bump: stopped", computed.carried.target.date.seconds)
        .map_err(|error| OpError::because("cannot keep the carried commits", error))?;
    for (patch, pick) in set.patches.iter().zip(&computed.carried.picks) {
        if let Outcome::Conflict(Conflict::Merge(paths)) | Outcome::Blocked { paths, .. } = &pick.outcome {
            let below = record.join(patch.file.trim_end_matches(".patch"));
            for conflict in paths {
                let releases = [&computed.stack.base, &computed.carried.target];
                let markers = present::markers(conflict, releases, &patch.file);
                write_conflict(store, &below, conflict, &markers)?;
            }
        }
    }
    report.commit = Some(computed.tip.to_string());
    report.record = Some(record.display().to_string());
    let json = serde_json::to_vec_pretty(&report).expect("a report is json");
    write_atomic(&record.join("report.json"), &json)
        .map_err(|error| OpError::because(format!("cannot write '{}'", record.display()), error))
}

fn write_conflict(store: &Store, below: &Path, conflict: &PathConflict, markers: &[u8]) -> Result<(), OpError> {
    // A path of the tree becomes one file name: nothing of it can lead out of the folder.
    let name = crate::text::visible(&conflict.path).replace('/', "!");
    let write = |suffix: &str, bytes: &[u8]| {
        let path = below.join(format!("{name}.{suffix}"));
        std::fs::create_dir_all(below)
            .and_then(|()| std::fs::write(&path, bytes))
            .map_err(|error| OpError::because(format!("cannot write '{}'", path.display()), error))
    };
    let sides: [(&str, Option<Entry>); 3] =
        [("base", conflict.base), ("ours", conflict.ours), ("theirs", conflict.theirs)];
    for (suffix, entry) in sides {
        if entry.is_some_and(Entry::is_blob) {
            let content =
                store.content(entry).map_err(|error| OpError::because("cannot read the linux tree", error))?;
            write(suffix, &content)?;
        }
    }
    if markers.is_empty() { Ok(()) } else { write("conflict", markers) }
}

/// Removes the record of a target; one that cannot be removed is only old news.
pub(super) fn clear(linux: &Linux, target: &str) {
    let store = &linux.store;
    let _ = std::fs::remove_dir_all(folder(store, target));
    let name = keep_ref(target);
    if let Ok(Some(old)) = store.resolve(&name) {
        let _ = store.update_refs(&[RefUpdate { name, old: Some(old), new: None }], "kpatch: done", 0);
    }
}

/// The records of stopped bumps: target, number of open patches, folder.
pub(super) fn list(store: &Store) -> Vec<(String, usize, PathBuf)> {
    let Ok(entries) = std::fs::read_dir(store.common_dir().join(FOLDER)) else { return Vec::new() };
    let mut found: Vec<(String, usize, PathBuf)> = entries
        .filter_map(|entry| {
            let folder = entry.ok()?.path();
            let json: serde_json::Value =
                serde_json::from_slice(&std::fs::read(folder.join("report.json")).ok()?).ok()?;
            let target = json["target"]["tag"].as_str()?.to_owned();
            let counts = &json["counts"];
            let open = ["emptied", "partial", "conflict", "blocked", "base_bad"];
            let open: u64 = open.iter().filter_map(|name| counts[*name].as_u64()).sum();
            Some((target, open as usize, folder))
        })
        .collect();
    found.sort();
    found
}
