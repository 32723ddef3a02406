//! What ties mails together: their ids, and the lines of replies in which people stand for a patch.

use bstr::{BString, ByteSlice as _};

use super::address::is_address;
use super::header::Header;
use super::{examine, foreign};

/// Where a mail stands in its thread. Ids are without their angle brackets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Threaded {
    /// Its own id; `None` if it has none.
    pub id: Option<String>,
    /// The mails that it follows, the nearest first: what it replies to, then its references backwards.
    pub before: Vec<String>,
}

impl Threaded {
    /// Reads the headers of a mail.
    pub fn read(mail: &[u8]) -> Self {
        let header = Header::read(mail, foreign::start(mail));
        let of = |name: &str| {
            let value = header.last(name).and_then(|field| field.value(name)).unwrap_or_default();
            ids(value)
        };
        let mut before = of("In-Reply-To");
        for id in of("References").into_iter().rev() {
            if !before.contains(&id) {
                before.push(id);
            }
        }
        Self { id: of("Message-ID").pop(), before }
    }
}

/// Everything in angle brackets.
fn ids(value: &[u8]) -> Vec<String> {
    let parts = value.split_str("<").skip(1).filter_map(|part| Some(part.split_once_str(">")?.0));
    parts.filter_map(|id| Some(id.to_str().ok()?.trim().to_owned())).filter(|id| !id.is_empty()).collect()
}

/// A line such as `Reviewed-by: Ada Example <ada@example.org>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endorsement {
    /// The line, without its end.
    pub line: BString,
    /// The person that it names is the one who wrote the mail.
    pub own: bool,
}

/// The lines of a reply in which people stand for what it replies to. What is quoted and what follows a signature does not count, and neither
/// do sign-offs, which are for those who pass a patch on.
pub fn endorsements(reply: &[u8]) -> Vec<Endorsement> {
    let draft = examine(reply);
    let author = draft.author.as_ref().ok().map(|author| author.email.to_ascii_lowercase());
    let body = draft.body.lines().map(<[u8]>::trim).take_while(|line| *line != b"--");
    let read = |line: &[u8]| {
        let email = endorser(line)?;
        Some(Endorsement { line: line.into(), own: author.as_deref() == Some(email.to_ascii_lowercase().as_slice()) })
    };
    body.filter_map(read).collect()
}

/// The address in a line that is an endorsement.
fn endorser(line: &[u8]) -> Option<&[u8]> {
    let (name, person) = line.split_once_str(":")?;
    let is_word = name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
    let name = name.to_ascii_lowercase();
    let counts = name.ends_with(b"-by") && !matches!(name.as_slice(), b"signed-off-by" | b"co-developed-by");
    let (_, rest) = person.split_once_str("<")?;
    let (email, _) = rest.split_once_str(">")?;
    (is_word && counts && is_address(email)).then_some(email)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_knows_those_before_it() {
        let mail = b"From: a <a@b.c>\nMessage-Id: <3@x>\nIn-Reply-To: <2@x>\nReferences: <0@x>\n <1@x> <2@x>\nSubject: s\n\ntext <9@x>\n";
        let threaded = Threaded::read(mail);
        assert_eq!(threaded.id.as_deref(), Some("3@x"));
        assert_eq!(threaded.before, ["2@x", "1@x", "0@x"]);
        assert_eq!(Threaded::read(b"From: a <a@b.c>\nIn-Reply-To: a mail of <\n\n"), Threaded::default());
    }

    #[test]
    fn people_stand_for_what_they_say_themselves() {
        let reply = "From: Ada Example <Ada@example.org>\nSubject: Re: [PATCH] x\n\nOn Monday, B wrote:\n> Reviewed-by: B <b@x.y>\n\n\
            Looks good.\n\nReviewed-by: Ada Example <ada@example.org> # the first half\nTested-by: Bob <bob@example.org>\n\
            Signed-off-by: Ada Example <ada@example.org>\nacked-by: nobody\nFixed by: Ada <ada@example.org>\n\
            -- \nAcked-by: Ada Example <ada@example.org>\n";
        let found: Vec<(String, bool)> =
            endorsements(reply.as_bytes()).into_iter().map(|found| (found.line.to_string(), found.own)).collect();
        let wanted = [
            ("Reviewed-by: Ada Example <ada@example.org> # the first half".to_owned(), true),
            ("Tested-by: Bob <bob@example.org>".to_owned(), false),
        ];
        assert_eq!(found, wanted);
    }
}
