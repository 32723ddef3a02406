//! Three-way merges of real patches, beside `git merge-tree`.

use std::collections::BTreeSet;

use bstr::BString;
use kpatch::git::{Oid, Renames, Store, Walk};

use crate::support::by_git::{Taken, patch_files};
use crate::support::{Sandbox, corpus};

/// Carries the commits with git and with kpatch and compares each step; returns (clean, empty, conflicts).
fn compare(set: &str, base: &str, target: &str) -> (usize, usize, usize) {
    let sandbox = Sandbox::new();
    let linux = sandbox.linux();
    let taken = sandbox.am(&linux, &patch_files(&corpus().join(set)), base);
    let commits: Vec<&str> = taken.iter().filter_map(Taken::commit).collect();
    let store = Store::open(&linux).unwrap();
    let tree = |name: &str| store.commit(store.resolve_tag(name).unwrap()).unwrap().tree;
    let effects: Vec<Vec<Walk>> = commits
        .iter()
        .map(|commit| {
            let commit = store.commit(Oid::from_hex(commit.as_bytes()).unwrap()).unwrap();
            let parent = store.commit(commit.parents[0]).unwrap();
            let mut walks = Vec::new();
            store.diff_trees(Some(parent.tree), Some(commit.tree), &mut |walk| walks.push(walk)).unwrap();
            walks
        })
        .collect();
    let touched: BTreeSet<BString> = effects.iter().flatten().map(|walk| walk.path.clone()).collect();
    let renames: Renames = store.renames(tree(base), tree(target), &touched).unwrap();
    let mut tip = tree(target);
    let (mut clean, mut empty, mut conflicts) = (0, 0, 0);
    for (commit, effect) in commits.iter().zip(&effects) {
        let merge = store.three_way(effect, tip, &renames).unwrap();
        let git = sandbox.merge_tree(&linux, &tip.to_string(), commit);
        let subject = || sandbox.git(&linux, &["log", "-1", "--format=%s", commit]);
        if merge.is_clean() {
            let merged = store.edit_tree(tip, &merge.changes).unwrap();
            assert_eq!(Some(merged.to_string()), git, "{set}: {}", subject());
            if merged == tip {
                empty += 1;
            } else {
                clean += 1;
                tip = merged;
            }
            // Git needs the merged objects for the next step.
            let parent = store.resolve_tag(target).unwrap();
            let read = store.commit(parent).unwrap();
            let keep = store.insert_commit(&kpatch::git::NewCommit {
                tree: tip,
                parent: Some(parent),
                author: &read.author,
                author_date: read.author_date,
                committer_date: read.committer_date,
                message: b"kept\n",
            });
            store.write_pack(&[keep]).unwrap();
        } else {
            assert_eq!(git, None, "{set}: git merges {}: {:?}", subject(), merge.conflicts);
            conflicts += 1;
        }
    }
    (clean, empty, conflicts)
}

#[test]
fn a_bump_within_a_series_merges_as_git_does() {
    assert_eq!(compare("patches-6.1.170", "v6.1.170", "v6.1.176"), (144, 5, 4));
}

#[test]
fn a_real_time_set_merges_as_git_does() {
    assert_eq!(compare("patches-6.1.170-rt", "v6.1.170", "v6.1.176"), (67, 0, 0));
}

#[test]
fn a_jump_to_another_series_merges_as_git_does() {
    assert_eq!(compare("patches-6.1.176", "v6.1.176", "v6.12.100"), (50, 27, 81));
}

#[test]
fn a_downgrade_merges_as_git_does() {
    let (clean, empty, conflicts) = compare("patches-6.12.100", "v6.12.100", "v6.1.176");
    assert!(clean > 5 && conflicts > 5, "{clean} clean, {empty} empty, {conflicts} conflicts");
}
