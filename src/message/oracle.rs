//! What git makes of the same mails; for tests only.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use bstr::ByteSlice;

/// A commit as `git am` wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Commit {
    /// `Name <mail> seconds zone`
    pub(crate) author: String,
    pub(crate) message: Vec<u8>,
}

/// A `git` that knows no configuration but ours.
pub(crate) fn git(dir: &Path) -> Command {
    let mut git = Command::new("git");
    git.current_dir(dir).env_clear();
    git.env("PATH", std::env::var_os("PATH").expect("a PATH")).env("HOME", dir).env("TZ", "UTC").env("LC_ALL", "C");
    git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    for who in ["AUTHOR", "COMMITTER"] {
        git.env(format!("GIT_{who}_NAME"), "Test").env(format!("GIT_{who}_EMAIL"), "test@example.com");
    }
    git.env("GIT_COMMITTER_DATE", "1700000000 +0000");
    git
}

pub(crate) fn output(command: &mut Command, input: &[u8]) -> (bool, Vec<u8>, String) {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("git can be started");
    let mut stdin = child.stdin.take().expect("it was piped");
    let input = input.to_vec();
    // A process that dies early closes its input; that is not our trouble.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().expect("git ends");
    writer.join().expect("the writer ends");
    (output.status.success(), output.stdout, String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A diff that makes a file of its own, so that mails apply in any order.
pub(crate) fn new_file(number: usize) -> String {
    format!(
        "diff --git a/f{number} b/f{number}\nnew file mode 100644\n--- /dev/null\n+++ b/f{number}\n@@ -0,0 +1 @@\n+{number}\n"
    )
}

/// The commits that one `git am --keep-cr --keep-non-patch --no-scissors` makes of the files.
pub(crate) fn am(mails: &[Vec<u8>]) -> Vec<Commit> {
    let dir = tempfile::tempdir().expect("a directory");
    let (done, _, error) = output(git(dir.path()).args(["init", "-q", "."]), b"");
    assert!(done, "{error}");
    let mut am = git(dir.path());
    am.args(["-c", "core.fsync=none", "am", "-q", "--keep-cr", "--keep-non-patch", "--no-scissors"]);
    for (number, mail) in mails.iter().enumerate() {
        let name = dir.path().join(format!("{number:04}.patch"));
        std::fs::write(&name, mail).expect("a file");
        am.arg(name);
    }
    let (done, out, error) = output(&mut am, b"");
    let (_, next, _) = output(git(dir.path()).args(["rev-list", "--count", "HEAD"]), b"");
    assert!(done, "mail {} {} {error}", next.as_bstr(), out.as_bstr());
    let (_, ids, _) = output(git(dir.path()).args(["rev-list", "--reverse", "HEAD"]), b"");
    let (_, mut objects, _) = output(git(dir.path()).args(["cat-file", "--batch", "--buffer"]), &ids);
    let mut commits = Vec::new();
    while let Some(end) = objects.find_byte(b'\n') {
        let head = objects[..end].to_str().expect("ASCII");
        let size: usize = head.rsplit(' ').next().and_then(|size| size.parse().ok()).expect("a size");
        let (header, message) = objects[end + 1..][..size].split_once_str("\n\n").expect("a commit");
        let author = header.lines().find_map(|line| line.strip_prefix(b"author ")).expect("an author");
        commits.push(Commit { author: author.to_str().expect("UTF-8").to_owned(), message: message.to_vec() });
        objects.drain(..=end + 1 + size);
    }
    commits
}
