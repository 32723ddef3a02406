//! Placing hunks against `git apply`, `git am` and the patch utility.

use std::collections::HashMap;
use std::path::Path;

use bstr::{BString, ByteSlice as _};

use super::{Applied, ContentError, HunkFailure, Reason, patch_utility, text};
use crate::diff::parse::parse;
use crate::diff::testing::{Random, SETS, corpus, git, kinds, mutated, patches, run};
use crate::diff::{Content, FileDiff, Hunk, Line, LineKind, Operation, print};

/// A file of few different lines, so that hunks fit in many places.
fn file(random: &mut Random, ending: &str) -> Vec<String> {
    let words = ["a", "b", "", "c"];
    let letters = 2 + random.below(3);
    let count = random.below(26);
    let mut lines: Vec<String> = (0..count).map(|_| format!("{}{ending}", words[random.below(letters)])).collect();
    if let Some(last) = lines.last_mut()
        && random.below(4) == 0
    {
        last.truncate(last.len() - ending.len());
        if last.is_empty() {
            last.push('z');
        }
    }
    lines
}

/// Changes some lines and returns the script: what became of every line.
fn edit(random: &mut Random, old: &[String], ending: &str) -> Vec<Line> {
    let mut script = Vec::new();
    let mut push = |kind, text: &str| {
        script.push(Line { kind, text: text.into() });
    };
    for line in old {
        match random.below(9) {
            0 => push(LineKind::Delete, line),
            1 => {
                push(LineKind::Delete, line);
                push(LineKind::Insert, &format!("new{ending}"));
            }
            2 if line.ends_with('\n') => {
                push(LineKind::Context, line);
                push(LineKind::Insert, &format!("b{ending}"));
            }
            _ => push(LineKind::Context, line),
        }
    }
    script
}

/// Cuts a script into hunks with `context` lines around the changes.
fn hunks(script: &[Line], context: usize) -> Vec<Hunk> {
    let changed = |at: &usize| script[*at].kind != LineKind::Context;
    let places: Vec<usize> = (0..script.len()).filter(changed).collect();
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for at in places {
        let (start, end) = (at.saturating_sub(context), (at + context + 1).min(script.len()));
        match ranges.last_mut() {
            Some(last) if start <= last.1 => last.1 = end,
            _ => ranges.push((start, end)),
        }
    }
    let count = |lines: &[Line], without| lines.iter().filter(|line| line.kind != without).count() as u32;
    let hunk = |(start, end): (usize, usize)| {
        let lines = script[start..end].to_vec();
        let (old_len, new_len) = (count(&lines, LineKind::Insert), count(&lines, LineKind::Delete));
        Hunk {
            old_start: count(&script[..start], LineKind::Insert) + u32::from(old_len > 0),
            old_len,
            new_start: count(&script[..start], LineKind::Delete) + u32::from(new_len > 0),
            new_len,
            section: BString::default(),
            lines,
        }
    };
    ranges.into_iter().map(hunk).collect()
}

struct Case {
    name: String,
    old: Vec<u8>,
    hunks: Vec<Hunk>,
}

impl Case {
    fn diff(&self) -> FileDiff {
        FileDiff {
            span: 0..0,
            old_path: Some(self.name.clone().into()),
            new_path: Some(self.name.clone().into()),
            old_mode: None,
            new_mode: None,
            operation: Operation::Modify,
            index: None,
            content: Content::Text(self.hunks.clone()),
        }
    }
}

/// Hunks made for one file, to be applied to another version of it.
fn cases(seed: u64, count: usize) -> Vec<Case> {
    let mut random = Random::new(seed);
    let mut cases = Vec::new();
    while cases.len() < count {
        let ending = if random.below(8) == 0 { "\r\n" } else { "\n" };
        let old = file(&mut random, ending);
        let script = edit(&mut random, &old, ending);
        let context = [3, 3, 2, 1, 1, 0][random.below(6)];
        let mut hunks = hunks(&script, context);
        if hunks.is_empty() {
            continue;
        }
        let mut target = old;
        match random.below(6) {
            0 => {}
            // Already applied.
            1 => {
                let new = script.iter().filter(|line| line.kind != LineKind::Delete);
                target = new.map(|line| line.text.to_string()).collect();
            }
            _ => {
                for _ in 0..=random.below(5) {
                    let at = random.below(target.len());
                    match random.below(3) {
                        0 if !target.is_empty() => drop(target.remove(at)),
                        _ => target.insert(at, format!("{}{ending}", ["a", "b", "c", "x"][random.below(4)])),
                    }
                }
            }
        }
        if random.below(5) == 0 {
            let shift = random.below(7) as u32;
            for hunk in &mut hunks {
                hunk.old_start += if hunk.old_start > 0 { shift } else { 0 };
                hunk.new_start += if hunk.new_start > 0 { shift } else { 0 };
            }
        }
        // An empty file cannot be told from a missing one in the tree of the utility.
        if !target.concat().is_empty() {
            let name = format!("f{:04}", cases.len());
            let old = target.concat().into_bytes();
            cases.push(Case { name, old, hunks });
        }
    }
    cases
}

/// The outcome of one file as a program reports it: new bytes, the line offsets of the hunks that it names.
struct Reported {
    content: Option<Vec<u8>>,
    offsets: HashMap<usize, i64>,
    log: String,
}

/// Writes the files, runs a program over one patch for all of them and collects what it did.
fn report(cases: &[Case], program: &str, args: &[&str], heading: &str) -> Vec<Reported> {
    let dir = tempfile::tempdir().expect("temporary directory");
    for case in cases {
        std::fs::write(dir.path().join(&case.name), &case.old).expect("written");
    }
    let plain = |case: &Case| [b"\n".to_vec(), print::print(&case.diff())].concat();
    let input: Vec<u8> = cases.iter().flat_map(plain).collect();
    let output = run(dir.path(), program, args, &input);
    let log = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let section = |name: &str| {
        let rest = log.split_once(&format!("{heading}{name}")).map_or("", |(_, rest)| rest);
        rest.split(heading).next().unwrap_or_default().to_owned()
    };
    let read = |case: &Case| {
        let path = dir.path().join(&case.name);
        let log = section(&case.name);
        let rejected = path.with_extension("rej").exists() || log.is_empty();
        Reported {
            content: (!rejected).then(|| std::fs::read(&path).unwrap_or_default()),
            offsets: log.lines().filter_map(offset).collect(),
            log,
        }
    };
    cases.iter().map(read).collect()
}

/// Reads `Hunk #2 succeeded at 7 (offset -1 lines).`
fn offset(line: &str) -> Option<(usize, i64)> {
    let (number, rest) = line.strip_prefix("Hunk #")?.split_once(" succeeded at ")?;
    let (_, offset) = rest.split_once("(offset ")?;
    Some((number.parse().ok()?, offset.split(' ').next()?.parse().ok()?))
}

type Apply = fn(&[Hunk], &[u8]) -> Result<Applied, HunkFailure>;

/// Compares each outcome with ours; gives how many applied, how many did so at an offset, how many did not, and how many
/// git glues.
fn compare(cases: &[Case], reported: &[Reported], apply: Apply, by_git: bool) -> [usize; 4] {
    let mut counts = [0; 4];
    for (case, reported) in cases.iter().zip(reported) {
        let ours = apply(&case.hunks, &case.old);
        let patch = String::from_utf8_lossy(&print::print(&case.diff())).into_owned();
        let shown = || format!("{patch}\non {:?}\nours: {ours:?}\nsays: {}", case.old.as_bstr(), reported.log);
        // git takes a context line without newline for the beginning of a longer line, or one with a newline, and glues
        // the next line to it. The utility and we do not.
        let incomplete = |line: &Line| line.kind == LineKind::Context && !line.text.ends_with(b"\n");
        let glued = case.hunks.iter().flat_map(|hunk| &hunk.lines).any(incomplete);
        match (&ours, &reported.content) {
            (Ok(applied), Some(content)) if by_git && glued && applied.content != *content => counts[3] += 1,
            (Err(_), Some(_)) if by_git && glued => counts[3] += 1,
            (Ok(applied), Some(content)) => {
                assert_eq!(applied.content.as_bstr(), content.as_bstr(), "{}", shown());
                let moved = applied.offsets.iter().enumerate().filter(|(_, offset)| **offset != 0);
                let moved: HashMap<usize, i64> = moved.map(|(at, offset)| (at + 1, *offset)).collect();
                assert_eq!(moved, reported.offsets, "{}", shown());
                counts[0] += 1;
                counts[1] += usize::from(!moved.is_empty());
            }
            (Err(failure), None) => {
                let already = reported.log.contains("previously applied");
                assert_eq!(failure.reason == Reason::AlreadyApplied, already, "{}", shown());
                counts[2] += 1;
            }
            // git puts lines without context at the end, after a line without newline too.
            (Err(failure), Some(_)) if by_git && failure.reason == Reason::MissingNewline => counts[3] += 1,
            _ => panic!("{}", shown()),
        }
    }
    counts
}

#[test]
fn hunks_go_where_git_puts_them() {
    let mut total = [0; 4];
    for seed in 1..=4 {
        let cases = cases(seed, 500);
        let reported = report(&cases, "git", &["apply", "--reject", "--verbose"], "Checking patch ");
        let counts = compare(&cases, &reported, text::apply, true);
        total = std::array::from_fn(|at| total[at] + counts[at]);
    }
    assert!(total[..3].iter().all(|&count| count > 150), "{total:?}");
}

#[test]
fn hunks_go_where_the_patch_utility_puts_them() {
    let mut total = [0; 4];
    for seed in 101..=104 {
        let cases = cases(seed, 500);
        let reported = report(&cases, "patch", &["-t", "-F0", "-N", "-u", "-p1"], "patching file ");
        let counts = compare(&cases, &reported, patch_utility::apply, false);
        total = std::array::from_fn(|at| total[at] + counts[at]);
    }
    assert!(total[..3].iter().all(|&count| count > 150), "{total:?}");
}

/// A tree in memory.
type Tree = HashMap<BString, Vec<u8>>;

/// Reads every file of a revision.
fn tree(root: &Path, revision: &str) -> Tree {
    let listing = git(root, &["ls-tree", "-r", "-z", revision], b"");
    let entry = |line: &[u8]| {
        let (head, path) = line.split_once_str("\t").expect("mode, type and id, path");
        let id = head.rsplit(|&byte| byte == b' ').next().unwrap_or_default();
        (id.to_vec(), BString::from(path))
    };
    let entries: Vec<_> = listing.split(|&byte| byte == 0).filter(|line| !line.is_empty()).map(entry).collect();
    let ids: Vec<u8> = entries.iter().flat_map(|(id, _)| [&id[..], b"\n"].concat()).collect();
    let blobs = git(root, &["cat-file", "--batch"], &ids);
    let mut rest = &blobs[..];
    let mut read = |(_, path)| {
        let (head, tail) = rest.split_once_str("\n").expect("a header");
        let size = head.rsplit_once_str(" ").and_then(|(_, size)| size.to_str().ok()?.parse().ok()).expect("a size");
        rest = &tail[size + 1..];
        (path, tail[..size].to_vec())
    };
    entries.into_iter().map(&mut read).collect()
}

/// Applies a whole patch or nothing.
fn apply_patch(
    tree: &mut Tree,
    diffs: &[FileDiff],
    apply: fn(&FileDiff, Option<&[u8]>) -> Result<Applied, ContentError>,
) -> Result<(), ContentError> {
    let mut changes: HashMap<BString, Option<Vec<u8>>> = HashMap::new();
    for diff in diffs {
        let moves = matches!(diff.operation, Operation::Rename | Operation::Copy);
        let path = diff.old_path.as_ref().or(diff.new_path.as_ref()).expect("a path");
        let old = match changes.get(path) {
            Some(content) if !moves => content.as_ref(),
            _ => tree.get(path),
        };
        let applied = apply(diff, old.map(Vec::as_slice))?;
        if matches!(diff.operation, Operation::Rename | Operation::Delete) {
            changes.insert(path.clone(), None);
        }
        if let Some(new) = &diff.new_path {
            changes.insert(new.clone(), Some(applied.content));
        }
    }
    for (path, content) in changes {
        match content {
            Some(content) => drop(tree.insert(path, content)),
            None => drop(tree.remove(&path)),
        }
    }
    Ok(())
}

#[test]
fn every_kind_of_patch_gives_the_tree_of_its_commit() {
    let (dir, mails) = kinds();
    let root = dir.path();
    let mut ours = Tree::new();
    for (at, mail) in mails.iter().enumerate() {
        let revision = format!("HEAD~{}", mails.len() - 1 - at);
        let diffs = parse(mail, 0).expect("well formed");
        apply_patch(&mut ours, &diffs, text::apply_content).expect("applies");
        assert!(ours == tree(root, &revision), "{revision}");
        for diff in diffs.iter().filter(|diff| matches!(diff.content, Content::Binary { .. })) {
            let mut diff = diff.clone();
            assert_eq!(patch_utility::apply_content(&diff, None), Err(ContentError::BinaryUnsupported));
            let old = if diff.operation == Operation::Create { None } else { Some(&b"other"[..]) };
            if old.is_some() {
                let result = text::apply_content(&diff, old);
                assert!(matches!(result, Err(ContentError::OldContent { .. })));
            }
            diff.index = Some(("0000000".into(), "1111111".into()));
            assert_eq!(text::apply_content(&diff, old), Err(ContentError::NoFullIndex));
        }
    }
}

/// A work tree of the corpus.
fn linux() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("temporary directory");
    let bundle = corpus().join("linux.bundle");
    let bundle = bundle.to_str().expect("a plain path");
    git(dir.path(), &["clone", "-q", "--no-checkout", bundle, "."], b"");
    dir
}

/// Applies patch files as a maintainer would: `git am`, and `git apply` for those that it refuses. Gives those that
/// neither takes.
fn git_am(root: &Path, files: &[&str]) -> Vec<String> {
    let mut refused = Vec::new();
    let mut rest = files;
    while !rest.is_empty() {
        let am = run(root, "git", &[&["am", "-q", "--keep-cr", "--no-3way"], rest].concat(), b"");
        if am.status.success() {
            break;
        }
        let next = std::fs::read_to_string(root.join(".git/rebase-apply/next")).expect("am stopped");
        let next: usize = next.trim().parse().expect("a number");
        git(root, &["am", "--quit"], b"");
        git(root, &["reset", "-q", "--hard"], b"");
        let file = rest[next - 1];
        if run(root, "git", &["apply", "--index", file], b"").status.success() {
            git(root, &["commit", "-q", "-m", "apply"], b"");
        } else {
            refused.push(file.to_owned());
        }
        rest = &rest[next..];
    }
    refused
}

#[test]
fn the_corpus_applies_as_with_git_am() {
    let dir = linux();
    let (mut applied, mut failed) = (0, 0);
    for (set, tag) in SETS {
        git(dir.path(), &["checkout", "-q", "-f", tag], b"");
        let mut ours = tree(dir.path(), tag);
        let files = patches(set);
        let mut refused = Vec::new();
        for (path, bytes) in &files {
            let diffs = parse(bytes, 0).expect("well formed");
            match apply_patch(&mut ours, &diffs, text::apply_content) {
                Ok(()) => applied += 1,
                Err(_) => refused.push(path.to_str().expect("a plain path").to_owned()),
            }
        }
        let names: Vec<&str> = files.iter().filter_map(|(path, _)| path.to_str()).collect();
        assert_eq!(refused, git_am(dir.path(), &names), "{set}");
        failed += refused.len();
        assert!(ours == tree(dir.path(), "HEAD"), "{set}: trees differ");
    }
    assert!(applied > 500, "{applied} applied, {failed} refused");
}

#[test]
fn the_corpus_applies_as_with_the_patch_utility() {
    let dir = linux();
    let (mut applied, mut failed) = (0, 0);
    for (set, tag) in SETS {
        git(dir.path(), &["checkout", "-q", "-f", tag], b"");
        git(dir.path(), &["clean", "-q", "-f", "-d", "-x"], b"");
        let mut ours = tree(dir.path(), tag);
        for (path, bytes) in patches(set) {
            let diffs = parse(&bytes, 0).expect("well formed");
            let result = apply_patch(&mut ours, &diffs, patch_utility::apply_content);
            let output = run(dir.path(), "patch", &["-t", "-F0", "-N", "-u", "-p1"], &bytes);
            let log = String::from_utf8_lossy(&output.stdout);
            assert_eq!(result.is_ok(), output.status.success(), "{}: {result:?}\n{log}", path.display());
            for name in diffs.iter().flat_map(|diff| [&diff.old_path, &diff.new_path]).flatten() {
                let file = dir.path().join(name.to_str().expect("a plain path"));
                if result.is_ok() {
                    let theirs = std::fs::read(&file).ok();
                    assert!(theirs.as_ref() == ours.get(name), "{}: {name}", path.display());
                } else if let Some(content) = ours.get(name) {
                    std::fs::write(&file, content).expect("written");
                } else {
                    let _ = std::fs::remove_file(&file);
                }
            }
            applied += usize::from(result.is_ok());
            failed += usize::from(result.is_err());
        }
    }
    assert!(applied > 500, "{applied} applied, {failed} refused");
}

#[test]
fn edges_of_files() {
    let apply_both = |patch: &str, old: &str| {
        let diffs = parse(format!("--- a/x\n+++ b/x\n{patch}").as_bytes(), 0).expect("well formed");
        let shown = |result: Result<Applied, ContentError>| match result {
            Ok(applied) => applied.content.as_bstr().to_string(),
            Err(ContentError::Hunk(failure)) => format!("{:?}", failure.reason),
            Err(error) => format!("{error:?}"),
        };
        let old = (old != "none").then_some(old.as_bytes());
        [text::apply_content, patch_utility::apply_content].map(|apply| shown(apply(&diffs[0], old)))
    };
    for (patch, old, git, utility) in [
        ("@@ -0,0 +1 @@\n+a\n", "none", "a\n", "a\n"),
        ("@@ -0,0 +1 @@\n+a\n", "", "a\n", "a\n"),
        ("@@ -0,0 +1 @@\n+a\n", "b\n", "NotAtBeginning", "a\nb\n"),
        ("@@ -1 +1 @@\n-a\n+b\n", "none", "Missing", "Missing"),
        ("@@ -1 +0,0 @@\n-a\n", "a\n", "", ""),
        ("@@ -1 +1 @@\n-a\n+b\n", "a", "NotAtBeginning", "NotFound"),
        ("@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n", "a", "b\n", "b\n"),
        ("@@ -1 +1 @@\n-a\n+b\n", "b\n", "NotAtBeginning", "AlreadyApplied"),
        ("@@ -4,2 +4,3 @@\n c\n d\n+e\n", "c\nd\n", "c\nd\ne\n", "c\nd\ne\n"),
        ("@@ -4,2 +4,3 @@\n c\n d\n+e\n", "c\nd\nf\n", "NotAtEnd", "NotAtEnd"),
        ("@@ -9,0 +9 @@\n+e\n", "c\nd", "MissingNewline", "c\nd\ne\n"),
        ("@@ -4294967295,2 +4294967295 @@\n-c\n d\n", "c\nd\n", "d\n", "d\n"),
        // A context line without newline is the last one, whatever git makes of it.
        ("@@ -2,2 +2 @@\n-b\n c\n\\ No newline at end of file\n", "a\nb\nc\nd\n", "NotFound", "NotFound"),
    ] {
        assert_eq!(apply_both(patch, old), [git, utility], "{patch} on {old}");
    }
}

/// A file of 30,000 lines takes 50 displaced hunks in about a millisecond; the bound is for slow, busy machines.
#[test]
fn many_hunks_in_a_long_file_are_quick() {
    let lines: Vec<String> = (0..30_000).map(|line| format!("\tvalue[{}] = {line};\n", line % 100)).collect();
    let script = |line: usize, text: &String| {
        let kind = if line % 600 == 300 { LineKind::Delete } else { LineKind::Context };
        let text = text.as_str().into();
        Line { kind, text }
    };
    let script: Vec<Line> = lines.iter().enumerate().map(|(line, text)| script(line, text)).collect();
    let hunks = hunks(&script, 3);
    assert_eq!(hunks.len(), 50);
    let old = format!("{}{}", "shifted\n".repeat(200), lines.concat());
    for apply in [text::apply, patch_utility::apply] {
        let start = std::time::Instant::now();
        let applied = apply(&hunks, old.as_bytes()).expect("applies");
        let took = start.elapsed();
        assert_eq!(applied.content.lines().count(), 30_150);
        assert!(took.as_millis() < 200, "{took:?}");
    }
}

#[test]
fn no_diff_makes_applying_panic() {
    for diff in mutated(3, 5000).iter().filter_map(|text| parse(text, 0).ok()).flatten() {
        for old in [None, Some(&b""[..]), Some(b"one\ntwo"), Some(b"line one\nline 2\nline 3\n\n\n")] {
            let _ = text::apply_content(&diff, old);
            let _ = patch_utility::apply_content(&diff, old);
        }
    }
}
