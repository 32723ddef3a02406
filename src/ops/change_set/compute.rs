//! From a change to the new stack on the base. Nothing here writes to the disk.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use super::change::{Added, Bytes, Change, Edited};
use super::setting::Setting;
use crate::apply::{ApplyError, Engine, Placed, Stack, Step, apply, prefetch, touched_paths};
use crate::carry::{Context, carry};
use crate::git::{GitError, Oid, Renames, Walk};
use crate::ops::compute::{Computed, commits};
use crate::ops::select::{PatchName, shown};
use crate::ops::stopped::decisions;
use crate::ops::stopped::journal::Decided;
use crate::ops::{OpError, ancestor};
use crate::patch::{Patch, file_name};
use crate::patch_set::number;

/// The new stack, carried.
pub(in crate::ops) struct Changed {
    /// The patches in their new order.
    pub(in crate::ops) patches: Vec<Patch>,
    /// Where each of them comes from.
    pub(in crate::ops) from: Vec<Lineage>,
    pub(in crate::ops) computed: Computed,
}

/// Where a patch of the new set comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ops) enum Lineage {
    /// It was in the old set, at that index.
    Old(usize),
    /// It was in the old set and has another text; true if only its message is another.
    Edited(usize, bool),
    /// It is new: the index among the added ones.
    Added(usize),
}

impl Lineage {
    /// True for an old patch whose diff is another one.
    pub(super) fn has_another_diff(self) -> bool {
        matches!(self, Self::Edited(_, false))
    }
}

/// Computes the new stack, with what persons have decided on it.
pub(in crate::ops) fn compute(setting: &Setting<'_>, change: &Change, decided: &[Decided]) -> Result<Changed, OpError> {
    let mut plan = Plan { setting, patches: Vec::new(), from: Vec::new(), steps: Vec::new(), renames: Renames::new() };
    let end = setting.set.patches.len();
    for index in order(setting, change)? {
        plan.add_all(change, Some(index))?;
        let name = PatchName::of(&setting.set.patches[index]);
        if change.dropped.iter().any(|dropped| dropped.patch == name) {
            continue;
        }
        match change.edited.iter().find(|edited| edited.patch == name) {
            Some(edited) => plan.edit(index, edited)?,
            None => plan.keep(index)?,
        }
    }
    plan.add_all(change, None)?;
    debug_assert!(plan.patches.len() + change.dropped.len() == end + change.added.len());
    plan.carry(decided)
}

/// The indexes of the old set in the order in which they are to stand.
fn order(setting: &Setting<'_>, change: &Change) -> Result<Vec<usize>, OpError> {
    let set = &setting.set;
    let Some(names) = &change.order else { return Ok((0..set.patches.len()).collect()) };
    let found: BTreeSet<usize> = names.iter().filter_map(|name| name.find(set)).collect();
    if found.len() != set.patches.len() || names.len() != set.patches.len() {
        let missing = (0..set.patches.len()).find(|index| !found.contains(index));
        let hint = missing.map(|index| format!("{} is missing", shown(set, index)));
        return Err(OpError::new("the new order has to name every patch of the set once").hint_if(hint));
    }
    Ok(names.iter().filter_map(|name| name.find(set)).collect())
}

/// The new stack while it is being put together.
struct Plan<'a> {
    setting: &'a Setting<'a>,
    patches: Vec<Patch>,
    from: Vec<Lineage>,
    steps: Vec<Step>,
    renames: Renames,
}

impl Plan<'_> {
    fn push(&mut self, patch: Patch, from: Lineage, step: Step) {
        self.patches.push(patch);
        self.from.push(from);
        self.steps.push(step);
    }

    /// A patch of the old set as it is.
    fn keep(&mut self, index: usize) -> Result<(), OpError> {
        let patch = self.setting.set.patches[index].clone();
        let step = &self.setting.stack.steps[index];
        let result = match &step.result {
            Ok(placed) => Ok(placed.clone()),
            // Errors are not for copying; the same patch fails on the same tree in the same way.
            Err(_) => self.applied(step.before, &patch)?,
        };
        self.push(patch, Lineage::Old(index), Step { before: step.before, result });
        Ok(())
    }

    /// A patch of the old set with another text: what it does to its own parent is what the new text says.
    fn edit(&mut self, index: usize, edited: &Edited) -> Result<(), OpError> {
        let old = &self.setting.set.patches[index];
        let patch = Patch { file: old.file.clone(), part: old.part, ..read_one(&old.file, &edited.text)? };
        let before = self.setting.stack.steps[index].before;
        let result = self.applied(before, &patch)?;
        self.push(patch, Lineage::Edited(index, edited.message_only), Step { before, result });
        Ok(())
    }

    /// The new patches that come to stand before the old one of that index, or behind all.
    fn add_all(&mut self, change: &Change, index: Option<usize>) -> Result<(), OpError> {
        let set = &self.setting.set;
        let here = |added: &Added| added.before.as_ref().and_then(|name| name.find(set)) == index;
        let mut tip = self.setting.tree_at(index.unwrap_or(usize::MAX));
        for (at, added) in change.added.iter().enumerate().filter(|(_, added)| here(added)) {
            tip = self.add(at, added, tip)?;
        }
        Ok(())
    }

    /// One new patch on `tip`; returns the tree with it, or `tip` if it does not go there.
    fn add(&mut self, at: usize, added: &Added, tip: Oid) -> Result<Oid, OpError> {
        let store = self.setting.store();
        let read = read_one(&added.source, &added.text)?;
        let patch = Patch { file: self.fresh_name(at, &read), part: 0, ..read };
        let step = match &added.trees {
            Some(trees) => self.in_its_place(&patch, [&trees.before, &trees.after], tip)?,
            None => match self.applied(tip, &patch)? {
                Ok(placed) => Step { before: tip, result: Ok(placed) },
                Err(error) => ancestor::placed(store, &patch, tip)
                    .map_err(failed)?
                    .unwrap_or(Step { before: tip, result: Err(error) }),
            },
        };
        let mut after = tip;
        if let Ok(placed) = &step.result {
            let merge = store.three_way(&placed.changes, tip, &self.renames).map_err(failed)?;
            if merge.is_clean() {
                after = store.edit_tree(tip, &merge.changes).map_err(failed)?;
            }
        }
        self.push(patch, Lineage::Added(at), step);
        Ok(after)
    }

    /// What a commit did in its own place, with the names that its files have in `tip`.
    fn in_its_place(&mut self, patch: &Patch, trees: [&String; 2], tip: Oid) -> Result<Step, OpError> {
        let store = self.setting.store();
        let id = |hex: &String| {
            Oid::from_hex(hex.as_bytes()).map_err(|error| OpError::because(format!("'{hex}' is no object id"), error))
        };
        let (before, after) = (id(trees[0])?, id(trees[1])?);
        let mut changes: Vec<Walk> = Vec::new();
        store.diff_trees(Some(before), Some(after), &mut |walk| changes.push(walk)).map_err(failed)?;
        let paths = touched_paths(std::slice::from_ref(patch));
        prefetch(store, &paths, &[before, after, tip]).map_err(failed)?;
        self.renames.extend(store.renames(before, tip, &paths).map_err(failed)?);
        Ok(Step { before, result: Ok(Placed { tree: after, changes, offsets: Vec::new() }) })
    }

    /// Strict application. What is hostile is refused, what does not apply is for the report.
    fn applied(&self, tree: Oid, patch: &Patch) -> Result<Result<Placed, ApplyError>, OpError> {
        match apply(self.setting.store(), tree, &patch.diff, Engine::Git) {
            Err(ApplyError::Git(error)) => Err(failed(error)),
            Err(error) if error.is_refusal() => Err(OpError::new(format!("refused: {}: {error}", patch.file))),
            result => Ok(result),
        }
    }

    /// A name behind all that are there, until the new set gives its own.
    fn fresh_name(&self, at: usize, patch: &Patch) -> String {
        let names = self.setting.set.patches.iter().filter_map(|patch| number(&patch.file));
        file_name(names.max().unwrap_or(0) as usize + 1 + at, &patch.message.subject)
    }

    /// Carries the new stack onto the base that it stands on, and makes the commits, in memory.
    fn carry(self, decided: &[Decided]) -> Result<Changed, OpError> {
        let Self { setting, patches, from, steps, renames } = self;
        let store = setting.store();
        let base = setting.base().clone();
        let stack = Stack { base: base.clone(), steps };
        let watch = setting.watch;
        let decisions = decisions(&patches, decided)?;
        let context = Context {
            store,
            patches: &patches,
            history: None,
            decisions: &decisions,
            observer: watch.observer,
            interrupt: watch.interrupt,
        };
        let carried = carry(context, &stack, base, renames).map_err(failed)?.ok_or_else(OpError::interrupted)?;
        let (commits, tip) = commits(store, &patches, &carried);
        Ok(Changed {
            patches,
            from,
            computed: Computed {
                stack: Arc::new(stack),
                carried,
                commits,
                tip,
                history: None,
                told: None,
                why: OnceLock::new(),
            },
        })
    }
}

/// Reads a text that holds one patch.
pub(in crate::ops) fn read_one(name: &str, text: &Bytes) -> Result<Patch, OpError> {
    let mut patches =
        crate::patch::read(name, &text.0).map_err(|error| OpError::new(error.to_string()).hint_if(error.hint))?;
    match patches.len() {
        1 => Ok(patches.remove(0)),
        many => Err(OpError::new(format!("{name}: {many} patches where there is to be one"))
            .hint("a line of the message that looks like the start of another mail, 'From ... 2001', ends it")),
    }
}

fn failed(error: GitError) -> OpError {
    OpError::because("cannot read the linux tree", error)
}
