//! Repositories that a test makes commit by commit.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::Sandbox;

/// A work tree with a clock that ticks.
pub struct Repo<'a> {
    sandbox: &'a Sandbox,
    pub path: PathBuf,
    clock: AtomicU32,
}

/// Forty different lines.
pub fn text(name: &str) -> String {
    let lines: Vec<String> = (1..=40).map(|line| format!("{name} line {line}\n")).collect();
    lines.concat()
}

impl<'a> Repo<'a> {
    pub fn new(sandbox: &'a Sandbox, name: &str) -> Self {
        let path = sandbox.path(name);
        std::fs::create_dir(&path).unwrap();
        sandbox.git(&path, &["init", "-q", "-b", "main"]);
        sandbox.git(&path, &["config", "uploadpack.allowFilter", "true"]);
        sandbox.git(&path, &["config", "uploadpack.allowAnySHA1InWant", "true"]);
        Self { sandbox, path, clock: AtomicU32::new(0) }
    }

    /// Runs git here; each call a minute later.
    pub fn git(&self, args: &[&str]) -> String {
        let minutes = self.clock.fetch_add(1, Ordering::Relaxed);
        let date = format!("{} +0200", 1_700_000_000 + 60 * minutes);
        let mut command = self.sandbox.command("git", &self.path);
        command.env("GIT_AUTHOR_DATE", &date).env("GIT_COMMITTER_DATE", &date);
        let output = command.args(args).output().unwrap();
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.path.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    /// Replaces the lines with these numbers.
    pub fn lines(&self, path: &str, new: &[(usize, &str)]) -> &Self {
        let text = std::fs::read_to_string(self.path.join(path)).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        for (number, line) in new {
            lines[number - 1] = line;
        }
        self.write(path, lines.join("\n") + "\n")
    }

    /// Commits everything with exactly this message; returns the id.
    pub fn commit(&self, message: impl AsRef<[u8]>) -> String {
        let file = self.path.with_extension("message");
        std::fs::write(&file, message).unwrap();
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--cleanup=verbatim", "-F", file.to_str().unwrap()]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// A commit that changes nothing.
    pub fn commit_empty(&self, message: &str) {
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
    }

    pub fn tag(&self, name: &str) {
        self.git(&["tag", "-a", "-m", name, name]);
    }

    pub fn checkout(&self, name: &str) {
        self.git(&["checkout", "-q", name]);
    }

    /// Writes the commits `base..tip` as pinned patch files into `folder`.
    pub fn format_patches(&self, base: &str, tip: &str, folder: &Path) {
        let range = format!("{base}..{tip}");
        let mut args = vec!["format-patch", "-q", "-o", folder.to_str().unwrap()];
        args.extend(super::by_git::PINNED);
        args.push(&range);
        self.git(&args);
    }
}
