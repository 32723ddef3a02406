//! What a mail says about a commit: author, date, subject, body.
//!
//! The rules are those of `git am --keep-cr --keep-non-patch --no-scissors`, so that a patch read here makes the same
//! commit that git would make of it.

use bstr::BString;

mod address;
mod charset;
mod clean;
mod dep3;
mod encoded;
pub mod footer;
mod foreign;
mod header;
mod lines;
mod mime;
#[cfg(test)]
pub(crate) mod oracle;
mod read;
mod series;
#[cfg(test)]
mod tests;
mod thread;
mod time;

pub use foreign::Form;
pub(crate) use read::breaks;
pub use read::{Boundary, Draft, FieldAt, Reading, examine, read};
pub use series::Announced;
pub use thread::{Endorsement, Threaded, endorsements};

pub(crate) use lines::{is_space, lines, trim_end, trim_line_end};

/// A name and a mail address, as they stand in a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The name in UTF-8; bytes that are not are taken for Latin-1, as git does.
    pub name: BString,
    /// The address without angle brackets.
    pub email: BString,
}

/// A moment in git's terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time {
    /// Seconds since 1970-01-01 UTC.
    pub seconds: i64,
    /// The zone's distance from UTC in minutes, east positive.
    pub offset: i32,
}

/// What `git am --keep-cr --keep-non-patch --no-scissors` takes from a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who wrote the patch; an in-body `From:` wins over the header.
    pub author: Identity,
    /// When; `None` for a mail without a date.
    pub date: Option<Time>,
    /// The subject on one line, without `[PATCH n/m]` and `Re:`; other brackets stay. Never empty.
    pub subject: BString,
    /// What follows the subject and its empty line, in UTF-8: no blank lines at its ends, no two in a row, no white
    /// space at line ends. Ends in `\n` unless it is empty.
    pub body: BString,
}

/// Why no message could be read. Offsets are in bytes of the mail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// No header names an author.
    #[error("no author")]
    NoAuthor {
        /// Where the mail begins.
        offset: usize,
    },
    /// The author has no mail address that could be one.
    #[error("the author '{value}' has no mail address")]
    BadAddress {
        /// Where the author stands.
        offset: usize,
        /// What stands there, made fit for display.
        value: String,
    },
    /// Neither a header nor the text gives a subject.
    #[error("no subject")]
    NoSubject {
        /// Where the mail begins, or its empty subject.
        offset: usize,
    },
    /// The date says nothing, as git reads dates.
    #[error("invalid date '{value}'")]
    BadDate {
        /// Where the date stands.
        offset: usize,
        /// What stands there, made fit for display.
        value: String,
    },
    /// Text in a character set that is unknown, or that the text does not keep to.
    #[error("text that is not in the character set '{charset}' that it names")]
    Charset {
        /// Where the text stands.
        offset: usize,
        /// The name of the character set, made fit for display.
        charset: String,
    },
    /// A NUL byte, which no commit can hold.
    #[error("a NUL byte in the message")]
    Nul {
        /// Where the text with the NUL begins.
        offset: usize,
    },
}

impl MessageError {
    /// Where the trouble is, in bytes from the start of the mail's text.
    pub fn offset(&self) -> usize {
        match self {
            Self::NoAuthor { offset }
            | Self::BadAddress { offset, .. }
            | Self::NoSubject { offset }
            | Self::BadDate { offset, .. }
            | Self::Charset { offset, .. }
            | Self::Nul { offset } => *offset,
        }
    }

    fn move_to(&mut self, to: usize) {
        match self {
            Self::NoAuthor { offset }
            | Self::BadAddress { offset, .. }
            | Self::NoSubject { offset }
            | Self::BadDate { offset, .. }
            | Self::Charset { offset, .. }
            | Self::Nul { offset } => *offset = to,
        }
    }

    /// The way out, as one sentence.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoAuthor { .. } => "add a line 'From: Name <mail>'",
            Self::BadAddress { .. } => "write the author as 'From: Name <mail@host>'",
            Self::NoSubject { .. } => "add a line 'Subject: ...'",
            Self::BadDate { .. } => "write the date as 'Date: Mon, 16 Nov 2020 10:11:12 +0000', or remove the line",
            Self::Charset { .. } => "save the file in UTF-8 and say 'charset=UTF-8' in its Content-Type line",
            Self::Nul { .. } => "remove the NUL byte",
        }
    }
}

impl Message {
    /// The message as it stands in the commit object: subject, empty line, body, one line end.
    pub fn to_commit_message(&self) -> BString {
        let mut out = self.subject.clone();
        out.push(b'\n');
        if !self.body.is_empty() {
            out.push(b'\n');
            out.extend_from_slice(&self.body);
            if !self.body.ends_with(b"\n") {
                out.push(b'\n');
            }
        }
        out
    }
}
