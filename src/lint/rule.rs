//! What a rule is.

use super::facts::{PatchFacts, SetFacts};
use super::mail::Mail;
use super::member::Group;
use super::note::Notes;
use super::run::PatchFile;
use crate::finding::{About, FixClass};

/// A rule: who it is, why it is, and what it looks at.
#[derive(Debug)]
pub struct Rule {
    /// Who it is: id, name, severity and texts.
    pub about: About,
    /// How its findings can be mended; absent if only by a person.
    pub fix: Option<FixClass>,
    /// Where it does not fire.
    pub good: Sample,
    /// Where it fires.
    pub bad: Sample,
    /// What it looks at.
    pub check: Check,
}

/// The part of a set that a rule looks at, and how.
#[derive(Debug, Clone, Copy)]
pub enum Check {
    /// A file, whatever is in it.
    File(fn(&PatchFile<'_>, &mut Notes)),
    /// One patch.
    Patch(fn(&Mail<'_>, &mut Notes)),
    /// The files of a directory. Notes are about members: [`Notes::on`].
    Set(fn(&Group<'_>, &mut Notes)),
    /// All sets together.
    Sets(fn(&[Group<'_>], &mut Notes)),
    /// One patch, with what the linux tree says of it.
    Tree(fn(&Mail<'_>, &PatchFacts, &mut Notes)),
    /// One patch, with what the history of the linux tree says of it.
    History(fn(&Mail<'_>, &PatchFacts, &mut Notes)),
    /// A set, with what the linux tree says of it.
    TreeSet(fn(&Group<'_>, &SetFacts, &mut Notes)),
}

impl Check {
    /// True if it needs the linux tree.
    pub fn needs_tree(self) -> bool {
        matches!(self, Self::Tree(_) | Self::TreeSet(_) | Self::History(_))
    }
}

/// An example, which the tests run and the documentation shows.
#[derive(Debug, Clone, Copy)]
pub enum Sample {
    /// A commit message, subject first, in a patch by `A U Thor <author@example.org>`.
    Message(&'static str),
    /// The header lines of a mail.
    Header(&'static str),
    /// What follows the `---` line.
    Diff(&'static str),
    /// A whole file.
    File(&'static [u8]),
    /// The names of the files of a directory, each a good patch of its own.
    Names(&'static [&'static str]),
    /// Commit messages of the patches of a set, in order; patches with equal subjects make the same change if their
    /// messages are equal.
    Set(&'static [&'static str]),
    /// Words for what only a linux tree can show.
    Words(&'static str),
}

/// The rule of that id or name.
pub fn rule(name: &str) -> Option<&'static Rule> {
    super::RULES.iter().copied().find(|rule| rule.about.id.eq_ignore_ascii_case(name) || rule.about.name == name)
}
