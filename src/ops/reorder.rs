//! `kpatch reorder`: puts the patches of a set in another order.

use super::change_set::{Change, ChangeOptions, ChangeReport, run};
use super::select::{PatchName, select, select_all, shown};
use super::{OpError, Watch};
use crate::patch_set::PatchSet;

/// What to put where.
#[derive(Debug, Clone)]
pub struct ReorderOptions {
    /// In which set.
    pub set: ChangeOptions,
    /// The new order.
    pub order: Order,
}

/// A new order. Patches are named as [`select`] reads them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// One patch moves.
    Move {
        /// Which one.
        patch: String,
        /// Where to.
        place: Place,
    },
    /// A list of all patches, one a line; empty lines and those that begin with `#` do not count.
    List(Vec<u8>),
}

/// A place in the set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Before that patch.
    Before(String),
    /// Behind that patch.
    After(String),
}

impl Place {
    /// The index of the patch before which it is; the number of patches for the place behind all of them.
    pub(super) fn find(&self, set: &PatchSet) -> Result<usize, OpError> {
        match self {
            Self::Before(name) => select(set, name),
            Self::After(name) => Ok(select(set, name)? + 1),
        }
    }
}

/// Reorders the set. The tree of all patches has to stay as it is: if it does not, nothing changes.
pub fn reorder(options: &ReorderOptions, watch: Watch<'_>) -> Result<ChangeReport, OpError> {
    run(&options.set, "reorder", watch, |setting| {
        let set = &setting.set;
        let indexes = match &options.order {
            Order::Move { patch, place } => moved(set, patch, place)?,
            Order::List(text) => listed(set, text)?,
        };
        let names = indexes.into_iter().map(|at| PatchName::of(&set.patches[at]));
        Ok(Change { order: Some(names.collect()), ..Change::default() })
    })
}

/// The order in which one patch has moved.
fn moved(set: &PatchSet, patch: &str, place: &Place) -> Result<Vec<usize>, OpError> {
    let from = select(set, patch)?;
    let (Place::Before(other) | Place::After(other)) = place;
    if select(set, other)? == from {
        return Err(OpError::new(format!("{} cannot be moved to a place beside itself", shown(set, from))));
    }
    let to = place.find(set)?;
    let mut order: Vec<usize> = (0..set.patches.len()).collect();
    order.remove(from);
    order.insert(if to > from { to - 1 } else { to }, from);
    Ok(order)
}

/// The order that a list says, which has to name every patch once.
fn listed(set: &PatchSet, text: &[u8]) -> Result<Vec<usize>, OpError> {
    let text = std::str::from_utf8(text).map_err(|error| OpError::because("the list is not UTF-8", error))?;
    let words: Vec<String> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect();
    let order = select_all(set, &words)?;
    let missing: Vec<String> =
        (0..set.patches.len()).filter(|at| !order.contains(at)).map(|at| shown(set, at)).collect();
    match missing.split_first() {
        None => Ok(order),
        Some((first, rest)) => {
            let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
            Err(OpError::new(format!("the list does not name {first}{more}"))
                .hint("it has to name every patch of the set; kpatch drop takes patches out"))
        }
    }
}
