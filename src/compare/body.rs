//! The diff between two patches.

use bstr::{BString, ByteSlice as _};

use crate::diff::format::hunks;
use crate::diff::funcname::Rules;

/// The diff between the texts of two patches. The hunks' headers say where in the patch they are, without numbers.
pub(super) fn diff(old: &[u8], new: &[u8]) -> BString {
    let mut out = BString::default();
    for line in hunks(old, new, Rules::of_patch_text()).lines_with_terminator() {
        // The lines of a hunk begin with a marker, so nothing of a patch can be taken for a header.
        match line.strip_prefix(b"@@ ").and_then(|rest| rest.split_once_str(" @@")) {
            Some((_, section)) => out.extend([b"@@", section].concat()),
            None => out.extend_from_slice(line),
        }
    }
    out
}
