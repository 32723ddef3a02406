//! Files that the target has not where the base has them.

use std::collections::BTreeSet;

use bstr::{BString, ByteSlice as _};

use super::Inquiry;
use super::trail::Touch;
use crate::diff::similarity::{MAX_SCORE, Pieces, sizes_allow};
use crate::git::{Entry, GitError, PathConflict, Store, Walk};
use crate::text::visible;
use crate::upstream::History;

/// From here on a file is worth to be named as one that may have taken another's place.
const SIMILAR: u64 = MAX_SCORE * 3 / 10;
/// So many files are compared, the likeliest by name and place.
const MOST: usize = 200;

impl Inquiry<'_> {
    /// The file of the target that is most like one that is gone.
    pub(super) fn similar_to(&self, conflict: &PathConflict) -> Result<String, GitError> {
        let (path, target) = (visible(&conflict.path), self.tags[1]);
        let gone = format!("{path} is gone from {target}");
        let Some(base) = conflict.base.filter(|entry| entry.is_blob()) else { return Ok(gone) };
        if self.store.is_partial() {
            return Ok(gone);
        }
        let old = self.store.content(Some(base))?;
        let mut likely = Vec::new();
        for (path, entry) in self.appeared()? {
            let size = self.store.blob_size(entry.id)?;
            if size.is_some_and(|size| sizes_allow(old.len() as u64, size, SIMILAR)) {
                likely.push((distance(&conflict.path, path), path, *entry));
            }
        }
        likely.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
        likely.truncate(MOST);
        let pieces = Pieces::new(&old);
        let ids: Vec<_> = likely.iter().map(|(_, _, entry)| entry.id).collect();
        let scores = self.store.map_blobs(&ids, |_, content| pieces.score(&Pieces::new(content)))?;
        // Of equals the first one, which is the likeliest.
        let best = scores.iter().enumerate().rev().max_by_key(|(_, score)| **score);
        Ok(match best.filter(|(_, score)| **score >= SIMILAR) {
            Some((at, score)) => format!("{gone}; {} is {} % similar", visible(likely[at].1), percent(*score)),
            None => format!("{gone}; no file that came since is similar"),
        })
    }

    fn appeared(&self) -> Result<&[(BString, Entry)], GitError> {
        if let Some(known) = self.appeared.get() {
            return Ok(known);
        }
        let mut appeared = Vec::new();
        let (base, target) = (self.releases.base, self.releases.target);
        self.store.diff_trees(Some(base), Some(target), &mut |Walk { path, old, new }| {
            if let (None, Some(entry)) = (old, new.filter(|entry| entry.is_blob())) {
                appeared.push((path, entry));
            }
        })?;
        Ok(self.appeared.get_or_init(|| appeared))
    }

    /// Where a file that conflicts went.
    pub(super) fn moved(&self, walk: &Walk, conflict: &PathConflict) -> Result<Option<String>, GitError> {
        let old = self.store.entry(self.releases.base, walk.path.as_bstr())?;
        let new = self.store.entry(self.releases.target, conflict.path.as_bstr())?;
        let (Some(old), Some(new)) = (old, new) else { return Ok(None) };
        if self.store.is_partial() || !old.is_blob() || !new.is_blob() {
            return Ok(None);
        }
        let alike = percent(self.store.score(old.id, new.id, 0)?);
        let (from, to, target) = (visible(&walk.path), visible(&conflict.path), self.tags[1]);
        Ok(Some(format!("{from} is {to} in {target}, {alike} % similar")))
    }
}

/// Where a commit that removed a file moved it, in words; `None` if it did not.
pub(super) fn moved_by(store: &Store, history: &History, touch: &Touch) -> Result<Option<String>, GitError> {
    let known = &history.commits()[touch.at];
    let (Some(before), Some(old)) = (known.before, touch.walk.old) else { return Ok(None) };
    if store.is_partial() {
        return Ok(None);
    }
    let path = &touch.walk.path;
    let moves = store.renames(before, known.tree, &BTreeSet::from([path.clone()]))?;
    let Some(to) = moves.get(path) else { return Ok(None) };
    let Some(new) = store.entry(known.tree, to.as_bstr())? else { return Ok(None) };
    let alike = percent(store.score(old.id, new.id, 0)?);
    let commit = known.id.to_hex_with_len(12);
    Ok(Some(format!("{commit} moved {} to {}, {alike} % similar then", visible(path), visible(to))))
}

fn percent(score: u64) -> u64 {
    score * 100 / MAX_SCORE
}

/// How unlikely it is that one path took the place of the other: another name first, then the directories that differ.
fn distance(a: &BString, b: &BString) -> (bool, usize) {
    let parts = |path: &BString| path.split(|byte| *byte == b'/').map(<[u8]>::to_vec).collect::<Vec<_>>();
    let (a, b) = (parts(a), parts(b));
    let shared = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    (a.last() != b.last(), a.len() + b.len() - 2 * shared)
}
