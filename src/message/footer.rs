//! The trailers at the end of a commit message: where they begin, and how git adds one.

use std::ops::Range;

use super::lines::lines;

/// What git itself writes: `git cherry-pick -x` and `--signoff`.
const PICKED: &[u8] = b"(cherry picked from commit ";
const SIGNED: &[u8] = b"Signed-off-by: ";

/// The message with one more line at its end, put there as `git cherry-pick -x` puts its own: behind the trailers if
/// the last paragraph is one of trailers, in a paragraph of its own if not.
pub fn with_line(message: &[u8], line: &[u8]) -> Vec<u8> {
    let mut out = complete(message);
    if trailers(&out).is_empty() {
        out.push(b'\n');
    }
    out.extend_from_slice(line);
    out.push(b'\n');
    out
}

/// The message with `(cherry picked from commit <id>)`, as `git cherry-pick -x` adds it.
pub fn with_picked(message: &[u8], id: &str) -> Vec<u8> {
    with_line(message, &[PICKED, id.as_bytes(), b")"].concat())
}

/// The message with a `Signed-off-by:` line of `person`, `Name <mail>`, unless that is its last trailer already; as
/// `git cherry-pick --signoff` adds it.
pub fn with_signoff(message: &[u8], person: &[u8]) -> Vec<u8> {
    let line = [SIGNED, person].concat();
    let out = complete(message);
    let last = trailers(&out).last().is_some_and(|trailer| trailer.trim_ascii_end() == line);
    if last { out } else { with_line(&out, &line) }
}

/// The lines of the message's last paragraph if git takes it for trailers; none otherwise.
///
/// By the rules of git-interpret-trailers(1): all lines are trailers, or one of them is git's own and a quarter of them
/// are trailers. The first paragraph is the title.
pub fn trailers(message: &[u8]) -> Vec<&[u8]> {
    let all: Vec<&[u8]> = lines(message, 0).map(|line| &message[line]).collect();
    all[trailer_lines(&all)].to_vec()
}

/// Which lines of a message, each with its line end, are those that [`trailers`] gives.
pub fn trailer_lines(all: &[&[u8]]) -> Range<usize> {
    let end = end_of_log(all);
    let title = all[..end].iter().take_while(|line| is_comment(line) || !is_blank(line)).count();
    block(&all[..end], title)
}

/// True if the message has a trailer of that name, which ends in a colon, in any case.
pub fn has_trailer(message: &[u8], name: &str) -> bool {
    let is_it = |line: &&[u8]| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()));
    trailers(message).iter().any(is_it)
}

/// Walks up from the last line to the blank line above the last paragraph, and weighs what it has seen.
fn block(all: &[&[u8]], title: usize) -> Range<usize> {
    let (mut found, mut others, mut folded) = (0, 0, 0);
    let (mut own, mut only_blank) = (false, true);
    for at in (title..all.len()).rev() {
        let line = all[at];
        if is_comment(line) {
            others += folded;
            folded = 0;
        } else if is_blank(line) {
            if only_blank {
                continue;
            }
            others += folded;
            let is_block = (own && found * 3 >= others) || (found > 0 && others == 0);
            return if is_block { at + 1..all.len() } else { 0..0 };
        } else {
            only_blank = false;
            if line.starts_with(SIGNED) || line.starts_with(PICKED) {
                (found, folded, own) = (found + 1, 0, true);
            } else if separator(line).is_some_and(|at| at > 0) {
                (found, folded) = (found + 1, 0);
            } else if line[0].is_ascii_whitespace() {
                folded += 1;
            } else {
                others += 1 + folded;
                folded = 0;
            }
        }
    }
    0..0
}

/// Where the log ends: comments, blank lines and the list of conflicts of an old git behind it do not count.
fn end_of_log(all: &[&[u8]]) -> usize {
    let (mut end, mut in_conflicts) = (None, false);
    for (at, line) in all.iter().enumerate() {
        if is_comment(line) || line[0] == b'\n' {
            end.get_or_insert(at);
        } else if line.starts_with(b"Conflicts:\n") {
            in_conflicts = true;
            end.get_or_insert(at);
        } else if !(in_conflicts && line[0] == b'\t') {
            (end, in_conflicts) = (None, false);
        }
    }
    end.unwrap_or(all.len())
}

/// The colon of `Key: value`; blanks may stand before it.
fn separator(line: &[u8]) -> Option<usize> {
    let mut blank = false;
    for (at, byte) in line.iter().enumerate() {
        match byte {
            b':' => return Some(at),
            byte if !blank && (byte.is_ascii_alphanumeric() || *byte == b'-') => {}
            b' ' | b'\t' if at > 0 => blank = true,
            _ => return None,
        }
    }
    None
}

fn is_comment(line: &[u8]) -> bool {
    line.starts_with(b"#")
}

fn is_blank(line: &[u8]) -> bool {
    line.trim_ascii().is_empty()
}

/// The message with a line end at its end.
fn complete(message: &[u8]) -> Vec<u8> {
    let mut out = message.to_vec();
    if !out.is_empty() && !out.ends_with(b"\n") {
        out.push(b'\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use bstr::ByteSlice as _;

    use super::*;

    #[test]
    fn a_line_joins_trailers_and_stands_alone_elsewhere() {
        for (message, expected) in [
            ("s\n", "s\n\nX: y\n"),
            ("s\n\nbody\n", "s\n\nbody\n\nX: y\n"),
            ("s\n\nbody\n\nSigned-off-by: A <a@b.c>", "s\n\nbody\n\nSigned-off-by: A <a@b.c>\nX: y\n"),
            ("s\n\nAcked-by: A\n folded\n", "s\n\nAcked-by: A\n folded\nX: y\n"),
            ("s\n\nbody\nSigned-off-by: A <a@b.c>\n", "s\n\nbody\nSigned-off-by: A <a@b.c>\nX: y\n"),
            ("s\n\nsee: this\nand that\n", "s\n\nsee: this\nand that\n\nX: y\n"),
            ("Fixes: the title\n", "Fixes: the title\n\nX: y\n"),
        ] {
            assert_eq!(with_line(message.as_bytes(), b"X: y").as_bstr(), expected, "{message:?}");
        }
    }

    #[test]
    fn a_signoff_is_not_said_twice_in_a_row() {
        let person = b"A <a@b.c>";
        let signed = "s\n\nSigned-off-by: A <a@b.c>\n";
        assert_eq!(with_signoff(signed.as_bytes(), person).as_bstr(), signed);
        let picked = with_picked(signed.as_bytes(), "1234");
        assert_eq!(
            with_signoff(&picked, person).as_bstr(),
            "s\n\nSigned-off-by: A <a@b.c>\n(cherry picked from commit 1234)\nSigned-off-by: A <a@b.c>\n"
        );
        assert!(has_trailer(&picked, "signed-off-by:") && !has_trailer(&picked, "Origin:"));
    }

    #[test]
    fn an_empty_message_breaks_nothing() {
        assert_eq!(with_picked(b"", "1").as_bstr(), "\n(cherry picked from commit 1)\n");
        assert!(trailers(b"\n\n").is_empty());
    }

    /// Git itself, on messages of all sorts.
    #[test]
    fn trailers_are_those_of_git() {
        let folder = tempfile::tempdir().expect("a folder");
        let messages: Vec<String> = [
            "s\n\nA: b\nC: d\n",
            "s\n\nA: b\nnot one\n",
            "s\n\nnot\nnot\nnot\nSigned-off-by: a\n",
            "s\n\nnot\nnot\nnot\nnot\nSigned-off-by: a\n",
            "s\n\n(cherry picked from commit 1)\nnot\n",
            "s\n\nA: b\n  more\n\tmore\n\n\n",
            "s\n\n#include <x>\nA: b\n",
            "s\n\nA: b\n#if 0\nC: d\n",
            "s\n\nA: b\n\n#include\n",
            "s\n\nA: b\n\nConflicts:\n\tx\n\ty\n",
            "s\n\nA : b\n",
            "s\n\n-x: b\n",
            "s\n\n x: b\n",
            "s\nA: b\n",
            "\n\ns\n\nA: b\n",
            "s\n\nhttp://x\n",
            "s\n\nA b: c\nD: e\n",
            "s\n\nb\n---\nA: b\n",
        ]
        .map(str::to_owned)
        .to_vec();
        for message in messages {
            let input = folder.path().join("m");
            std::fs::write(&input, &message).expect("written");
            let output = crate::process::Command::new("git")
                .args(["-c", "core.commentChar=#", "interpret-trailers", "--no-divider", "--trailer", "Xyz: 1"])
                .arg(&input)
                .env("GIT_CONFIG_GLOBAL", "/dev/null")
                .env("GIT_CONFIG_NOSYSTEM", "1")
                .dir(folder.path())
                .run()
                .expect("git runs");
            // Git puts its trailer into the block that is there, or opens a new one.
            let text = String::from_utf8(output.stdout).expect("text");
            let at = text.find("Xyz: 1").expect("the trailer");
            let joined = !text[..at].ends_with("\n\n");
            assert_eq!(!trailers(message.as_bytes()).is_empty(), joined, "{message:?}: {text:?}");
        }
    }
}
