//! Evidence from history: the commits between two releases, where the linux tree has them.

use std::collections::{HashMap, HashSet};

use bstr::{BString, ByteSlice as _};

use crate::git::{GitError, Oid, Store, Walk};

/// How a commit of the target was recognized as the patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It says that it is the backport of the commit that the patch names (`commit <id> upstream.` and the like).
    Claim,
    /// It is the commit that the patch names.
    Id,
    /// It makes the same change, line for line with its context.
    PatchId,
    /// It has the same title; a hint, never a proof.
    Title,
}

/// A commit of the target that is, or says that it is, what the patch does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The commit.
    pub commit: Oid,
    /// Its title.
    pub title: BString,
    /// How it was recognized.
    pub how: How,
    /// A later commit of the target that takes it back.
    pub reverted_by: Option<Oid>,
}

/// What a patch says of where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claim {
    /// Commit ids, 40 hex digits each.
    pub ids: Vec<String>,
    /// The subject.
    pub title: BString,
}

impl Claim {
    /// Reads the ids from a message: `(cherry picked from commit …)`, `commit … upstream.`, `[ Upstream commit … ]`,
    /// and ids in `Origin:` lines, which may also stand among the mail headers.
    pub fn read(subject: &[u8], text: &[u8]) -> Self {
        Self { ids: claimed_ids(text, true), title: subject.into() }
    }
}

/// The commits that the target has and the base has not.
#[derive(Debug, Default)]
pub struct History {
    commits: Vec<Known>,
    by_id: HashMap<String, usize>,
    by_claim: HashMap<String, Vec<usize>>,
    by_title: HashMap<BString, Vec<usize>>,
    reverts: HashMap<String, Oid>,
}

#[derive(Debug)]
struct Known {
    id: Oid,
    parent: Option<Oid>,
    tree: Oid,
    title: BString,
}

impl History {
    /// Reads `base..target`; `None` if the linux tree does not connect the two (a shallow clone, imported releases, a
    /// downgrade), or if they are more than `limit` commits apart.
    pub fn read(store: &Store, base: Oid, target: Oid, limit: usize) -> Result<Option<Self>, GitError> {
        let Some(ids) = store.commits_between(base, target, limit)? else {
            return Ok(None);
        };
        let mut history = Self::default();
        for id in ids {
            let commit = store.commit(id)?;
            let at = history.commits.len();
            let title: BString = commit.message.lines().next().unwrap_or_default().into();
            for claimed in claimed_ids(&commit.message, false) {
                history.by_claim.entry(claimed).or_default().push(at);
            }
            for reverted in reverted_ids(&commit.message) {
                history.reverts.entry(reverted).or_insert(id);
            }
            history.by_id.insert(id.to_string(), at);
            history.by_title.entry(title.clone()).or_default().push(at);
            let parent = commit.parents.first().copied().filter(|_| commit.parents.len() == 1);
            history.commits.push(Known { id, parent, tree: commit.tree, title });
        }
        Ok(Some(history))
    }

    /// How many commits were read.
    pub fn len(&self) -> usize {
        self.commits.len()
    }

    /// True if the target has no commit that the base has not.
    pub fn is_empty(&self) -> bool {
        self.commits.is_empty()
    }

    /// The best evidence that the target has a patch, strongest kind first.
    ///
    /// `deep` also compares the patch with every commit that touches its files, which costs time.
    pub fn evidence(
        &self,
        store: &Store,
        claim: &Claim,
        changes: &[Walk],
        deep: bool,
    ) -> Result<Option<Evidence>, GitError> {
        for id in &claim.ids {
            let own = self.by_id.get(id).map(|at| (*at, How::Id));
            let claimed = || self.by_claim.get(id).and_then(|list| list.first()).map(|at| (*at, How::Claim));
            if let Some((at, how)) = own.or_else(claimed) {
                let same = deep && self.same_change(store, at, changes)?;
                return Ok(Some(self.found(at, if same { How::PatchId } else { how }, id)));
            }
        }
        if deep && let Some(at) = self.by_patch(store, changes)? {
            return Ok(Some(self.found(at, How::PatchId, "")));
        }
        let title = self.by_title.get(&claim.title).and_then(|list| list.first());
        Ok(title.map(|at| self.found(*at, How::Title, "")))
    }

    fn found(&self, at: usize, how: How, upstream: &str) -> Evidence {
        let known = &self.commits[at];
        let own = known.id.to_string();
        let reverted_by = self.reverts.get(&own).or_else(|| self.reverts.get(upstream)).copied();
        Evidence { commit: known.id, title: known.title.clone(), how, reverted_by }
    }

    /// Looks through the commits that touch exactly the patch's paths.
    fn by_patch(&self, store: &Store, changes: &[Walk]) -> Result<Option<usize>, GitError> {
        if changes.is_empty() {
            return Ok(None);
        }
        for (at, known) in self.commits.iter().enumerate() {
            let Some(parent) = known.parent else { continue };
            let Some(before) = store.known_tree(parent)? else {
                continue;
            };
            let first = &changes[0].path;
            if store.entry(before, first.as_bstr())? == store.entry(known.tree, first.as_bstr())? {
                continue;
            }
            if self.same_change(store, at, changes)? {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    /// True if the commit changes the same paths by the same lines.
    fn same_change(&self, store: &Store, at: usize, changes: &[Walk]) -> Result<bool, GitError> {
        let known = &self.commits[at];
        // In a blobless clone every comparison would cost a fetch.
        if store.is_partial() {
            return Ok(false);
        }
        let Some(parent) = known.parent else { return Ok(false) };
        let Some(before) = store.known_tree(parent)? else {
            return Ok(false);
        };
        let mut theirs = Vec::new();
        store.diff_trees(Some(before), Some(known.tree), &mut |walk| theirs.push(walk))?;
        let paths = |walks: &[Walk]| walks.iter().map(|walk| walk.path.clone()).collect::<HashSet<_>>();
        if theirs.is_empty() || paths(&theirs) != paths(changes) {
            return Ok(false);
        }
        for walk in changes {
            let other = theirs.iter().find(|other| other.path == walk.path).expect("the paths are equal");
            if store.changed_lines(walk)? != store.changed_lines(other)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn claimed_ids(text: &[u8], origins: bool) -> Vec<String> {
    let mut ids = Vec::new();
    for line in text.lines() {
        let line = line.trim();
        let lower = line.to_ascii_lowercase();
        let pick = lower.strip_prefix(b"(cherry picked from commit ").map(hex_prefix);
        let stable = lower
            .strip_prefix(b"commit ")
            .filter(|rest| rest.get(40..).is_some_and(|rest| rest.starts_with(b" upstream")))
            .map(hex_prefix);
        let bracket = lower.strip_prefix(b"[ upstream commit ").or_else(|| lower.strip_prefix(b"[upstream commit "));
        ids.extend(pick.flatten().or(stable.flatten()).or(bracket.and_then(hex_prefix)));
        if origins && let Some(value) = lower.strip_prefix(b"origin:") {
            ids.extend(
                value.split(|byte| !byte.is_ascii_hexdigit()).filter(|word| word.len() == 40).filter_map(hex_prefix),
            );
        }
    }
    ids
}

fn reverted_ids(message: &[u8]) -> Vec<String> {
    let marker: &[u8] = b"This reverts commit ";
    message.find_iter(marker).filter_map(|at| hex_prefix(&message[at + marker.len()..])).collect()
}

/// A full commit id at the start of `text`, in lower case.
fn hex_prefix(text: &[u8]) -> Option<String> {
    let id = text.get(..40)?;
    let complete = id.iter().all(u8::is_ascii_hexdigit) && !text.get(40).is_some_and(u8::is_ascii_hexdigit);
    complete.then(|| id.to_str_lossy().to_ascii_lowercase())
}
