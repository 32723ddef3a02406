//! The names of the files: the family N.

mod duplicate_number;
mod first_number;
mod ignored_patch;
mod missing_number;
mod name_not_from_subject;
mod number_gap;
mod numbers;
mod stray_file;
mod uneven_numbers;

use super::Family;

pub(super) static RULES: Family = &[
    &missing_number::RULE,
    &uneven_numbers::RULE,
    &duplicate_number::RULE,
    &number_gap::RULE,
    &first_number::RULE,
    &name_not_from_subject::RULE,
    &stray_file::RULE,
    &ignored_patch::RULE,
];
