//! Sign-offs and other trailers: the family D.

mod missing_signed_off_by;

use super::Family;

pub(super) static RULES: Family = &[&missing_signed_off_by::RULE];
