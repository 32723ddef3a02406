//! Three-way merge of what one patch does into another tree: the paths it touches, nothing else.

use std::sync::Arc;

use bstr::{BString, ByteSlice as _};

use super::renames::Renames;
use super::store::{Kind, Store};
use super::tree::{Entry, TreeChanges, Walk};
use super::{GitError, MODE_GITLINK, MODE_SYMLINK, MODE_TREE, Oid};
use crate::diff::merge::{Chunk, Merged, is_binary, merge};

/// What became of a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    /// What changes in our tree, conflicting paths left as they are.
    pub changes: TreeChanges,
    /// The paths that could not be merged, in path order; empty for a clean merge.
    pub conflicts: Vec<PathConflict>,
}

impl Merge {
    /// True if nothing conflicts.
    pub fn is_clean(&self) -> bool {
        self.conflicts.is_empty()
    }
}

/// A path that could not be merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathConflict {
    /// Where it stands in our tree, or would stand.
    pub path: BString,
    /// Why.
    pub kind: ConflictKind,
    /// The common ancestor.
    pub base: Option<Entry>,
    /// Our side.
    pub ours: Option<Entry>,
    /// The patch's side.
    pub theirs: Option<Entry>,
    /// For [`ConflictKind::Content`]: the file, cut into what is decided and what is not.
    pub chunks: Vec<Chunk>,
}

/// Why a path could not be merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConflictKind {
    /// Both sides changed the same lines.
    Content,
    /// Both sides changed a binary file or a symbolic link.
    Binary,
    /// Both sides added different files.
    AddAdd,
    /// The patch changes a file that our side has deleted.
    DeletedByUs,
    /// The patch deletes a file that our side has changed.
    DeletedByPatch,
    /// Both sides changed the mode, or one of them the type.
    Mode,
    /// A file stands where a directory is needed, or the other way round.
    InTheWay,
    /// Both sides moved the file, to different places.
    RenameRename,
}

/// One change with the path that it has on our side.
struct Unit {
    path: BString,
    /// Our path where the patch moves the file away from.
    moved_from: Option<BString>,
    base: Option<Entry>,
    theirs: Option<Entry>,
    /// Our side has moved the file as well, to another place.
    clash: bool,
}

impl Store {
    /// Merges `changes` (what the patch does to its own parent, without renames) into the tree `ours`.
    ///
    /// `renames` says where paths of the patch's tree stand in ours.
    pub fn three_way(&self, changes: &[Walk], ours: Oid, renames: &Renames) -> Result<Merge, GitError> {
        let mut merge = Merge { changes: TreeChanges::new(), conflicts: Vec::new() };
        for unit in self.units(changes, ours, renames)? {
            self.merge_unit(&unit, ours, &mut merge)?;
        }
        merge.conflicts.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(merge)
    }

    /// Joins deletions and creations that are renames, and moves each path to where it stands in our tree.
    fn units(&self, changes: &[Walk], ours: Oid, renames: &Renames) -> Result<Vec<Unit>, GitError> {
        let only = |pick: fn(&Walk) -> Option<(BString, Entry)>| changes.iter().filter_map(pick).collect::<Vec<_>>();
        let deleted = only(|walk| walk.old.filter(|_| walk.new.is_none()).map(|entry| (walk.path.clone(), entry)));
        let created = only(|walk| walk.new.filter(|_| walk.old.is_none()).map(|entry| (walk.path.clone(), entry)));
        let moved_within = if deleted.is_empty() || created.is_empty() {
            Renames::new()
        } else {
            self.renames_among(&deleted, &created)?
        };
        let here = |path: &BString| -> Result<BString, GitError> {
            Ok(match renames.get(path) {
                Some(moved) if self.entry(ours, path.as_bstr())?.is_none() => moved.clone(),
                _ => path.clone(),
            })
        };
        let mut units = Vec::new();
        for walk in changes {
            if let Some(to) = moved_within.get(&walk.path) {
                let theirs = created.iter().find(|(path, _)| path == to).map(|(_, entry)| *entry);
                let from = here(&walk.path)?;
                let clash = from != walk.path && from != *to;
                let moved_from = Some(from).filter(|from| from != to);
                units.push(Unit { path: to.clone(), moved_from, base: walk.old, theirs, clash });
            } else if walk.old.is_none() && moved_within.values().any(|to| *to == walk.path) {
                // The other half of a rename.
            } else {
                let path = if walk.old.is_some() { here(&walk.path)? } else { walk.path.clone() };
                units.push(Unit { path, moved_from: None, base: walk.old, theirs: walk.new, clash: false });
            }
        }
        Ok(units)
    }

    fn merge_unit(&self, unit: &Unit, tree: Oid, merge: &mut Merge) -> Result<(), GitError> {
        let from = unit.moved_from.as_ref().unwrap_or(&unit.path);
        let ours = self.entry(tree, from.as_bstr())?;
        if unit.clash {
            merge.conflicts.push(conflict(unit, ConflictKind::RenameRename, ours));
            return Ok(());
        }
        if unit.moved_from.is_some() && ours.is_some() {
            let target = self.entry(tree, unit.path.as_bstr())?;
            if target.is_some() {
                merge.conflicts.push(conflict(unit, ConflictKind::AddAdd, target));
                return Ok(());
            }
        }
        if ours.is_some_and(|ours| ours.mode == MODE_TREE) || (ours.is_none() && self.blocked(tree, &unit.path)?) {
            merge.conflicts.push(conflict(unit, ConflictKind::InTheWay, ours));
            return Ok(());
        }
        match self.merge_entries(unit.base, ours, unit.theirs)? {
            Decision::Take(entry) => {
                if entry != ours || unit.moved_from.is_some() {
                    if let Some(from) = &unit.moved_from {
                        merge.changes.insert(from.clone(), None);
                    }
                    if entry.is_some() || ours.is_some() {
                        merge.changes.insert(unit.path.clone(), entry);
                    }
                }
            }
            Decision::Conflict(kind, chunks) => {
                merge.conflicts.push(PathConflict { chunks, ..conflict(unit, kind, ours) });
            }
        }
        Ok(())
    }

    /// True if a file stands where the path needs a directory.
    fn blocked(&self, tree: Oid, path: &BString) -> Result<bool, GitError> {
        for (slash, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
            match self.entry(tree, path[..slash].as_bstr())? {
                None => return Ok(false),
                Some(entry) if entry.mode != MODE_TREE => return Ok(true),
                Some(_) => {}
            }
        }
        Ok(false)
    }

    fn merge_entries(
        &self,
        base: Option<Entry>,
        ours: Option<Entry>,
        theirs: Option<Entry>,
    ) -> Result<Decision, GitError> {
        use Decision::{Conflict, Take};
        if ours == base || ours == theirs {
            return Ok(Take(theirs));
        }
        if theirs == base {
            return Ok(Take(ours));
        }
        match (base, ours, theirs) {
            (Some(base), Some(ours), Some(theirs)) => self.merge_content(base, ours, theirs),
            (Some(_), None, Some(_)) => Ok(Conflict(ConflictKind::DeletedByUs, Vec::new())),
            (Some(_), Some(_), None) => Ok(Conflict(ConflictKind::DeletedByPatch, Vec::new())),
            (_, Some(ours), Some(theirs)) => self.add_add(ours, theirs),
            _ => Ok(Take(theirs)),
        }
    }

    /// Two new files of one name: cut up against an empty ancestor, so that a person sees what differs.
    fn add_add(&self, ours: Entry, theirs: Entry) -> Result<Decision, GitError> {
        if ours.id == theirs.id || !is_regular(ours) || !is_regular(theirs) {
            return Ok(Decision::Conflict(ConflictKind::AddAdd, Vec::new()));
        }
        let (ours, theirs) = (self.blob(ours.id)?, self.blob(theirs.id)?);
        let chunks = match merge(b"", &ours, &theirs) {
            Merged::Conflict(chunks) if !is_binary(&ours) && !is_binary(&theirs) => chunks,
            _ => Vec::new(),
        };
        Ok(Decision::Conflict(ConflictKind::AddAdd, chunks))
    }

    fn merge_content(&self, base: Entry, ours: Entry, theirs: Entry) -> Result<Decision, GitError> {
        use Decision::{Conflict, Take};
        let Some(mode) = merge_modes(base.mode, ours.mode, theirs.mode) else {
            return Ok(Conflict(ConflictKind::Mode, Vec::new()));
        };
        if ours.id == base.id || ours.id == theirs.id {
            return Ok(Take(Some(Entry { mode, id: theirs.id })));
        }
        if theirs.id == base.id {
            return Ok(Take(Some(Entry { mode, id: ours.id })));
        }
        if ![base, ours, theirs].iter().all(|entry| is_regular(*entry)) {
            return Ok(Conflict(ConflictKind::Binary, Vec::new()));
        }
        let [base, ours, theirs]: [Arc<[u8]>; 3] = [self.blob(base.id)?, self.blob(ours.id)?, self.blob(theirs.id)?];
        if [&base, &ours, &theirs].iter().any(|content| is_binary(content)) {
            return Ok(Conflict(ConflictKind::Binary, Vec::new()));
        }
        Ok(match merge(&base, &ours, &theirs) {
            Merged::Clean(content) => Take(Some(Entry { mode, id: self.insert(Kind::Blob, content) })),
            Merged::Conflict(chunks) => Conflict(ConflictKind::Content, chunks),
        })
    }
}

enum Decision {
    Take(Option<Entry>),
    Conflict(ConflictKind, Vec<Chunk>),
}

fn conflict(unit: &Unit, kind: ConflictKind, ours: Option<Entry>) -> PathConflict {
    PathConflict { path: unit.path.clone(), kind, base: unit.base, ours, theirs: unit.theirs, chunks: Vec::new() }
}

fn is_regular(entry: Entry) -> bool {
    entry.mode != MODE_SYMLINK && entry.mode != MODE_GITLINK && entry.mode != MODE_TREE
}

/// The side that changed the mode wins; two different changes, or two types, are a conflict.
fn merge_modes(base: u32, ours: u32, theirs: u32) -> Option<u32> {
    let kind = |mode: u32| mode & 0o170_000;
    if kind(base) != kind(ours) || kind(base) != kind(theirs) {
        return None;
    }
    if ours == base || ours == theirs { Some(theirs) } else { (theirs == base).then_some(ours) }
}
