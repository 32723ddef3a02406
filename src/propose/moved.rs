//! Finds where upstream moved the code that a patch changes, and makes the change there.
//!
//! A change is moved only as a whole: its lines, with those around them, stand exactly once in the files that upstream
//! changed or added in the same folder, or else in the folders below and right above, or else, for a file that is gone,
//! in new files that are like it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use bstr::{BStr, BString, ByteSlice as _};

use super::{ProposedFile, Question, Stretch};
use crate::diff::adjacency::says_something;
use crate::diff::lines::{Change, changes, split_lines};
use crate::diff::merge::{Merged, is_binary, merge};
use crate::diff::similarity::{MAX_SCORE, Pieces, sizes_allow};
use crate::git::{ConflictKind, Entry, GitError, Kind, MODE_SYMLINK, Oid, PathConflict, Renames, Walk};

/// Unchanged lines around a change that must be found with it.
const CONTEXT: u32 = 3;
/// Where more files than this would have to be looked into, nothing is proposed.
const MOST_FILES: usize = 1500;
/// Patches with more changes in one file than this are not taken apart.
const MOST_HUNKS: usize = 64;
/// From here on a file may have taken over what another one had (30 %).
const ALIKE: u64 = MAX_SCORE * 3 / 10;

/// A change of the patch with the lines around it.
struct Hunk<'a> {
    old: Vec<&'a [u8]>,
    new: Vec<&'a [u8]>,
    /// The changes of the file that it consists of.
    changes: Range<usize>,
}

/// What becomes of the files if the changes of one conflict move; nothing if they have no place, or several.
pub(super) fn retarget(question: &Question<'_>, conflict: &PathConflict) -> Result<Vec<ProposedFile>, GitError> {
    let (Some(base), Some(theirs)) = (conflict.base, conflict.theirs) else { return Ok(Vec::new()) };
    if !matches!(conflict.kind, ConflictKind::DeletedByUs | ConflictKind::Content) || base.mode == MODE_SYMLINK {
        return Ok(Vec::new());
    }
    let store = question.store;
    let (base, theirs) = (store.content(Some(base))?, store.content(Some(theirs))?);
    let ours = store.content(conflict.ours)?;
    if is_binary(&base) || is_binary(&theirs) {
        return Ok(Vec::new());
    }
    let found = changes(&base, &theirs);
    let patched = Patched { base: split_lines(&base), theirs: split_lines(&theirs), changes: &found };
    let all = patched.hunks();
    if all.len() > MOST_HUNKS {
        return Ok(Vec::new());
    }
    let fits = |hunk: &Hunk<'_>| matches!(merge(&base, &ours, &patched.with(&[hunk])), Merged::Clean(_));
    let (stay, go): (Vec<&Hunk<'_>>, Vec<&Hunk<'_>>) =
        all.iter().partition(|hunk| conflict.ours.is_some() && fits(hunk));
    let telling = |hunk: &&Hunk<'_>| hunk.old.iter().filter(|line| says_something(line)).count() > 1;
    if go.is_empty() || !go.iter().all(telling) {
        return Ok(Vec::new());
    }
    let mut here = ProposedFile { path: conflict.path.clone(), entry: conflict.ours, stretches: Vec::new() };
    if let Some(entry) = conflict.ours.filter(|_| !stay.is_empty()) {
        let Merged::Clean(content) = merge(&base, &ours, &patched.with(&stay)) else { return Ok(Vec::new()) };
        here.entry = Some(Entry { id: store.insert(Kind::Blob, content), ..entry });
    }
    let homes = homes(question, conflict, &go, &base)?;
    if homes.is_empty() {
        return Ok(Vec::new());
    }
    let moved = homes.into_iter().map(|(path, home)| home.finish(question, path));
    Ok(std::iter::once(here).chain(moved).collect())
}

/// What the patch does to a file.
struct Patched<'a> {
    base: Vec<&'a [u8]>,
    theirs: Vec<&'a [u8]>,
    changes: &'a [Change],
}

impl<'a> Patched<'a> {
    /// The hunks: changes with fewer than twice the context between them are one.
    fn hunks(&self) -> Vec<Hunk<'a>> {
        let mut hunks = Vec::new();
        let mut from = 0;
        while from < self.changes.len() {
            let joins = |pair: &&[Change]| pair[1].old.start - pair[0].old.end <= 2 * CONTEXT;
            let to = from + 1 + self.changes[from..].windows(2).take_while(joins).count();
            let (first, last) = (&self.changes[from], &self.changes[to - 1]);
            let before = first.old.start.min(CONTEXT);
            let after = (self.base.len() as u32 - last.old.end).min(CONTEXT);
            let lines = |all: &[&'a [u8]], range: Range<u32>| {
                all[(range.start - before) as usize..(range.end + after) as usize].to_vec()
            };
            hunks.push(Hunk {
                old: lines(&self.base, first.old.start..last.old.end),
                new: lines(&self.theirs, first.new.start..last.new.end),
                changes: from..to,
            });
            from = to;
        }
        hunks
    }

    /// The old file with some of the hunks.
    fn with(&self, hunks: &[&Hunk<'_>]) -> Vec<u8> {
        let mut lines: Vec<&[u8]> = Vec::with_capacity(self.theirs.len());
        let mut at = 0;
        for change in hunks.iter().flat_map(|hunk| &self.changes[hunk.changes.clone()]) {
            lines.extend_from_slice(&self.base[at..change.old.start as usize]);
            lines.extend_from_slice(&self.theirs[change.new.start as usize..change.new.end as usize]);
            at = change.old.end as usize;
        }
        lines.extend_from_slice(&self.base[at..]);
        lines.concat()
    }
}

/// A file that takes changes over.
struct Home {
    mode: u32,
    content: Arc<[u8]>,
    /// First byte, old text and new text of each change, in order.
    moves: Vec<(usize, Vec<u8>, Vec<u8>)>,
}

impl Home {
    /// True if no two changes share lines, and none of them is there already.
    fn is_sound(&self) -> bool {
        let apart = self.moves.windows(2).all(|pair| pair[0].0 + pair[0].1.len() <= pair[1].0);
        let fresh = |new: &Vec<u8>| new.is_empty() || places(&self.content, new).next().is_none();
        apart && !is_binary(&self.content) && self.moves.iter().all(|(_, _, new)| fresh(new))
    }

    fn finish(self, question: &Question<'_>, path: BString) -> ProposedFile {
        let mut content = Vec::with_capacity(self.content.len());
        let mut stretches = Vec::new();
        let mut at = 0;
        for (place, old, new) in self.moves {
            content.extend_from_slice(&self.content[at..place]);
            content.extend_from_slice(&new);
            at = place + old.len();
            let line = 1 + split_lines(&self.content[..place]).len() as u32;
            stretches.push(Stretch { line, base: old.clone(), ours: old, theirs: new.clone(), proposed: new });
        }
        content.extend_from_slice(&self.content[at..]);
        let entry = Some(Entry { mode: self.mode, id: question.store.insert(Kind::Blob, content) });
        ProposedFile { path, entry, stretches }
    }
}

/// The files that take the hunks over; empty unless every hunk has exactly one place.
fn homes(
    question: &Question<'_>,
    conflict: &PathConflict,
    hunks: &[&Hunk<'_>],
    base: &[u8],
) -> Result<BTreeMap<BString, Home>, GitError> {
    let store = question.store;
    let texts: Vec<Vec<u8>> = hunks.iter().map(|hunk| hunk.old.concat()).collect();
    for paths in rings(question, conflict, base)? {
        let mut files: Vec<(BString, Entry)> = Vec::new();
        for path in paths {
            files.extend(tip_with_own_change(question, path.as_bstr())?.map(|entry| (path, entry)));
        }
        // What a partial clone has not fetched is not fetched for a guess.
        files.retain(|(_, entry)| !store.is_partial() || store.contains(entry.id));
        if files.len() > MOST_FILES {
            continue;
        }
        let ids: Vec<Oid> = files.iter().map(|(_, entry)| entry.id).collect();
        let counts = store.map_blobs(&ids, |_, content| {
            texts.iter().map(|text| places(content, text).count()).collect::<Vec<usize>>()
        })?;
        let once = |hunk: usize| counts.iter().map(|counts| counts[hunk]).sum::<usize>() == 1;
        if !(0..hunks.len()).all(once) {
            continue;
        }
        let mut homes = BTreeMap::new();
        for ((path, entry), _) in files.into_iter().zip(&counts).filter(|(_, counts)| counts.iter().any(|&n| n > 0)) {
            let content = store.content(Some(entry))?;
            let there = texts.iter().zip(hunks).filter_map(|(text, hunk)| {
                let at = places(&content, text).next()?;
                Some((at, text.clone(), hunk.new.concat()))
            });
            let mut moves: Vec<(usize, Vec<u8>, Vec<u8>)> = there.collect();
            moves.sort();
            homes.insert(path, Home { mode: entry.mode, content, moves });
        }
        if homes.values().all(Home::is_sound) {
            return Ok(homes);
        }
    }
    Ok(BTreeMap::new())
}

/// Where whole lines `part` stand in `text`, in bytes.
fn places<'t>(text: &'t [u8], part: &'t [u8]) -> impl Iterator<Item = usize> + 't {
    text.find_iter(part).filter(|at| *at == 0 || text[at - 1] == b'\n')
}

/// Paths of files that may have taken over what `conflict` had, the likely ones first.
fn rings(question: &Question<'_>, conflict: &PathConflict, base: &[u8]) -> Result<[Vec<BString>; 3], GitError> {
    let own: BTreeSet<&BString> = question.conflicts.iter().map(|conflict| &conflict.path).collect();
    let here = folder(conflict.path.as_bstr());
    let (mut near, mut around, mut come) = (Vec::new(), Vec::new(), Vec::new());
    question.store.diff_trees(Some(question.base), Some(question.target), &mut |Walk { path, old, new }| {
        let Some(entry) = new.filter(|entry| is_text_file(*entry)).filter(|_| !own.contains(&path)) else { return };
        let there = folder(path.as_bstr());
        let below = there.strip_prefix(here.as_bytes()).is_some_and(|rest| rest.starts_with(b"/"));
        if there == here {
            near.push(path);
        } else if below || folder(here) == there {
            around.push(path);
        } else if old.is_none() {
            come.push((path, entry.id));
        }
    })?;
    // For a file that is still there, only its neighbours are tried.
    let alike = if conflict.ours.is_none() { alike(question, base, come)? } else { Vec::new() };
    Ok([near, around, alike])
}

fn folder(path: &BStr) -> &BStr {
    path.rfind_byte(b'/').map_or(b"".as_bstr(), |slash| path[..slash].as_bstr())
}

/// Those of the new files that are like a file that is gone.
fn alike(question: &Question<'_>, base: &[u8], come: Vec<(BString, Oid)>) -> Result<Vec<BString>, GitError> {
    let store = question.store;
    let mut possible: Vec<(BString, Oid)> = Vec::new();
    for (path, id) in come {
        if (!store.is_partial() || store.contains(id))
            && store.blob_size(id)?.is_some_and(|size| sizes_allow(base.len() as u64, size, ALIKE))
        {
            possible.push((path, id));
        }
    }
    if possible.len() > MOST_FILES {
        return Ok(Vec::new());
    }
    let ids: Vec<Oid> = possible.iter().map(|(_, id)| *id).collect();
    let own = Pieces::new(base);
    let scores = store.map_blobs(&ids, |_, content| own.score(&Pieces::new(content)))?;
    let close = possible.into_iter().zip(scores).filter(|(_, score)| *score >= ALIKE);
    Ok(close.map(|((path, _), _)| path).collect())
}

/// The file on the tip, with what the patch itself merges into it without a conflict.
fn tip_with_own_change(question: &Question<'_>, path: &BStr) -> Result<Option<Entry>, GitError> {
    if let Some(walk) = question.changes.iter().find(|walk| walk.path == path) {
        let merge = question.store.three_way(std::slice::from_ref(walk), question.tip, &Renames::new())?;
        match merge.changes.get(path) {
            _ if !merge.is_clean() => return Ok(None),
            Some(entry) => return Ok(entry.filter(|entry| is_text_file(*entry))),
            None => {}
        }
    }
    Ok(question.store.entry(question.tip, path)?.filter(|entry| is_text_file(*entry)))
}

fn is_text_file(entry: Entry) -> bool {
    entry.is_blob() && entry.mode != MODE_SYMLINK
}
