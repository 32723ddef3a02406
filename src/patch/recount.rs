//! Counts the lines of hunks anew, so that a diff can be edited by hand: `git apply --recount`.

use crate::diff::parse::hunk_header;
use crate::message::{self, lines};

/// The patch with the line counts in its hunk headers as the lines say. All else stays byte for byte; a text that
/// cannot be read as a mail stays as it is.
///
/// Where nothing but blank lines follows the last hunk, up to `tail` of them are no context: so many stood behind the
/// diff before it was edited. A `-- ` line with a version behind it ends a hunk as well.
pub fn recount(text: &[u8], tail: usize) -> Vec<u8> {
    let Some(boundary) = message::read(text).ok().and_then(|reading| reading.boundary) else { return text.to_vec() };
    let all: Vec<&[u8]> = lines(text, boundary.offset).map(|line| &text[line]).collect();
    let mut out = text[..boundary.offset].to_vec();
    let mut at = 0;
    while at < all.len() {
        let Some(hunk) = hunk_header(all[at]) else {
            out.extend_from_slice(all[at]);
            at += 1;
            continue;
        };
        let end = hunk_end(&all, at + 1, tail);
        let body = &all[at + 1..end];
        let count = |markers: &[u8]| body.iter().filter(|line| markers.contains(&line[0])).count();
        let (old, new) = (count(b" -\n"), count(b" +\n"));
        if (old, new) == (hunk.old_len as usize, hunk.new_len as usize) {
            out.extend_from_slice(all[at]);
        } else {
            out.extend_from_slice(format!("@@ -{},{old} +{},{new} @@", hunk.old_start, hunk.new_start).as_bytes());
            out.extend_from_slice(&hunk.section);
            out.push(b'\n');
        }
        out.extend(body.concat());
        at = end;
    }
    out
}

/// Where the lines of a hunk end that begin at `start`.
fn hunk_end(all: &[&[u8]], start: usize, tail: usize) -> usize {
    let mut end = start;
    while end < all.len() && belongs(all, end) {
        end += 1;
    }
    // Between two hunks a blank line can only be context that lost its blank.
    if end == all.len() || is_signature(all, end) {
        let blank = all[start..end].iter().rev().take_while(|line| **line == b"\n").count();
        end -= blank.min(tail);
    }
    end
}

/// Whether a line is part of a hunk, by its marker and by what follows it.
fn belongs(all: &[&[u8]], at: usize) -> bool {
    let next = |after: usize| all.get(at + after).copied().unwrap_or_default();
    match all[at][0] {
        b' ' | b'+' | b'\\' | b'\n' => true,
        b'-' => {
            let names = all[at].starts_with(b"--- ") && next(1).starts_with(b"+++ ") && next(2).starts_with(b"@@ -");
            !names && !is_signature(all, at)
        }
        _ => false,
    }
}

/// `-- ` with nothing of a diff behind it: what ends a mail, and no line that goes.
fn is_signature(all: &[&[u8]], at: usize) -> bool {
    all.get(at).is_some_and(|line| *line == b"-- \n" || *line == b"-- ")
        && all.get(at + 1).is_none_or(|line| !matches!(line[0], b' ' | b'+' | b'-' | b'@' | b'\\' | b'd'))
}

#[cfg(test)]
mod tests {
    use bstr::ByteSlice as _;

    use super::*;

    const HEAD: &str = "From: A <a@b.c>\nSubject: s\n\nquoted:\n@@ -1,9 +1,9 @@\n---\n";

    fn check(diff: &str, tail: usize, expected: &str) {
        let text = format!("{HEAD}{diff}");
        assert_eq!(recount(text.as_bytes(), tail).as_bstr(), format!("{HEAD}{expected}").as_bytes().as_bstr());
    }

    #[test]
    fn counts_follow_the_lines() {
        let names = "diff --git a/f b/f\n--- a/f\n+++ b/f\n";
        check(
            &format!("{names}@@ -3,9 +3 @@ int f\n a\n-b\n+c\n+d\n\n@@ -9 +9 @@\n-x\n+y\n{names}@@ -1 +1 @@\n-1\n+2\n"),
            0,
            &format!(
                "{names}@@ -3,3 +3,4 @@ int f\n a\n-b\n+c\n+d\n\n@@ -9 +9 @@\n-x\n+y\n{names}@@ -1 +1 @@\n-1\n+2\n"
            ),
        );
        // A header without extended lines, and a last line without an end.
        let plain = "--- a/f\n+++ b/f\n";
        check(
            &format!("{plain}@@ -1,7 +1,7 @@\n-1\n+2\n\\ No newline at end of file\n{plain}@@ -1 +1,5 @@\n-1\n+2\n"),
            0,
            &format!("{plain}@@ -1,1 +1,1 @@\n-1\n+2\n\\ No newline at end of file\n{plain}@@ -1,1 +1,1 @@\n-1\n+2\n"),
        );
    }

    #[test]
    fn what_ends_a_mail_is_no_part_of_a_hunk() {
        let names = "--- a/f\n+++ b/f\n";
        check(
            &format!("{names}@@ -1,5 +1,5 @@\n-1\n+2\n-- \n2.40.1\n\n"),
            0,
            &format!("{names}@@ -1,1 +1,1 @@\n-1\n+2\n-- \n2.40.1\n\n"),
        );
        check(&format!("{names}@@ -1,5 +1,5 @@\n-1\n+2\n\n\n"), 1, &format!("{names}@@ -1,2 +1,2 @@\n-1\n+2\n\n\n"));
        // A line `- ` that goes.
        check(&format!("{names}@@ -1,5 +1,5 @@\n-1\n-- \n+2\n"), 0, &format!("{names}@@ -1,2 +1,1 @@\n-1\n-- \n+2\n"));
    }

    #[test]
    fn right_counts_and_other_texts_stay() {
        check(
            "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-1\n+2\n-- \n2.40\n",
            0,
            "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-1\n+2\n-- \n2.40\n",
        );
        assert_eq!(recount(b"no mail\n@@ -1,5 +1,5 @@\n", 0), b"no mail\n@@ -1,5 +1,5 @@\n");
    }
}
