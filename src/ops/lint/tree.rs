//! What a linux tree says of the patches of one set.

mod ambiguous;
mod released;
#[cfg(test)]
mod tests;
mod touched;
mod upstream;

use std::collections::BTreeSet;

use bstr::{BStr, BString, ByteSlice as _};

use crate::apply::{ApplyError, Engine, FileOffsets, Release, apply, apply_all, prefetch};
use crate::diff::safety::check_path;
use crate::diff::{FileDiff, Operation};
use crate::event::Event;
use crate::git::{GitError, MODE_SYMLINK, Oid, Store, Walk};
use crate::lint::{Drift, Mail, PatchFacts, SetFacts};
use crate::ops::{OpError, Watch};

pub(in crate::ops) use released::no_history;
pub(in crate::ops) use upstream::{Looked, Reach, ToldSpans, claim};

/// What the tree says.
#[derive(Debug)]
pub(super) struct TreeFacts {
    /// Of each patch, in order.
    pub(super) patches: Vec<PatchFacts>,
    /// Of the set.
    pub(super) set: SetFacts,
    /// Why history says nothing, as a phrase; absent if it does.
    pub(super) no_history: Option<String>,
}

/// What upstream says of the patches of a set, without the rest; the inner error says why there is nothing to look through.
pub(in crate::ops) fn looked_up(
    store: &Store,
    base: &Release,
    mails: &[Mail<'_>],
    reach: Reach,
    watch: Watch<'_>,
) -> Result<Result<Looked, String>, OpError> {
    let steps = apply_each(store, base, mails, watch)?;
    upstream::upstream(store, base, mails, &steps, reach, watch)
}

/// One patch on the tree that the ones before it leave.
pub(in crate::ops) struct Step {
    before: Oid,
    after: Oid,
    /// What it changes; nothing if it does not apply.
    changes: Vec<Walk>,
    applied: Result<Vec<Drift>, String>,
}

/// Finds out what the tree says of the patches of one set, in the order in which they apply; each has a diff that can
/// be read.
///
/// `branch` is the one that carries the set, if the linux tree has it.
pub(super) fn facts(
    store: &Store,
    base: &Release,
    branch: &str,
    mails: &[Mail<'_>],
    watch: Watch<'_>,
) -> Result<TreeFacts, OpError> {
    let steps = apply_each(store, base, mails, watch)?;
    let upstream = upstream::upstream(store, base, mails, &steps, Reach::default(), watch)?;
    let set = of_set(store, base, branch, mails, &steps)?;
    let (no_history, mut upstream) = match upstream {
        Ok(looked) => (None, looked.facts.into_iter().map(Some).collect()),
        Err(reason) => (Some(reason), vec![None; mails.len()]),
    };
    // The files of patches that do not apply, each with what it was to change.
    let mut failed: Vec<(&str, BTreeSet<BString>)> = Vec::new();
    let mut patches = Vec::with_capacity(mails.len());
    for (at, (mail, step)) in mails.iter().zip(steps).enumerate() {
        let ambiguous = ambiguous::ambiguous(store, step.before, mail.diffs()).map_err(unread)?;
        let link = link(store, step.before, mail.diffs()).map_err(unread)?;
        let touched = paths(std::slice::from_ref(mail));
        let before = failed.iter().find(|(_, paths)| !paths.is_disjoint(&touched));
        let after_failure = before.map(|(file, _)| (*file).to_owned());
        if step.applied.is_err() {
            failed.push((&mail.draft.file, touched));
        }
        patches.push(PatchFacts {
            base: base.tag.clone(),
            applied: step.applied,
            after_failure,
            ambiguous,
            link,
            upstream: upstream[at].take(),
        });
    }
    Ok(TreeFacts { patches, set, no_history })
}

fn unread(error: GitError) -> OpError {
    OpError::because("cannot read the linux tree", error)
}

/// Applies each patch on those before it, as git am does; one that does not apply is left out.
fn apply_each(store: &Store, base: &Release, mails: &[Mail<'_>], watch: Watch<'_>) -> Result<Vec<Step>, OpError> {
    prefetch(store, &paths(mails), &[base.tree]).map_err(unread)?;
    watch.observer.event(&Event::Stage { name: "applying patches".into(), total: Some(mails.len()) });
    let mut tip = base.tree;
    let mut steps = Vec::with_capacity(mails.len());
    for mail in mails {
        if watch.interrupt.is_raised() {
            return Err(OpError::interrupted());
        }
        let before = tip;
        let (changes, applied) = match apply(store, before, mail.diffs(), Engine::Git) {
            Ok(placed) => {
                tip = placed.tree;
                (placed.changes, Ok(drifts(placed.offsets)))
            }
            Err(error) => (Vec::new(), Err(reason(error)?)),
        };
        steps.push(Step { before, after: tip, changes, applied });
        watch.observer.event(&Event::Step);
    }
    Ok(steps)
}

fn drifts(files: Vec<FileOffsets>) -> Vec<Drift> {
    files.into_iter().enumerate().map(|(diff, file)| Drift { diff, offsets: file.offsets }).collect()
}

/// Why a patch does not apply; an error only if the repository failed.
fn reason(error: ApplyError) -> Result<String, OpError> {
    match error {
        ApplyError::Git(error @ GitError::InTheWay { .. }) => Ok(error.to_string()),
        ApplyError::Git(error) => Err(unread(error)),
        error => Ok(error.to_string()),
    }
}

/// The paths that the patches name, those aside that no patch may name.
fn paths(mails: &[Mail<'_>]) -> BTreeSet<BString> {
    let diffs = mails.iter().flat_map(Mail::diffs);
    let all = diffs.flat_map(|diff| diff.old_path.iter().chain(&diff.new_path));
    all.filter(|path| check_path(path).is_ok()).cloned().collect()
}

/// The first symbolic link that one of the diffs writes to or through.
fn link(store: &Store, tree: Oid, diffs: &[FileDiff]) -> Result<Option<String>, GitError> {
    for diff in diffs {
        for path in [&diff.old_path, &diff.new_path].into_iter().flatten().filter(|path| check_path(path).is_ok()) {
            // A link may go away as such.
            let whole = (diff.operation != Operation::Delete).then_some(path.len());
            for end in path.find_iter(b"/").chain(whole) {
                let part: &BStr = path[..end].as_bstr();
                match store.entry(tree, part)? {
                    Some(entry) if entry.mode == MODE_SYMLINK => return Ok(Some(part.to_string())),
                    Some(_) => {}
                    None => break,
                }
            }
        }
    }
    Ok(None)
}

/// What the set gives, by each of the two programs and on its branch.
fn of_set(
    store: &Store,
    base: &Release,
    branch: &str,
    mails: &[Mail<'_>],
    steps: &[Step],
) -> Result<SetFacts, OpError> {
    let failed = |at: usize, why: &str| format!("{}: {why}", mails[at].draft.file);
    let first = steps.iter().enumerate().find_map(|(at, step)| step.applied.as_ref().err().map(|why| failed(at, why)));
    let am = first.map_or_else(|| Ok(steps.last().map_or(base.tree, |step| step.after)), Err);
    let patch = match apply_all(store, base.tree, mails.iter().map(Mail::diffs), Engine::PatchUtility) {
        Ok(tree) => Ok(tree),
        Err((at, error)) => Err(failed(at, &reason(error)?)),
    };
    let tip = store.resolve(&format!("refs/heads/{branch}")).map_err(unread)?;
    let tip = tip.map(|tip| (branch.to_owned(), tip));
    let branch = tip.map(|(branch, tip)| store.commit(tip).map(|commit| (branch, commit.tree))).transpose();
    Ok(SetFacts { base: base.tag.clone(), am, patch, branch: branch.map_err(unread)? })
}
