//! Which commits of a stretch of history touch exactly the files that a patch touches.

use std::collections::{BTreeSet, HashMap, HashSet};

use bstr::{BString, ByteSlice as _};

use super::unread;
use crate::diff::safety::check_path;
use crate::git::{Git, Oid, Store, Walk};
use crate::ops::OpError;

/// The paths of a change, sorted.
type Paths = Vec<BString>;

/// Commits by the files that they touch.
#[derive(Debug, Default)]
pub(super) struct Touched(HashMap<Paths, Vec<Oid>>);

impl Touched {
    /// Looks through `base..tip` for commits that touch the same files as one of the changes: two processes, however
    /// many commits and patches there are.
    pub(super) fn read(store: &Store, base: Oid, tip: Oid, changes: &[&[Walk]]) -> Result<Self, OpError> {
        let wanted: HashSet<Paths> =
            changes.iter().map(|walks| paths(walks)).filter(|paths| !paths.is_empty()).collect();
        let all: BTreeSet<&BString> = wanted.iter().flatten().collect();
        if all.is_empty() || all.iter().any(|path| check_path(path).is_err()) {
            return Ok(Self::default());
        }
        let git = Git::new(store.git_dir());
        let failed = |error| OpError::because("cannot read the history of the linux tree", error);
        let mut input = format!("{base}..{tip}\n--\n").into_bytes();
        for path in all {
            input.extend_from_slice(path);
            input.push(b'\n');
        }
        let list = ["--literal-pathspecs", "rev-list", "--no-merges", "--full-history", "--stdin"];
        let ids = git.run_with_input(list, input).map_err(failed)?;
        let tree = ["diff-tree", "--stdin", "-r", "-z", "--no-renames", "--no-ext-diff", "--name-only"];
        let listed = git.run_with_input(tree, ids).map_err(failed)?;
        Ok(Self::parse(&listed, &wanted))
    }

    /// Reads what `git diff-tree --stdin -z --name-only` wrote: an id, its paths, the next id.
    fn parse(listed: &[u8], wanted: &HashSet<Paths>) -> Self {
        let mut found: HashMap<Paths, Vec<Oid>> = HashMap::new();
        let mut now: Option<(Oid, Paths)> = None;
        let mut take = |now: Option<(Oid, Paths)>| {
            if let Some((id, mut paths)) = now {
                paths.sort();
                if wanted.contains(&paths) {
                    found.entry(paths).or_default().push(id);
                }
            }
        };
        for word in listed.split(|byte| *byte == 0).filter(|word| !word.is_empty()) {
            // A file called like a commit loses that commit, and no more: what is found is compared.
            match Oid::from_hex(word.trim_ascii()) {
                Ok(id) => take(now.replace((id, Paths::new()))),
                Err(_) => now.iter_mut().for_each(|(_, paths)| paths.push(word.as_bstr().to_owned())),
            }
        }
        take(now);
        Self(found)
    }

    /// The commits that touch the same files as `changes`, newest first.
    pub(super) fn of(&self, changes: &[Walk]) -> &[Oid] {
        self.0.get(&paths(changes)).map_or(&[], Vec::as_slice)
    }
}

fn paths(changes: &[Walk]) -> Paths {
    let mut paths: Paths = changes.iter().map(|walk| walk.path.clone()).collect();
    paths.sort();
    paths
}

/// The first of the commits that changes the same lines in the same context.
pub(super) fn same(store: &Store, commits: &[Oid], changes: &[Walk]) -> Result<Option<Oid>, OpError> {
    for id in commits {
        if changes_alike(store, *id, changes, crate::upstream::Search::Context)? == Some(true) {
            return Ok(Some(*id));
        }
    }
    Ok(None)
}

/// Whether a commit makes a change; `None` if it cannot be told.
pub(super) fn changes_alike(
    store: &Store,
    id: Oid,
    changes: &[Walk],
    search: crate::upstream::Search,
) -> Result<Option<bool>, OpError> {
    let commit = store.commit(id).map_err(unread)?;
    let [parent] = commit.parents[..] else { return Ok(None) };
    let before = store.known_tree(parent).map_err(unread)?.filter(|_| !store.is_partial() && !changes.is_empty());
    let Some(before) = before else { return Ok(None) };
    crate::upstream::same_change(store, (before, commit.tree), changes, search).map(Some).map_err(unread)
}
