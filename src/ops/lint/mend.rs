//! `kpatch lint --fix`: the fixes of findings, checked, and landed all or nothing.

mod changes;
mod names;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::inputs::{Set, SetFile, Source};
use super::report::FixedFile;
use super::{Bytes, FixOptions, OpError};
use crate::apply::{Engine, apply_all};
use crate::files::{Change, Lock};
use crate::finding::{Finding, FixClass};
use crate::git::Oid;
use crate::kit::Kit;
use crate::lint::{Allowed, Entry, Judged, Subject, file, fix_file, fix_for_tree};
use crate::ops::landing::land_files;
use crate::ops::parallel::{self, Limits};
use crate::ops::workspace::{self, Linux};
use crate::ops::{Watch, compute};
use crate::patch::examine;
use changes::{add, describe, place_of, real_dir, removed};
use names::rearrange;

/// One fix may make room for another; more rounds than this mean that two rules do not agree.
const ROUNDS: usize = 20;

/// Where the fixes land.
pub(super) struct Ground<'a> {
    pub(super) kit: Option<&'a Kit>,
    pub(super) linux: Option<&'a Linux>,
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
    changes: Vec<Change>,
}

/// Whether a finding, of the set with that index, is to be mended.
type May<'a> = &'a (dyn Fn(usize, &Finding) -> bool + 'a);

/// Works out what the fixes make of the sets. Nothing is written.
pub(super) fn mend(
    ground: &Ground<'_>,
    sets: &[Set],
    asked: &[Vec<Judged>],
    fix: FixOptions,
    may: May<'_>,
) -> Result<(Vec<Mended>, Vec<Place>), OpError> {
    let mut all = Vec::with_capacity(sets.len());
    let mut places: BTreeMap<PathBuf, Place> = BTreeMap::new();
    for (at, set) in sets.iter().enumerate() {
        if ground.watch.interrupt.is_raised() {
            return Err(OpError::interrupted());
        }
        let of_tree = asked.get(at).map_or(&[][..], Vec::as_slice);
        let mut mended = mend_set(set, of_tree, fix, &|finding: &Finding| may(at, finding))?;
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

/// Takes the locks of the places that the sets are in, and finishes what an earlier run began there: what is read before
/// that may be old.
pub(super) fn lock(kit: Option<&Kit>, sets: &[Set], watch: Watch<'_>) -> Result<Vec<Lock>, OpError> {
    let mut locks = Vec::new();
    let mut places = BTreeSet::new();
    for set in sets {
        let Some(dir) = &set.dir else { continue };
        let dir = real_dir(set, dir)?;
        let (_, work) = place_of(kit, &dir)?;
        if !places.insert(work.clone()) {
            continue;
        }
        locks.push(match kit.filter(|kit| work == kit.work_dir()) {
            Some(kit) => workspace::lock_kit(kit, "lint --fix", watch)?,
            None => workspace::lock_folder(&dir, "lint --fix", watch)?,
        });
    }
    Ok(locks)
}

impl Ground<'_> {
    /// Puts the mended files in the place of those on the disk, for everything that looks at them from here on.
    ///
    /// Where there is a linux tree, safe fixes have to give the tree that was there before: a second look at what was
    /// checked already, patch by patch.
    pub(super) fn take(&self, sets: &mut [Set], mended: &[Mended]) -> Result<(), OpError> {
        for (set, mended) in sets.iter_mut().zip(mended) {
            let Some((items, entries)) = &mended.new else { continue };
            let before = self.tree(set)?;
            let shown = |name: &str| {
                let file = set.files.iter().find(|file| file.name == name);
                file.map_or_else(|| in_dir(set, name), |file| file.shown.clone())
            };
            let files = items.iter().map(|item| SetFile {
                name: item.name.clone(),
                shown: shown(&item.name),
                source: Source::Memory(Arc::clone(&item.bytes)),
            });
            set.files = files.collect();
            set.entries.clone_from(entries);
            let is_safe = mended.fixed.iter().all(|finding| finding.fix == Some(FixClass::Safe));
            if is_safe && before.is_some() && self.tree(set)? != before {
                return Err(OpError::new(format!(
                    "the fixes of '{}' would change its tree; nothing was written",
                    set.shown
                ))
                .hint("mend by hand what --fix --diff shows"));
            }
        }
        Ok(())
    }

    /// The tree that a set gives on its release; `None` where that is not known, or where a patch does not apply.
    fn tree(&self, set: &Set) -> Result<Option<Oid>, OpError> {
        let (Some(linux), Some(base)) = (self.linux, &set.base) else { return Ok(None) };
        let base = compute::release(&linux.store, base.as_str())?;
        let mut patches = Vec::new();
        for file in &set.files {
            patches.extend(examine(&file.name, &file.read()?).into_iter().flatten());
        }
        let diffs = patches.iter().filter_map(|draft| draft.diff.as_deref().ok());
        Ok(apply_all(&linux.store, base.tree, diffs, Engine::Git).ok())
    }

    /// Writes all changes, each place at once. The caller holds the locks of [`lock`].
    pub(super) fn land(&self, places: Vec<Place>) -> Result<(), OpError> {
        for place in places {
            if self.watch.interrupt.is_raised() {
                return Err(OpError::interrupted());
            }
            land_files(&place.root, &place.work, &place.changes, "kpatch lint --fix")?;
        }
        Ok(())
    }
}

fn mend_set(of: &Set, of_tree: &[Judged], fix: FixOptions, may: &dyn Fn(&Finding) -> bool) -> Result<Mended, OpError> {
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
    let asked: Vec<&Judged> = of_tree.iter().filter(|j| allowed.allows(j) && may(&j.finding)).collect();
    let mut changed = for_tree(of, &mut items, &asked, &mut mended.fixed);
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

/// The fixes that the linux tree has asked for; true if one was made.
fn for_tree(of: &Set, items: &mut [Item], asked: &[&Judged], fixed: &mut Vec<Finding>) -> bool {
    let mut changed = false;
    for (item, file) in items.iter_mut().zip(&of.files) {
        let asked: Vec<&Judged> = asked.iter().copied().filter(|judged| judged.finding.path == file.shown).collect();
        if asked.is_empty() {
            continue;
        }
        let subject = Subject { name: &item.name, path: &file.shown };
        let result = fix_for_tree(subject, &item.bytes, &of.settings, &asked);
        if *result.bytes != *item.bytes {
            changed = true;
            item.bytes = Arc::from(result.bytes);
            fixed.extend(result.fixed);
        }
    }
    changed
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
