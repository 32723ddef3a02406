//! Evidence from history: the commits between two releases, where the linux tree has them.

use std::collections::{BTreeMap, HashMap, HashSet};

use bstr::{BString, ByteSlice as _};

use crate::git::{GitError, Oid, Store, Walk};

/// How a commit of the target was recognized as the patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It says that it is the backport of the commit that the patch names (`commit <id> upstream.` and the like).
    Claim,
    /// It is the commit that the patch names.
    Id,
    /// It makes the same change, line for line with its context; or it says that it is the patch, or the trees prove that
    /// the target has it, and the lines alone are the same.
    PatchId,
    /// It has the same title; a hint, never a proof.
    Title,
}

/// How far history is searched for a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Search {
    /// By names only: ids and titles.
    Names,
    /// Also for commits that make the same change with the same context, which costs time.
    Context,
    /// Also for commits that make the same change anywhere in the same files. Enough to name what is proven already; no
    /// proof, since equal lines may stand at several places.
    Anywhere,
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

/// Shorter beginnings of ids may mean any commit.
const SHORTEST_FIXED: usize = 8;

/// The commits that the target has and the base has not.
#[derive(Debug, Default)]
pub struct History {
    commits: Vec<Known>,
    /// Each commit is the only parent of the one before it.
    is_line: bool,
    by_id: HashMap<String, usize>,
    by_claim: HashMap<String, Vec<usize>>,
    by_title: HashMap<BString, Vec<usize>>,
    reverts: HashMap<String, Oid>,
    /// The commits that say they fix one, by the beginning of its id that they name.
    fixes: BTreeMap<String, Vec<usize>>,
}

/// A commit of the history.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) id: Oid,
    /// The tree of its only parent; `None` for a merge, and where the parent is not here.
    pub(super) before: Option<Oid>,
    pub(super) tree: Oid,
    pub(super) title: BString,
    /// The commits that it says it is.
    claims: Vec<String>,
}

impl History {
    /// Reads `base..target`; `None` if the linux tree does not connect the two (a shallow clone, imported releases, a
    /// downgrade), or if they are more than `limit` commits apart.
    pub fn read(store: &Store, base: Oid, target: Oid, limit: usize) -> Result<Option<Self>, GitError> {
        let ids = store.commits_between(base, target, limit)?;
        ids.map(|ids| Self::of(store, &ids)).transpose()
    }

    /// The history that these commits are, newest first.
    pub(super) fn of(store: &Store, ids: &[Oid]) -> Result<Self, GitError> {
        let mut history = Self { is_line: true, ..Self::default() };
        let mut parents = Vec::with_capacity(ids.len());
        for (number, id) in ids.iter().copied().enumerate() {
            let commit = store.commit(id)?;
            let at = history.commits.len();
            let title: BString = commit.message.lines().next().unwrap_or_default().into();
            let claims = claimed_ids(&commit.message, false);
            for claimed in &claims {
                history.by_claim.entry(claimed.clone()).or_default().push(at);
            }
            for fixed in fixed_ids(&commit.message) {
                history.fixes.entry(fixed).or_default().push(at);
            }
            for reverted in reverted_ids(&commit.message) {
                history.reverts.entry(reverted).or_insert(id);
            }
            history.by_id.insert(id.to_string(), at);
            history.by_title.entry(title.clone()).or_default().push(at);
            let parent = commit.parents.first().copied().filter(|_| commit.parents.len() == 1);
            history.is_line &= parent.is_some() && ids.get(number + 1).is_none_or(|next| parent == Some(*next));
            parents.push(parent);
            history.commits.push(Known { id, before: None, tree: commit.tree, title, claims });
        }
        for (number, parent) in parents.into_iter().enumerate() {
            let Some(parent) = parent else { continue };
            let known = history.by_id.get(&parent.to_string()).map(|at| history.commits[*at].tree);
            history.commits[number].before = known.map_or_else(|| store.known_tree(parent), |tree| Ok(Some(tree)))?;
        }
        Ok(history)
    }

    /// The commits, newest first.
    pub(super) fn commits(&self) -> &[Known] {
        &self.commits
    }

    /// True if every commit has one parent, and that is the next one.
    pub(super) fn is_line(&self) -> bool {
        self.is_line
    }

    /// How many commits were read.
    pub fn len(&self) -> usize {
        self.commits.len()
    }

    /// True if the target has no commit that the base has not.
    pub fn is_empty(&self) -> bool {
        self.commits.is_empty()
    }

    /// True if a commit is in the history, or one that says that it is that commit.
    pub fn has(&self, id: &str) -> bool {
        self.by_id.contains_key(id) || self.by_claim.contains_key(id)
    }

    /// The commits that a commit of the history says it is.
    pub fn claims_of(&self, id: &str) -> &[String] {
        self.by_id.get(id).map_or(&[], |at| &self.commits[*at].claims)
    }

    /// The commits that say they fix a commit, newest first, each with its title.
    pub fn fixes_of(&self, id: &str) -> Vec<(Oid, &BString)> {
        let named = (SHORTEST_FIXED..=id.len()).filter_map(|length| self.fixes.get(id.get(..length)?));
        let mut places: Vec<usize> = named.flatten().copied().collect();
        places.sort_unstable();
        places.dedup();
        places.into_iter().map(|at| (self.commits[at].id, &self.commits[at].title)).collect()
    }

    /// The commit that takes a commit back and was not taken back itself, with its title.
    pub fn revert_of(&self, id: &str) -> Option<(Oid, &BString)> {
        let revert = self.reverts.get(id)?.to_string();
        let at = self.by_id.get(&revert).filter(|_| !self.reverts.contains_key(&revert))?;
        Some((self.commits[*at].id, &self.commits[*at].title))
    }

    /// What there is to say of a commit of the history that was recognized as the patch.
    pub fn evidence_of(&self, commit: Oid, how: How) -> Option<Evidence> {
        let at = *self.by_id.get(&commit.to_string())?;
        let claims = &self.commits[at].claims;
        let reverted = claims.iter().find(|claim| self.reverts.contains_key(*claim));
        Some(self.found(at, how, reverted.map_or("", String::as_str)))
    }

    /// The best evidence that the target has a patch, strongest kind first.
    ///
    /// A commit that claims to be the patch and makes the same change counts as the same patch whatever its context.
    pub fn evidence(
        &self,
        store: &Store,
        claim: &Claim,
        changes: &[Walk],
        search: Search,
    ) -> Result<Option<Evidence>, GitError> {
        let deep = search != Search::Names;
        if let Some((at, how, id)) = self.named(claim) {
            let same = deep && self.same_change(store, at, changes, Search::Anywhere)?;
            return Ok(Some(self.found(at, if same { How::PatchId } else { how }, id)));
        }
        if deep && let Some(at) = self.by_patch(store, changes, search)? {
            return Ok(Some(self.found(at, How::PatchId, "")));
        }
        Ok(self.titled(claim).map(|at| self.found(at, How::Title, "")))
    }

    /// The place of the commit that says to be a patch, by id or else by title, although what it does is something else.
    pub(super) fn another_form(
        &self,
        store: &Store,
        claim: &Claim,
        changes: &[Walk],
    ) -> Result<Option<usize>, GitError> {
        let named = self.named(claim).map(|(at, _, _)| at).or_else(|| self.titled(claim));
        let Some(at) = named else { return Ok(None) };
        let same = self.same_change(store, at, changes, Search::Anywhere)?;
        Ok((!same).then_some(at))
    }

    /// The commit that a patch names, or that names the same commit, and the id that they name.
    fn named<'c>(&self, claim: &'c Claim) -> Option<(usize, How, &'c str)> {
        claim.ids.iter().find_map(|id| {
            let own = self.by_id.get(id).map(|at| (*at, How::Id));
            let claimed = || self.by_claim.get(id).and_then(|list| list.first()).map(|at| (*at, How::Claim));
            own.or_else(claimed).map(|(at, how)| (at, how, id.as_str()))
        })
    }

    fn titled(&self, claim: &Claim) -> Option<usize> {
        self.by_title.get(&claim.title).and_then(|list| list.first()).copied()
    }

    fn found(&self, at: usize, how: How, upstream: &str) -> Evidence {
        let known = &self.commits[at];
        let own = known.id.to_string();
        let reverted_by = self.reverts.get(&own).or_else(|| self.reverts.get(upstream)).copied();
        Evidence { commit: known.id, title: known.title.clone(), how, reverted_by }
    }

    /// Looks through the commits that touch exactly the patch's paths.
    fn by_patch(&self, store: &Store, changes: &[Walk], search: Search) -> Result<Option<usize>, GitError> {
        if changes.is_empty() {
            return Ok(None);
        }
        for (at, known) in self.commits.iter().enumerate() {
            let Some(before) = known.before else { continue };
            if store.diff_path(before, known.tree, changes[0].path.as_bstr())?.is_none() {
                continue;
            }
            if self.same_change(store, at, changes, search)? {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    fn same_change(&self, store: &Store, at: usize, changes: &[Walk], search: Search) -> Result<bool, GitError> {
        let known = &self.commits[at];
        known.before.map_or(Ok(false), |before| same_change(store, (before, known.tree), changes, search))
    }
}

/// True if what lies between two trees changes the same paths as `changes` by the same lines, and with the same context
/// unless `search` says anywhere. Never in a blobless clone, where every comparison would cost a fetch.
pub fn same_change(
    store: &Store,
    (before, after): (Oid, Oid),
    changes: &[Walk],
    search: Search,
) -> Result<bool, GitError> {
    if store.is_partial() {
        return Ok(false);
    }
    let mut theirs = Vec::new();
    store.diff_trees(Some(before), Some(after), &mut |walk| theirs.push(walk))?;
    let paths = |walks: &[Walk]| walks.iter().map(|walk| walk.path.clone()).collect::<HashSet<_>>();
    if theirs.is_empty() || paths(&theirs) != paths(changes) {
        return Ok(false);
    }
    for walk in changes {
        let Some(other) = theirs.iter().find(|other| other.path == walk.path) else { return Ok(false) };
        let lines = |walk| match search {
            Search::Anywhere => store.changed_lines(walk),
            Search::Context | Search::Names => store.changed_lines_in_context(walk),
        };
        if lines(walk)? != lines(other)? {
            return Ok(false);
        }
    }
    Ok(true)
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

/// What `Fixes:` lines name: the beginnings of ids, in lower case.
fn fixed_ids(message: &[u8]) -> impl Iterator<Item = String> + '_ {
    let lines =
        message.lines().filter_map(|line| line.strip_prefix(b"Fixes:").or_else(|| line.strip_prefix(b"fixes:")));
    lines.filter_map(|line| {
        let line = line.trim_start();
        let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        (SHORTEST_FIXED..=40).contains(&digits).then(|| line[..digits].to_str_lossy().to_ascii_lowercase())
    })
}

/// A full commit id at the start of `text`, in lower case.
fn hex_prefix(text: &[u8]) -> Option<String> {
    let id = text.get(..40)?;
    let complete = id.iter().all(u8::is_ascii_hexdigit) && !text.get(40).is_some_and(u8::is_ascii_hexdigit);
    complete.then(|| id.to_str_lossy().to_ascii_lowercase())
}
