//! What a linux tree says of patches, as data: whoever has a tree finds it out, the rules judge it.

use crate::git::Oid;

/// What is known of one patch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatchFacts {
    /// The tag that its set is for.
    pub base: String,
    /// What became of it there: how far its hunks stand from the lines that they name, or why it does not apply.
    pub applied: Result<Vec<Drift>, String>,
    /// An earlier patch for the same files that does not apply, by its file: this one was tried without it.
    pub after_failure: Option<String>,
    /// Hunks that could go elsewhere, or that are there already.
    pub ambiguous: Vec<HunkFacts>,
    /// A symbolic link of the base, or of an earlier patch, that it writes to or through: the path.
    pub link: Option<String>,
    /// What history says; absent where the linux tree has none.
    pub upstream: Option<UpstreamFacts>,
}

/// How far the hunks of one file stand from the lines that they name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// Which diff of the patch, from 0.
    pub diff: usize,
    /// Found line minus named line of each hunk.
    pub offsets: Vec<i64>,
}

/// A hunk whose place is not the only one that would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HunkFacts {
    /// Which diff of the patch, from 0.
    pub diff: usize,
    /// Which hunk of that diff, from 0.
    pub hunk: usize,
    /// The lines of the file below the patch where its old lines stand, from 1.
    pub places: Vec<u32>,
    /// The lines where its new lines stand already, from 1.
    pub already: Vec<u32>,
}

/// What history says of one patch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UpstreamFacts {
    /// The commits that it says it is, in the order of [`super::Provenance::claims`].
    pub claims: Vec<ClaimFacts>,
    /// Commits that it says it reverts and that are not in the tree.
    pub unknown_reverts: Vec<String>,
    /// Abbreviated ids of its `Fixes:` lines that are not in the tree.
    pub unknown_fixes: Vec<String>,
    /// The commit of the base that is this patch.
    pub in_base: Option<Found>,
    /// The commit of a newer release that is this patch, by its ids or its title.
    pub in_newer: Option<Found>,
    /// The commit that makes the same change, or has the same title, for a patch that names no source.
    pub copy_of: Option<Found>,
    /// Commits that say they fix what this patch is a copy of.
    pub fixed_by: Vec<Found>,
    /// The commit that reverts what this patch is a copy of.
    pub reverted_by: Option<Found>,
}

/// What the tree has of a commit that a patch says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimFacts {
    /// The line of the body that says it.
    pub line: usize,
    /// The commit, 40 hex digits.
    pub id: String,
    /// True if the tree has it.
    pub is_known: bool,
    /// The `*-linuxkit` branch that alone has it.
    pub local: Option<String>,
    /// True if a release has it.
    pub is_released: bool,
    /// True if it makes the same change, context aside; absent if it could not be compared.
    pub is_same: Option<bool>,
}

/// A commit of the linux tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The commit, 40 hex digits.
    pub commit: String,
    /// Its title, for display.
    pub title: String,
    /// The tag at whose end it was found.
    pub until: String,
    /// How it was recognized, as a phrase: `makes the same change`.
    pub how: &'static str,
}

impl Found {
    /// [`Found::how`] for a commit that is known by its title alone.
    pub const SAME_TITLE: &'static str = "has the same title";
}

/// What is known of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetFacts {
    /// The tag that it is for.
    pub base: String,
    /// The tree that `git am` gives, or the first patch that fails and why.
    pub am: Result<Oid, String>,
    /// The tree that `patch -F0` gives, or the first patch that fails and why.
    pub patch: Result<Oid, String>,
    /// The branch of the set and its tree, if there is one.
    pub branch: Option<(String, Oid)>,
}
