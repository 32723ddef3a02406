//! What becomes of one patch.

use super::hazard::Hazard;
use crate::apply::FileOffsets;
use crate::git::{Oid, PathConflict};
use crate::upstream::Evidence;

/// One patch that was carried, or not.
#[derive(Debug)]
pub struct Pick {
    /// The tree below it on the target.
    pub before: Oid,
    /// The tree with it; the one below if it was not carried.
    pub after: Oid,
    /// What became of it.
    pub outcome: Outcome,
    /// Where the hunks of the unchanged patch stand on the target; empty if they do not apply there.
    pub offsets: Vec<FileOffsets>,
    /// The commit of the target that is, or says that it is, this patch.
    pub evidence: Option<Evidence>,
    /// A person's decision has made it what it is.
    pub decided: bool,
}

impl Pick {
    /// A pick that leaves the tree as it is.
    pub fn skipped(tip: Oid, outcome: Outcome) -> Self {
        Self { before: tip, after: tip, outcome, offsets: Vec::new(), evidence: None, decided: false }
    }

    /// True if a person has to decide before the result can land.
    pub fn is_open(&self) -> bool {
        !self.decided && self.outcome.needs_decision()
    }
}

/// What became of a patch on the target.
#[derive(Debug)]
pub enum Outcome {
    /// It makes the same change at the lines that it names.
    Same,
    /// It makes the same change with the same context, some lines away.
    Offset {
        /// The largest distance in lines.
        lines: u64,
    },
    /// It makes the same change, but its context or its file moved.
    Refreshed {
        /// Why the unchanged patch does not apply.
        reason: String,
    },
    /// The target has it.
    Upstreamed(Proof),
    /// Nothing is left of it, and no proof says why.
    Emptied,
    /// Part of it is in the target; the rest was carried.
    Partial {
        /// Changed lines that are left.
        left: usize,
        /// Changed lines that it had.
        of: usize,
    },
    /// A person decided what becomes of it.
    Resolved {
        /// What conflicted; empty if it was something else that had to be decided.
        paths: Vec<PathConflict>,
    },
    /// It was not carried: a person decides.
    Conflict(Conflict),
    /// It was not carried because an earlier patch was not.
    Blocked {
        /// The index of the patch that it waits for.
        by: usize,
        /// What conflicts without it.
        paths: Vec<PathConflict>,
    },
    /// It does not apply to its own base.
    BaseBad(String),
    /// A person left it out.
    LeftOut,
}

impl Outcome {
    /// True if the patch is part of the new set.
    pub fn is_kept(&self) -> bool {
        matches!(
            self,
            Self::Same | Self::Offset { .. } | Self::Refreshed { .. } | Self::Partial { .. } | Self::Resolved { .. }
        )
    }

    /// True if only a person can say what becomes of the patch.
    pub fn needs_decision(&self) -> bool {
        matches!(
            self,
            Self::Emptied | Self::Partial { .. } | Self::Conflict(_) | Self::Blocked { .. } | Self::BaseBad(_)
        )
    }

    /// True if the patch file can stay as it is, byte for byte.
    pub fn keeps_bytes(&self) -> bool {
        matches!(self, Self::Same | Self::Offset { .. })
    }
}

/// Why a patch was not carried.
#[derive(Debug)]
pub enum Conflict {
    /// The three-way merge left these paths open.
    Merge(Vec<PathConflict>),
    /// The unchanged patch applies, but gives another tree than the three-way merge.
    Disagreement {
        /// The tree of the strict application.
        strict: Oid,
        /// The tree of the three-way merge.
        merged: Oid,
    },
    /// Nothing conflicts, but the merge may hide something that nobody wants.
    Hazard {
        /// What becomes of the patch if nobody minds.
        kept: Box<Pick>,
        /// What it may hide; never empty.
        hazards: Vec<Hazard>,
    },
}

/// Why a patch may be dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// What the trees say.
    pub tree: Option<TreeProof>,
    /// The commit of the target, where history names it.
    pub evidence: Option<Evidence>,
}

/// What the trees of the releases prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TreeProof {
    /// Taking the patch out of the target and putting it back gives the target again.
    Peeled,
    /// Merging the patch into the target changes nothing.
    Empty,
}
