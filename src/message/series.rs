//! What a mail's raw subject says: `[PATCH v2 3/7]`, `Re:`.

use bstr::{BString, ByteSlice as _};

use super::header::Header;
use super::{encoded, foreign};

/// What the subject of a mail announces.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Announced {
    /// The subject as it stands in the mail, decoded and on one line; empty if there is none.
    pub subject: BString,
    /// It begins with `Re:`.
    pub is_reply: bool,
    /// Number and count of `[PATCH 3/7]`; the number of a cover letter is 0.
    pub part: Option<(u32, u32)>,
    /// The version of `[PATCH v2]`; 1 where none is named.
    pub version: u32,
}

impl Announced {
    /// Reads the subject among the headers of a mail.
    pub fn read(mail: &[u8]) -> Self {
        let header = Header::read(mail, foreign::start(mail));
        let raw = header.last("Subject").and_then(|field| field.value("Subject")).unwrap_or_default();
        let subject = encoded::words(raw).unwrap_or_else(|_| raw.to_vec());
        let mut found = Self { subject: subject.trim().into(), version: 1, ..Self::default() };
        let mut rest = found.subject.as_slice();
        while let Some(after) = reply(rest) {
            found.is_reply = true;
            rest = after.trim_start();
        }
        while let Some((tag, after)) = rest.strip_prefix(b"[").and_then(|rest| rest.split_once_str("]")) {
            if tag.contains_str("PATCH") || tag.contains_str("RFC") {
                for word in tag.split(|byte| byte.is_ascii_whitespace() || *byte == b',') {
                    found.part = found.part.or_else(|| fraction(word));
                    found.version = version(word).unwrap_or(found.version);
                }
            }
            rest = after.trim_start();
        }
        found
    }

    /// True for the letter that introduces a series.
    pub fn is_cover(&self) -> bool {
        !self.is_reply && matches!(self.part, Some((0, _)))
    }
}

fn reply(subject: &[u8]) -> Option<&[u8]> {
    let (start, rest) = subject.split_at_checked(3)?;
    start.eq_ignore_ascii_case(b"re:").then_some(rest)
}

/// `03/17`.
fn fraction(word: &[u8]) -> Option<(u32, u32)> {
    let (number, count) = word.split_once_str("/")?;
    let digits = |text: &[u8]| {
        let plain = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
        if plain { text.to_str().ok()?.parse::<u32>().ok() } else { None }
    };
    Some((digits(number)?, digits(count)?))
}

/// `v2`.
fn version(word: &[u8]) -> Option<u32> {
    word.strip_prefix(b"v").or_else(|| word.strip_prefix(b"V"))?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_announce_their_place() {
        let read = |subject: &str| Announced::read(format!("From: a <a@b>\nSubject: {subject}\n\nbody\n").as_bytes());
        let of = |subject| {
            let read = read(subject);
            (read.is_reply, read.part, read.version)
        };
        assert_eq!(of("[PATCH] x"), (false, None, 1));
        assert_eq!(of("[PATCH v3 net-next 02/10] x 1/2"), (false, Some((2, 10)), 3));
        assert_eq!(of("[RFC PATCH 0/3]\n x"), (false, Some((0, 3)), 1));
        assert_eq!(of("Re: re: [PATCH 1/2] x"), (true, Some((1, 2)), 1));
        assert_eq!(of("[media] [PATCH,v2,1/2] x"), (false, Some((1, 2)), 2));
        assert_eq!(of("=?utf-8?q?=5BPATCH_0/2=5D_gr=C3=B6=C3=9Fer?="), (false, Some((0, 2)), 1));
        assert_eq!(of("x [PATCH 1/2]"), (false, None, 1));
        assert!(read("[PATCH 0/2] x").is_cover() && !read("Re: [PATCH 0/2] x").is_cover());
        assert_eq!(Announced::read(b"no mail"), Announced { version: 1, ..Announced::default() });
    }
}
