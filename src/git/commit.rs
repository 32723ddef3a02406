//! Commits: the few fields that carrying patches needs.

use bstr::{BString, ByteSlice as _};

use super::store::{Kind, Store};
use super::{GitError, Oid};
use crate::message::{Identity, Time};

/// A commit that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its tree.
    pub tree: Oid,
    /// Its parents, the first one first; a shallow clone may lack them.
    pub parents: Vec<Oid>,
    /// Who wrote it.
    pub author: Identity,
    /// When it was written.
    pub author_date: Time,
    /// When it was committed.
    pub committer_date: Time,
    /// The raw message, subject first.
    pub message: BString,
}

/// A commit that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCommit<'a> {
    /// Its tree.
    pub tree: Oid,
    /// Its only parent; `None` for the first commit of a history.
    pub parent: Option<Oid>,
    /// Who wrote it.
    pub author: &'a Identity,
    /// When it was written.
    pub author_date: Time,
    /// When it is said to be committed: pinned, so that the same input gives the same id.
    pub committer_date: Time,
    /// The message.
    pub message: &'a [u8],
}

/// The committer of everything that kpatch commits; pinned, so that the same input gives the same id.
const COMMITTER: &str = "kpatch <kpatch@localhost>";

impl Store {
    /// Reads a commit.
    pub fn commit(&self, id: Oid) -> Result<Commit, GitError> {
        let data = self.object(id, Kind::Commit, "commit")?;
        parse(&data).ok_or(GitError::Corrupt { id, expected: "commit" })
    }

    /// Makes a commit; it stays in memory until [`Store::write_pack`].
    pub fn insert_commit(&self, commit: &NewCommit<'_>) -> Oid {
        let mut out = format!("tree {}\n", commit.tree).into_bytes();
        if let Some(parent) = commit.parent {
            out.extend_from_slice(format!("parent {parent}\n").as_bytes());
        }
        out.extend_from_slice(b"author ");
        out.extend_from_slice(&clean(&commit.author.name));
        out.extend_from_slice(b" <");
        out.extend_from_slice(&clean(&commit.author.email));
        out.extend_from_slice(format!("> {}\n", print_time(commit.author_date)).as_bytes());
        out.extend_from_slice(format!("committer {COMMITTER} {}\n\n", print_time(commit.committer_date)).as_bytes());
        out.extend_from_slice(commit.message);
        self.insert(Kind::Commit, out)
    }
}

/// Git drops the characters that would end a name or an address early (`strbuf_addstr_without_crud`).
fn clean(text: &[u8]) -> BString {
    let crud =
        |byte: &u8| *byte <= 32 || matches!(byte, b'.' | b',' | b':' | b';' | b'<' | b'>' | b'"' | b'\\' | b'\'');
    let start = text.iter().position(|byte| !crud(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !crud(byte)).map_or(start, |end| end + 1);
    text[start..end].iter().copied().filter(|byte| !matches!(byte, b'\n' | b'<' | b'>')).collect::<Vec<u8>>().into()
}

fn print_time(time: Time) -> String {
    let sign = if time.offset < 0 { '-' } else { '+' };
    let offset = time.offset.unsigned_abs();
    format!("{} {sign}{:02}{:02}", time.seconds, offset / 60, offset % 60)
}

fn parse(data: &[u8]) -> Option<Commit> {
    let (header, message) = data.split_once_str("\n\n").unwrap_or((data, b""));
    let mut commit = Commit {
        tree: Oid::null(gix::hash::Kind::Sha1),
        parents: Vec::new(),
        author: Identity { name: BString::default(), email: BString::default() },
        author_date: Time { seconds: 0, offset: 0 },
        committer_date: Time { seconds: 0, offset: 0 },
        message: message.into(),
    };
    let mut has_tree = false;
    for line in header.lines() {
        if let Some(id) = line.strip_prefix(b"tree ") {
            commit.tree = Oid::from_hex(id).ok()?;
            has_tree = true;
        } else if let Some(id) = line.strip_prefix(b"parent ") {
            commit.parents.push(Oid::from_hex(id).ok()?);
        } else if let Some(person) = line.strip_prefix(b"author ") {
            (commit.author, commit.author_date) = parse_person(person)?;
        } else if let Some(person) = line.strip_prefix(b"committer ") {
            (_, commit.committer_date) = parse_person(person)?;
        }
    }
    has_tree.then_some(commit)
}

fn parse_person(person: &[u8]) -> Option<(Identity, Time)> {
    let close = person.rfind_byte(b'>')?;
    let open = person[..close].find_byte(b'<')?;
    let identity = Identity { name: person[..open].trim().into(), email: person[open + 1..close].into() };
    let mut words = person[close + 1..].to_str().ok()?.split_whitespace();
    let seconds = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
    let zone: i32 = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
    let offset = zone.signum() * (zone.abs() / 100 * 60 + zone.abs() % 100);
    Some((identity, Time { seconds, offset }))
}
