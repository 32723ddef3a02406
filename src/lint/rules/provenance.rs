//! Where a patch comes from: the family P.

use super::Family;

pub(super) static RULES: Family = &[];
