//! Lines that a message may hold and a patch file may not: they would end it there.

use super::split::is_from_line;
use crate::message::{breaks, lines};

/// The first line of a commit message, from 1, that would end it in a patch file or be taken for a mail header:
/// `---`, the beginning of a diff, the `From ` line of an mbox, `From:` at the start of the body.
pub fn unsafe_line(message: &[u8]) -> Option<usize> {
    unsafe_lines(message).first().map(|at| at + 1)
}

/// The message with those lines indented by one blank, and how many they are. `git am` would cut it there.
pub fn armor(message: &[u8]) -> (Vec<u8>, usize) {
    let bad = unsafe_lines(message);
    let mut out = Vec::with_capacity(message.len() + bad.len());
    for (at, line) in lines(message, 0).enumerate() {
        if bad.contains(&at) {
            out.push(b' ');
        }
        out.extend_from_slice(&message[line]);
    }
    (out, bad.len())
}

fn unsafe_lines(message: &[u8]) -> Vec<usize> {
    let all: Vec<&[u8]> = lines(message, 0).map(|line| &message[line]).collect();
    let is_blank = |line: &&[u8]| line.trim_ascii().is_empty();
    let subject = all.iter().take_while(|line| is_blank(line)).count();
    let paragraph = all[subject..].iter().take_while(|line| !is_blank(line)).count();
    let blank = all[subject + paragraph..].iter().take_while(|line| is_blank(line)).count();
    let body = subject + paragraph + blank;
    let ends = |line: &[u8]| {
        // A last line without an end gets one in the file.
        let whole = if line.ends_with(b"\n") { line.to_vec() } else { [line, b"\n"].concat() };
        breaks(&whole).is_some() || is_from_line(&whole)
    };
    (body..all.len()).filter(|&at| ends(all[at]) || (at == body && is_in_body_header(all[at]))).collect()
}

/// What `git am` takes for a header although it stands in the body.
fn is_in_body_header(line: &[u8]) -> bool {
    let names: [&[u8]; 4] = [b"from:", b"subject:", b"date:", b"[patch]"];
    names.iter().any(|name| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)))
}

#[cfg(test)]
mod tests {
    use bstr::ByteSlice as _;

    use super::*;

    #[test]
    fn lines_that_would_end_a_message_are_indented() {
        let message = "--- a subject\n\nFrom: somebody\n#include <x>\n---\n -- \ndiff --git a b\nFrom x Mon Sep 17 00:00:00 2001\n---";
        let (armored, count) = armor(message.as_bytes());
        assert_eq!(
            armored.as_bstr(),
            "--- a subject\n\n From: somebody\n#include <x>\n ---\n -- \n diff --git a b\n From x Mon Sep 17 00:00:00 2001\n ---"
        );
        assert_eq!((count, unsafe_line(message.as_bytes())), (5, Some(3)));
        let good = b"s\n\nbody\nFrom: later\n#if\n";
        assert_eq!((armor(good), unsafe_line(good)), ((good.to_vec(), 0), None));
    }
}
