//! Line differences as `git diff` finds them: Myers, with the indent heuristic. Merges use [`super::histogram`].

use std::ops::Range;

use bstr::ByteSlice as _;
use imara_diff::{Diff, InternedInput};

/// Lines of the old file that other lines of the new file take the place of. Either side may be empty, not both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Lines that go, counted from 0.
    pub old: Range<u32>,
    /// Lines that come, counted from 0.
    pub new: Range<u32>,
}

/// The lines of `content`, each with its `\n`; only the last one may lack it.
pub fn split_lines(content: &[u8]) -> Vec<&[u8]> {
    content.lines_with_terminator().collect()
}

/// What turns `old` into `new`, in order, with at least one common line between two changes.
///
/// Where a change could as well stand a few lines further up or down, it stands where the indentation says that a
/// block begins (`--indent-heuristic`, git's default). Lines are compared with their line ends, so a missing one at
/// the end of a file counts. Neither file may have 2^31 lines or more; git takes such files for binary.
pub fn changes(old: &[u8], new: &[u8]) -> Vec<Change> {
    changes_of_lines(&split_lines(old), &split_lines(new))
}

/// Does what [`changes`] does, for files that are split already.
pub(crate) fn changes_of_lines(old: &[&[u8]], new: &[&[u8]]) -> Vec<Change> {
    placed(old, new, Diff::postprocess_lines)
}

/// The changes between two files that are split already, each as far down as it goes: `--no-indent-heuristic`.
pub(crate) fn plain_changes(old: &[&[u8]], new: &[&[u8]]) -> Vec<Change> {
    placed(old, new, Diff::postprocess_no_heuristic)
}

type Place<'a> = fn(&mut Diff, &InternedInput<&'a [u8]>);

fn placed<'a>(old: &[&'a [u8]], new: &[&'a [u8]], place: Place<'a>) -> Vec<Change> {
    let [old_len, new_len] = [old, new].map(|lines| lines.len() as u32);
    if old.is_empty() || new.is_empty() {
        return match old_len + new_len {
            0 => Vec::new(),
            _ => vec![Change { old: 0..old_len, new: 0..new_len }],
        };
    }
    let mut input = InternedInput::default();
    input.reserve(old_len, new_len);
    input.update_before(old.iter().copied());
    input.update_after(new.iter().copied());
    let mut diff = Diff::compute(imara_diff::Algorithm::Myers, &input);
    place(&mut diff, &input);
    diff.hunks().map(|hunk| Change { old: hunk.before, new: hunk.after }).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use bstr::ByteSlice as _;

    use super::{Change, changes, split_lines};
    use crate::diff::oracle::Sandbox;

    #[test]
    fn lines_keep_their_ends() {
        assert_eq!(split_lines(b"a\r\n\nb"), [&b"a\r\n"[..], b"\n", b"b"]);
        assert!(split_lines(b"").is_empty());
    }

    #[test]
    fn a_missing_line_end_is_a_change() {
        let found = changes(b"a\nb", b"a\nb\n");
        assert_eq!(found, [Change { old: 1..2, new: 1..2 }]);
    }

    /// The changes in a diff that git prints, file by file.
    fn read(diff: &[u8]) -> Vec<Vec<Change>> {
        let mut files: Vec<Vec<Change>> = Vec::new();
        let (mut old, mut new, mut in_change) = (0, 0, false);
        for line in split_lines(diff) {
            let text = line.to_str_lossy();
            if text.starts_with("diff --git ") {
                files.push(Vec::new());
            } else if let Some(rest) = text.strip_prefix("@@ -") {
                let numbers: Vec<u32> = rest.split([',', ' ', '+']).filter_map(|word| word.parse().ok()).collect();
                let has_len = rest.split(' ').next().is_some_and(|range| range.contains(','));
                (old, new, in_change) = (numbers[0].max(1) - 1, numbers[1 + usize::from(has_len)].max(1) - 1, false);
            } else if line.starts_with(b" ") {
                (old, new, in_change) = (old + 1, new + 1, false);
            } else if matches!(line[0], b'-' | b'+') && !text.starts_with("--- ") && !text.starts_with("+++ ") {
                let changes = files.last_mut().unwrap();
                if !in_change {
                    changes.push(Change { old: old..old, new: new..new });
                    in_change = true;
                }
                let change = changes.last_mut().unwrap();
                if line[0] == b'-' {
                    old += 1;
                    change.old.end = old;
                } else {
                    new += 1;
                    change.new.end = new;
                }
            }
        }
        files
    }

    /// Every file of the real releases.
    #[test]
    fn changes_are_those_of_git() {
        let sandbox = Sandbox::linux();
        let mut compared = 0;
        for (old, new) in [("v6.1.170", "v6.1.176"), ("v6.1.176", "v6.12.100")] {
            let files = sandbox.changes(old, new);
            let options = ["diff-tree", "-r", "-p", "--no-renames", "-U3", "--diff-algorithm=myers", old, new];
            let expected = read(&sandbox.git(&options));
            assert_eq!(files.len(), expected.len());
            for (file, expected) in files.iter().zip(&expected) {
                let [old, new] = file.contents();
                assert_eq!(changes(old, new), *expected);
                compared += 1;
            }
        }
        assert_eq!(compared, 61 + 492);
    }
}
