//! The names of the files: the family N.

use super::Family;

pub(super) static RULES: Family = &[];
