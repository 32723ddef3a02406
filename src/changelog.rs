//! Reads the `ChangeLog-6.6.14` that kernel.org has beside each stable release: the output of `git log` for all commits since
//! the release before it, newest first.

use bstr::{BStr, BString, ByteSlice as _};
use chrono::DateTime;

use crate::text::visible;

/// A commit as a ChangeLog tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// The commit, 40 hex digits in lower case.
    pub id: String,
    /// When it was written, in seconds since 1970-01-01 UTC; `None` where that cannot be read.
    pub date: Option<i64>,
    /// The message without the four blanks in front of each line.
    pub message: BString,
}

impl Logged {
    /// The first line of the message.
    pub fn title(&self) -> &BStr {
        self.message.lines().next().unwrap_or_default().as_bstr()
    }
}

/// Why a text is no ChangeLog.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct Malformed {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

/// Characters of a bad line that are shown.
const SHOWN: usize = 60;

/// The commits of a ChangeLog, in its order. A text that ends in the middle of a line or of a commit was cut, and is none.
pub fn parse(text: &[u8]) -> Result<Vec<Logged>, Malformed> {
    let mut all: Vec<Logged> = Vec::new();
    let mut part = Part::Between;
    let mut last = 0;
    for (at, line) in text.lines_with_terminator().enumerate() {
        last = at + 1;
        let bad = |reason: String| Malformed { line: at + 1, reason };
        let Some(line) = line.strip_suffix(b"\n") else { return Err(bad("the text ends within a line".to_owned())) };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        part = match (part, all.last_mut()) {
            // An indented line is of a message whatever it says.
            (Part::Between | Part::Message, _) if line.starts_with(b"commit ") => {
                let id = commit_id(line).ok_or_else(|| bad(format!("{} names no commit", shown(line))))?;
                all.push(Logged { id, date: None, message: BString::default() });
                Part::Head
            }
            (Part::Head, _) if line.is_empty() => Part::Message,
            (Part::Head, Some(commit)) if is_header(line) => {
                commit.date = commit.date.or_else(|| date(line));
                Part::Head
            }
            (Part::Message, Some(commit)) if line.is_empty() || line.starts_with(b"    ") => {
                commit.message.extend_from_slice(line.get(4..).unwrap_or_default());
                commit.message.push(b'\n');
                Part::Message
            }
            (Part::Between, _) if line.is_empty() => Part::Between,
            (Part::Between, _) => return Err(bad(format!("{} is not the beginning of a commit", shown(line)))),
            (_, _) => return Err(bad(format!("{} belongs to no commit", shown(line)))),
        };
    }
    let end = |reason: &str| Malformed { line: last.max(1), reason: reason.to_owned() };
    match all.last() {
        None => Err(end("there is no commit")),
        Some(commit) if commit.message.trim().is_empty() => Err(end("the text ends within a commit")),
        Some(_) => {
            for commit in &mut all {
                let length = commit.message.trim_end().len();
                commit.message.truncate(length);
            }
            Ok(all)
        }
    }
}

/// What the next line may be.
#[derive(Clone, Copy)]
enum Part {
    /// Before the first commit.
    Between,
    /// `Author:`, `Date:` and the like.
    Head,
    Message,
}

/// The id in `commit <40 hex>`, which names of branches and tags may follow.
fn commit_id(line: &[u8]) -> Option<String> {
    let rest = line.strip_prefix(b"commit ")?;
    let id = rest.get(..40).filter(|id| id.iter().all(u8::is_ascii_hexdigit))?;
    let after = &rest[40..];
    (after.is_empty() || after.starts_with(b" ")).then(|| id.to_str_lossy().to_ascii_lowercase())
}

/// The moment in `Date:   Thu Jan 25 15:35:56 2024 -0800`, which is how git writes it unless it is told otherwise.
fn date(line: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(line.strip_prefix(b"Date:")?).ok()?;
    DateTime::parse_from_str(text.trim(), "%a %b %e %H:%M:%S %Y %z").ok().map(|date| date.timestamp())
}

fn is_header(line: &[u8]) -> bool {
    let word = line.iter().take_while(|byte| byte.is_ascii_alphabetic() || **byte == b'-').count();
    word > 0 && line.get(word) == Some(&b':')
}

fn shown(line: &[u8]) -> String {
    let text: String = visible(&line[..line.len().min(4 * SHOWN)]).chars().take(SHOWN).collect();
    format!("'{text}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef01234567";

    fn log() -> String {
        format!(
            "commit {ID}\nAuthor: Greg <g@example.org>\nDate:   Thu Jan 25 15:35:56 2024 -0800\n\n    Linux 6.6.14\n    \n    \
             Link: x\n\ncommit {} (tag: v6.6.14)\nMerge: 1 2\nAuthor: J\u{f6}rg <j@example.org>\nDate:   x\n\n    a: fix\n    \n    \
             commit {} upstream.\n    \n    commit and more\n    Author: a quote\n\n",
            ID.replace('0', "F"),
            ID.replace('0', "a")
        )
    }

    #[test]
    fn commits_are_read_with_their_messages() {
        let commits = parse(log().as_bytes()).expect("a log");
        assert_eq!(commits.len(), 2);
        assert_eq!((commits[0].id.as_str(), commits[0].title()), (ID, "Linux 6.6.14".into()));
        assert_eq!((commits[0].date, commits[1].date), (Some(1_706_225_756), None));
        assert_eq!(commits[0].message, "Linux 6.6.14\n\nLink: x");
        assert_eq!(commits[1].id, ID.replace('0', "f"));
        let message =
            format!("a: fix\n\ncommit {} upstream.\n\ncommit and more\nAuthor: a quote", ID.replace('0', "a"));
        assert_eq!(commits[1].message, message);
        assert_eq!(parse(log().replace('\n', "\r\n").as_bytes()), Ok(commits));
    }

    #[test]
    fn what_is_none_is_named_by_its_line() {
        let error = |text: &str| parse(text.as_bytes()).expect_err("no log").to_string();
        assert_eq!(error(""), "line 1: there is no commit");
        assert_eq!(error("\n<html>\n"), "line 2: '<html>' is not the beginning of a commit");
        assert_eq!(error("commit 0123\n"), "line 1: 'commit 0123' names no commit");
        assert_eq!(error(&format!("commit {ID}0\n")).split(':').next(), Some("line 1"));
        assert_eq!(error(&format!("commit {ID}\nAuthor: x\n\x1b[2J\n")), "line 3: '\\u{1b}[2J' belongs to no commit");
        assert_eq!(error(&format!("{}no blanks\n", log())), "line 21: 'no blanks' belongs to no commit");
    }

    #[test]
    fn a_cut_text_is_never_whole_unless_a_commit_ends_there() {
        let text = log();
        let whole = parse(text.as_bytes()).expect("a log");
        for end in 0..text.len() {
            match parse(&text.as_bytes()[..end]) {
                Err(error) => assert!(error.line <= 22, "{error}"),
                // Where a line of a message ends nobody can tell; what is there is right.
                Ok(commits) => {
                    assert!(text.as_bytes()[..end].ends_with(b"\n"), "{end}");
                    for (cut, commit) in commits.iter().zip(&whole) {
                        assert!(cut.id == commit.id && commit.message.starts_with(&cut.message), "{end}");
                    }
                }
            }
        }
    }

    #[test]
    fn bytes_of_any_kind_are_read_or_refused() {
        let hostile = format!("commit {ID}\nAuthor: \0\n\n    \u{202e}\0\x1b\n    {}\n", "x".repeat(1 << 16));
        assert_eq!(parse(hostile.as_bytes()).expect("a log")[0].message.len(), 3 + 2 + 1 + (1 << 16));
        for seed in 0..2000_u64 {
            let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
            let mut bytes = log().into_bytes();
            for _ in 0..3 {
                state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
                let at = (state >> 33) as usize % bytes.len();
                bytes[at] = state.to_le_bytes()[3];
            }
            let _ = parse(&bytes);
        }
    }
}
