//! Commits what a bump changed in the kit: exactly its files, whatever else is staged, as the user's own commit.
//!
//! The tree is built in a private index, as in git-commit(1) with `--only`; hooks, filters and signing are not run.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice as _};

use super::report::FileReport;
use super::{OpError, Places, Watch, workspace};
use crate::diff::format::quoted;
use crate::git::process::{Error as GitProcessError, work_tree_option};
use crate::git::{Git, work_tree};
use crate::kit::Kit;
use crate::process::Command;
use crate::text::visible;

/// What an unfinished operation leaves in a git directory, and what it is called; see gitrepository-layout(5).
const UNDER_WAY: [(&str, &str); 6] = [
    ("MERGE_HEAD", "a merge"),
    ("CHERRY_PICK_HEAD", "a cherry-pick"),
    ("REVERT_HEAD", "a revert"),
    ("rebase-merge", "a rebase"),
    ("rebase-apply", "a rebase or an am"),
    ("sequencer", "a cherry-pick or revert of several commits"),
];

/// What git reads of the environment to know who commits; see git-commit(1).
const IDENTITY_ENV: [&str; 7] = [
    "GIT_AUTHOR_NAME",
    "GIT_AUTHOR_EMAIL",
    "GIT_AUTHOR_DATE",
    "GIT_COMMITTER_NAME",
    "GIT_COMMITTER_EMAIL",
    "GIT_COMMITTER_DATE",
    "EMAIL",
];

/// A kit that a commit can be made in; everything that can be looked at before something lands has been.
#[derive(Debug)]
pub struct Ready {
    kit: Kit,
    git: Git,
    /// The top of the work tree.
    top: PathBuf,
    /// What stands before the report's paths, from the top of the work tree; empty where the kit is the top.
    prefix: PathBuf,
    /// The commit that `HEAD` leads to; absent on a branch without commits.
    head: Option<String>,
    author: Ident,
    committer: Ident,
}

/// A person and a time, as git puts them into a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ident {
    name: BString,
    email: BString,
    /// `1700000000 +0100`
    date: BString,
}

/// Looks whether a commit can be made in the kit.
///
/// # Errors
/// A kit that is no git repository or has a merge, rebase or the like under way, and a user whom git does not know.
pub fn prepare(places: &Places) -> Result<Ready, OpError> {
    let kit = workspace::kit(places)?;
    let no_repository =
        || OpError::new(format!("the kit '{}' is no git repository", kit.top().display())).hint("leave --commit out");
    let place = kit.top().canonicalize().map_err(|_| no_repository())?;
    let top = work_tree(&place).ok_or_else(no_repository)?.to_owned();
    let git = Git::containing(&place).ok_or_else(no_repository)?;
    if let Some((_, what)) = UNDER_WAY.iter().find(|(name, _)| git.git_dir().join(name).symlink_metadata().is_ok()) {
        return Err(OpError::new(format!("the kit is in the middle of {what}")).hint("finish it or abort it first"));
    }
    let prefix = place.strip_prefix(&top).map(Path::to_owned).unwrap_or_default();
    let head = git.resolve("HEAD^{commit}").map_err(failed("cannot read the kit's HEAD"))?;
    let (author, committer) = (ident(&git, "GIT_AUTHOR_IDENT")?, ident(&git, "GIT_COMMITTER_IDENT")?);
    Ok(Ready { kit, git, top, prefix, head, author, committer })
}

/// Who commits, from the user's own configuration and environment; see git-var(1).
fn ident(git: &Git, variable: &str) -> Result<Ident, OpError> {
    let output = git.network().command().keep_env(IDENTITY_ENV).args(["var", variable]).run();
    let line = output.map_err(|error| {
        OpError::because("git does not know who commits", error)
            .hint("git config --global user.name \"…\" and user.email \"…\", or leave --commit out")
    })?;
    let unknown = || OpError::new(format!("git says an identity that is none: {}", visible(&line.stdout)));
    Ident::parse(line.stdout.trim_end()).ok_or_else(unknown)
}

impl Ident {
    /// Reads `A U Thor <author@example.org> 1700000000 +0100`.
    fn parse(line: &[u8]) -> Option<Self> {
        let (name, rest) = line.split_once_str(" <")?;
        let (email, date) = rest.split_once_str("> ")?;
        Some(Self { name: name.into(), email: email.into(), date: date.into() })
    }
}

impl Ready {
    /// Commits `files`, whose paths are relative to the top of the kit, and returns the commit's id; `None` where
    /// `HEAD` has them already.
    ///
    /// # Errors
    /// When `HEAD` has moved since [`prepare`], a file is not there, or git cannot write. The kit's files stay as
    /// they are.
    pub fn commit(
        &self,
        files: &[&FileReport],
        message: &str,
        signoff: bool,
        watch: Watch<'_>,
    ) -> Result<Option<String>, OpError> {
        let _lock = workspace::lock_kit(&self.kit, "commit", watch)?;
        let entries = self.entries(files)?;
        let tree = self.tree(&entries)?;
        if let Some(head) = &self.head {
            let at_head =
                self.line(&["rev-parse", "--verify", &format!("{head}^{{tree}}")], "cannot read the kit's HEAD")?;
            if at_head == tree {
                return Ok(None);
            }
        }
        if self.git.git_dir().join("index.lock").exists() {
            return Err(OpError::new("cannot commit: another git is at work in the kit, or one was cut off")
                .hint("wait for it to end, or remove index.lock of its git directory"));
        }
        let message = if signoff { self.signed_off(message) } else { message.to_owned() };
        let commit = self.write_commit(&tree, &message)?;
        self.move_head(&commit, &message)?;
        self.refresh_index(&entries).map_err(|error| {
            error.hint(format!("{commit} is made; git reset -q -- kernel brings the index up to date"))
        })?;
        Ok(Some(commit))
    }

    /// The lines for `git update-index --index-info`: the files as they are on the disk, byte for byte.
    fn entries(&self, files: &[&FileReport]) -> Result<Vec<u8>, OpError> {
        let mut wanted: Vec<(PathBuf, u32)> = Vec::new();
        let mut gone: Vec<PathBuf> = Vec::new();
        for file in files {
            let path = self.prefix.join(&file.path);
            if file.change == "removed" {
                gone.push(path);
                continue;
            }
            let found = self.top.join(&path).symlink_metadata();
            let found = found.map_err(|error| OpError::because(format!("cannot read '{}'", file.path), error))?;
            if !found.is_file() {
                return Err(OpError::new(format!("'{}' is no ordinary file", file.path)));
            }
            wanted.push((path, if found.permissions().mode() & 0o100 == 0 { 0o100_644 } else { 0o100_755 }));
        }
        wanted.sort();
        wanted.dedup();
        let mut names = Vec::new();
        for (path, _) in &wanted {
            names.extend_from_slice(&quoted("", self.top.join(path).as_os_str().as_bytes()));
            names.push(b'\n');
        }
        // Without filters: the commit holds the bytes that were proved.
        let hash = self.pinned().args(["hash-object", "-w", "--no-filters", "--stdin-paths"]).input(names);
        let ids = hash.run().map_err(|error| OpError::because("cannot write the files into the kit's git", error))?;
        let mut entries = Vec::new();
        let mut add = |mode: u32, id: &[u8], path: &Path| {
            let mut line = format!("{mode:06o} ").into_bytes();
            line.extend_from_slice(id);
            line.push(b'\t');
            line.extend_from_slice(path.as_os_str().as_bytes());
            line.push(0);
            entries.extend(line);
        };
        for ((path, mode), id) in wanted.iter().zip(ids.stdout.lines()) {
            add(*mode, id, path);
        }
        let nothing = self.no_object()?;
        for path in gone.iter().filter(|path| !wanted.iter().any(|(written, _)| written == *path)) {
            add(0, nothing.as_bytes(), path);
        }
        Ok(entries)
    }

    /// The id of no object, as long as the kit's ids are.
    fn no_object(&self) -> Result<String, OpError> {
        let id = self.line(&["hash-object", "-t", "tree", "--stdin"], "cannot use the kit's git")?;
        Ok("0".repeat(id.len()))
    }

    /// The tree of `HEAD` with the entries, built in an index of its own.
    fn tree(&self, entries: &[u8]) -> Result<String, OpError> {
        let what = "cannot build the tree of the commit";
        let folder = tempfile::tempdir().map_err(|error| OpError::because(what, error))?;
        let index = folder.path().join("index");
        let failed = |error| OpError::because(what, error);
        if let Some(head) = &self.head {
            self.pinned().env("GIT_INDEX_FILE", &index).args(["read-tree", head]).run().map_err(failed)?;
        }
        let update = self.pinned().env("GIT_INDEX_FILE", &index).args(["update-index", "-z", "--index-info"]);
        update.input(entries).run().map_err(failed)?;
        let tree = self.pinned().env("GIT_INDEX_FILE", &index).arg("write-tree").run().map_err(failed)?;
        Ok(tree.stdout.trim_end().to_str_lossy().into_owned())
    }

    fn write_commit(&self, tree: &str, message: &str) -> Result<String, OpError> {
        // The message is UTF-8, whatever the kit's configuration says of others.
        let mut command = self.pinned().args(["-c", "i18n.commitEncoding=UTF-8", "commit-tree", tree]);
        if let Some(head) = &self.head {
            command = command.args(["-p", head]);
        }
        let command = self.signed(command).args(["-F", "-"]).input(message);
        let output = command.run().map_err(|error| OpError::because("cannot write the commit", error))?;
        Ok(output.stdout.trim_end().to_str_lossy().into_owned())
    }

    /// Lets the branch, or a detached `HEAD`, lead to the commit, if it is still where it was.
    fn move_head(&self, commit: &str, message: &str) -> Result<(), OpError> {
        let subject = message.lines().next().unwrap_or_default();
        let log = format!("commit: {subject}");
        let old = self.head.clone().map_or_else(|| self.no_object(), Ok)?;
        let update = self.signed(self.pinned()).args(["update-ref", "-m", &log, "HEAD", commit, &old]);
        update.run().map(drop).map_err(|error| {
            OpError::because("cannot move the kit's branch to the commit", error)
                .hint("if somebody else has committed meanwhile, look at it and commit by hand")
        })
    }

    /// Brings the user's index to the commit, for these paths and no others.
    fn refresh_index(&self, entries: &[u8]) -> Result<(), OpError> {
        let what = "cannot bring the kit's index up to date";
        // Git compares files with the index also where it only writes it, and would ask the user's filters.
        let git = self.on_work_tree(self.git.without_filters().map_err(failed(what))?);
        let update = git.clone().args(["update-index", "-z", "--index-info"]).input(entries);
        update.run().map_err(|error| OpError::because(what, error))?;
        // It answers with 1 where other files differ from the index, which is none of our business.
        let refresh = git.args(["update-index", "-q", "--refresh"]).output();
        refresh.map(drop).map_err(|error| OpError::because(what, error))
    }

    fn signed_off(&self, message: &str) -> String {
        let Ident { name, email, .. } = &self.committer;
        let mut text = message.trim_end().to_owned();
        let _ = writeln!(text, "\n\nSigned-off-by: {name} <{email}>");
        text
    }

    /// The user's identity for a command that writes it down.
    fn signed(&self, command: Command) -> Command {
        let people = [("AUTHOR", &self.author), ("COMMITTER", &self.committer)];
        people.into_iter().fold(command, |command, (who, ident)| {
            command
                .env(format!("GIT_{who}_NAME"), ident.name.to_os_str_lossy())
                .env(format!("GIT_{who}_EMAIL"), ident.email.to_os_str_lossy())
                .env(format!("GIT_{who}_DATE"), ident.date.to_os_str_lossy())
        })
    }

    /// Git on the kit without the user's configuration.
    fn pinned(&self) -> Command {
        self.on_work_tree(self.git.command())
    }

    fn on_work_tree(&self, command: Command) -> Command {
        command.hidden_args([work_tree_option(&self.top)]).dir(&self.top)
    }

    /// What git prints, one line.
    fn line(&self, args: &[&str], what: &str) -> Result<String, OpError> {
        let output = self.pinned().args(args).run().map_err(|error| OpError::because(what, error))?;
        Ok(output.stdout.trim_end().to_str_lossy().into_owned())
    }
}

fn failed(what: &str) -> impl Fn(GitProcessError) -> OpError {
    move |error| OpError::because(what, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_are_read() {
        let ident = Ident::parse("A Ü <a@b.c> 1700000000 +0100".as_bytes()).expect("an identity");
        assert_eq!((ident.name.as_slice(), ident.email.as_slice()), ("A Ü".as_bytes(), &b"a@b.c"[..]));
        assert_eq!(ident.date, "1700000000 +0100");
        assert_eq!(Ident::parse(b"nobody"), None);
    }
}
