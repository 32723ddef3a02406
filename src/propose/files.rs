//! Decides the conflicting files of one patch by one strategy and those that it builds on.

use std::collections::{BTreeMap, HashMap};

use bstr::{BString, ByteSlice as _};

use super::{ProposedFile, Question, Strategy, Stretch, align, moved, sanity};
use crate::diff::lines::split_lines;
use crate::diff::merge::Chunk;
use crate::diff::{adjacency, token};
use crate::git::{ConflictKind, Entry, GitError, Kind, PathConflict};

/// The work on one question, with what several strategies need and is costly.
pub(super) struct Work<'a> {
    question: Question<'a>,
    /// What the external program made of the conflicts that it was asked for, by their index.
    by_mergiraf: HashMap<usize, Option<Vec<u8>>>,
}

/// The three versions of a stretch as they stand in the chunk.
#[derive(Clone, Copy)]
pub(super) struct Sides<'c> {
    pub(super) base: &'c [u8],
    pub(super) ours: &'c [u8],
    pub(super) theirs: &'c [u8],
    /// The first line in our file, from 1.
    pub(super) line: u32,
}

/// The conflicting stretches among chunks.
pub(super) fn stretches(chunks: &[Chunk]) -> impl Iterator<Item = Sides<'_>> {
    chunks.iter().filter_map(|chunk| match chunk {
        Chunk::Conflict { base, ours, theirs, ours_lines } => {
            Some(Sides { base, ours, theirs, line: ours_lines.start })
        }
        Chunk::Clean(_) => None,
    })
}

impl<'a> Work<'a> {
    pub(super) fn new(question: Question<'a>) -> Self {
        Self { question, by_mergiraf: HashMap::new() }
    }

    /// What `strategy` makes of all conflicts; `None` if one of them stays open.
    pub(super) fn files(&mut self, strategy: Strategy) -> Result<Option<Vec<ProposedFile>>, GitError> {
        let mut files: BTreeMap<BString, ProposedFile> = BTreeMap::new();
        let conflicts = self.question.conflicts;
        for (at, conflict) in conflicts.iter().enumerate() {
            let decided = match self.file(at, conflict, strategy)? {
                Some(file) => vec![file],
                None if strategy == Strategy::Moved => moved::retarget(&self.question, conflict)?,
                None => return Ok(None),
            };
            // A path that takes over the changes of two others would need both.
            if decided.is_empty() || decided.iter().any(|file| files.contains_key(&file.path)) {
                return Ok(None);
            }
            files.extend(decided.into_iter().map(|file| (file.path.clone(), file)));
        }
        Ok((!files.is_empty()).then(|| files.into_values().collect()))
    }

    fn file(
        &mut self,
        at: usize,
        conflict: &PathConflict,
        strategy: Strategy,
    ) -> Result<Option<ProposedFile>, GitError> {
        let (Some(mode), Some(ours)) = (mode(conflict), conflict.ours) else { return Ok(None) };
        if conflict.chunks.is_empty() {
            return Ok(None);
        }
        let open = conflict.chunks.iter().enumerate().filter(|(_, chunk)| matches!(chunk, Chunk::Conflict { .. }));
        let mut proposed: Option<Vec<Vec<u8>>> =
            open.map(|(chunk, _)| self.stretch(&conflict.chunks, chunk, strategy)).collect();
        if proposed.is_none() && strategy != Strategy::Recorded {
            let text = self.ask_mergiraf(at, conflict)?;
            proposed = text.and_then(|text| align::whole(&conflict.chunks, &text));
        }
        let Some(proposed) = proposed else { return Ok(None) };
        let content = assemble(&conflict.chunks, &proposed);
        let store = self.question.store;
        let ours = store.content(Some(ours))?;
        let sides = [store.content(conflict.base)?, store.content(conflict.theirs)?];
        if !sanity::ends_as_it_did(&content, &ours, &sides[0], &sides[1]) {
            return Ok(None);
        }
        let stretches = stretches(&conflict.chunks).zip(proposed).map(|(sides, proposed)| Stretch {
            line: sides.line,
            base: sides.base.to_vec(),
            ours: sides.ours.to_vec(),
            theirs: sides.theirs.to_vec(),
            proposed,
        });
        let stretches: Vec<Stretch> = stretches.collect();
        let base_lines = split_lines(&sides[0]);
        let ours_lines = split_lines(&ours);
        let twice = stretches.iter().any(|stretch| sanity::adds_twice(stretch, &base_lines, &ours_lines));
        let unproven = strategy != Strategy::Recorded && twice;
        let entry = Some(Entry { mode, id: store.insert(Kind::Blob, content) });
        Ok((!unproven).then(|| ProposedFile { path: conflict.path.clone(), entry, stretches }))
    }

    /// What the strategy makes of one conflicting chunk; `None` if it stays open.
    fn stretch(&self, chunks: &[Chunk], at: usize, strategy: Strategy) -> Option<Vec<u8>> {
        if let Some(resolution) = self.question.recorded.find(&chunks[at]) {
            return Some(resolution.resolved.clone());
        }
        let sides = stretches(&chunks[at..=at]).next()?;
        let (base, ours, theirs) = without_common_ends(chunks, at, sides);
        let by_lines = (strategy >= Strategy::Adjacency).then(|| adjacency::resolve(base, ours, theirs)).flatten();
        by_lines.or_else(|| (strategy >= Strategy::Token).then(|| token::resolve(base, ours, theirs)).flatten())
    }

    fn ask_mergiraf(&mut self, at: usize, conflict: &PathConflict) -> Result<Option<Vec<u8>>, GitError> {
        let (Some(mergiraf), ConflictKind::Content) = (self.question.mergiraf, conflict.kind) else { return Ok(None) };
        if let Some(known) = self.by_mergiraf.get(&at) {
            return Ok(known.clone());
        }
        let content = |entry| self.question.store.content(entry);
        let [base, ours, theirs] = [content(conflict.base)?, content(conflict.ours)?, content(conflict.theirs)?];
        let merged = mergiraf.merge(conflict.path.as_bstr(), &base, &ours, &theirs);
        self.by_mergiraf.insert(at, merged.clone());
        Ok(merged)
    }
}

/// The mode of the merged file, where lines can be merged at all.
fn mode(conflict: &PathConflict) -> Option<u32> {
    let (ours, theirs) = (conflict.ours?.mode, conflict.theirs?.mode);
    match (conflict.kind, conflict.base) {
        (ConflictKind::Content, Some(base)) if ours == base.mode => Some(theirs),
        (ConflictKind::Content, Some(_)) => Some(ours),
        (ConflictKind::AddAdd, None) if ours == theirs => Some(ours),
        _ => None,
    }
}

/// The sides of a stretch without the lines of the ancestor that both sides kept.
///
/// Lines that both sides share at the ends of a stretch are decided, so they stand in the chunks around it; but the
/// ancestor's text still has them, and there they would look like removed on both sides.
fn without_common_ends<'c>(chunks: &'c [Chunk], at: usize, sides: Sides<'c>) -> (&'c [u8], &'c [u8], &'c [u8]) {
    let lines = split_lines(sides.base);
    let clean = |at: Option<usize>| match at.and_then(|at| chunks.get(at)) {
        Some(Chunk::Clean(text)) => split_lines(text),
        _ => Vec::new(),
    };
    let (before, after) = (clean(at.checked_sub(1)), clean(Some(at + 1)));
    let head = (0..=lines.len().min(before.len())).rev().find(|&len| before.ends_with(&lines[..len])).unwrap_or(0);
    let rest = &lines[head..];
    let tail = (0..=rest.len().min(after.len())).rev().find(|&len| after.starts_with(&rest[rest.len() - len..]));
    let bytes = |lines: &[&[u8]]| lines.iter().map(|line| line.len()).sum::<usize>();
    let from = bytes(&lines[..head]);
    let to = from + bytes(&rest[..rest.len() - tail.unwrap_or(0)]);
    (&sides.base[from..to], sides.ours, sides.theirs)
}

/// The file with `proposed` in the places of the conflicting stretches.
fn assemble(chunks: &[Chunk], proposed: &[Vec<u8>]) -> Vec<u8> {
    let mut proposed = proposed.iter();
    let mut out = Vec::new();
    for chunk in chunks {
        let text = match chunk {
            Chunk::Clean(text) => text,
            Chunk::Conflict { .. } => proposed.next().expect("every stretch is decided"),
        };
        // Only a file's last line may lack its end.
        if !out.is_empty() && !out.ends_with(b"\n") && !text.is_empty() {
            out.push(b'\n');
        }
        out.extend_from_slice(text);
    }
    out
}
