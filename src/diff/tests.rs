//! Diffs against git: what `git apply` and `git patch-id` say of the same bytes.

use std::fmt::Write as _;

use super::parse::parse;
use super::testing::{SETS, corpus, git, kinds, mutated, patches, run};
use super::{Content, FileDiff, LineKind, Operation, id, print};

/// The diffs of a text that is well formed.
fn read(text: &[u8]) -> Vec<FileDiff> {
    parse(text, 0).unwrap_or_else(|error| panic!("{error}"))
}

fn without_spans(diffs: Vec<FileDiff>) -> Vec<FileDiff> {
    diffs.into_iter().map(|diff| FileDiff { span: 0..0, ..diff }).collect()
}

/// The lines that `git apply --numstat -z --summary` prints for these diffs, as far as the names go.
fn numstat(diffs: &[FileDiff]) -> Vec<u8> {
    let mut out = Vec::new();
    for diff in diffs {
        let (mut added, mut deleted) = (0, 0);
        if let Content::Text(hunks) = &diff.content {
            for line in hunks.iter().flat_map(|hunk| &hunk.lines) {
                added += usize::from(line.kind == LineKind::Insert);
                deleted += usize::from(line.kind == LineKind::Delete);
            }
        }
        let counts = match diff.content {
            Content::Binary { .. } | Content::BinaryDiffers => "-\t-\t".into(),
            _ => format!("{added}\t{deleted}\t"),
        };
        out.extend([counts.as_bytes(), diff.path(), b"\0"].concat());
    }
    out
}

/// What `git apply --summary` prints.
fn summary(diffs: &[FileDiff]) -> String {
    let mut out = String::new();
    for diff in diffs {
        let path = diff.path();
        let (old, new) = (diff.old_mode.unwrap_or_default(), diff.new_mode.unwrap_or_default());
        let _ = match diff.operation {
            Operation::Create if new > 0 => writeln!(out, " create mode {new:06o} {path}"),
            Operation::Create => writeln!(out, " create {path}"),
            Operation::Delete if old > 0 => writeln!(out, " delete mode {old:06o} {path}"),
            Operation::Delete => writeln!(out, " delete {path}"),
            _ if old > 0 && new > 0 && old != new => writeln!(out, " mode change {old:06o} => {new:06o} {path}"),
            _ => Ok(()),
        };
    }
    out
}

#[test]
fn the_corpus_reads_as_git_reads_it() {
    let (mut diffs, mut hunks) = (0, 0);
    for (set, _) in SETS {
        let dir = corpus().join(set);
        let files = patches(set);
        let names: Vec<&str> = files.iter().filter_map(|(path, _)| path.to_str()).collect();
        let all: Vec<FileDiff> = files.iter().flat_map(|(_, bytes)| read(bytes)).collect();
        let stat = git(&dir, &[&["apply", "--numstat", "-z"], &names[..]].concat(), b"");
        assert!(stat == numstat(&all), "{set}: numstat");
        let git_summary = git(&dir, &[&["apply", "--summary"], &names[..]].concat(), b"");
        let git_summary = String::from_utf8_lossy(&git_summary);
        let kept = git_summary.split_inclusive('\n').filter(|line| !line.starts_with(" rename"));
        assert_eq!(kept.collect::<String>(), summary(&all), "{set}");
        let renames = all.iter().filter(|diff| diff.operation == Operation::Rename).count();
        assert_eq!(git_summary.matches(" rename ").count(), renames, "{set}");
        for (path, bytes) in &files {
            let parsed = without_spans(read(bytes));
            let printed: Vec<u8> = parsed.iter().flat_map(print::print).collect();
            assert!(without_spans(read(&printed)) == parsed, "{}", path.display());
            hunks += parsed.iter().filter(|diff| matches!(diff.content, Content::Text(_))).count();
        }
        diffs += all.len();
    }
    assert!(diffs > 1400 && hunks > 1400, "{diffs} diffs, {hunks} with text");
}

#[test]
fn spans_hold_the_whole_diff() {
    for (path, bytes) in SETS.iter().flat_map(|(set, _)| patches(set)) {
        for diff in parse(&bytes, 7).expect("well formed") {
            let part = &bytes[diff.span.start - 7..diff.span.end - 7];
            let again = without_spans(read(part));
            assert!(again == without_spans(vec![diff]), "{}", path.display());
        }
    }
}

#[test]
fn every_kind_of_diff_survives_printing() {
    let (dir, mails) = kinds();
    for mail in &mails {
        let diffs = read(mail);
        assert_eq!(git(dir.path(), &["apply", "--numstat", "-z"], mail), numstat(&diffs));
        let parsed = without_spans(diffs);
        let printed: Vec<u8> = parsed.iter().flat_map(print::print).collect();
        assert_eq!(without_spans(read(&printed)), parsed);
        assert_eq!(git(dir.path(), &["apply", "--numstat", "-z"], &printed), numstat(&parsed));
    }
    let operations: Vec<Operation> = mails.iter().flat_map(|mail| read(mail)).map(|diff| diff.operation).collect();
    for operation in [Operation::Create, Operation::Modify, Operation::Rename, Operation::Copy, Operation::Delete] {
        assert!(operations.contains(&operation), "{operation:?}");
    }
}

#[test]
fn odd_forms_are_read_as_git_reads_them() {
    let hunk = "@@ -1,2 +1,2 @@\n one\n-two\n+2\n";
    let cases = [
        format!("Index: x\n=====\n--- linux.orig/x\t2020-01-01 00:00:00 +0000\n+++ linux/x\t2020-01-02 00:00:00 +0000\n{hunk}"),
        format!("--- a/x y\t\n+++ b/x y\t\n{hunk}-- \n2.30\n"),
        format!("--- a/x\r\n+++ b/x\r\n{hunk}"),
        format!("--- x\n+++ x\n{hunk}diff --git y y\nnew file mode 100644\n"),
        format!("--- a/x.orig\n+++ b/x\n{hunk}garbage\n--- a/x\n+++ b/x~\n{hunk}"),
        "--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+one\n".into(),
        "--- a/x\t1970-01-01 01:00:00 +0100\n+++ b/x\t2020-01-01 00:00:00 +0000\n@@ -0,0 +1 @@\n+one\n".into(),
        "--- a/x\t2020-01-01 00:00:00 +0000\n+++ b/x\t1970-01-01 00:00:00.000 +0000\n@@ -1 +0,0 @@\n-one\n".into(),
        "diff --git a/x y b/x y\nnew file mode 100600\nindex 0000000..e69de29\n".into(),
        "diff --git a/x b/x\nold mode 100644\nnew mode 100755\ndiff --git a/y b/y\ndeleted file mode 100644\n".into(),
        "diff --git \"a/\\303\\244\" \"b/\\303\\244\"\nnew file mode 120000\n--- /dev/null\n+++ \"b/\\303\\244\"\n@@ -0,0 +1 @@\n+t\n\\ No newline at end of file\n".into(),
        "diff --git a/x b/y\nrename old x\nrename new y\n".into(),
        "diff --git a/x b/x\nindex 1..2 100644\nBinary files a/x and b/x differ\n".into(),
        "diff --git a/s b/s\nnew file mode 160000\nindex 0000000..1111111\n--- /dev/null\n+++ b/s\n@@ -0,0 +1 @@\n+Subproject commit 1\n".into(),
        format!("diff --git a/x b/x\ngarbage\n--- a/x\n+++ b/x\n{hunk}"),
        "--- a/x\n+++ b/x\n@@ -1,4 +1,3 @@\n one\n\n-two\n \n".into(),
        "no diff at all\n".into(),
    ];
    let dir = tempfile::tempdir().expect("temporary directory");
    for case in cases {
        let output =
            run(dir.path(), "git", &["apply", "--numstat", "-z", "--summary", "--allow-empty"], case.as_bytes());
        let diffs = read(case.as_bytes());
        let want = [numstat(&diffs), summary(&diffs).into_bytes()].concat();
        let printed = print_plain(&want);
        let got = print_plain(&output.stdout);
        if case.contains("rename") {
            assert!(output.status.success() && diffs[0].operation == Operation::Rename);
        } else {
            assert_eq!(got, printed, "{case}");
        }
        assert!(output.status.success(), "{case}");
    }
}

/// Names in summaries are quoted by git, which is not the point here.
fn print_plain(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace("\"\\303\\244\"", "\u{e4}")
}

#[test]
fn broken_diffs_are_refused_where_they_break() {
    let cases = [
        ("--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n one\n-two\n", "", "corrupt patch"),
        ("--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n one\n-two\n", "+2", "corrupt patch"),
        ("--- a/x\n+++ b/x\n@@ -1,2 +1,1 @@\n one\n", "+two\n+2\n", "corrupt patch"),
        ("--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n one\n", "two\n", "corrupt patch"),
        ("--- a/x\n+++ b/x\n", "@@ -1,2 +1,2 @@\n one\n two\n", "corrupt patch"),
        ("--- a/x\n+++ b/x\n", "@@ -1,4294967296 +1 @@\n-a\n+b\n", "corrupt patch"),
        ("--- a/x\n+++ b/x\n", "@@ -x +1 @@\n-a\n+b\n", "corrupt patch"),
        ("diff --git a/x b/x\n--- a/x\n+++ b/x\n", "+++ b/y\n@@ -1 +1 @@\n-a\n+b\n", "inconsistent"),
        ("diff --git a/x b/x\nnew file mode 100644\n", "--- a/x\n", "expected /dev/null"),
        ("diff --git a/x b/x\nnew file mode 100644\n", "deleted file mode 100644\n", "inconsistent"),
        ("diff --git a/x b/x\n", "new mode 10x\n", "invalid mode"),
        ("text\n", "diff --git a/x b/y\nmore text\n", "lacks filename"),
        ("text\n", "diff --git a/x b/x\nindex 1..2\n", "only garbage"),
        ("text\n", "@@ -1 +1 @@\n-a\n+b\n", "without header"),
        ("--- /dev/null\n+++ b/x\n", "@@ -1 +1 @@\n-a\n+b\n", "depends on old"),
        ("--- a/x\n+++ /dev/null\n", "@@ -1 +1 @@\n-a\n+b\n", "still has"),
        ("diff --git a/x b/x\nindex 1..2\nGIT binary patch\nliteral 5\n", "Mc$}aR\n", "corrupt binary"),
    ];
    let dir = tempfile::tempdir().expect("temporary directory");
    for (good, bad, message) in cases {
        let text = format!("{good}{bad}");
        let error = parse(text.as_bytes(), 100).expect_err(&text);
        assert_eq!(error.offset, 100 + good.len(), "{text}: {error}");
        assert!(error.message.contains(message), "{text}: {error}");
        let output = run(dir.path(), "git", &["apply", "--numstat"], text.as_bytes());
        // git's numbers wrap around, and without `--check` it lets garbage pass.
        let lenient = text.contains("4294967296") || message == "only garbage";
        assert!(lenient || !output.status.success(), "git takes {text}");
    }
}

/// With `--numstat` git lets a header without change pass, it forgets the errors of binary patches, and does not look
/// at a hunk header that the text ends in.
fn git_is_lax(text: &[u8], message: &str) -> bool {
    message == "patch with only garbage" || message.contains("binary patch") || text.ends_with(b"\n@@ -")
}

#[test]
fn mutated_diffs_read_as_git_reads_them() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let (mut good, mut bad) = (0, 0);
    for text in mutated(2, 1000) {
        let output = run(dir.path(), "git", &["apply", "--numstat", "-z", "--allow-empty"], &text);
        let result = parse(&text, 0);
        let equal = match &result {
            Ok(diffs) => output.status.success() && output.stdout == numstat(diffs),
            Err(error) => !output.status.success() || git_is_lax(&text, &error.message),
        };
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(equal, "{result:?}\n{}\n{stderr}", String::from_utf8_lossy(&text));
        good += usize::from(result.is_ok());
        bad += usize::from(result.is_err());
    }
    assert!(good > 100 && bad > 100, "{good} read, {bad} refused");
}

#[test]
fn mutated_diffs_never_panic() {
    for text in mutated(1, 10_000) {
        let Ok(diffs) = parse(&text, 0) else { continue };
        for diff in diffs {
            let printed = print::print(&diff);
            let again = parse(&printed, 0).map(without_spans);
            assert_eq!(again, Ok(without_spans(vec![diff.clone()])), "{}", String::from_utf8_lossy(&printed));
            let _ = super::safety::check(&diff);
        }
    }
}

/// Runs `git patch-id --stable` on texts, each under an id of its own; gives the patch ids in order.
fn git_ids(texts: &[Vec<u8>]) -> Vec<Option<String>> {
    let mut input = Vec::new();
    for (number, text) in texts.iter().enumerate() {
        input.extend(format!("commit {:040x}\n", number + 1).bytes());
        input.extend(text);
    }
    let dir = tempfile::tempdir().expect("temporary directory");
    let output = String::from_utf8(git(dir.path(), &["patch-id", "--stable"], &input)).expect("hex");
    let mut ids = vec![None; texts.len()];
    for (id, number) in output.lines().filter_map(|line| line.split_once(' ')) {
        let number = usize::from_str_radix(number, 16).expect("hex");
        // What follows text that ends a patch for git has no name.
        if number > 0 {
            ids[number - 1].get_or_insert(id.to_owned());
        }
    }
    ids
}

/// Prints a diff in git's form in any case, for which a new or deleted file needs a mode.
fn print_git(diff: &FileDiff) -> Vec<u8> {
    let mut diff = diff.clone();
    match diff.operation {
        Operation::Create => drop(diff.new_mode.get_or_insert(0o100_644)),
        Operation::Delete => drop(diff.old_mode.get_or_insert(0o100_644)),
        _ => {}
    }
    print::print(&diff)
}

fn hex(id: [u8; 20]) -> String {
    id.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[test]
fn patch_ids_are_those_of_git() {
    let (_dir, mails) = kinds();
    let corpus = SETS.iter().flat_map(|(set, _)| patches(set)).map(|(_, bytes)| bytes);
    let texts: Vec<Vec<u8>> = corpus.chain(mails).collect();
    let parsed: Vec<Vec<FileDiff>> = texts.iter().map(|text| read(text)).collect();
    let printed: Vec<Vec<u8>> = parsed.iter().map(|diffs| diffs.iter().flat_map(print_git).collect()).collect();
    let ours: Vec<Option<String>> = parsed.iter().map(|diffs| Some(hex(id::patch_id(diffs)))).collect();
    for (at, git_id) in git_ids(&printed).into_iter().enumerate() {
        assert_eq!(ours[at], git_id, "printed {at}: {:?}", parsed[at].first().map(FileDiff::path));
    }
    // As the files stand: git sees no diffs without a `diff` line, and takes in the options of `diff -urN`.
    let bare: Vec<Vec<u8>> =
        texts.iter().zip(&parsed).map(|(text, diffs)| text[diffs[0].span.start..].to_vec()).collect();
    let raw = git_ids(&bare);
    let mut equal = 0;
    for (at, text) in bare.iter().enumerate() {
        if text.starts_with(b"diff --git") {
            assert_eq!(ours[at], raw[at], "{:?}", parsed[at].first().map(FileDiff::path));
            equal += 1;
        }
    }
    assert!(equal > 350, "{equal} of {}", texts.len());
}

#[test]
fn change_ids_do_not_see_context() {
    let diff = |context: &str| read(format!("--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n {context}\n-two\n+2\n").as_bytes());
    assert_ne!(id::patch_id(&diff("one")), id::patch_id(&diff("uno")));
    assert_eq!(id::change_id(&diff("one")), id::change_id(&diff("uno")));
    let bare = b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -2 +2 @@\n-two\n+2\n".to_vec();
    assert_eq!(Some(hex(id::change_id(&diff("one")))), git_ids(&[bare])[0]);
}
