//! Renames between two trees, looked up only for the paths that somebody asks for.
//!
//! The order is that of git's `ort` merges: equal content, then a basename that is unique on both sides, then the best
//! similarity of at least one half.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use bstr::{BStr, BString, ByteSlice as _};

use super::store::Store;
use super::tree::Walk;
use super::{Entry, GitError, MODE_GITLINK, MODE_SYMLINK, Oid};
use crate::diff::similarity::{BASENAME_SCORE, MAX_SCORE, Pieces, RENAME_SCORE, sizes_allow};

/// Where paths of the old tree went: old path to new path.
pub type Renames = BTreeMap<BString, BString>;

/// A file that is only on one side.
#[derive(Clone)]
struct Side {
    path: BString,
    entry: Entry,
}

impl Store {
    /// Finds where each of `wanted` went between two trees; paths that are still there are no renames.
    pub fn renames(&self, old: Oid, new: Oid, wanted: &BTreeSet<BString>) -> Result<Renames, GitError> {
        let mut vanished = BTreeSet::new();
        for path in wanted {
            if self.entry(old, path.as_bstr())?.is_some() && self.entry(new, path.as_bstr())?.is_none() {
                vanished.insert(path.clone());
            }
        }
        if vanished.is_empty() {
            return Ok(Renames::new());
        }
        let mut gone = Vec::new();
        let mut come = Vec::new();
        self.diff_trees(Some(old), Some(new), &mut |Walk { path, old, new }| match (old, new) {
            (Some(entry), None) => gone.push(Side { path, entry }),
            (None, Some(entry)) => come.push(Side { path, entry }),
            _ => {}
        })?;
        self.match_renames(gone, come, &vanished)
    }

    /// Finds the renames within one patch, from the files that it deletes and creates.
    pub(super) fn renames_among(
        &self,
        deleted: &[(BString, Entry)],
        created: &[(BString, Entry)],
    ) -> Result<Renames, GitError> {
        let side = |(path, entry): &(BString, Entry)| Side { path: path.clone(), entry: *entry };
        let wanted = deleted.iter().map(|(path, _)| path.clone()).collect();
        self.match_renames(deleted.iter().map(side).collect(), created.iter().map(side).collect(), &wanted)
    }

    fn match_renames(
        &self,
        mut gone: Vec<Side>,
        mut come: Vec<Side>,
        wanted: &BTreeSet<BString>,
    ) -> Result<Renames, GitError> {
        let mut renames = Renames::new();
        gone.retain(|side| is_file(side.entry));
        come.retain(|side| is_file(side.entry));
        take_exact(&mut gone, &mut come, wanted, &mut renames);
        self.take_unique_basenames(&mut gone, &mut come, wanted, &mut renames)?;
        gone.retain(|side| wanted.contains(&side.path));
        self.take_similar(&gone, &come, &mut renames)?;
        Ok(renames)
    }

    fn take_unique_basenames(
        &self,
        gone: &mut Vec<Side>,
        come: &mut Vec<Side>,
        wanted: &BTreeSet<BString>,
        renames: &mut Renames,
    ) -> Result<(), GitError> {
        let unique = |sides: &[Side]| {
            let mut names: HashMap<BString, Option<usize>> = HashMap::new();
            for (at, side) in sides.iter().enumerate() {
                names.entry(basename(&side.path).into()).and_modify(|known| *known = None).or_insert(Some(at));
            }
            names
        };
        let old_names = unique(gone);
        let new_names = unique(come);
        let mut taken = (HashSet::new(), HashSet::new());
        for (name, at) in &old_names {
            let (Some(old), Some(Some(new))) = (*at, new_names.get(name)) else {
                continue;
            };
            if !wanted.contains(&gone[old].path) {
                continue;
            }
            let (a, b) = (gone[old].entry, come[*new].entry);
            if same_type(a, b) && self.score(a.id, b.id, BASENAME_SCORE)? >= BASENAME_SCORE {
                renames.insert(gone[old].path.clone(), come[*new].path.clone());
                taken.0.insert(gone[old].path.clone());
                taken.1.insert(come[*new].path.clone());
            }
        }
        gone.retain(|side| !taken.0.contains(&side.path));
        come.retain(|side| !taken.1.contains(&side.path));
        Ok(())
    }

    /// How similar two blobs are, from 0 to [`MAX_SCORE`]; 0 where the sizes alone rule out `minimum`.
    pub fn score(&self, a: Oid, b: Oid, minimum: u64) -> Result<u64, GitError> {
        if a == b {
            return Ok(MAX_SCORE);
        }
        if let (Some(a), Some(b)) = (self.blob_size(a)?, self.blob_size(b)?)
            && !sizes_allow(a, b, minimum)
        {
            return Ok(0);
        }
        let pieces = self.map_blobs(&[a, b], |_, content| Pieces::new(content))?;
        Ok(pieces[0].score(&pieces[1]))
    }

    /// Compares each of `gone` with each of `come` whose size allows it, reading every new file once.
    fn take_similar(&self, gone: &[Side], come: &[Side], renames: &mut Renames) -> Result<(), GitError> {
        if gone.is_empty() || come.is_empty() {
            return Ok(());
        }
        let ids: Vec<Oid> = gone.iter().map(|side| side.entry.id).collect();
        let old: Vec<(u64, Pieces)> =
            self.map_blobs(&ids, |_, content| (content.len() as u64, Pieces::new(content)))?;
        let mut candidates = Vec::new();
        for side in come {
            match self.blob_size(side.entry.id)? {
                Some(size) if !old.iter().any(|(old, _)| sizes_allow(*old, size, RENAME_SCORE)) => {}
                _ => candidates.push(side),
            }
        }
        let ids: Vec<Oid> = candidates.iter().map(|side| side.entry.id).collect();
        let scores: Vec<Vec<u64>> = self.map_blobs(&ids, |_, content| {
            let size = content.len() as u64;
            let mut new = None;
            old.iter()
                .map(|(old_size, pieces)| {
                    if !sizes_allow(*old_size, size, RENAME_SCORE) {
                        return 0;
                    }
                    pieces.score(new.get_or_insert_with(|| Pieces::new(content)))
                })
                .collect()
        })?;
        let mut pairs = Vec::new();
        for (new, scores) in scores.iter().enumerate() {
            for (old, score) in scores.iter().enumerate() {
                let (a, b) = (&gone[old], candidates[new]);
                if *score >= RENAME_SCORE && same_type(a.entry, b.entry) {
                    let same_name = basename(&a.path) == basename(&b.path);
                    pairs.push((*score, same_name, old, new));
                }
            }
        }
        // The best first; among equals the same basename, then the order of paths.
        pairs.sort_by(|a, b| (b.0, b.1).cmp(&(a.0, a.1)).then((a.3, a.2).cmp(&(b.3, b.2))));
        let mut taken = (HashSet::new(), HashSet::new());
        for (_, _, old, new) in pairs {
            if !taken.0.contains(&old) && !taken.1.contains(&new) {
                taken.0.insert(old);
                taken.1.insert(new);
                renames.insert(gone[old].path.clone(), candidates[new].path.clone());
            }
        }
        Ok(())
    }
}

/// Pairs files of equal content, those of one basename first.
fn take_exact(gone: &mut Vec<Side>, come: &mut Vec<Side>, wanted: &BTreeSet<BString>, renames: &mut Renames) {
    let mut by_id: HashMap<Oid, Vec<usize>> = HashMap::new();
    for (at, side) in gone.iter().enumerate() {
        by_id.entry(side.entry.id).or_default().push(at);
    }
    let mut taken = (HashSet::new(), HashSet::new());
    for (new, side) in come.iter().enumerate() {
        let Some(olds) = by_id.get(&side.entry.id) else {
            continue;
        };
        let free = |at: &&usize| !taken.0.contains(*at) && same_type(gone[**at].entry, side.entry);
        let same_name = |at: &&usize| basename(&gone[**at].path) == basename(&side.path);
        let best = olds.iter().filter(free).find(same_name).or_else(|| olds.iter().find(free));
        if let Some(old) = best.copied() {
            taken.0.insert(old);
            taken.1.insert(new);
            if wanted.contains(&gone[old].path) {
                renames.insert(gone[old].path.clone(), side.path.clone());
            }
        }
    }
    let mut at = 0..;
    gone.retain(|_| !at.next().is_some_and(|at| taken.0.contains(&at)));
    let mut at = 0..;
    come.retain(|_| !at.next().is_some_and(|at| taken.1.contains(&at)));
}

fn is_file(entry: Entry) -> bool {
    entry.mode != MODE_GITLINK
}

fn same_type(a: Entry, b: Entry) -> bool {
    (a.mode == MODE_SYMLINK) == (b.mode == MODE_SYMLINK)
}

fn basename(path: &BString) -> &BStr {
    path.rfind_byte(b'/').map_or(path.as_bstr(), |slash| path[slash + 1..].as_bstr())
}
