//! Diffstats: where they stand, and which paths they name.

use std::ops::Range;

use bstr::ByteSlice;

use crate::message::{lines, trim_end};

/// The last diffstat in `range`: its file lines, its summary, and the lines on modes and renames after that.
pub(crate) fn find(text: &[u8], range: Range<usize>) -> Option<Range<usize>> {
    let all: Vec<_> = lines(&text[..range.end], range.start).collect();
    let summary = all.iter().rposition(|line| is_summary(&text[line.clone()]))?;
    let before = all[..summary].iter().rev().take_while(|line| entry(&text[(*line).clone()]).is_some()).count();
    let after = all[summary + 1..].iter().take_while(|line| is_detail(&text[(*line).clone()])).count();
    Some(all[summary - before].start..all[summary + after].end)
}

/// ` 2 files changed, 3 insertions(+), 1 deletion(-)`.
pub(super) fn is_summary(line: &[u8]) -> bool {
    let Some(text) = line.strip_prefix(b" ").map(trim_end) else {
        return false;
    };
    let mut parts = text.split_str(", ");
    let files = parts.next().unwrap_or_default();
    counts(files, &[b" file changed", b" files changed"])
        && parts.all(|part| {
            counts(part, &[b" insertion(+)", b" insertions(+)", b" deletion(-)", b" deletions(-)"])
                // diffstat(1) counts what it takes for modifications, too.
                || counts(part, &[b" modification(!)", b" modifications(!)"])
        })
}

fn counts(text: &[u8], units: &[&[u8]]) -> bool {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && units.contains(&&text[digits..])
}

/// ` create mode 100644 path` and its like.
fn is_detail(line: &[u8]) -> bool {
    let kinds: [&[u8]; 6] =
        [b" create mode ", b" delete mode ", b" mode change ", b" rename ", b" copy ", b" rewrite "];
    kinds.iter().any(|kind| line.starts_with(kind))
}

/// The name in ` name | 12 +++--`.
fn entry(line: &[u8]) -> Option<&[u8]> {
    let (name, count) = line.strip_prefix(b" ")?.rsplit_once_str("|")?;
    let count = count.trim_ascii();
    let counted = count.first().is_some_and(u8::is_ascii_digit) || count.starts_with(b"Bin") || count == b"Unmerged";
    counted.then(|| name.trim_ascii())
}

/// The paths that a diffstat names, some of them cut short or quoted.
#[derive(Debug)]
pub(super) struct Names(Vec<Vec<u8>>);

impl Names {
    /// Of the diffstat that stands at `range`.
    pub(super) fn of(text: &[u8], range: Range<usize>) -> Self {
        let names = lines(&text[..range.end], range.start).filter_map(|line| entry(&text[line]));
        Self(names.flat_map(both_sides).collect())
    }

    /// Whether there are none: a summary alone.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the diffstat names the path, or might: a name cut short stands for all that end in it.
    pub(super) fn may_name(&self, path: &[u8]) -> bool {
        self.0.iter().any(|name| match name.strip_prefix(b"...") {
            Some(end) => path.ends_with(end),
            None => name == path || name.starts_with(b"\""),
        })
    }
}

/// Both paths of `old => new` and `dir/{old => new}/file`; any other name is one path.
fn both_sides(name: &[u8]) -> Vec<Vec<u8>> {
    let Some((before, after)) = name.split_once_str(" => ") else {
        return vec![name.to_vec()];
    };
    let (start, old) = before.rsplit_once_str("{").unwrap_or((b"", before));
    let (new, end) = after.split_once_str("}").unwrap_or((after, b""));
    // An empty side leaves two slashes where the path has one.
    let join = |middle: &[u8]| [start, middle, end].concat().replace("//", "/");
    vec![join(old), join(new)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_last_one() {
        let text = b"note\n a | 1 +\n 1 file changed, 1 insertion(+)\n\nv2\n b/{c => d}/e | 2 +-\n .../f.c |  Bin 0 -> 3 bytes\n 2 files changed, 1 insertion(+), 1 deletion(-)\n create mode 100644 f\n\n";
        let range = find(text, 0..text.len()).expect("there is one");
        assert!(text[range.clone()].starts_with(b" b/{c") && text[range.clone()].ends_with(b"644 f\n"));
        let names = Names::of(text, range);
        assert!(names.may_name(b"b/d/e") && names.may_name(b"b/c/e") && names.may_name(b"x/y/f.c"));
        assert!(!names.may_name(b"a"));
        assert_eq!(find(b" 3 files changed my mind\n", 0..25), None);
    }
}
