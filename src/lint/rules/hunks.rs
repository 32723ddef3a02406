//! What stands in the diffs: the family H.

mod ambiguous_hunk;
mod binary_diff;
mod conflict_markers;
mod huge_patch;
mod missing_diff;
mod missing_index;
mod unreadable_diff;
mod whitespace_errors;
mod wrong_prefix;

use super::Family;

pub(super) static RULES: Family = &[
    &unreadable_diff::RULE,
    &missing_diff::RULE,
    &conflict_markers::RULE,
    &whitespace_errors::RULE,
    &wrong_prefix::RULE,
    &missing_index::RULE,
    &ambiguous_hunk::RULE,
    &binary_diff::RULE,
    &huge_patch::RULE,
];
