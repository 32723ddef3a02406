//! Patches beside each other: the family S.

use super::Family;

pub(super) static RULES: Family = &[];
