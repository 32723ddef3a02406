//! `kpatch lint`: the rules on sets of patches.

pub mod report;
mod tree;
