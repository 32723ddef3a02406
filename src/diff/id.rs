//! Patch ids: the same for diffs that make the same change, wherever in the file it stands.

use sha1::{Digest as _, Sha1};

use super::{Content, FileDiff, Line, LineKind, names, print};

/// The id that `git patch-id --stable` prints for the diffs in git's own style: line numbers, white space and the order
/// of the files do not count. A rename counts without its similarity, which git takes in.
pub fn patch_id(diffs: &[FileDiff]) -> [u8; 20] {
    id(diffs, |_| true)
}

/// The patch id of the diffs without their context: the same for one change among other lines.
pub fn change_id(diffs: &[FileDiff]) -> [u8; 20] {
    id(diffs, |line| line.kind != LineKind::Context)
}

fn id(diffs: &[FileDiff], counts: impl Fn(&Line) -> bool) -> [u8; 20] {
    let mut sum = Sum::default();
    // git sees a file end only at the next `diff` line after hunks; it takes that line in, but not the one after a
    // binary file.
    let mut after_binary = false;
    for diff in diffs {
        print::header_lines(diff, |line| {
            if !after_binary {
                sum.line(&line);
            }
            after_binary = false;
        });
        match &diff.content {
            Content::Unchanged => continue,
            Content::Text(hunks) => {
                for line in print::name_lines(diff) {
                    sum.line(&line);
                }
                for line in hunks.iter().flat_map(|hunk| &hunk.lines).filter(|line| counts(line)) {
                    sum.marked(line);
                }
            }
            Content::Binary { .. } | Content::BinaryDiffers => {
                let (old, new) = diff.index.clone().unwrap_or_default();
                sum.line(&old);
                sum.line(&new);
                after_binary = true;
            }
        }
        sum.flush();
    }
    // A text file at the end is flushed once, by the end itself; all else leaves one more hash to add.
    if !matches!(diffs.last(), Some(FileDiff { content: Content::Text(_), .. })) {
        sum.flush();
    }
    sum.total
}

/// The sum of the hashes of the files, which is what makes their order not count.
#[derive(Default)]
struct Sum {
    hash: Sha1,
    total: [u8; 20],
}

impl Sum {
    fn line(&mut self, line: &[u8]) {
        // git handles lines as C strings.
        let line = line.split(|&byte| byte == 0).next().unwrap_or_default();
        for word in line.split(|&byte| names::is_space(byte)).filter(|word| !word.is_empty()) {
            self.hash.update(word);
        }
    }

    fn marked(&mut self, line: &Line) {
        match line.kind {
            LineKind::Context => {}
            LineKind::Delete => self.hash.update(b"-"),
            LineKind::Insert => self.hash.update(b"+"),
        }
        self.line(&line.text);
    }

    /// Adds the hash of what came since the last time: bytes with carry, the first byte the lowest.
    fn flush(&mut self) {
        let mut carry = 0;
        for (total, byte) in self.total.iter_mut().zip(self.hash.finalize_reset()) {
            carry += u16::from(*total) + u16::from(byte);
            *total = (carry & 0xff) as u8;
            carry >>= 8;
        }
    }
}
