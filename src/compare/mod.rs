//! Two patch sets side by side, as `git range-diff` compares two lines of commits.
//!
//! Each patch becomes a text of its author, its message and its diff without line numbers. Patches with equal diffs
//! are one another's counterpart; the others are paired so that the diffs between the texts are smallest in all, and
//! a patch goes without a counterpart where that is cheaper than a long diff.

use std::borrow::Cow;

use bstr::BString;

use crate::diff::FileDiff;
use crate::message::Identity;
use crate::patch::Patch;

mod assignment;
mod body;
mod order;
mod pairing;
mod text;

use text::Text;

/// A patch of one of the two sets: what is compared of it. Dates and line numbers are not.
#[derive(Debug, Clone)]
pub struct Member<'a> {
    /// Who wrote it.
    pub author: &'a Identity,
    /// The whole message as it stands in a commit, in UTF-8: subject, empty line, body.
    pub message: Cow<'a, [u8]>,
    /// What it changes; empty for a commit that changes nothing.
    pub diff: &'a [FileDiff],
}

impl<'a> From<&'a Patch> for Member<'a> {
    fn from(patch: &'a Patch) -> Self {
        let message = Cow::Owned(patch.message.to_commit_message().into());
        Self { author: &patch.message.author, message, diff: &patch.diff }
    }
}

/// How a patch of the new set and one of the old set stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Relation {
    /// Author, message, changed lines and context are the same; line numbers aside.
    Same,
    /// The same, at another place among the others.
    Moved,
    /// Only the author or the message differ.
    Message,
    /// The changed lines are the same, what stands around them differs.
    Context,
    /// The changed lines differ.
    Changed,
    /// The new set has it, the old one has no counterpart.
    Added,
    /// The old set has it, the new one has no counterpart.
    Dropped,
}

impl Relation {
    /// Every relation, from the one that needs no look to those that need most.
    pub const ALL: [Self; 7] =
        [Self::Same, Self::Moved, Self::Message, Self::Context, Self::Changed, Self::Dropped, Self::Added];

    /// The relation as one word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Moved => "moved",
            Self::Message => "message",
            Self::Context => "context",
            Self::Changed => "changed",
            Self::Added => "added",
            Self::Dropped => "dropped",
        }
    }

    /// The sign between the two patches in the output of `git range-diff`.
    pub fn sign(self) -> char {
        match self {
            Self::Same | Self::Moved => '=',
            Self::Message | Self::Context | Self::Changed => '!',
            Self::Added => '>',
            Self::Dropped => '<',
        }
    }
}

/// A patch with its counterpart, or without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Its index in the old set; `None` for an added one.
    pub old: Option<usize>,
    /// Its index in the new set; `None` for a dropped one.
    pub new: Option<usize>,
    /// The subject of the old patch, or of the added one.
    pub title: BString,
    /// What is to be said of it.
    pub relation: Relation,
    /// Author or message differ, whatever else does.
    pub message_differs: bool,
    /// It stands at another place among the others, whatever else differs: the fewest patches that would have to be
    /// taken out for all others to be in the old order.
    pub moved: bool,
    /// The diff between the two texts as `git range-diff --no-color` shows it, without the indent of four blanks;
    /// empty unless the relation is [`Message`](Relation::Message), [`Context`](Relation::Context) or
    /// [`Changed`](Relation::Changed).
    pub diff: BString,
}

/// Compares two patch sets.
///
/// The pairs come in the order of `git range-diff`: that of the new set, each dropped patch as soon as all that stood
/// before it in the old set have been shown.
pub fn compare(old: &[Member<'_>], new: &[Member<'_>]) -> Vec<Pair> {
    let [old, new] = [old, new].map(|set| set.iter().map(Text::of).collect::<Vec<Text>>());
    let counterparts = pairing::counterparts(&old, &new);
    let moved = order::out_of_order(&counterparts);
    let rows = order::rows(&counterparts, old.len());
    rows.into_iter()
        .map(|row| match row {
            (Some(at), Some(to)) => pair(at, to, &old[at], &new[to], moved[to]),
            (Some(at), None) => single(row, &old[at], Relation::Dropped),
            (None, Some(to)) => single(row, &new[to], Relation::Added),
            (None, None) => unreachable!("a row shows something"),
        })
        .collect()
}

fn single((old, new): (Option<usize>, Option<usize>), text: &Text, relation: Relation) -> Pair {
    let title = text.title().to_owned();
    Pair { old, new, title, relation, message_differs: false, moved: false, diff: BString::default() }
}

fn pair(at: usize, to: usize, old: &Text, new: &Text, moved: bool) -> Pair {
    let message_differs = old.message() != new.message();
    let relation = match () {
        () if old.changes() != new.changes() => Relation::Changed,
        () if old.diff() != new.diff() => Relation::Context,
        () if message_differs => Relation::Message,
        () if moved => Relation::Moved,
        () => Relation::Same,
    };
    let diff = if relation.sign() == '!' { body::diff(old.all(), new.all()) } else { BString::default() };
    Pair { old: Some(at), new: Some(to), title: old.title().to_owned(), relation, message_differs, moved, diff }
}
