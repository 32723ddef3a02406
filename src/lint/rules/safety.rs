//! What a patch must not do: the family X.

mod invisible_characters;
mod link_in_tree;
mod oversized;
mod stray_target;
mod symbolic_link;
mod through_symlink;
mod unsafe_path;
mod wrong_mode;

use super::Family;

pub(super) static RULES: Family = &[
    &unsafe_path::RULE,
    &symbolic_link::RULE,
    &wrong_mode::RULE,
    &stray_target::RULE,
    &invisible_characters::RULE,
    &oversized::RULE,
    &through_symlink::RULE,
    &link_in_tree::RULE,
];
