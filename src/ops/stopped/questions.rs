//! What a person is asked about the patches that conflict, as files.

use bstr::{BString, ByteSlice as _};

use super::super::compute::Computed;
use super::super::present::markers;
use super::super::why::name_commit;
use super::journal::folder_name;
use super::scratch::{Asked, Question};
use crate::apply::Release;
use crate::carry::{Conflict, Outcome, Pick};
use crate::diff::lines::{changes, split_lines};
use crate::diff::merge::{Chunk, Labels, is_binary, with_markers};
use crate::git::{ConflictKind, Entry, GitError, MODE_EXECUTABLE, Oid, PathConflict, Store, Walk};
use crate::patch::Patch;
use crate::upstream::Why;

/// The question that a pick leaves open; `None` if files cannot answer it.
pub(in crate::ops) fn question(
    store: &Store,
    patch: &Patch,
    pick: &Pick,
    computed: &Computed,
    why: &Why,
) -> Result<Option<Question>, GitError> {
    let Outcome::Conflict(conflict) = &pick.outcome else { return Ok(None) };
    let releases = [&computed.stack.base, &computed.carried.target];
    let mut files: Vec<Asked> = match conflict {
        Conflict::Merge(paths) => {
            paths.iter().map(|path| conflicting(store, path, releases, patch)).collect::<Result<_, _>>()?
        }
        Conflict::Disagreement { strict, merged } => disagreeing(store, *strict, *merged)?,
        Conflict::Hazard { kept, .. } => results(store, pick.before, kept.after)?,
    };
    for file in &mut files {
        file.content = name_commit(&file.content, &computed.carried.target.tag, &why.causes, &file.path);
    }
    Ok(Some(Question { name: folder_name(&patch.file, patch.part), files, tip: pick.before }))
}

/// A file with markers; where lines cannot show the conflict, markers around words that say so.
fn conflicting(
    store: &Store,
    conflict: &PathConflict,
    releases: [&Release; 2],
    patch: &Patch,
) -> Result<Asked, GitError> {
    let mut sides = Vec::new();
    for entry in [conflict.base, conflict.ours, conflict.theirs] {
        sides.push(match entry {
            Some(entry) if entry.is_blob() => Some(store.blob(entry.id)?),
            _ => None,
        });
    }
    let [base, ours, theirs] = [0, 1, 2].map(|at: usize| sides[at].as_deref().unwrap_or_default());
    let text = !sides.iter().flatten().any(|side| is_binary(side));
    let whole = |chunks: Vec<Chunk>| PathConflict { chunks, ..conflict.clone() };
    let all = || Chunk::Conflict {
        base: base.to_vec(),
        ours: ours.to_vec(),
        theirs: theirs.to_vec(),
        ours_lines: 1..split_lines(ours).len() as u32 + 1,
    };
    let content = match conflict.kind {
        _ if !conflict.chunks.is_empty() => markers(conflict, releases, &patch.file),
        ConflictKind::DeletedByUs | ConflictKind::DeletedByPatch | ConflictKind::AddAdd if text => {
            markers(&whole(vec![all()]), releases, &patch.file)
        }
        _ => {
            let words = b"This file cannot be merged by lines: put the one that is wanted here, or remove it.\n";
            let chunk =
                Chunk::Conflict { base: Vec::new(), ours: words.to_vec(), theirs: Vec::new(), ours_lines: 1..2 };
            markers(&whole(vec![chunk]), releases, &patch.file)
        }
    };
    // What the patch does to the mode counts, then what upstream has.
    let mode = |entry: Option<Entry>| entry.map(|entry| entry.mode);
    let changed = mode(conflict.theirs).filter(|theirs| Some(*theirs) != mode(conflict.base));
    let executable = changed.or(mode(conflict.ours)).or(mode(conflict.theirs)) == Some(MODE_EXECUTABLE);
    Ok(Asked { path: conflict.path.clone(), content, executable, genuine: Asked::genuine(&[base, ours, theirs]) })
}

/// The files that a result changes, to look at and to change.
fn results(store: &Store, before: Oid, after: Oid) -> Result<Vec<Asked>, GitError> {
    let mut walks = Vec::new();
    store.diff_trees(Some(before), Some(after), &mut |walk| walks.push(walk))?;
    let mut files = Vec::new();
    for Walk { path, new, .. } in walks.into_iter().filter(|walk| walk.new.is_some_and(Entry::is_blob)) {
        let content = store.content(new)?.to_vec();
        let executable = new.is_some_and(|entry| entry.mode == MODE_EXECUTABLE);
        files.push(Asked { path, executable, genuine: Asked::genuine(&[&content]), content });
    }
    Ok(files)
}

/// The files that two results differ in, with both between markers.
fn disagreeing(store: &Store, strict: Oid, merged: Oid) -> Result<Vec<Asked>, GitError> {
    let mut walks = Vec::new();
    store.diff_trees(Some(strict), Some(merged), &mut |walk| walks.push(walk))?;
    walks.iter().map(|walk| both(store, walk)).collect()
}

fn both(store: &Store, walk: &Walk) -> Result<Asked, GitError> {
    let (strict, merged) = (store.content(walk.old)?, store.content(walk.new)?);
    let labels = Labels { ours: "merged", base: "", theirs: "applied as it is" };
    let content = with_markers(&two_ways(&merged, &strict), &labels);
    let executable = walk.new.or(walk.old).is_some_and(|entry| entry.mode == MODE_EXECUTABLE);
    let path: BString = walk.path.as_bstr().into();
    Ok(Asked { path, content, executable, genuine: Asked::genuine(&[&strict, &merged]) })
}

/// Cuts two files up into what they share and where they differ.
fn two_ways(ours: &[u8], theirs: &[u8]) -> Vec<Chunk> {
    let (our_lines, their_lines) = (split_lines(ours), split_lines(theirs));
    let mut chunks = Vec::new();
    let mut at = 0;
    for change in changes(ours, theirs) {
        let (old, new) =
            (change.old.start as usize..change.old.end as usize, change.new.start as usize..change.new.end as usize);
        chunks.push(Chunk::Clean(our_lines[at..old.start].concat()));
        chunks.push(Chunk::Conflict {
            base: Vec::new(),
            ours: our_lines[old.clone()].concat(),
            theirs: their_lines[new].concat(),
            ours_lines: change.old.start + 1..change.old.end + 1,
        });
        at = old.end;
    }
    chunks.push(Chunk::Clean(our_lines[at..].concat()));
    chunks.retain(|chunk| !matches!(chunk, Chunk::Clean(text) if text.is_empty()));
    chunks
}
