//! A patch set, applied patch by patch.

use std::collections::BTreeSet;

use bstr::{BString, ByteSlice as _};

use super::tree::{ApplyError, Engine, Placed, apply};
use crate::event::{Event, Interrupt, Observer};
use crate::git::{GitError, NewCommit, Oid, Store};
use crate::message::Time;
use crate::patch::Patch;

/// A release in the linux tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Its tag, for example `v6.6.13`.
    pub tag: String,
    /// The commit that the tag leads to.
    pub commit: Oid,
    /// Its tree.
    pub tree: Oid,
    /// When it was committed.
    pub date: Time,
}

impl Release {
    /// Looks up a tag.
    pub fn find(store: &Store, tag: &str) -> Result<Self, GitError> {
        let commit = store.resolve_tag(tag)?;
        let read = store.commit(commit)?;
        Ok(Self { tag: tag.to_owned(), commit, tree: read.tree, date: read.committer_date })
    }
}

/// One patch of a stack.
#[derive(Debug)]
pub struct Step {
    /// The tree below it.
    pub before: Oid,
    /// What it did, or why it does not apply; then the next one is tried on the same tree.
    pub result: Result<Placed, ApplyError>,
}

impl Step {
    /// The tree with the patch, or the one below it if it does not apply.
    pub fn after(&self) -> Oid {
        self.result.as_ref().map_or(self.before, |placed| placed.tree)
    }
}

/// The trees of a patch set on its base.
#[derive(Debug)]
pub struct Stack {
    /// What it stands on.
    pub base: Release,
    /// One step for each patch, in order.
    pub steps: Vec<Step>,
}

impl Stack {
    /// Applies the patches to the release, the way `git am` does. A hostile patch is an error; one that does not apply
    /// is recorded and skipped.
    ///
    /// `None` if the work was interrupted.
    pub fn build(
        store: &Store,
        base: Release,
        patches: &[Patch],
        observer: &dyn Observer,
        interrupt: &Interrupt,
    ) -> Result<Option<Self>, Refused> {
        observer.event(&Event::Stage { name: "applying patches".into(), total: Some(patches.len()) });
        let mut tip = base.tree;
        let mut steps = Vec::with_capacity(patches.len());
        for patch in patches {
            if interrupt.is_raised() {
                return Ok(None);
            }
            let result = apply(store, tip, &patch.diff, Engine::Git);
            match result {
                Err(ApplyError::Git(error)) => return Err(Refused::Git(error)),
                Err(error) if error.is_refusal() => {
                    return Err(Refused::Patch { file: patch.file.clone(), reason: error.to_string() });
                }
                _ => {}
            }
            let step = Step { before: tip, result };
            tip = step.after();
            steps.push(step);
            observer.event(&Event::Step);
        }
        Ok(Some(Self { base, steps }))
    }

    /// The tree with all patches that apply.
    pub fn tip(&self) -> Oid {
        self.steps.last().map_or(self.base.tree, Step::after)
    }
}

/// Why a patch set is not even tried.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// A patch wants to write where no patch may.
    #[error("{file}: {reason}")]
    Patch {
        /// The patch file.
        file: String,
        /// What it wants.
        reason: String,
    },
    /// The repository failed.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// Every path that the patches name, before and after.
pub fn touched_paths(patches: &[Patch]) -> BTreeSet<BString> {
    let diffs = patches.iter().flat_map(|patch| &patch.diff);
    diffs.flat_map(|diff| diff.old_path.iter().chain(&diff.new_path)).cloned().collect()
}

/// Reads what `paths` lead to in `trees` into memory at once: in a blobless clone this is the only fetch.
pub fn prefetch(store: &Store, paths: &BTreeSet<BString>, trees: &[Oid]) -> Result<(), GitError> {
    let mut ids = Vec::new();
    for tree in trees {
        for path in paths {
            ids.extend(store.entry(*tree, path.as_bstr())?.filter(|entry| entry.is_blob()).map(|entry| entry.id));
        }
    }
    store.prefetch(&ids)
}

/// Makes the commit of one patch: its author, date and message on `parent`, the committer pinned to `base`'s date.
pub fn commit(store: &Store, patch: &Patch, tree: Oid, parent: Oid, base: &Release) -> Oid {
    store.insert_commit(&NewCommit {
        tree,
        parent: Some(parent),
        author: &patch.message.author,
        // A mail without a date gets that of the base, so that ids are reproducible.
        author_date: patch.message.date.unwrap_or(base.date),
        committer_date: base.date,
        message: &patch.message.to_commit_message(),
    })
}
