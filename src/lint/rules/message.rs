//! The commit message: the family M.

mod bracket_tag;
mod change_id;
mod cut_message;
mod dropped_lines;
mod long_lines;
mod long_subject;
mod malformed_fixes;
mod missing_description;
mod missing_subject;
mod missing_subsystem;
mod subject_prefix;
mod unexplained_conflicts;
mod unreadable_text;

use super::Family;

pub(super) static RULES: Family = &[
    &missing_description::RULE,
    &missing_subject::RULE,
    &long_subject::RULE,
    &missing_subsystem::RULE,
    &subject_prefix::RULE,
    &bracket_tag::RULE,
    &long_lines::RULE,
    &cut_message::RULE,
    &dropped_lines::RULE,
    &change_id::RULE,
    &unexplained_conflicts::RULE,
    &malformed_fixes::RULE,
    &unreadable_text::RULE,
];

/// Subjects and lines of prose have at most this many characters.
const WIDTH: usize = 75;

/// How many characters a text has.
fn width(text: &[u8]) -> usize {
    bstr::ByteSlice::chars(text).count()
}
