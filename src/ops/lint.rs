//! `kpatch lint`: the rules on sets of patches.

pub mod report;
#[allow(dead_code, reason = "nobody asks yet")]
mod tree;
