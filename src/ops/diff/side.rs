//! One of the two sets, read.

use std::borrow::Cow;

use bstr::BString;

use super::PatchPlace;
use crate::compare;
use crate::diff::FileDiff;
use crate::message::Identity;
use crate::patch::Patch;
use crate::patch_set::PatchSet;
use crate::text::visible;

/// A set with the name that the user gave it.
pub(super) struct Side {
    pub(super) name: String,
    pub(super) members: Vec<Member>,
}

/// A patch of a set, wherever it comes from.
pub(super) enum Member {
    /// From a file.
    File(Patch),
    /// From the linux tree.
    Commit(CommitPatch),
}

/// A commit as a patch.
pub(super) struct CommitPatch {
    /// 40 hex digits.
    pub(super) id: String,
    pub(super) author: Identity,
    /// As it stands in the commit.
    pub(super) message: BString,
    pub(super) diff: Vec<FileDiff>,
}

impl Side {
    /// The patches of a directory.
    pub(super) fn of_files(name: String, set: PatchSet) -> Self {
        Self { name, members: set.patches.into_iter().map(Member::File).collect() }
    }
}

impl Member {
    /// What is compared of it.
    pub(super) fn compared(&self) -> compare::Member<'_> {
        match self {
            Self::File(patch) => patch.into(),
            Self::Commit(commit) => {
                compare::Member { author: &commit.author, message: Cow::Borrowed(&commit.message), diff: &commit.diff }
            }
        }
    }

    /// Where it stands, as the patch of that number.
    pub(super) fn place(&self, number: usize) -> PatchPlace {
        match self {
            Self::File(patch) => PatchPlace { number, file: Some(visible(patch.file.as_bytes())), commit: None },
            Self::Commit(commit) => PatchPlace { number, file: None, commit: Some(commit.id.clone()) },
        }
    }
}
