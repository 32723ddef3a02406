//! The way from one release to another, commit by commit.

use std::collections::HashSet;

use crate::apply::Release;
use crate::git::{GitError, Oid, Store};

/// The first-parent commits that lead to a release.
pub(super) struct Way {
    /// The last one that an older release's own way has as well: the older release itself within a series, where the
    /// series parted otherwise.
    pub(super) parted: Oid,
    /// Those above it, oldest first; the last one is the release's.
    pub(super) commits: Vec<Oid>,
}

/// The way from `old` to `new`; `None` if their ways do not meet here, as in a shallow clone or between imported
/// releases.
pub(super) fn way(store: &Store, old: Oid, new: Oid) -> Result<Option<Way>, GitError> {
    let mut ours = Walk::new(store, old)?;
    let mut theirs = Walk::new(store, new)?;
    // The newer end steps, so that neither walks far beyond the place where they meet.
    let parted = loop {
        if let Some(at) = ours.last.filter(|at| theirs.seen.contains(&at.0)) {
            break at.0;
        }
        if let Some(at) = theirs.last.filter(|at| ours.seen.contains(&at.0)) {
            break at.0;
        }
        match (ours.last, theirs.last) {
            (None, None) => return Ok(None),
            (Some(left), Some(right)) if left.1 > right.1 => ours.step(store)?,
            (Some(_), None) => ours.step(store)?,
            _ => theirs.step(store)?,
        }
    };
    let mut commits: Vec<Oid> = theirs.order.into_iter().take_while(|commit| *commit != parted).collect();
    commits.reverse();
    Ok(Some(Way { parted, commits }))
}

/// A walk from parent to first parent.
struct Walk {
    /// The last commit and when it was committed; `None` at the end.
    last: Option<(Oid, i64)>,
    seen: HashSet<Oid>,
    order: Vec<Oid>,
}

impl Walk {
    fn new(store: &Store, from: Oid) -> Result<Self, GitError> {
        let mut walk = Self { last: None, seen: HashSet::new(), order: Vec::new() };
        walk.enter(store, Some(from))?;
        Ok(walk)
    }

    fn step(&mut self, store: &Store) -> Result<(), GitError> {
        let Some((at, _)) = self.last else { return Ok(()) };
        let parent = store.commit(at)?.parents.first().copied();
        self.enter(store, parent)
    }

    fn enter(&mut self, store: &Store, commit: Option<Oid>) -> Result<(), GitError> {
        self.last = None;
        // A commit behind the edge of a shallow clone ends the walk.
        if let Some(commit) = commit
            && store.known_tree(commit)?.is_some()
        {
            self.last = Some((commit, store.commit(commit)?.committer_date.seconds));
            self.seen.insert(commit);
            self.order.push(commit);
        }
        Ok(())
    }
}

/// A commit as something to carry to; it is called by the beginning of its id.
pub(super) fn as_release(store: &Store, commit: Oid) -> Result<Release, GitError> {
    let read = store.commit(commit)?;
    Ok(Release { tag: commit.to_hex_with_len(12).to_string(), commit, tree: read.tree, date: read.committer_date })
}
