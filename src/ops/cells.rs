//! Patch sets on their way to many releases: each set is applied to its base once, and its cells are computed several
//! at a time. Nothing here writes to the disk.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::compute::{self, Computed};
use super::jobs::Place;
use super::parallel::{self, Limits};
use super::renames::Memory;
use super::workspace::Linux;
use super::{OpError, Watch};
use crate::apply::Stack;
use crate::carry::Decisions;
use crate::event::{Event, Interrupt, Observer};
use crate::patch_set::PatchSet;
use crate::version::Tag;

/// A patch set and the releases that it is to go to.
#[derive(Debug)]
pub(super) struct Row<'k> {
    pub(super) place: Place<'k>,
    pub(super) from: Tag,
    /// None of them twice.
    pub(super) targets: Vec<Tag>,
}

/// What a cell is made of.
pub(super) struct Cell<'a> {
    pub(super) linux: &'a Linux,
    pub(super) row: &'a Row<'a>,
    pub(super) set: &'a PatchSet,
    pub(super) computed: &'a Computed,
}

/// What came of a row: why its set is of no use, or its cells in the order of the targets.
pub(super) type Filled<T> = Result<Vec<Result<T, OpError>>, OpError>;

/// How cells are computed.
pub(super) struct Filler<'a> {
    /// Opens the linux tree anew, with nothing in memory.
    pub(super) reopen: &'a dyn Fn() -> Result<Linux, OpError>,
    pub(super) limits: Limits,
    pub(super) watch: Watch<'a>,
}

/// A patch set on its base.
struct Based {
    set: PatchSet,
    stack: Arc<Stack>,
}

impl Filler<'_> {
    /// Computes every cell of every row, and makes of it what `fold` says. Only an interruption is an error of the
    /// whole.
    ///
    /// When the objects in memory come to more than the limit, the tree is opened anew, and the sets that have cells
    /// left are applied once more.
    pub(super) fn fill<T: Send>(
        &self,
        mut linux: Linux,
        rows: &[Row<'_>],
        fold: impl Fn(&Cell<'_>) -> T + Sync,
    ) -> Result<Vec<Filled<T>>, OpError> {
        let mut cells: Vec<Vec<Option<Result<T, OpError>>>> =
            rows.iter().map(|row| row.targets.iter().map(|_| None).collect()).collect();
        let mut useless: Vec<Option<OpError>> = rows.iter().map(|_| None).collect();
        loop {
            let open: Vec<usize> =
                (0..rows.len()).filter(|at| useless[*at].is_none() && cells[*at].iter().any(Option::is_none)).collect();
            if open.is_empty() {
                break;
            }
            let mut based = self.base_all(&linux, rows, &open)?;
            let mut todo = Vec::new();
            for (at, based) in open.iter().zip(&mut based) {
                match based {
                    Err(error) => useless[*at] = Some(std::mem::replace(error, OpError::interrupted())),
                    Ok(based) => {
                        let left = (0..rows[*at].targets.len()).filter(|column| cells[*at][*column].is_none());
                        todo.extend(left.map(|column| Todo { at: *at, column, based }));
                    }
                }
            }
            for (todo, result) in todo.iter().zip(self.fill_some(&linux, rows, &todo, &fold)?) {
                cells[todo.at][todo.column] = result;
            }
            if todo.iter().any(|todo| cells[todo.at][todo.column].is_none()) {
                linux = (self.reopen)()?;
            }
        }
        let filled = useless.into_iter().zip(cells);
        Ok(filled.map(|(useless, row)| useless.map_or_else(|| Ok(row.into_iter().flatten().collect()), Err)).collect())
    }

    /// Puts the sets of the `open` rows on their bases.
    fn base_all(
        &self,
        linux: &Linux,
        rows: &[Row<'_>],
        open: &[usize],
    ) -> Result<Vec<Result<Based, OpError>>, OpError> {
        let Watch { observer, interrupt } = self.watch;
        let heard = Heard::default();
        observer.event(&Event::Stage { name: "applying patch sets".into(), total: Some(open.len()) });
        let work = |at: &usize| base(linux, &rows[*at], heard.watch(interrupt));
        let told = || observer.event(&Event::Step);
        let based = parallel::map(open, self.limits.threads, || !interrupt.is_raised(), work, told);
        heard.tell(observer);
        self.uninterrupted(based.into_iter().flatten().collect::<Vec<_>>())
    }

    /// Computes cells until there are no more, or the objects in memory are too many.
    fn fill_some<T: Send>(
        &self,
        linux: &Linux,
        rows: &[Row<'_>],
        todo: &[Todo<'_>],
        fold: &(impl Fn(&Cell<'_>) -> T + Sync),
    ) -> Result<Vec<Option<Result<T, OpError>>>, OpError> {
        let Watch { observer, interrupt } = self.watch;
        let heard = Heard::default();
        observer.event(&Event::Stage { name: "carrying patch sets".into(), total: Some(todo.len()) });
        let work = |todo: &Todo<'_>| {
            let row = &rows[todo.at];
            let computed = carried(linux, todo.based, &row.targets[todo.column], heard.watch(interrupt))?;
            Ok(fold(&Cell { linux, row, set: &todo.based.set, computed: &computed }))
        };
        let Limits { threads, memory } = self.limits;
        let go_on = || !interrupt.is_raised() && linux.store.memory() < memory;
        let results = parallel::map(todo, threads, go_on, work, || observer.event(&Event::Step));
        heard.tell(observer);
        self.uninterrupted(results)
    }

    fn uninterrupted<T>(&self, value: T) -> Result<T, OpError> {
        if self.watch.interrupt.is_raised() { Err(OpError::interrupted()) } else { Ok(value) }
    }
}

/// One cell that is to be computed.
struct Todo<'a> {
    at: usize,
    column: usize,
    based: &'a Based,
}

fn base(linux: &Linux, row: &Row<'_>, watch: Watch<'_>) -> Result<Based, OpError> {
    let set = row.place.read()?;
    let release = compute::release(&linux.store, row.from.as_str())?;
    let stack = compute::stack(&linux.store, &set.patches, release, watch)?;
    Ok(Based { set, stack })
}

fn carried(linux: &Linux, based: &Based, to: &Tag, watch: Watch<'_>) -> Result<Computed, OpError> {
    let target = compute::release(&linux.store, to.as_str())?;
    let stack = Arc::clone(&based.stack);
    compute::onto(linux, &based.set.patches, stack, target, &Decisions::new(), &mut Memory::default(), watch)
}

/// Listens to work on other threads: its stages and steps are of no interest beside those of the whole, and what it
/// warns of is told afterwards, each thing once and always in the same order.
#[derive(Default)]
pub(super) struct Heard(Mutex<BTreeSet<String>>);

impl Heard {
    pub(super) fn watch<'a>(&'a self, interrupt: &'a Interrupt) -> Watch<'a> {
        Watch { observer: self, interrupt }
    }

    pub(super) fn tell(self, observer: &dyn Observer) {
        for warning in self.0.into_inner().unwrap_or_else(PoisonError::into_inner) {
            observer.event(&Event::Warning(warning));
        }
    }
}

impl Observer for Heard {
    fn event(&self, event: &Event) {
        if let Event::Warning(text) = event {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(text.clone());
        }
    }
}

#[cfg(test)]
#[path = "cells_tests.rs"]
mod tests;
