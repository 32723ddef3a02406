//! Where in the linux tree commits stand: in a release, in the base, on a branch of patches.

use std::collections::{HashMap, HashSet};

use super::unread;
use crate::apply::Release;
use crate::git::{Git, Oid, Store};
use crate::ops::OpError;

/// More commits than this are no patches on a release.
const MOST: usize = 5_000;

/// Why the history of the linux tree says nothing of patches on `base`; `None` if it does.
pub(in crate::ops) fn no_history(store: &Store, base: &Release) -> Result<Option<String>, OpError> {
    let shallow = std::fs::metadata(store.common_dir().join("shallow")).is_ok_and(|file| file.len() > 0);
    if shallow {
        return Ok(Some("the linux tree is a shallow clone, without its history".into()));
    }
    let parent = store.commit(base.commit).map_err(unread)?.parents.first().copied();
    let tagged = |parent: Oid| {
        let args = ["for-each-ref", "--count=1", "--points-at", &parent.to_string(), "refs/tags"].map(str::to_owned);
        Git::new(store.git_dir()).run(args).map(|found| !found.is_empty())
    };
    let is_history = match parent {
        Some(parent) if store.known_tree(parent).map_err(unread)?.is_some() => !tagged(parent).map_err(failed)?,
        _ => false,
    };
    let reason = format!("the linux tree has {} without the commits that lead to it", base.tag);
    Ok((!is_history).then_some(reason))
}

fn failed(error: crate::git::process::Error) -> OpError {
    OpError::because("cannot read the history of the linux tree", error)
}

/// Where each of some commits stands.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Those that no release has.
    unreleased: HashSet<String>,
    /// Those that the base does not have.
    beyond: HashSet<String>,
    /// Those of the branches of patches, with their branch.
    local: HashMap<String, String>,
}

impl Places {
    /// Finds them all at once; each is a commit that is there.
    pub(super) fn find(store: &Store, base: &Release, commits: &HashSet<String>) -> Result<Self, OpError> {
        if commits.is_empty() {
            return Ok(Self::default());
        }
        let git = Git::new(store.git_dir());
        let base = base.commit.to_string();
        // What neither has is all that is listed.
        let outside = |known: &[&str]| -> Result<HashSet<String>, OpError> {
            let input = commits.iter().map(String::as_str).collect::<Vec<_>>().join("\n") + "\n";
            let args = ["rev-list", "--stdin", "--not", base.as_str()].into_iter().chain(known.iter().copied());
            let listed = git.run_with_input(args, input).map_err(failed)?;
            let ids = listed.split(|byte| *byte == b'\n').filter_map(|id| std::str::from_utf8(id).ok());
            Ok(ids.filter(|id| commits.contains(*id)).map(str::to_owned).collect())
        };
        let unreleased = outside(&["--tags=v[0-9]*"])?;
        let beyond = outside(&[])?;
        let local = if unreleased.is_empty() { HashMap::new() } else { local(store, &git, &unreleased)? };
        Ok(Self { unreleased, beyond, local })
    }

    /// True if a release has the commit.
    pub(super) fn is_released(&self, id: &str) -> bool {
        !self.unreleased.contains(id)
    }

    /// True if the base has the commit.
    pub(super) fn is_in_base(&self, id: &str) -> bool {
        !self.beyond.contains(id)
    }

    /// The branch of patches that the commit is on.
    pub(super) fn branch(&self, id: &str) -> Option<&String> {
        self.local.get(id)
    }
}

/// Those of `wanted` that are patches on a release, with their branch.
fn local(store: &Store, git: &Git, wanted: &HashSet<String>) -> Result<HashMap<String, String>, OpError> {
    let args = ["for-each-ref", "--format=%(refname:strip=2)", "refs/heads/*-linuxkit"];
    let listed = git.run(args).map_err(failed)?;
    let mut local = HashMap::new();
    for branch in String::from_utf8_lossy(&listed).lines() {
        let Some(tag) = branch.strip_suffix("-linuxkit") else { continue };
        let resolve = |name: String| store.resolve(&name).map_err(unread);
        let (Some(tag), Some(tip)) = (resolve(format!("refs/tags/{tag}"))?, resolve(format!("refs/heads/{branch}"))?)
        else {
            continue;
        };
        let commits = store.commits_between(tag, tip, MOST).map_err(unread)?.unwrap_or_default();
        for id in commits.iter().map(ToString::to_string).filter(|id| wanted.contains(id)) {
            local.entry(id).or_insert_with(|| branch.to_owned());
        }
    }
    Ok(local)
}
