//! The commit message: the family M.

use super::Family;

pub(super) static RULES: Family = &[];
