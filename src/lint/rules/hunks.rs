//! What stands in the diffs: the family H.

use super::Family;

pub(super) static RULES: Family = &[];
