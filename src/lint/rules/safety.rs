//! What a patch must not do: the family X.

use super::Family;

pub(super) static RULES: Family = &[];
