//! What a rule says while it looks: a place, a sentence, a way out.

use std::ops::Range;

use crate::finding::{FixClass, Severity};

/// Where a note is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The patch, or the file, as a whole.
    Whole,
    /// Bytes of the text of the patch ([`crate::patch::Draft::text`]); an empty range is the whole line that it is in.
    Text(Range<usize>),
    /// A line of the file, from 1, as a whole.
    Line(usize),
    /// A member of the set, by its index among the members of its group.
    Member(usize),
    /// Another entry of the directory, by its name.
    Entry(String),
    /// The directory.
    Directory,
}

/// How to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FixKind {
    /// Replace bytes of the text of the patch. The ranges are in order and do not overlap.
    Edit(Vec<(Range<usize>, Vec<u8>)>),
    /// Give the file this name, without directories.
    Rename(String),
    /// Remove the file.
    Delete,
    /// Write each mail of the file into a file of its own.
    Split,
}

/// How to mend it, and how far that may be trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What to do.
    pub kind: FixKind,
    /// How far it may be trusted.
    pub class: FixClass,
}

/// What a rule says of one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Which of several groups it is about; 0 unless the check looks at all sets.
    pub group: usize,
    /// Where.
    pub place: Place,
    /// What is wrong, in lower case, without a full stop. Bytes of the user's are made visible.
    pub message: String,
    /// The way out, in the imperative.
    pub help: Option<String>,
    /// If it is not as bad as the rule says, or worse.
    pub severity: Option<Severity>,
    /// How to mend it.
    pub fix: Option<Fix>,
}

impl Note {
    /// Says the way out.
    pub fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    /// Says that it is better or worse than the rule's own severity.
    pub fn severity(&mut self, severity: Severity) -> &mut Self {
        self.severity = Some(severity);
        self
    }

    /// Says how to mend it without changing a tree.
    pub fn safe(&mut self, kind: FixKind) -> &mut Self {
        self.fix = Some(Fix { kind, class: FixClass::Safe });
        self
    }

    /// Says how to mend it for somebody who looks at the result.
    pub fn risky(&mut self, kind: FixKind) -> &mut Self {
        self.fix = Some(Fix { kind, class: FixClass::Unsafe });
        self
    }
}

/// Collects the notes of one rule.
#[derive(Debug, Default)]
pub struct Notes {
    notes: Vec<Note>,
}

impl Notes {
    /// About bytes of the text of the patch; an empty range is the whole line that it is in.
    pub fn at(&mut self, range: Range<usize>, message: impl Into<String>) -> &mut Note {
        self.push(0, Place::Text(range), message.into())
    }

    /// About the file or the patch as a whole.
    pub fn whole(&mut self, message: impl Into<String>) -> &mut Note {
        self.push(0, Place::Whole, message.into())
    }

    /// About a line of the file.
    pub fn line(&mut self, line: usize, message: impl Into<String>) -> &mut Note {
        self.push(0, Place::Line(line), message.into())
    }

    /// About a member of the set.
    pub fn on(&mut self, member: usize, message: impl Into<String>) -> &mut Note {
        self.push(0, Place::Member(member), message.into())
    }

    /// About a member of one of several sets.
    pub fn on_of(&mut self, group: usize, member: usize, message: impl Into<String>) -> &mut Note {
        self.push(group, Place::Member(member), message.into())
    }

    /// About another entry of the directory.
    pub fn entry(&mut self, name: &str, message: impl Into<String>) -> &mut Note {
        self.push(0, Place::Entry(name.to_owned()), message.into())
    }

    /// About the directory.
    pub fn directory(&mut self, message: impl Into<String>) -> &mut Note {
        self.push(0, Place::Directory, message.into())
    }

    fn push(&mut self, group: usize, place: Place, message: String) -> &mut Note {
        self.notes.push(Note { group, place, message, help: None, severity: None, fix: None });
        self.notes.last_mut().expect("it was just put there")
    }

    /// All that was said.
    pub fn into_inner(self) -> Vec<Note> {
        self.notes
    }
}
