//! Patches beside each other: the family S.

mod different_in_sets;
mod does_not_apply;
mod drifted_hunks;
mod duplicate_patch;
mod duplicate_subject;
mod patch_and_its_revert;
mod trees_differ;

use super::Family;

pub(super) static RULES: Family = &[
    &duplicate_patch::RULE,
    &duplicate_subject::RULE,
    &does_not_apply::RULE,
    &trees_differ::RULE,
    &drifted_hunks::RULE,
    &patch_and_its_revert::RULE,
    &different_in_sets::RULE,
];
