//! Commits of the linux tree as patches.

use super::side::{CommitPatch, Member};
use crate::diff::{FileDiff, Operation, parse::parse};
use crate::event::Event;
use crate::export::{ExportError, patch_text};
use crate::git::{Commit, Git, GitError, Kind, Oid, Store};
use crate::ops::{OpError, Watch};

/// More commits than this are no patch set.
const MOST: usize = 5_000;

/// The flags that make `git diff-tree` print what `git log -p` does by default, whatever the configuration says.
const DIFF_TREE: &[&str] = &[
    "-r",
    "-p",
    "-M",
    "-l1000",
    "-U3",
    "-O/dev/null",
    "--diff-algorithm=myers",
    "--indent-heuristic",
    "--inter-hunk-context=0",
    "--full-index",
    "--binary",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--submodule=short",
    "--src-prefix=a/",
    "--dst-prefix=b/",
];

/// The commits that `tip` reaches and `base` does not, oldest first, merges left out: those of `git range-diff`.
pub(super) fn read(store: &Store, base: &str, tip: &str, watch: Watch<'_>) -> Result<Vec<Member>, OpError> {
    let git = Git::new(store.git_dir());
    let range = format!("{}..{}", commit_id(&git, base)?, commit_id(&git, tip)?);
    let listed = git
        .run(["rev-list", "--no-merges", "--reverse", "--date-order", "--end-of-options", &range])
        .map_err(|error| OpError::because(format!("cannot list the commits {base}..{tip}"), error))?;
    let ids: Vec<&[u8]> = listed.split(|&byte| byte == b'\n').filter(|id| !id.is_empty()).collect();
    if ids.len() > MOST {
        return Err(OpError::new(format!("{base}..{tip} has {} commits, the limit is {MOST}", ids.len()))
            .hint("name the commits of a patch set, for example: v6.6.13..v6.6.13-linuxkit"));
    }
    watch.observer.event(&Event::Stage { name: "reading commits".into(), total: Some(ids.len()) });
    let mut members = Vec::with_capacity(ids.len());
    for id in ids {
        if watch.interrupt.is_raised() {
            return Err(OpError::interrupted());
        }
        let id = Oid::from_hex(id).map_err(|error| OpError::because("cannot read what git rev-list wrote", error))?;
        members.push(Member::Commit(read_commit(store, id)?));
        watch.observer.event(&Event::Step);
    }
    Ok(members)
}

/// The id of the commit that a name stands for.
fn commit_id(git: &Git, name: &str) -> Result<String, OpError> {
    let found = git.resolve(&format!("{name}^{{commit}}"));
    found.map_err(|error| OpError::because("cannot read the linux tree", error))?.ok_or_else(|| {
        OpError::new(format!("the linux tree '{}' has no commit '{name}'", git.git_dir().display()))
            .hint("a range names tags, branches or commits: v6.6.13..v6.6.13-linuxkit")
    })
}

fn read_commit(store: &Store, id: Oid) -> Result<CommitPatch, OpError> {
    let failed = |error: GitError| OpError::because(format!("cannot read commit {id}"), error);
    let commit = store.commit(id).map_err(failed)?;
    let before = match commit.parents.first() {
        Some(parent) => store.commit(*parent).map_err(failed)?.tree,
        None => store.insert(Kind::Tree, Vec::new()),
    };
    let diff = diff_of(store, id, before, &commit)?;
    Ok(CommitPatch { id: id.to_string(), author: commit.author, message: commit.message, diff })
}

/// What a commit does to the tree `before` it.
pub(in crate::ops) fn diff_of(store: &Store, id: Oid, before: Oid, commit: &Commit) -> Result<Vec<FileDiff>, OpError> {
    let failed = |error: GitError| OpError::because(format!("cannot read commit {id}"), error);
    if store.is_partial() {
        let mut blobs = Vec::new();
        let mut found = |walk: crate::git::Walk| {
            blobs.extend([walk.old, walk.new].into_iter().flatten().filter(|e| e.is_blob()).map(|e| e.id));
        };
        store.diff_trees(Some(before), Some(commit.tree), &mut found).map_err(failed)?;
        store.prefetch(&blobs).map_err(failed)?;
    }
    let text = match patch_text(store, before, commit.tree) {
        Ok(text) => text.diff,
        Err(ExportError::NeedsGit(_)) => by_git(store, before, commit.tree)?,
        Err(ExportError::Git(error)) => return Err(failed(error)),
    };
    let diff = parsed(&text, id)?;
    let does = |operation| diff.iter().any(|diff| diff.operation == operation);
    if does(Operation::Create) && does(Operation::Delete) {
        return parsed(&by_git(store, before, commit.tree)?, id);
    }
    Ok(diff)
}

fn parsed(text: &[u8], id: Oid) -> Result<Vec<FileDiff>, OpError> {
    parse(text, 0).map_err(|error| OpError::new(format!("cannot read the diff of commit {id}: {}", error.message)))
}

/// What only git itself can tell: renames, binary files, and sections that its own drivers find.
fn by_git(store: &Store, before: Oid, after: Oid) -> Result<Vec<u8>, OpError> {
    let attributes = format!("--attr-source={after}");
    let args = [&[attributes.as_str(), "diff-tree"], DIFF_TREE, &["--end-of-options"]].concat();
    let (before, after) = (before.to_string(), after.to_string());
    let args = args.into_iter().chain([before.as_str(), after.as_str()]);
    Git::new(store.git_dir()).run(args).map_err(|error| OpError::because("git diff-tree failed", error))
}
