//! What fixes change: for the report, and on the disk.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Ground, Item, Mended, Place, in_dir};
use crate::files::{Change, WORK_DIR};
use crate::kit::Kit;
use crate::ops::OpError;
use crate::ops::diff::unified;
use crate::ops::lint::inputs::{Set, Source};
use crate::ops::lint::report::FixedFile;

/// What changes in a set, for the report.
pub(super) fn describe(set: &Set, items: &[Item], show: bool) -> Vec<FixedFile> {
    let mut changes = Vec::new();
    for item in items {
        let path =
            |name: &str| set.files.iter().find(|f| f.name == name).map_or(in_dir(set, name), |f| f.shown.clone());
        let (before, from) = match &item.was {
            Some((name, _)) if *name == item.name && item.bytes == item.was.as_ref().expect("it was").1 => continue,
            Some((name, bytes)) => (&**bytes, path(name)),
            None => (&b""[..], path(&item.name)),
        };
        let to = in_dir(set, &item.name);
        let change = match &item.was {
            None => "written",
            Some((name, _)) if *name != item.name => "renamed",
            Some(_) => "edited",
        };
        let diff = (show && before != &*item.bytes).then(|| unified(before, &item.bytes, &from, &to));
        let to = (change == "renamed").then_some(to);
        changes.push(FixedFile { path: from, change: change.into(), to, diff });
    }
    let gone = set
        .files
        .iter()
        .filter(|file| !items.iter().any(|item| item.was.as_ref().is_some_and(|(name, _)| *name == file.name)));
    for file in gone {
        changes.push(FixedFile { path: file.shown.clone(), change: "removed".into(), to: None, diff: None });
    }
    changes
}

/// The entries of the directory that go away for good.
pub(super) fn removed(set: &Set, mended: &Mended) -> Vec<String> {
    let Some((items, entries)) = &mended.new else { return Vec::new() };
    let gone = set.entries.iter().filter(|entry| {
        let stays = entries.iter().any(|left| left.name == entry.name);
        let renamed = items.iter().any(|item| item.was.as_ref().is_some_and(|(name, _)| *name == entry.name));
        !stays && !renamed
    });
    gone.map(|entry| entry.name.clone()).collect()
}

/// A path without links.
pub(super) fn real_dir(set: &Set, dir: &Path) -> Result<PathBuf, OpError> {
    dir.canonicalize().map_err(|error| OpError::because(format!("cannot use '{}'", set.shown), error))
}

/// Where a directory of patches lands: the top that its paths count from, and the place for work, which is that of the
/// kit or one beside the directory.
pub(super) fn place_of(kit: Option<&Kit>, dir: &Path) -> Result<(PathBuf, PathBuf), OpError> {
    if let Some(kit) = kit.filter(|kit| dir.starts_with(kit.kernel_dir())) {
        return Ok((kit.top().to_owned(), kit.work_dir()));
    }
    let parent = dir.parent().ok_or_else(|| OpError::new("a patch directory has a parent"))?;
    Ok((parent.to_owned(), parent.join(WORK_DIR)))
}

/// Adds what a set changes to the place that it is in.
pub(super) fn add(
    ground: &Ground<'_>,
    places: &mut BTreeMap<PathBuf, Place>,
    set: &Set,
    dir: &Path,
    items: &[Item],
    mended: &Mended,
) -> Result<(), OpError> {
    let dir = real_dir(set, dir)?;
    let (root, work) = place_of(ground.kit, &dir)?;
    let inside = dir.strip_prefix(&root).expect("the root is above the directory").to_owned();
    let place = places.entry(work.clone()).or_insert(Place { root, work, changes: Vec::new() });
    let is_edit = |item: &Item| item.was.as_ref().is_some_and(|(name, _)| *name == item.name);
    let entries = mended.new.as_ref().map_or(0, |(_, entries)| entries.len());
    if items.iter().all(is_edit) && items.len() == set.files.len() && entries == set.entries.len() {
        for item in items {
            let Some((_, old)) = &item.was else { continue };
            let path = set.files.iter().find(|file| file.name == item.name).map(|file| &file.source);
            let target = match path {
                Some(Source::Disk(path)) => {
                    let real = real_dir(set, path)?;
                    real.strip_prefix(&place.root).map(Path::to_owned).unwrap_or(inside.join(&item.name))
                }
                _ => inside.join(&item.name),
            };
            if *old != item.bytes {
                let (old, new) = (Some(old.to_vec()), Some(item.bytes.to_vec()));
                place.changes.push(Change::File { target, old, new, executable: false });
            }
        }
        return Ok(());
    }
    let keep: Vec<OsString> =
        mended.new.iter().flat_map(|(_, entries)| entries.iter().map(|entry| entry.name.clone().into())).collect();
    let files = items.iter().map(|item| (item.name.clone(), item.bytes.to_vec())).collect();
    place.changes.push(Change::Dir { target: inside, files, keep });
    Ok(())
}
