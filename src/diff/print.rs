//! Writes diffs in git's own style.

use super::{Content, FileDiff, Hunk, LineKind, Operation, binary, names};

/// Writes one diff as git would. Reading the bytes gives the same diff again, its span aside.
///
/// A new or deleted file whose mode is not known is written as a plain `---`/`+++` diff, since git's form needs the
/// mode. The similarity of a rename is not known here and is left out, which git accepts.
pub fn print(diff: &FileDiff) -> Vec<u8> {
    let mut out = Vec::new();
    let plain = match diff.operation {
        Operation::Create => diff.new_mode.is_none(),
        Operation::Delete => diff.old_mode.is_none(),
        _ => false,
    };
    let has_hunks = matches!(&diff.content, Content::Text(hunks) if !hunks.is_empty());
    if !plain || !has_hunks {
        header_lines(diff, |line| {
            out.extend_from_slice(&line);
            out.push(b'\n');
        });
        index_line(diff, &mut out);
    }
    match &diff.content {
        Content::Unchanged => {}
        Content::Text(hunks) => {
            if has_hunks {
                let [old, new] = name_lines(diff);
                out.extend([&old[..], b"\n", &new, b"\n"].concat());
            }
            for hunk in hunks {
                print_hunk(hunk, &mut out);
            }
        }
        Content::Binary { forward, reverse } => {
            out.extend(b"GIT binary patch\n");
            out.extend(binary::encode(forward));
            out.extend(reverse.as_ref().map(binary::encode).unwrap_or_default());
        }
        Content::BinaryDiffers => {
            let (old, new) = sides(diff);
            out.extend([b"Binary files ", &old[..], b" and ", &new, b" differ\n"].concat());
        }
    }
    out
}

/// Appends one hunk to `out`.
pub fn print_hunk(hunk: &Hunk, out: &mut Vec<u8>) {
    let range = |start: u32, len: u32| match len {
        1 => start.to_string(),
        _ => format!("{start},{len}"),
    };
    let old = range(hunk.old_start, hunk.old_len);
    let new = range(hunk.new_start, hunk.new_len);
    out.extend(format!("@@ -{old} +{new} @@").bytes());
    out.extend_from_slice(&hunk.section);
    out.push(b'\n');
    for line in &hunk.lines {
        out.push(match line.kind {
            LineKind::Context => b' ',
            LineKind::Delete => b'-',
            LineKind::Insert => b'+',
        });
        out.extend_from_slice(&line.text);
        if !line.text.ends_with(b"\n") {
            out.extend_from_slice(b"\n\\ No newline at end of file\n");
        }
    }
}

/// Gives the `diff --git` line and the extended headers without the `index` line to `each`, without line ends.
pub(super) fn header_lines(diff: &FileDiff, mut each: impl FnMut(Vec<u8>)) {
    let old = diff.old_path.as_ref().or(diff.new_path.as_ref()).map_or(&[][..], |path| path);
    let new = diff.new_path.as_ref().or(diff.old_path.as_ref()).map_or(&[][..], |path| path);
    each([b"diff --git ", &names::quote("a/", old)[..], b" ", &names::quote("b/", new)].concat());
    let mode = |what: &str, mode: Option<u32>| format!("{what} mode {:06o}", mode.unwrap_or(0o100_644)).into_bytes();
    match diff.operation {
        Operation::Create => each(mode("new file", diff.new_mode)),
        Operation::Delete => each(mode("deleted file", diff.old_mode)),
        _ if diff.new_mode.is_some() => {
            if diff.old_mode.is_some() {
                each(mode("old", diff.old_mode));
            }
            each(mode("new", diff.new_mode));
        }
        // An `index` line names a mode that stays; without one it needs a line of its own.
        _ if diff.old_mode.is_some() && diff.index.is_none() => each(mode("old", diff.old_mode)),
        _ => {}
    }
    let verb = match diff.operation {
        Operation::Rename => "rename",
        Operation::Copy => "copy",
        _ => return,
    };
    if diff.content == Content::Unchanged {
        each(b"similarity index 100%".to_vec());
    }
    each([verb.as_bytes(), b" from ", &names::quote("", old)].concat());
    each([verb.as_bytes(), b" to ", &names::quote("", new)].concat());
}

fn index_line(diff: &FileDiff, out: &mut Vec<u8>) {
    let Some((old, new)) = &diff.index else {
        // A header of one line is none to git, and only text has `---` lines to follow it.
        let bare = diff.operation == Operation::Modify && diff.old_mode.is_none() && diff.new_mode.is_none();
        if bare && !matches!(diff.content, Content::Text(_)) {
            out.extend(b"index ..\n");
        }
        return;
    };
    out.extend([b"index ", &old[..], b"..", new].concat());
    let stays = !matches!(diff.operation, Operation::Create | Operation::Delete) && diff.new_mode.is_none();
    if let Some(mode) = diff.old_mode.filter(|_| stays) {
        out.extend(format!(" {mode:06o}").bytes());
    }
    out.push(b'\n');
}

/// The `---` and `+++` lines without line ends. A name with a blank ends in a tab, so that no timestamp is seen in it.
pub(super) fn name_lines(diff: &FileDiff) -> [Vec<u8>; 2] {
    let line = |marker: &[u8], name: Vec<u8>| {
        let tab = if name.contains(&b' ') && name[0] != b'"' { &b"\t"[..] } else { b"" };
        [marker, &name, tab].concat()
    };
    let (old, new) = sides(diff);
    [line(b"--- ", old), line(b"+++ ", new)]
}

/// Both names with their prefixes, or `/dev/null`.
fn sides(diff: &FileDiff) -> (Vec<u8>, Vec<u8>) {
    let side = |prefix: &str, path: Option<&bstr::BString>| match path {
        Some(path) => names::quote(prefix, path),
        None => b"/dev/null".to_vec(),
    };
    (side("a/", diff.old_path.as_ref()), side("b/", diff.new_path.as_ref()))
}
