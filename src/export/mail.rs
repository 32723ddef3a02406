//! A whole patch file.

use super::header::{Commit, header};

/// A commit as a mail without a signature, as `git format-patch -k --zero-commit --no-signature
/// --no-encode-email-headers` writes it.
///
/// `stat` is what stands between `---` and the empty line: [`diffstat`](crate::diff::stat::diffstat), and
/// [`summary`](crate::diff::stat::summary) where wanted. `diff` is what
/// [`file_diff`](crate::diff::format::file_diff) writes for each file, in the order of the tree. A mail without
/// either ends with its message.
pub fn mail(commit: &Commit<'_>, stat: &[u8], diff: &[u8]) -> Vec<u8> {
    let mut out = header(commit);
    if stat.is_empty() && diff.is_empty() {
        return out;
    }
    out.reserve(stat.len() + diff.len() + 8);
    out.extend_from_slice(b"---\n");
    out.extend_from_slice(stat);
    out.push(b'\n');
    out.extend_from_slice(diff);
    out
}
