//! Gives a patch file a new diff and keeps the rest of its bytes.

use bstr::ByteSlice as _;

use crate::patch::Patch;

/// The bytes of `patch` with another diff, and with another diffstat where it had one.
///
/// Header, message, notes and what follows the diff stay byte for byte. The diffstat ends its lines as the header
/// does, with CRLF where that has it; the diff stays as it is given, as its line ends belong to the files.
pub fn rewrite(patch: &Patch, new_stat: &[u8], new_diff: &[u8]) -> Vec<u8> {
    let layout = &patch.layout;
    let part = |range: &std::ops::Range<usize>| patch.text().get(range.clone()).unwrap_or_default();
    let mut out = Vec::with_capacity(patch.text().len() + new_stat.len() + new_diff.len());
    out.extend_from_slice(part(&layout.head));
    out.extend_from_slice(part(&layout.notes));

    let stat = part(&layout.stat);
    if !stat.is_empty() {
        let is_crlf = part(&layout.head).lines_with_terminator().next().is_some_and(|line| line.ends_with(b"\r\n"));
        let new_stat = if is_crlf { new_stat.replace(b"\n", b"\r\n") } else { new_stat.to_vec() };
        put(&mut out, &new_stat, stat, part(&layout.gap));
    }
    out.extend_from_slice(part(&layout.gap));

    put(&mut out, new_diff, part(&layout.diff), part(&layout.tail));
    out.extend_from_slice(part(&layout.tail));
    out
}

/// Puts `new` in the place of `old`. Where `old` leaves its last line end to what follows, so does `new`.
fn put(out: &mut Vec<u8>, new: &[u8], old: &[u8], follows: &[u8]) {
    let leaves_end = !old.is_empty() && !old.ends_with(b"\n") && matches!(follows, [b'\n', ..] | [b'\r', b'\n', ..]);
    let new = if leaves_end { new.trim_end_with(|c| matches!(c, '\r' | '\n')) } else { new };
    out.extend_from_slice(new);
}

#[cfg(test)]
mod tests {
    use bstr::ByteSlice as _;

    use super::rewrite;
    use crate::message::{Identity, Message};
    use crate::patch::{Layout, Patch};

    /// A patch of these parts: head, notes, stat, gap, diff, tail.
    fn patch(parts: [&str; 6]) -> Patch {
        let mut at = 0;
        let [head, notes, stat, gap, diff, tail] = parts.map(|part| {
            at += part.len();
            at - part.len()..at
        });
        let identity = Identity { name: "A".into(), email: "a@b".into() };
        Patch {
            file: "0001-x.patch".into(),
            part: 0,
            bytes: parts.concat().into_bytes().into(),
            layout: Layout { head, notes, stat, gap, diff, tail },
            decoded: None,
            message: Message { author: identity, date: None, subject: "x".into(), body: "".into() },
            diff: Vec::new(),
        }
    }

    fn check(parts: [&str; 6], expected: &str) {
        assert_eq!(rewrite(&patch(parts), b" s | 2\n 1 file\n", b"new\n").as_bstr(), expected);
    }

    #[test]
    fn all_but_stat_and_diff_stays() {
        check(
            ["From: A\n\nm\n---\n", "v2: note\n", " s | 1\n", "\n", "old\n", "-- \n2.40\n\n"],
            "From: A\n\nm\n---\nv2: note\n s | 2\n 1 file\n\nnew\n-- \n2.40\n\n",
        );
    }

    #[test]
    fn a_patch_without_stat_gets_none() {
        check(["From: A\n\nm\n", "", "", "", "old\n", ""], "From: A\n\nm\nnew\n");
        check(["", "", "", "", "", ""], "new\n");
    }

    #[test]
    fn the_stat_takes_the_line_ends_of_the_header() {
        check(
            ["From: A\r\n\r\nm\r\n---\r\n", "", " s | 1\r\n", "\r\n", "old\n", "-- \r\n"],
            "From: A\r\n\r\nm\r\n---\r\n s | 2\r\n 1 file\r\n\r\nnew\n-- \r\n",
        );
    }

    #[test]
    fn a_line_end_outside_of_the_ranges_is_not_doubled() {
        check(["h\n", "", " s | 1", "\n\n", "old", "\n-- \n"], "h\n s | 2\n 1 file\n\nnew\n-- \n");
        // A file that ends without one gets one.
        check(["h\n", "", "", "", "old", ""], "h\nnew\n");
    }
}
