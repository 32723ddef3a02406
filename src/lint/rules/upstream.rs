//! What upstream has made of a patch: the family U.

use super::Family;

pub(super) static RULES: Family = &[];
