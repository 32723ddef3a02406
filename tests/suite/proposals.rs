//! Proposals for the conflicts of real patch sets, beside what the maintainers made of the same patches.

use std::collections::HashMap;

use bstr::{BString, ByteSlice as _};
use kpatch::apply::{Release, Stack, touched_paths};
use kpatch::event::{Interrupt, Silent};
use kpatch::git::{Merge, Oid, Renames, Store, TreeChanges, Walk};
use kpatch::patch_set::PatchSet;
use kpatch::propose::{Mergiraf, Proposal, Question, Resolutions, Strategy, propose};
use kpatch::upstream::{Effect, Releases, peel};

use crate::support::by_git::patch_files;
use crate::support::{Sandbox, corpus};

/// What the proposals for the patches of one set came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Patches that conflict, and that the maintainers carry on.
    pub asked: usize,
    /// Of these, those whose first proposal does what the maintainers' patch does.
    pub right: usize,
    /// Those whose first proposal does something else.
    pub wrong: usize,
    /// Those whose first proposal is wrong and another one right.
    pub later: usize,
    /// Patches that conflict and that the maintainers dropped.
    pub dropped: usize,
    /// Of these, those with a proposal.
    pub needless: usize,
}

/// One bump, with the maintainers' next set as the answer.
pub struct Bump<'a> {
    pub base: &'a str,
    pub target: &'a str,
    pub sets: &'a [&'a str],
    pub answers: &'a [&'a str],
}

fn read(sets: &[&str]) -> PatchSet {
    let files = sets.iter().flat_map(|set| patch_files(&corpus().join(set)));
    let named = |(number, path): (usize, std::path::PathBuf)| {
        let name = path.file_name().unwrap().to_str().unwrap();
        let (_, rest) = name.split_once('-').unwrap();
        (format!("{number:04}-{rest}"), std::fs::read(&path).unwrap())
    };
    PatchSet::read((1..).zip(files).map(named).collect()).unwrap()
}

fn stack(store: &Store, set: &PatchSet, tag: &str) -> Stack {
    let release = Release::find(store, tag).unwrap();
    Stack::build(store, release, &set.patches, &Silent, &Interrupt::new()).unwrap().unwrap()
}

/// What a proposal changes in the tip, with what merges without a conflict.
fn effect(store: &Store, tip: Oid, merge: &Merge, proposal: &Proposal) -> (Oid, Vec<Walk>) {
    let mut changes: TreeChanges = merge.changes.clone();
    changes.extend(proposal.files.iter().map(|file| (file.path.clone(), file.entry)));
    let tree = store.edit_tree(tip, &changes).unwrap();
    let mut walks = Vec::new();
    store.diff_trees(Some(tip), Some(tree), &mut |walk| walks.push(walk)).unwrap();
    (tree, walks)
}

/// True if both change the same files to the same content, or by the same lines.
fn same(store: &Store, one: &[Walk], other: &[Walk]) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|(a, b)| {
            a.path == b.path && (a.new == b.new || store.changed_lines(a).unwrap() == store.changed_lines(b).unwrap())
        })
}

/// Carries a set patch by patch, conflicts included, and holds every first proposal against the maintainers' patch.
///
/// After a conflict the tip is what a person would have left: a right proposal, or else the maintainers' patch where it
/// merges. `seen` is told of each patch that the maintainers carry on, with its proposals and which of them are right.
pub fn measure(
    store: &Store,
    bump: &Bump<'_>,
    mergiraf: Option<&Mergiraf>,
    seen: &mut dyn FnMut(&BString, &[Proposal], &[bool]),
) -> Tally {
    let (set, answers) = (read(bump.sets), read(bump.answers));
    let (old, new) = (stack(store, &set, bump.base), stack(store, &answers, bump.target));
    let answered = answers.patches.iter().zip(&new.steps);
    let answer: HashMap<&BString, &[Walk]> = answered
        .filter_map(|(patch, step)| Some((&patch.message.subject, step.result.as_ref().ok()?.changes.as_slice())))
        .collect();
    let (base, target) = (old.base.tree, new.base.tree);
    let renames = store.renames(base, target, &touched_paths(&set.patches)).unwrap();
    let placed = old.steps.iter().map(|step| step.result.as_ref().ok());
    let effects: Vec<Option<Effect<'_>>> = placed
        .zip(&set.patches)
        .map(|(placed, patch)| Some(Effect { changes: &placed?.changes, diffs: &patch.diff }))
        .collect();
    let peeled = peel(store, &effects, Releases { base, target }, &renames).unwrap();
    let recorded = Resolutions::default();

    let mut tally = Tally::default();
    let mut tip = target;
    for ((effect_of, patch), _) in effects.iter().zip(&set.patches).zip(&peeled).filter(|(_, peeled)| !**peeled) {
        let Some(Effect { changes, .. }) = effect_of else { continue };
        let merge = store.three_way(changes, tip, &renames).unwrap();
        if merge.is_clean() {
            tip = store.edit_tree(tip, &merge.changes).unwrap();
            continue;
        }
        let conflicts = &merge.conflicts;
        let question = Question { store, tip, base, target, changes, conflicts, recorded: &recorded, mergiraf };
        let proposals = propose(&question).unwrap();
        let Some(theirs) = answer.get(&patch.message.subject) else {
            tally.dropped += 1;
            tally.needless += usize::from(!proposals.is_empty());
            continue;
        };
        tally.asked += 1;
        let effects: Vec<(Oid, Vec<Walk>)> =
            proposals.iter().map(|proposal| effect(store, tip, &merge, proposal)).collect();
        let right: Vec<bool> = effects.iter().map(|(_, walks)| same(store, walks, theirs)).collect();
        seen(&patch.message.subject, &proposals, &right);
        match right.first() {
            Some(true) => tally.right += 1,
            Some(false) => tally.wrong += 1,
            None => {}
        }
        tally.later += usize::from(right.first() == Some(&false) && right.contains(&true));
        let by_answer = store.three_way(theirs, tip, &Renames::new()).unwrap();
        if let Some(at) = right.iter().position(|right| *right) {
            tip = effects[at].0;
        } else if by_answer.is_clean() {
            tip = store.edit_tree(tip, &by_answer.changes).unwrap();
        }
    }
    tally
}
