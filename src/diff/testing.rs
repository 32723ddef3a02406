//! What the tests of diffs share: git and the corpus as oracles, and random numbers that are always the same.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A small xorshift generator.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 11) as usize % bound.max(1)
    }
}

/// Runs a program in `dir` with nothing of the user's configuration.
pub(crate) fn run(dir: &Path, program: &str, args: &[&str], input: &[u8]) -> Output {
    let path = std::env::var_os("PATH").expect("PATH is set");
    let mut child = Command::new(program)
        .args(args)
        .current_dir(dir)
        .env_clear()
        .env("PATH", path)
        .env("LC_ALL", "C")
        .env("HOME", dir)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "core.fsync")
        .env("GIT_CONFIG_VALUE_0", "none")
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "A U Thor")))
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "author@example.com")))
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_DATE"), "1700000000 +0000")))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("stdin is piped");
    std::thread::scope(|scope| {
        // A program that does not read its input closes the pipe, which is no failure.
        scope.spawn(move || drop(stdin.write_all(input)));
        child.wait_with_output().expect("the program ends")
    })
}

/// Runs git, which must succeed, and gives what it printed.
pub(crate) fn git(dir: &Path, args: &[&str], input: &[u8]) -> Vec<u8> {
    let output = run(dir, "git", args, input);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {args:?}: {stderr}");
    output.stdout
}

/// The directory with real patches.
pub(crate) fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus")
}

/// The patch sets of the corpus by tag.
pub(crate) const SETS: [(&str, &str); 6] = [
    ("patches-6.1.170", "v6.1.170"),
    ("patches-6.1.170-rt", "v6.1.170"),
    ("patches-6.1.176", "v6.1.176"),
    ("patches-6.1.176-rt", "v6.1.176"),
    ("patches-6.12.100", "v6.12.100"),
    ("patches-6.12.100-rt", "v6.12.100"),
];

/// The patch files of one set in order.
pub(crate) fn patches(set: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let dir = corpus().join(set);
    let entries = std::fs::read_dir(&dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "patch"));
    files.sort();
    assert!(!files.is_empty(), "{set} is empty");
    let read = |file: PathBuf| (file.clone(), std::fs::read(&file).expect("readable"));
    files.into_iter().map(read).collect()
}

/// A repository with commits that create, change, rename, copy and delete files of all kinds; and `git format-patch`
/// of each commit.
pub(crate) fn kinds() -> (tempfile::TempDir, Vec<Vec<u8>>) {
    let dir = tempfile::tempdir().expect("temporary directory");
    let root = dir.path();
    let write = |name: &str, bytes: &[u8]| std::fs::write(root.join(name), bytes).expect("written");
    let commit = |subject: &str| {
        git(root, &["add", "-A"], b"");
        git(root, &["commit", "-q", "-m", subject, "--allow-empty"], b"");
    };
    git(root, &["init", "-q"], b"");
    let numbers: String = ["one", "2", "3", "4", "5", "6", "7"].map(|word| format!("line {word}\n")).concat().repeat(6);
    let noise: Vec<u8> = (0..3000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    commit("base");
    write("plain", numbers.as_bytes());
    write("crlf", b"one\r\ntwo\r\nthree\r\n");
    write("no newline", b"one\ntwo");
    write("empty", b"");
    write("\u{e4}\t\"q\"", b"quoted\n");
    write("binary", &noise);
    write("run.sh", b"#!/bin/sh\n");
    std::os::unix::fs::symlink("plain", root.join("link")).expect("link");
    commit("create");
    write("plain", numbers.replace("line 3\nline 4\n", "line 3\nnew\n").as_bytes());
    write("crlf", b"one\r\n2\r\nthree\r\nfour");
    write("no newline", b"one\ntwo\nthree\n");
    write("\u{e4}\t\"q\"", b"quoted\nmore");
    write("binary", &[&noise[..1000], b"inserted", &noise[1000..]].concat());
    commit("change");
    git(root, &["mv", "plain", "moved here"], b"");
    git(root, &["mv", "\u{e4}\t\"q\"", "q"], b"");
    write("copy", &std::fs::read(root.join("crlf")).expect("readable"));
    git(root, &["update-index", "--chmod=+x", "run.sh"], b"");
    std::fs::remove_file(root.join("link")).expect("removed");
    std::os::unix::fs::symlink("moved here", root.join("link")).expect("link");
    git(root, &["add", "-A", "--", "copy", "link"], b"");
    git(root, &["commit", "-q", "-m", "rename, copy, mode"], b"");
    git(root, &["checkout", "-q", "-f", "HEAD"], b"");
    git(root, &["rm", "-q", "empty", "binary", "link", "no newline"], b"");
    write("moved here", numbers.replace("line one", "line 1").as_bytes());
    commit("delete");
    let args = ["format-patch", "--root", "-M", "-C", "--find-copies-harder", "--full-index", "--binary", "--stdout"];
    let revisions = git(root, &["rev-list", "--reverse", "--skip=0", "HEAD"], b"");
    let revisions = String::from_utf8(revisions).expect("hex");
    let mail = |revision: &str| git(root, &[&args[..], &["-1", revision]].concat(), b"");
    let mails = revisions.lines().skip(1).map(mail).collect();
    (dir, mails)
}

/// Patches with a few random wounds.
pub(crate) fn mutated(seed: u64, count: usize) -> Vec<Vec<u8>> {
    let mut random = Random::new(seed);
    let (_dir, kinds) = kinds();
    let corpus = patches("patches-6.1.176").into_iter().map(|(_, bytes)| bytes);
    let whole: Vec<Vec<u8>> = corpus.filter(|bytes| bytes.len() < 20_000).chain(kinds).collect();
    let spice: [&[u8]; 8] = [b"\n", b"@@ -", b"--- ", b"+++ ", b"\\ No newline at end", b"diff --git ", b"/", b"\""];
    let wound = |round: usize| {
        let mut text = whole[round % whole.len()].clone();
        for _ in 0..=random.below(4) {
            if text.is_empty() {
                break;
            }
            let at = random.below(text.len());
            match random.below(4) {
                0 => text[at] = random.next() as u8,
                1 => text.truncate(at),
                2 => drop(text.splice(at..at, spice[random.below(spice.len())].iter().copied())),
                _ => drop(text.drain(at..text.len().min(at + random.below(60)))),
            }
        }
        text
    };
    (0..count).map(wound).collect()
}
