//! Evidence from history: the commits between two releases, where the linux tree has them.

use std::collections::{BTreeMap, HashMap, HashSet};

use bstr::{BString, ByteSlice as _};

use super::said::{claimed_ids, fixes, is_same_title, reverted_ids};
use crate::changelog::Logged;
use crate::cve::CveId;
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
    /// The commit that it says it is the backport of, 40 hex digits.
    pub upstream: Option<String>,
    /// The release that it came with; absent where only commits were read, not ChangeLogs.
    pub release: Option<String>,
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

/// The commits that the target has and the base has not: those of the linux tree, or what ChangeLogs tell of them, which is
/// names and no changes. What ChangeLogs say may name a commit; it proves nothing of a patch.
#[derive(Debug, Default)]
pub struct History {
    commits: Vec<Known>,
    /// Each commit is the only parent of the one before it.
    is_line: bool,
    by_id: HashMap<String, usize>,
    by_claim: HashMap<String, Vec<usize>>,
    by_title: HashMap<BString, Vec<usize>>,
    reverts: HashMap<String, Oid>,
    /// The commits that say they fix one, by the beginning of its id that they name, with the title that they name.
    fixes: BTreeMap<String, Vec<(usize, BString)>>,
    /// The ids of flaws that messages name.
    cves: BTreeMap<CveId, usize>,
    /// The releases whose ChangeLogs were read, newest first; none if the commits themselves were.
    releases: Vec<String>,
}

/// A commit of a history, for people.
#[derive(Debug, Clone, Copy)]
pub struct Named<'h> {
    /// The commit.
    pub commit: Oid,
    /// Its title.
    pub title: &'h BString,
    /// The commits that it says it is, 40 hex digits each.
    pub claims: &'h [String],
    /// The release that it came with, where a ChangeLog tells of it.
    pub release: Option<&'h str>,
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
    /// The place of its release among those whose ChangeLogs were read.
    release: Option<usize>,
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
            history.add(id, commit.tree, &commit.message, None);
            let parent = commit.parents.first().copied().filter(|_| commit.parents.len() == 1);
            history.is_line &= parent.is_some() && ids.get(number + 1).is_none_or(|next| parent == Some(*next));
            parents.push(parent);
        }
        for (number, parent) in parents.into_iter().enumerate() {
            let Some(parent) = parent else { continue };
            let known = history.by_id.get(&parent.to_string()).map(|at| history.commits[*at].tree);
            history.commits[number].before = known.map_or_else(|| store.known_tree(parent), |tree| Ok(Some(tree)))?;
        }
        Ok(history)
    }

    /// Adds what the ChangeLog of a release tells, which is older than those that were added before.
    pub fn add_changelog(&mut self, release: &str, commits: &[Logged]) {
        self.releases.push(release.to_owned());
        let release = Some(self.releases.len() - 1);
        for commit in commits {
            // The id was read as one; no tree is known, and none is asked for without the one before.
            let Ok(id) = Oid::from_hex(commit.id.as_bytes()) else { continue };
            if !self.by_id.contains_key(&commit.id) {
                self.add(id, Oid::null(id.kind()), &commit.message, release);
            }
        }
    }

    /// Adds the next older commit.
    fn add(&mut self, id: Oid, tree: Oid, message: &[u8], release: Option<usize>) {
        let at = self.commits.len();
        let title: BString = message.lines().next().unwrap_or_default().into();
        let claims = claimed_ids(message, false);
        for claimed in &claims {
            self.by_claim.entry(claimed.clone()).or_default().push(at);
        }
        for (fixed, title) in fixes(message) {
            self.fixes.entry(fixed).or_default().push((at, title));
        }
        for reverted in reverted_ids(message) {
            self.reverts.entry(reverted).or_insert(id);
        }
        for cve in CveId::all_in(message) {
            self.cves.entry(cve).or_insert(at);
        }
        self.by_id.insert(id.to_string(), at);
        self.by_title.entry(title.clone()).or_default().push(at);
        self.commits.push(Known { id, before: None, tree, title, claims, release });
    }

    /// The releases whose ChangeLogs were read, newest first; none if the commits themselves were.
    pub fn changelogs(&self) -> &[String] {
        &self.releases
    }

    /// True if the commits themselves were read, so that they can be compared with patches.
    pub fn knows_changes(&self) -> bool {
        self.releases.is_empty()
    }

    /// Every commit, newest first.
    pub fn all(&self) -> impl Iterator<Item = Named<'_>> {
        (0..self.commits.len()).map(|at| self.named_at(at))
    }

    /// The flaws that messages name, each with the newest commit that does.
    pub fn cves(&self) -> impl Iterator<Item = (CveId, Named<'_>)> {
        self.cves.iter().map(|(cve, at)| (*cve, self.named_at(*at)))
    }

    fn named_at(&self, at: usize) -> Named<'_> {
        let Known { id, title, claims, release, .. } = &self.commits[at];
        Named { commit: *id, title, claims, release: release.map(|at| self.releases[at].as_str()) }
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

    /// The commits that say they are a commit.
    pub fn backports_of(&self, id: &str) -> impl Iterator<Item = Named<'_>> {
        self.by_claim.get(id).into_iter().flatten().map(|at| self.named_at(*at))
    }

    /// The commits that say they fix a commit, newest first. Where they name the beginning of its id, the title that they
    /// name has to be one of `titles`: other commits begin so, too.
    pub fn fixes_of(&self, id: &str, titles: &[BString]) -> Vec<Named<'_>> {
        let mut places = Vec::new();
        for length in SHORTEST_FIXED..=id.len() {
            let named = id.get(..length).and_then(|beginning| self.fixes.get(beginning)).into_iter().flatten();
            let same = |title: &BString| {
                length == 40 || title.is_empty() || titles.iter().any(|known| is_same_title(known, title))
            };
            places.extend(named.filter(|(_, title)| same(title)).map(|(at, _)| *at));
        }
        places.sort_unstable();
        places.dedup();
        places.into_iter().map(|at| self.named_at(at)).collect()
    }

    /// The commit that takes a commit, or what stands for it here, back and was not taken back itself. What came again
    /// later is there.
    pub fn revert_of(&self, id: &str) -> Option<Named<'_>> {
        let standing = |id: &str| {
            let revert = self.reverts.get(id)?.to_string();
            self.by_id.get(&revert).copied().filter(|_| !self.reverts.contains_key(&revert))
        };
        let copies = std::iter::once(id).chain(self.claims_of(id).iter().map(String::as_str));
        let copies = copies.filter_map(|id| self.by_claim.get(id)).flatten();
        let taken = copies.clone().filter_map(|at| standing(&self.commits[*at].id.to_string()));
        let revert = standing(id).into_iter().chain(taken).min()?;
        // Newer commits have lower places.
        let again = copies.copied().any(|at| at < revert);
        (!again).then(|| self.named_at(revert))
    }

    /// What there is to say of a commit of the history that was recognized as the patch.
    pub fn evidence_of(&self, commit: Oid, how: How) -> Option<Evidence> {
        let at = *self.by_id.get(&commit.to_string())?;
        let claims = &self.commits[at].claims;
        let reverted = claims.iter().find(|claim| self.reverts.contains_key(*claim));
        Some(self.found(at, how, reverted.map_or("", String::as_str)))
    }

    /// The commit that a patch names, or that names the same one.
    pub(super) fn by_name(&self, claim: &Claim) -> Option<usize> {
        self.named(claim).map(|(at, _, _)| at)
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
        // A revert that is older than the commit took another copy of it back.
        let newer = |revert: &&Oid| self.by_id.get(&revert.to_string()).is_none_or(|place| *place < at);
        let reverted_by = self.reverts.get(&own).or_else(|| self.reverts.get(upstream).filter(newer)).copied();
        let release = self.named_at(at).release.map(str::to_owned);
        let upstream = known.claims.first().cloned();
        Evidence { commit: known.id, title: known.title.clone(), how, reverted_by, upstream, release }
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
