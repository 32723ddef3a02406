//! Git itself, which the tests ask what is right.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use bstr::{BString, ByteSlice as _};
use tempfile::TempDir;

use super::format::{FileChange, Side};

/// The flags that pin what `git format-patch` prints, but for those of the diffstat.
pub(crate) const FORMAT_PATCH: &[&str] = &[
    "format-patch",
    "-k",
    "--no-numbered",
    "--zero-commit",
    "--no-signature",
    "--no-renames",
    "--diff-algorithm=myers",
    "-U3",
    "--abbrev=12",
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

/// The flags that pin what `git diff-tree` prints.
pub(crate) const DIFF_TREE: &[&str] = &[
    "diff-tree",
    "-r",
    "-p",
    "--no-renames",
    "--diff-algorithm=myers",
    "-U3",
    "--abbrev=12",
    "--src-prefix=a/",
    "--dst-prefix=b/",
];

/// Where the real patches and trees are.
pub(crate) fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus")
}

/// An empty repository with a work tree, out of reach of anybody's configuration.
pub(crate) struct Sandbox {
    dir: TempDir,
}

impl Sandbox {
    pub(crate) fn new() -> Sandbox {
        let sandbox = Sandbox { dir: tempfile::tempdir().unwrap() };
        sandbox.git(&["init", "-q", "-b", "main"]);
        sandbox
    }

    /// A repository with the real trees.
    pub(crate) fn linux() -> Sandbox {
        let sandbox = Sandbox::new();
        let bundle = corpus().join("linux.bundle");
        let bundle = bundle.to_str().unwrap();
        sandbox.git(&["fetch", "-q", bundle, "refs/tags/*:refs/tags/*"]);
        sandbox
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.args(arguments).current_dir(self.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        for (name, value) in [
            ("HOME", "/nonexistent"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("LC_ALL", "C"),
            ("TZ", "UTC"),
            ("GIT_AUTHOR_NAME", "A U Thor"),
            ("GIT_AUTHOR_EMAIL", "author@example.com"),
            ("GIT_AUTHOR_DATE", "1700000000 +0100"),
            ("GIT_COMMITTER_NAME", "C O Mitter"),
            ("GIT_COMMITTER_EMAIL", "committer@example.com"),
            ("GIT_COMMITTER_DATE", "1700000000 +0000"),
        ] {
            command.env(name, value);
        }
        command
    }

    /// What git prints; it must not fail.
    pub(crate) fn git(&self, arguments: &[&str]) -> Vec<u8> {
        let output = self.command(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", output.stderr.as_bstr());
        output.stdout
    }

    /// What git makes of `input`; it must not fail.
    pub(crate) fn git_with(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let mut child = self.command(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "git {arguments:?}");
        output.stdout
    }

    /// What differs between two trees, in their order, with the bytes.
    pub(crate) fn changes(&self, old: &str, new: &str) -> Vec<Owned> {
        let raw = self.git(&["diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", old, new]);
        let mut objects = Objects::open(self);
        let mut side = |mode: &str, id: &str| {
            let mode = u32::from_str_radix(mode.trim_start_matches(':'), 8).unwrap();
            let content = if mode == 0o160_000 || mode == 0 { Vec::new() } else { objects.read(id) };
            (mode != 0).then(|| (mode, id.to_owned(), content))
        };
        let mut fields = raw.split(|&byte| byte == 0);
        let mut out = Vec::new();
        while let Some(info) = fields.next().filter(|info| !info.is_empty()) {
            let info: Vec<_> = info.to_str().unwrap().split(' ').collect();
            out.push(Owned {
                path: fields.next().unwrap().into(),
                old: side(info[0], info[2]),
                new: side(info[1], info[3]),
            });
        }
        out
    }
}

impl Sandbox {
    /// Commits a tree of exactly these files (path, mode, content; for a submodule the id), on top of `main`.
    pub(crate) fn commit(&self, files: &[File], message: &[u8], author: &str) -> String {
        let identity = format!("{author} 1700000000 +0530\ncommitter C <c@d> 1700000000 +0000");
        let mut stream = format!("commit refs/heads/main\nmark :1\nauthor {identity}\n").into_bytes();
        let put = |stream: &mut Vec<u8>, data: &[u8]| {
            writeln!(stream, "data {}", data.len()).unwrap();
            stream.extend_from_slice(data);
            stream.push(b'\n');
        };
        put(&mut stream, message);
        let known = self.command(&["rev-parse", "-q", "--verify", "main^0"]).output().unwrap();
        if known.status.success() {
            stream.extend_from_slice(b"from refs/heads/main^0\n");
        }
        stream.extend_from_slice(b"deleteall\n");
        for (path, mode, content) in files {
            let escaped: Vec<_> = path.iter().map(|byte| format!("\\{byte:03o}")).collect();
            let path = escaped.concat();
            if *mode == 0o160_000 {
                writeln!(stream, "M 160000 {} \"{path}\"", content.to_str().unwrap()).unwrap();
            } else {
                writeln!(stream, "M {mode:o} inline \"{path}\"").unwrap();
                put(&mut stream, content);
            }
        }
        stream.extend_from_slice(b"get-mark :1\n");
        let out = self.git_with(&["fast-import", "--quiet", "--force"], &stream);
        out.trim().to_str().unwrap().to_owned()
    }
}

/// Path, mode, content.
pub(crate) type File = (Vec<u8>, u32, Vec<u8>);

/// Numbers that look random and are always the same.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

/// A change that holds its bytes.
pub(crate) struct Owned {
    pub(crate) path: BString,
    old: Option<(u32, String, Vec<u8>)>,
    new: Option<(u32, String, Vec<u8>)>,
}

impl Owned {
    pub(crate) fn contents(&self) -> [&[u8]; 2] {
        [&self.old, &self.new].map(|side| side.as_ref().map_or(&[][..], |side| &side.2))
    }

    pub(crate) fn change(&self) -> FileChange<'_> {
        let [old, new] = [&self.old, &self.new]
            .map(|side| side.as_ref().map(|(mode, id_hex, content)| Side { mode: *mode, id_hex, content }));
        FileChange { path: &self.path, old, new }
    }
}

/// `git cat-file --batch`
pub(crate) struct Objects {
    child: Child,
}

impl Objects {
    pub(crate) fn open(sandbox: &Sandbox) -> Objects {
        let mut command = sandbox.command(&["cat-file", "--batch"]);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        Objects { child }
    }

    pub(crate) fn read(&mut self, id: &str) -> Vec<u8> {
        writeln!(self.child.stdin.as_mut().unwrap(), "{id}").unwrap();
        // Git waits for the next id, so nothing beyond this object is lost in the buffer.
        let mut output = BufReader::new(self.child.stdout.as_mut().unwrap());
        let mut info = String::new();
        output.read_line(&mut info).unwrap();
        let size: usize = info.trim_end().rsplit(' ').next().unwrap().parse().unwrap();
        let mut content = vec![0; size + 1];
        output.read_exact(&mut content).unwrap();
        content.pop();
        content
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
