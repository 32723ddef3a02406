//! The diff between two trees as a patch has it: diffstat and diff, exactly git's.

use std::sync::Arc;

use bstr::ByteSlice as _;

use crate::diff::attributes::Attributes;
use crate::diff::format::{FileChange, NeedsGit, Side, file_diff_and_stat};
use crate::diff::stat::diffstat;
use crate::git::{Entry, GitError, Oid, Store, Walk};

/// The part of a patch that follows its message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PatchText {
    /// The diffstat, without blank lines around it.
    pub stat: Vec<u8>,
    /// The diffs.
    pub diff: Vec<u8>,
}

/// Why a diff could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Only git itself can write it.
    #[error(transparent)]
    NeedsGit(#[from] NeedsGit),
    /// The repository failed.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// Writes the change from `before` to `after`; attributes are those of `after`.
pub fn patch_text(store: &Store, before: Oid, after: Oid) -> Result<PatchText, ExportError> {
    let attributes = match store.entry(after, b".gitattributes".as_bstr())? {
        Some(entry) if entry.is_blob() => Attributes::parse(&store.blob(entry.id)?),
        _ => Attributes::default(),
    };
    let mut walks: Vec<Walk> = Vec::new();
    store.diff_trees(Some(before), Some(after), &mut |walk| walks.push(walk))?;
    walks.sort_by(|a, b| a.path.cmp(&b.path));
    let mut text = PatchText::default();
    let mut stats = Vec::new();
    for walk in &walks {
        let old = Loaded::new(store, walk.old)?;
        let new = Loaded::new(store, walk.new)?;
        let change =
            FileChange { path: &walk.path, old: old.as_ref().map(Loaded::side), new: new.as_ref().map(Loaded::side) };
        let driver = attributes.diff_driver(&walk.path);
        stats.push(file_diff_and_stat(&change, &driver, &mut text.diff)?);
    }
    text.stat = diffstat(&stats);
    Ok(text)
}

/// One side of a change with its content.
struct Loaded {
    mode: u32,
    id: String,
    content: Arc<[u8]>,
}

impl Loaded {
    fn new(store: &Store, entry: Option<Entry>) -> Result<Option<Self>, GitError> {
        let Some(entry) = entry else { return Ok(None) };
        Ok(Some(Self { mode: entry.mode, id: entry.id.to_string(), content: store.content(Some(entry))? }))
    }

    fn side(&self) -> Side<'_> {
        Side { mode: self.mode, id_hex: &self.id, content: &self.content }
    }
}
