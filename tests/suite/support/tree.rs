//! Small linux trees, written by `git fast-import`.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::Sandbox;

/// One change of a commit.
#[derive(Clone, Copy)]
pub enum Edit<'a> {
    /// A regular file with this content.
    File(&'a str, &'a str),
    /// A symbolic link with this target.
    Link(&'a str, &'a str),
}

/// Collects commits and tags, and makes a bare repository of them. The clock ticks an hour with every commit.
#[derive(Default)]
pub struct TreeBuilder {
    stream: Vec<u8>,
    commits: usize,
    /// The commits that branches and tags stand for.
    marks: HashMap<String, usize>,
}

impl TreeBuilder {
    /// A commit on top of `branch`, which begins at `from`, a branch or a tag, if it is new.
    pub fn commit(&mut self, branch: &str, from: Option<&str>, message: &str, edits: &[Edit<'_>]) -> &mut Self {
        self.commit_of(branch, from, "Ada Example <ada@example.org>", message, edits)
    }

    /// The same by another author, `Name <mail>`.
    pub fn commit_of(
        &mut self,
        branch: &str,
        from: Option<&str>,
        author: &str,
        message: &str,
        edits: &[Edit<'_>],
    ) -> &mut Self {
        self.commits += 1;
        let time = 1_705_000_000 + 3600 * self.commits;
        let mut text = format!(
            "commit refs/heads/{branch}\nmark :{}\nauthor {author} {time} +0000\n\
             committer C O Mitter <committer@example.org> {time} +0000\ndata {}\n{message}\n",
            self.commits,
            message.len()
        );
        if let Some(from) = from {
            let _ = writeln!(text, "from :{}", self.marks[from]);
        }
        for edit in edits {
            let _ = match edit {
                Edit::File(path, content) => {
                    write!(text, "M 100644 inline {path}\ndata {}\n{content}\n", content.len())
                }
                Edit::Link(path, target) => write!(text, "M 120000 inline {path}\ndata {}\n{target}\n", target.len()),
            };
        }
        self.marks.insert(branch.to_owned(), self.commits);
        self.stream.extend(text.as_bytes());
        self
    }

    /// A tag on the last commit of `branch`.
    pub fn tag(&mut self, tag: &str, branch: &str) -> &mut Self {
        let text = format!(
            "tag {tag}\nfrom :{}\ntagger C O Mitter <committer@example.org> 1705000000 +0000\n\
             data {}\nLinux {tag}\n",
            self.marks[branch],
            6 + tag.len()
        );
        self.marks.insert(tag.to_owned(), self.marks[branch]);
        self.stream.extend(text.as_bytes());
        self
    }

    /// Writes the repository into `folder` of the sandbox.
    pub fn build(&self, sandbox: &Sandbox, folder: &str) -> PathBuf {
        let path = sandbox.path(folder);
        sandbox.git(&sandbox.path(""), &["init", "-q", "--bare", "--initial-branch=main", "--template=", folder]);
        let mut import =
            sandbox.command("git", &path).args(["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn().unwrap();
        import.stdin.take().unwrap().write_all(&self.stream).unwrap();
        assert!(import.wait().unwrap().success(), "git fast-import refused the stream");
        path
    }
}

/// The patches of `range`, as `git format-patch` writes them: names and bytes in order.
pub fn format_patch(sandbox: &Sandbox, linux: &Path, range: &str) -> Vec<(String, Vec<u8>)> {
    let out = tempfile::tempdir_in(sandbox.path("")).unwrap();
    let folder = out.path().to_str().unwrap();
    sandbox.git(linux, &["format-patch", "-q", "--zero-commit", "--no-signature", "-o", folder, range]);
    super::read_folder(out.path())
}
