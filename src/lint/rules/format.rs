//! Whether a file can be read as git am reads it: the family F.

use super::Family;

pub(super) static RULES: Family = &[];
