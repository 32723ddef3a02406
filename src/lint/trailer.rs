//! Lines at the end of a message that are no prose: trailers by the names that people give them, notes in brackets.

use bstr::ByteSlice as _;

use super::mail::Line;

/// Names of trailers that do not end in `-by`. Lines of an oops such as `RIP:` or `CPU:` have others.
const NAMES: [&str; 24] = [
    "applied-upstream",
    "bug",
    "buglink",
    "bugzilla",
    "cc",
    "change-id",
    "closes",
    "cve",
    "depends-on",
    "fixes",
    "forwarded",
    "git-commit",
    "git-repo",
    "link",
    "lore",
    "message-id",
    "origin",
    "patch-mainline",
    "patchwork",
    "references",
    "stable-dep-of",
    "suggestions-from",
    "upstream",
    "upstream-status",
];

/// A note in brackets has no more lines than this.
const NOTE: usize = 30;

/// The name of a trailer and its value, if the line is one that people know.
pub(super) fn read(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (name, value) = line.split_once_str(":")?;
    let name = name.trim_end();
    let is_word = name.len() < 40 && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
    let lower = name.to_ascii_lowercase();
    let is_known = lower.ends_with(b"-by") || NAMES.iter().any(|known| known.as_bytes() == lower);
    (is_word && !name.is_empty() && is_known).then(|| (name, value.trim()))
}

/// `(cherry picked from …)` and its like.
pub(super) fn is_pick(line: &[u8]) -> bool {
    let lower = line.get(..16).map(<[u8]>::to_ascii_lowercase).unwrap_or_default();
    [&b"(cherry"[..], b"(backported from"].iter().any(|start| lower.starts_with(start))
}

/// `[name: what was changed]`, or any other note in brackets that begins in line `at`: the line behind it.
pub(super) fn note_end(body: &[Line<'_>], at: usize) -> Option<usize> {
    if !body[at].text.trim_start().starts_with(b"[") {
        return None;
    }
    let mut lines = body[at..].iter().take(NOTE).take_while(|line| !line.text.trim().is_empty());
    lines.position(|line| line.text.trim_end().ends_with(b"]")).map(|length| at + length + 1)
}

/// True for a line that only names a conflict: `Conflicts:`, and the files below it.
pub(super) fn is_conflicts(line: &[u8]) -> bool {
    let text = line.strip_prefix(b"#").unwrap_or(line).trim_start();
    text.get(..10).is_some_and(|start| start.eq_ignore_ascii_case(b"conflicts:"))
}

/// Which lines of a message say something: no blank lines, trailers, notes in brackets, lists of conflicts, nor where a
/// patch was picked from.
pub(super) fn prose(body: &[Line<'_>]) -> Vec<usize> {
    let mut out = Vec::new();
    let (mut at, mut in_trailer) = (0, false);
    while let Some(Line { text, .. }) = body.get(at) {
        let folded = in_trailer && matches!(text.first(), Some(b' ' | b'\t' | b'#')) && !text.trim().is_empty();
        if let Some(end) = note_end(body, at) {
            (at, in_trailer) = (end, false);
            continue;
        }
        in_trailer = folded || read(text).is_some() || is_conflicts(text);
        if !in_trailer && !text.trim().is_empty() && !is_pick(text) {
            out.push(at);
        }
        at += 1;
    }
    out
}
