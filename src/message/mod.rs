//! What a mail says about a commit: author, date, subject, body.

use bstr::BString;

/// A name and a mail address, as they stand in a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The name, UTF-8 unless the mail's charset could not be decoded.
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
    /// The subject without `[PATCH n/m]` and `Re:`; other brackets stay.
    pub subject: BString,
    /// What follows the subject and its empty line, trailing blank lines removed; may be empty.
    pub body: BString,
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
