//! What upstream has made of a patch: the family U.

mod already_upstream;
mod missing_fix;
mod reverted_upstream;
mod soon_upstream;
mod unmarked_copy;

use super::Family;
use crate::lint::facts::Found;

pub(super) static RULES: Family = &[
    &already_upstream::RULE,
    &soon_upstream::RULE,
    &missing_fix::RULE,
    &reverted_upstream::RULE,
    &unmarked_copy::RULE,
];

/// A commit as messages name it.
fn named(found: &Found) -> String {
    format!("{} (\"{}\")", found.commit.get(..12).unwrap_or(&found.commit), found.title)
}
