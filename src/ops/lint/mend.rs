//! `kpatch lint --fix`: the fixes of findings, checked, and landed all or nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::inputs::{Set, SetFile, Source};
use super::report::FixedFile;
use super::{Bytes, FixOptions, OpError, group};
use crate::files::{Change, WORK_DIR};
use crate::finding::{Finding, FixClass};
use crate::kit::Kit;
use crate::lint::{Allowed, Entry, FixKind, Group, Judged, Subject, file, fix_file, set};
use crate::ops::landing::land_files;
use crate::ops::parallel::{self, Limits};
use crate::ops::{Watch, workspace};
use crate::patch::split;
use crate::text::visible;

/// One fix may make room for another; more rounds than this mean that two rules do not agree.
const ROUNDS: usize = 20;

/// Where the fixes land.
pub(super) struct Ground<'a> {
    pub(super) kit: Option<&'a Kit>,
    pub(super) watch: Watch<'a>,
}

/// A set after its fixes.
#[derive(Debug, Default)]
pub(super) struct Mended {
    /// What was mended.
    pub(super) fixed: Vec<Finding>,
    /// The files that change.
    pub(super) changes: Vec<FixedFile>,
    /// The files and other entries as they are to be; absent if nothing changes.
    new: Option<(Vec<Item>, Vec<Entry>)>,
}

/// A file of a set that is being mended.
#[derive(Debug, Clone)]
struct Item {
    /// Its name and bytes on the disk; absent for one that a split makes.
    was: Option<(String, Bytes)>,
    name: String,
    bytes: Bytes,
}

/// What is to change in one place, at once.
#[derive(Debug)]
pub(super) struct Place {
    root: PathBuf,
    work: PathBuf,
    /// A directory of the place, for the lock of one that is no kit.
    dir: PathBuf,
    changes: Vec<Change>,
}

/// Whether a finding, of the set with that index, is to be mended.
type May<'a> = &'a (dyn Fn(usize, &Finding) -> bool + 'a);

/// Works out what the fixes make of the sets. Nothing is written.
pub(super) fn mend(
    ground: &Ground<'_>,
    sets: &[Set],
    fix: FixOptions,
    may: May<'_>,
) -> Result<(Vec<Mended>, Vec<Place>), OpError> {
    let mut all = Vec::with_capacity(sets.len());
    let mut places: BTreeMap<PathBuf, Place> = BTreeMap::new();
    for (at, set) in sets.iter().enumerate() {
        if ground.watch.interrupt.is_raised() {
            return Err(OpError::interrupted());
        }
        let mut mended = mend_set(set, fix, &|finding: &Finding| may(at, finding))?;
        if let (Some((items, _)), Some(dir)) = (&mended.new, &set.dir) {
            mended.changes = describe(set, items, fix.show);
            for entry in removed(set, &mended) {
                let path = format!("{}/{entry}", set.shown);
                mended.changes.push(FixedFile { path, change: "removed".into(), to: None, diff: None });
            }
            add(ground, &mut places, set, dir, items, &mended)?;
        }
        all.push(mended);
    }
    Ok((all, places.into_values().collect()))
}

/// Puts the mended files in the place of those on the disk, for everything that looks at them from here on.
pub(super) fn take(sets: &mut [Set], mended: &[Mended]) {
    for (set, mended) in sets.iter_mut().zip(mended) {
        let Some((items, entries)) = &mended.new else { continue };
        let shown = |name: &str| match set.files.iter().find(|file| file.name == name) {
            Some(file) => file.shown.clone(),
            None => in_dir(set, name),
        };
        let files = items.iter().map(|item| SetFile {
            name: item.name.clone(),
            shown: shown(&item.name),
            source: Source::Memory(Arc::clone(&item.bytes)),
        });
        let files: Vec<SetFile> = files.collect();
        set.files = files;
        set.entries.clone_from(entries);
    }
}

/// Writes all changes, each place at once.
pub(super) fn land(ground: &Ground<'_>, places: Vec<Place>) -> Result<(), OpError> {
    for place in places {
        if ground.watch.interrupt.is_raised() {
            return Err(OpError::interrupted());
        }
        let _lock = match ground.kit.filter(|kit| place.work == kit.work_dir()) {
            Some(kit) => workspace::lock_kit(kit, "lint --fix", ground.watch)?,
            None => workspace::lock_folder(&place.dir, "lint --fix", ground.watch)?,
        };
        land_files(&place.root, &place.work, &place.changes, "kpatch lint --fix")?;
    }
    Ok(())
}

fn mend_set(of: &Set, fix: FixOptions, may: &dyn Fn(&Finding) -> bool) -> Result<Mended, OpError> {
    let mut mended = Mended::default();
    if of.dir.is_none() {
        return Ok(mended);
    }
    let mut items = Vec::with_capacity(of.files.len());
    for file in &of.files {
        let bytes = file.read()?;
        items.push(Item { was: Some((file.name.clone(), Arc::clone(&bytes))), name: file.name.clone(), bytes });
    }
    let mut entries = of.entries.clone();
    let allowed = Allowed { class: fix.class, from: fix.from };
    let mut changed = false;
    let mut refused = BTreeSet::new();
    for _ in 0..ROUNDS {
        let mut again = edit(of, &mut items, allowed, may, &mut mended.fixed);
        again |= rearrange(of, &mut items, &mut entries, &mut refused, &mut mended.fixed, &|judged| {
            allowed.allows(judged) && may(&judged.finding)
        })?;
        changed |= again;
        if !again {
            break;
        }
    }
    mended.new = changed.then_some((items, entries));
    Ok(mended)
}

fn in_dir(set: &Set, name: &str) -> String {
    if set.shown == "." { name.to_owned() } else { format!("{}/{name}", set.shown) }
}

/// The fixes inside of files; true if one was made.
fn edit(
    of: &Set,
    items: &mut [Item],
    allowed: Allowed,
    may: &dyn Fn(&Finding) -> bool,
    fixed: &mut Vec<Finding>,
) -> bool {
    let mut changed = false;
    // A look without fixes is cheap, and most files need none; the closure of the caller stays on this thread.
    let looks = parallel::map(
        items,
        Limits::of_machine().threads,
        || true,
        |item| {
            let shown = in_dir(of, &item.name);
            let lint = file(Subject { name: &item.name, path: &shown }, &item.bytes, &of.settings);
            lint.judged.iter().any(|judged| allowed.allows(judged))
        },
        || (),
    );
    for (item, needs) in items.iter_mut().zip(looks) {
        if needs != Some(true) {
            continue;
        }
        let shown = in_dir(of, &item.name);
        let subject = Subject { name: &item.name, path: &shown };
        let result = fix_file(subject, &item.bytes, &of.settings, allowed, may);
        if *result.bytes != *item.bytes {
            changed = true;
            item.bytes = Arc::from(result.bytes);
            fixed.extend(result.fixed);
        }
    }
    changed
}

/// The fixes of names: renaming, removing, splitting. True if one was made.
///
/// The renames of one rule keep the order only together, and another rule may want the same file to be called something
/// else: one rule is taken at a time, all of its fixes or none.
fn rearrange(
    of: &Set,
    items: &mut Vec<Item>,
    entries: &mut Vec<Entry>,
    refused: &mut BTreeSet<String>,
    fixed: &mut Vec<Finding>,
    may: &dyn Fn(&Judged) -> bool,
) -> Result<bool, OpError> {
    // Names are said once more in a quilt series, and files in other directories keep their places.
    let is_plain = of.files.iter().all(|file| file.shown == in_dir(of, &file.name));
    let is_quilt = of.settings.profile.quilt && of.entries.iter().any(|entry| entry.name == "series");
    if !of.is_whole || !is_plain || is_quilt {
        return Ok(false);
    }
    let mut judged: Vec<Judged> = Vec::new();
    let mut members = Vec::new();
    for item in items.iter() {
        let shown = in_dir(of, &item.name);
        let lint = file(Subject { name: &item.name, path: &shown }, &item.bytes, &of.settings);
        judged.extend(lint.judged);
        members.extend(lint.members);
    }
    judged.extend(set(&Group { entries, ..group(of, &members) }, None));
    let is_name = |judged: &Judged| judged.fix.as_ref().is_some_and(|fix| !matches!(fix.kind, FixKind::Edit(_)));
    judged.retain(|judged| is_name(judged) && may(judged) && !refused.contains(&judged.finding.rule));
    judged.sort_by(|a, b| a.finding.rule.cmp(&b.finding.rule));
    for batch in judged.chunk_by(|a, b| a.finding.rule == b.finding.rule) {
        let mut new = (items.clone(), entries.clone());
        if take_batch(of, &mut new, batch)? {
            (*items, *entries) = new;
            fixed.extend(batch.iter().map(|judged| judged.finding.clone()));
            return Ok(true);
        }
        refused.insert(batch[0].finding.rule.clone());
    }
    Ok(false)
}

/// Makes the fixes of one rule; false if one of them cannot be made, if names collide, or if safe ones would change the
/// order.
fn take_batch(of: &Set, new: &mut (Vec<Item>, Vec<Entry>), batch: &[Judged]) -> Result<bool, OpError> {
    let (items, entries) = new;
    let mut is_safe = true;
    for Judged { finding, fix, .. } in batch {
        let Some(fix) = fix else { return Ok(false) };
        is_safe &= fix.class == FixClass::Safe;
        let name = finding.path.rsplit('/').next().unwrap_or_default();
        let is_done = match &fix.kind {
            FixKind::Edit(_) => false,
            FixKind::Rename(to) => rename(of, items, entries, name, to)?,
            FixKind::Delete => remove(items, entries, name),
            FixKind::Split => split_file(items, name),
        };
        if !is_done {
            return Ok(false);
        }
    }
    let before: Vec<Bytes> = items.iter().map(|item| Arc::clone(&item.bytes)).collect();
    items.sort_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
    let in_order = items.iter().map(|item| &item.bytes).eq(&before);
    let names = items.iter().map(|item| item.name.as_str()).chain(entries.iter().map(|entry| entry.name.as_str()));
    let unique = names.collect::<BTreeSet<_>>().len() == items.len() + entries.len();
    Ok(unique && (in_order || !is_safe))
}

fn rename(of: &Set, items: &mut Vec<Item>, entries: &mut Vec<Entry>, from: &str, to: &str) -> Result<bool, OpError> {
    if to.contains('/') || from == to {
        return Ok(false);
    }
    if let Some(item) = items.iter_mut().find(|item| item.name == from) {
        to.clone_into(&mut item.name);
        return Ok(true);
    }
    // A file that was no patch of the set becomes one.
    let (Some(at), Some(dir)) = (entries.iter().position(|entry| entry.name == from && !entry.is_dir), &of.dir) else {
        return Ok(false);
    };
    let Ok(found) = std::fs::symlink_metadata(dir.join(from)) else { return Ok(false) };
    if !found.is_file() {
        return Ok(false);
    }
    let bytes: Bytes = std::fs::read(dir.join(from))
        .map(Arc::from)
        .map_err(|error| OpError::because(format!("cannot read '{}'", in_dir(of, from)), error))?;
    entries.remove(at);
    items.push(Item { was: Some((from.to_owned(), Arc::clone(&bytes))), name: to.to_owned(), bytes });
    Ok(true)
}

fn remove(items: &mut Vec<Item>, entries: &mut Vec<Entry>, name: &str) -> bool {
    let before = items.len() + entries.len();
    items.retain(|item| item.name != name);
    entries.retain(|entry| entry.name != name || entry.is_dir);
    items.len() + entries.len() < before
}

/// `0003-x.patch` with two mails becomes `0003-01-subject.patch` and `0003-02-subject.patch`, which stay in its place.
fn split_file(items: &mut Vec<Item>, name: &str) -> bool {
    let Some(at) = items.iter().position(|item| item.name == name) else { return false };
    let parts = split(&items[at].bytes);
    if parts.len() < 2 {
        return false;
    }
    let digits = name.bytes().take_while(u8::is_ascii_digit).count();
    let number = &name[..digits];
    let pieces: Vec<Item> = parts
        .into_iter()
        .enumerate()
        .map(|(part, span)| {
            let bytes = &items[at].bytes[span];
            let subject = crate::message::read(bytes).map(|read| read.message.subject).unwrap_or_default();
            let piece = crate::patch::file_name(part + 1, &subject);
            let name = if digits == 0 { piece } else { format!("{number}-{}", &piece[2..]) };
            Item { was: None, name, bytes: Arc::from(bytes) }
        })
        .collect();
    items.splice(at..=at, pieces);
    true
}

/// What changes in a set, for the report.
fn describe(set: &Set, items: &[Item], show: bool) -> Vec<FixedFile> {
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
fn removed(set: &Set, mended: &Mended) -> Vec<String> {
    let Some((items, entries)) = &mended.new else { return Vec::new() };
    let gone = set.entries.iter().filter(|entry| {
        let stays = entries.iter().any(|left| left.name == entry.name);
        let renamed = items.iter().any(|item| item.was.as_ref().is_some_and(|(name, _)| *name == entry.name));
        !stays && !renamed
    });
    gone.map(|entry| entry.name.clone()).collect()
}

fn unified(before: &[u8], after: &[u8], from: &str, to: &str) -> String {
    let shown = |bytes: &[u8]| {
        let lines = bytes.split_inclusive(|byte| *byte == b'\n');
        lines.fold(String::with_capacity(bytes.len()), |mut out, line| {
            let content = line.strip_suffix(b"\n").unwrap_or(line);
            let tabs: Vec<String> = content.split(|byte| *byte == b'\t').map(visible).collect();
            out += &tabs.join("\t");
            out.push('\n');
            out
        })
    };
    let (before, after) = (shown(before), shown(after));
    let diff = similar::TextDiff::from_lines(&before, &after);
    diff.unified_diff().context_radius(3).header(&format!("a/{from}"), &format!("b/{to}")).to_string()
}

/// Adds what a set changes to the place that it is in.
fn add(
    ground: &Ground<'_>,
    places: &mut BTreeMap<PathBuf, Place>,
    set: &Set,
    dir: &Path,
    items: &[Item],
    mended: &Mended,
) -> Result<(), OpError> {
    let failed = |error| OpError::because(format!("cannot use '{}'", set.shown), error);
    let dir = dir.canonicalize().map_err(failed)?;
    let (root, work) = if let Some(kit) = ground.kit.filter(|kit| dir.starts_with(kit.kernel_dir())) {
        (kit.top().to_owned(), kit.work_dir())
    } else {
        let parent = dir.parent().ok_or_else(|| OpError::new("a patch directory has a parent"))?.to_owned();
        (parent.clone(), parent.join(WORK_DIR))
    };
    let inside = dir.strip_prefix(&root).expect("the root is above the directory").to_owned();
    let place = places.entry(work.clone()).or_insert(Place { root, work, dir, changes: Vec::new() });
    let is_edit = |item: &Item| item.was.as_ref().is_some_and(|(name, _)| *name == item.name);
    let entries = mended.new.as_ref().map_or(0, |(_, entries)| entries.len());
    if items.iter().all(is_edit) && items.len() == set.files.len() && entries == set.entries.len() {
        for item in items {
            let Some((_, old)) = &item.was else { continue };
            let path = set.files.iter().find(|file| file.name == item.name).map(|file| &file.source);
            let target = match path {
                Some(Source::Disk(path)) => {
                    let real = path.canonicalize().map_err(failed)?;
                    real.strip_prefix(&place.root).map(Path::to_owned).unwrap_or(inside.join(&item.name))
                }
                _ => inside.join(&item.name),
            };
            if *old != item.bytes {
                place.changes.push(Change::File { target, old: old.to_vec(), new: item.bytes.to_vec() });
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
