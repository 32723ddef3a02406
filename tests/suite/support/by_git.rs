//! What git itself makes of a patch set.

use std::path::{Path, PathBuf};

use super::Sandbox;

/// The flags that make `git format-patch` independent of any configuration.
pub const PINNED: &[&str] = &[
    "--keep-subject",
    "--no-numbered",
    "--zero-commit",
    "--no-signature",
    "--no-renames",
    "--diff-algorithm=myers",
    "-U3",
    "--abbrev=12",
    "--stat=72",
    "--no-attach",
    "--no-thread",
    "--no-cover-letter",
    "--no-base",
    "--no-notes",
    "--no-signoff",
    "--no-to",
    "--no-cc",
    "--no-add-header",
    "--no-encode-email-headers",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--suffix=.patch",
];

/// How git took a patch file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// `git am` made this commit.
    Am(String),
    /// `git am` does not read it as a mail, but `git apply` applies it: a commit with a message of the test's.
    Apply(String),
    /// It does not apply.
    Refused,
}

impl Taken {
    /// The commit, if the patch applies.
    pub fn commit(&self) -> Option<&str> {
        match self {
            Self::Am(commit) | Self::Apply(commit) => Some(commit),
            Self::Refused => None,
        }
    }
}

/// The patch files of a folder, in byte order of their names.
pub fn patch_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|ext| ext == "patch")).collect();
    files.sort();
    assert!(!files.is_empty(), "{} has patches", folder.display());
    files
}

impl Sandbox {
    /// A new work tree of `linux` at `at`, with a head of its own.
    pub fn work_tree(&self, linux: &Path, at: &str) -> PathBuf {
        let mut free = (0..1000).map(|n| self.path(&format!("work-{n}"))).filter(|path| !path.exists());
        let work = free.next().unwrap();
        self.git(linux, &["worktree", "add", "-q", "--detach", work.to_str().unwrap(), at]);
        work
    }

    /// Applies the patch files one by one, in a new work tree of `linux`; what git refuses is left out.
    pub fn am(&self, linux: &Path, files: &[PathBuf], at: &str) -> Vec<Taken> {
        let work = self.work_tree(linux, at);
        let head = || self.git(&work, &["rev-parse", "HEAD"]);
        let take = |file: &PathBuf| {
            let file = file.to_str().unwrap();
            if self.try_git(&work, &["am", "-q", "--keep-cr", "--no-scissors", file]).status.success() {
                return Taken::Am(head());
            }
            self.try_git(&work, &["am", "--abort"]);
            if self.try_git(&work, &["apply", "--index", file]).status.success() {
                self.git(&work, &["commit", "-q", "-m", "taken by git apply"]);
                return Taken::Apply(head());
            }
            Taken::Refused
        };
        files.iter().map(take).collect()
    }

    /// `git merge-tree` of one commit onto a tree or commit: the tree, or `None` for a conflict.
    pub fn merge_tree(&self, linux: &Path, tip: &str, commit: &str) -> Option<String> {
        let base = format!("--merge-base={commit}^");
        let output = self.try_git(linux, &["merge-tree", "--write-tree", "--no-messages", &base, tip, commit]);
        assert!(matches!(output.status.code(), Some(0 | 1)), "git merge-tree {tip} {commit}: {output:?}");
        let first = String::from_utf8(output.stdout).unwrap().lines().next().map(str::to_owned);
        output.status.success().then(|| first.expect("a tree"))
    }

    /// What `git format-patch` writes of a commit.
    pub fn format_patch(&self, linux: &Path, commit: &str) -> Vec<u8> {
        let attributes = format!("--attr-source={commit}");
        let mut args = vec![attributes.as_str(), "format-patch", "--stdout", "-1"];
        args.extend(PINNED);
        args.push(commit);
        let output = self.try_git(linux, &args);
        assert!(output.status.success(), "git format-patch {commit}: {output:?}");
        output.stdout
    }

    /// The tree that `patch`, run as an image build runs it, gives on `at`.
    pub fn patch_utility(&self, linux: &Path, files: &[PathBuf], at: &str) -> String {
        let work = self.work_tree(linux, at);
        for file in files {
            let mut command = self.command("patch", &work);
            command.args(["-t", "-F0", "-N", "-u", "-p1", "-s", "--no-backup-if-mismatch", "-i"]).arg(file);
            let output = command.output().unwrap();
            assert!(output.status.success(), "{}: {output:?}", file.display());
        }
        self.git(&work, &["add", "-A", "-f"]);
        self.git(&work, &["write-tree"])
    }

    /// The tree of a commit, branch or tag.
    pub fn tree(&self, linux: &Path, name: &str) -> String {
        self.git(linux, &["rev-parse", &format!("{name}^{{tree}}")])
    }

    /// The commits above `base`, oldest first.
    pub fn commits(&self, linux: &Path, base: &str, tip: &str) -> Vec<String> {
        let list = self.git(linux, &["rev-list", "--reverse", &format!("{base}..{tip}")]);
        list.lines().map(str::to_owned).collect()
    }
}
