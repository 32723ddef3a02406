//! Finds patches that a release already has, with proof, and the commits that others conflict with.

mod causes;
mod history;
mod peel;
mod said;

pub use causes::{Cause, Deed, Inquiry, Why, prerequisites};
pub use history::{Claim, Evidence, History, How, Named, Search, same_change};
pub use peel::peel;

use crate::diff::FileDiff;
use crate::git::{Oid, Walk};

/// What one patch does on its own base: the part of a stack that detection needs.
#[derive(Debug, Clone)]
pub struct Effect<'a> {
    /// The paths that it changes, with what stands there before and after.
    pub changes: &'a [Walk],
    /// The diffs that say so.
    pub diffs: &'a [FileDiff],
}

/// Trees of the two releases.
#[derive(Debug, Clone, Copy)]
pub struct Releases {
    /// The tree of the base.
    pub base: Oid,
    /// The tree of the target.
    pub target: Oid,
}
