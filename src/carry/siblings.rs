//! Looks for what a patch does away with in the files beside its own that upstream changed.

use std::collections::HashMap;

use bstr::ByteSlice as _;

use super::hazard::{CleanMerge, Edit, Hazard, HazardKind};
use crate::diff::block::{find_block, has_line};
use crate::diff::words::words;
use crate::git::{Entry, GitError, Oid, Walk};

/// A removed line has to tell this much, in so many words, before it is looked for in other files.
const TELLING_LINE: usize = 32;
const TELLING_WORDS: usize = 3;
/// Where upstream changed more files of a directory than this, a line among them says nothing of the patch.
const MOST_FILES: usize = 24;

/// A file that is in both releases.
struct Sibling {
    path: Vec<u8>,
    base: Oid,
    target: Oid,
}

/// Adds a hazard for a line of which the patch leaves none in its own file, where upstream has put it into a file
/// beside it.
pub(super) fn look(
    merge: &CleanMerge<'_>,
    walk: &Walk,
    edit: &Edit<'_>,
    found: &mut Vec<Hazard>,
) -> Result<(), GitError> {
    let store = merge.store;
    // In a blobless clone each look would be a fetch.
    if walk.old.is_none() || walk.new.is_none() || store.is_partial() {
        return Ok(());
    }
    let mut lines = edit.removed(TELLING_LINE);
    lines.retain(|line| words(line).count() >= TELLING_WORDS);
    if lines.is_empty() {
        return Ok(());
    }
    let siblings = changed(merge, walk)?;
    if siblings.is_empty() {
        return Ok(());
    }
    let theirs = store.content(walk.new)?;
    lines.retain(|line| !has_line(&theirs, line));
    let targets: Vec<Oid> = siblings.iter().map(|sibling| sibling.target).collect();
    let hits = store.map_blobs(&targets, |_, content| first_hit(content, &lines))?;
    for (sibling, hit) in siblings.into_iter().zip(hits) {
        let Some((line, text)) = hit else { continue };
        let before = store.map_blobs(&[sibling.base], |_, content| first_hit(content, &[&text]))?;
        if before[0].is_none() && !merge.adds(&text)? {
            found.push(Hazard { kind: HazardKind::LineLeft, path: sibling.path.into(), line, text: text.into() });
        }
    }
    Ok(())
}

/// The files of the same directory that upstream changed and the patch does not touch; none if there are many.
fn changed(merge: &CleanMerge<'_>, walk: &Walk) -> Result<Vec<Sibling>, GitError> {
    let (store, releases) = (merge.store, merge.releases);
    let Some(slash) = walk.path.rfind_byte(b'/') else { return Ok(Vec::new()) };
    let folder = walk.path[..slash].as_bstr();
    let tree = |entry: Option<Entry>| entry.filter(|entry| !entry.is_blob()).map(|entry| entry.id);
    let base = tree(store.entry(releases.base, folder)?);
    let target = tree(store.entry(releases.target, folder)?);
    let (Some(base), Some(target)) = (base, target) else { return Ok(Vec::new()) };
    let mut siblings = Vec::new();
    if base == target {
        return Ok(siblings);
    }
    let old = store.tree(base)?;
    let known: HashMap<&[u8], (u32, Oid)> = old.iter().map(|entry| (&*entry.name, (entry.mode, entry.id))).collect();
    for entry in store.tree(target)?.iter() {
        let now = Entry { mode: entry.mode, id: entry.id };
        let before = known.get(&*entry.name).filter(|(mode, id)| *mode == entry.mode && *id != entry.id);
        let Some((_, before)) = before.filter(|_| now.is_blob()) else { continue };
        let path = [&walk.path[..=slash], &*entry.name].concat();
        if !merge.changes.iter().any(|walk| walk.path == path) {
            siblings.push(Sibling { path, base: *before, target: entry.id });
        }
    }
    if siblings.len() > MOST_FILES {
        siblings.clear();
    }
    Ok(siblings)
}

/// The first of `lines` that stands in a file, with its number from 1.
fn first_hit(content: &[u8], lines: &[&[u8]]) -> Option<(u32, Vec<u8>)> {
    lines.iter().find_map(|line| Some((*find_block(content, &[line]).first()?, line.to_vec())))
}
