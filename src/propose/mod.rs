//! Proposes resolutions of merge conflicts. A proposal is shown to a person and never taken unasked.
//!
//! The strategies, in the order of trust: what a person resolved before ([`recorded`]), a syntax-aware merge by an
//! external program ([`mergiraf`]), edits that touch without overlapping (`diff::adjacency`), edits of different words
//! (`diff::token`), and the same change at the place where its lines went (`moved`). Each of them falls back to the
//! ones that it is built on, stretch by stretch, so that a patch with several conflicts may be decided as a whole.

mod align;
mod files;
pub mod mergiraf;
mod moved;
pub mod recorded;
mod sanity;

use bstr::BString;

pub use mergiraf::Mergiraf;
pub use recorded::{Resolution, ResolutionError, Resolutions};

use crate::git::{Entry, GitError, Oid, PathConflict, Store, Walk};
use crate::text::visible;

/// How a proposal was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Strategy {
    /// A person resolved the same stretches before.
    Recorded,
    /// By the program of that name, which knows the syntax.
    Mergiraf,
    /// Edits that touch, but do not overlap, are both taken.
    Adjacency,
    /// Edits of different words are both taken.
    Token,
    /// The change is made where upstream moved the code to.
    Moved,
}

impl Strategy {
    /// All of them, the most trusted first.
    pub const ALL: [Self; 5] = [Self::Recorded, Self::Mergiraf, Self::Adjacency, Self::Token, Self::Moved];

    /// The name in reports and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Mergiraf => "mergiraf",
            Self::Adjacency => "adjacency",
            Self::Token => "token",
            Self::Moved => "moved",
        }
    }
}

/// Reads a name; anything but the names of [`Strategy::as_str`] is an error.
impl std::str::FromStr for Strategy {
    type Err = UnknownStrategy;

    fn from_str(name: &str) -> Result<Self, UnknownStrategy> {
        let known = Self::ALL.into_iter().find(|strategy| strategy.as_str() == name);
        known.ok_or_else(|| UnknownStrategy(visible(name.as_bytes())))
    }
}

/// A name that no strategy has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown strategy '{0}': use recorded, mergiraf, adjacency, token or moved")]
pub struct UnknownStrategy(String);

/// A way to resolve all conflicts of one patch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The least trusted strategy that it needs.
    pub strategy: Strategy,
    /// One line for display that says what it does.
    pub summary: String,
    /// What becomes of the conflicting paths, and of paths that take their changes over, in path order. The paths that
    /// merge without a conflict are not among them, unless they take a change over.
    pub files: Vec<ProposedFile>,
}

/// A file of a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedFile {
    /// The path on the target.
    pub path: BString,
    /// The file to be, its blob in the store's memory; `None` for no file.
    pub entry: Option<Entry>,
    /// The stretches that are proposed for, in order.
    pub stretches: Vec<Stretch>,
}

/// The versions of a conflicting stretch and what is proposed for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The first line in the target's file, from 1; the line that it would have if the stretch has none there.
    pub line: u32,
    /// The common ancestor's lines.
    pub base: Vec<u8>,
    /// The target's lines.
    pub ours: Vec<u8>,
    /// The patch's lines.
    pub theirs: Vec<u8>,
    /// The proposed lines.
    pub proposed: Vec<u8>,
}

/// A patch that conflicts, with everything that proposing reads.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The objects; proposed blobs are added to it, in memory.
    pub store: &'a Store,
    /// The tree of the target below the patch.
    pub tip: Oid,
    /// The tree of the old release.
    pub base: Oid,
    /// The tree of the new release.
    pub target: Oid,
    /// What the patch does to its own parent.
    pub changes: &'a [Walk],
    /// What its merge into the tip left open ([`crate::git::Merge::conflicts`]).
    pub conflicts: &'a [PathConflict],
    /// What people resolved before.
    pub recorded: &'a Resolutions,
    /// The program, if it is to be asked.
    pub mergiraf: Option<&'a Mergiraf>,
}

/// The ways to resolve all conflicts of a patch, the most trusted first; equal results once.
///
/// Empty if no strategy decides every conflict, or if nothing would be left of the patch.
pub fn propose(question: &Question<'_>) -> Result<Vec<Proposal>, GitError> {
    let mut proposals: Vec<Proposal> = Vec::new();
    let mut work = files::Work::new(*question);
    for strategy in Strategy::ALL {
        let Some(files) = work.files(strategy)? else { continue };
        let known = |proposal: &Proposal| proposal.files.iter().map(decision).eq(files.iter().map(decision));
        if !proposals.iter().any(known) && sanity::leaves_something(question, &files)? {
            proposals.push(Proposal { strategy, summary: summary(strategy, &files), files });
        }
    }
    Ok(proposals)
}

/// What makes two proposals equal.
fn decision(file: &ProposedFile) -> (&BString, Option<Entry>) {
    (&file.path, file.entry)
}

fn summary(strategy: Strategy, files: &[ProposedFile]) -> String {
    let stretches: usize = files.iter().map(|file| file.stretches.len()).sum();
    let places = match stretches {
        1 => "1 conflicting stretch".to_owned(),
        count => format!("{count} conflicting stretches"),
    };
    match strategy {
        Strategy::Recorded => format!("resolves {places} as they were resolved before"),
        Strategy::Mergiraf => format!("resolves {places} by the syntax of the language"),
        Strategy::Adjacency => format!("takes the edits of both sides in {places}: they touch, but do not overlap"),
        Strategy::Token => format!("takes the edits of both sides in {places}: they change different words"),
        Strategy::Moved => {
            let to = files.iter().filter(|file| file.entry.is_some() && !file.stretches.is_empty());
            let to: Vec<String> = to.map(|file| visible(&file.path)).collect();
            format!("makes the change in {}, where its lines are now", to.join(", "))
        }
    }
}

#[cfg(test)]
mod tests;
