//! A folder with git in a clean environment.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A temporary folder; gone at the end of the test.
pub struct Sandbox {
    folder: TempDir,
}

/// The real patches and trees beside the project. A test that needs them fails where they are missing.
pub fn corpus() -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    assert!(path.join("linux.bundle").is_file(), "the corpus is missing: {}", path.display());
    path
}

impl Sandbox {
    pub fn new() -> Self {
        Self { folder: tempfile::Builder::new().prefix("kpatch-test-").tempdir().unwrap() }
    }

    /// The folder, or something in it.
    pub fn path(&self, inside: &str) -> PathBuf {
        self.folder.path().join(inside)
    }

    /// Writes a file, with its folders.
    pub fn write(&self, inside: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(inside);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// A command that sees nothing of the machine's configuration.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>, folder: &Path) -> Command {
        let path = std::env::var_os("PATH").unwrap();
        // By its path: it is started without copying this process, which has many threads.
        let found = kpatch::process::find_program(program.as_ref(), &path);
        let mut command = Command::new(found.as_deref().unwrap_or(Path::new(program.as_ref())));
        command
            .current_dir(folder)
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.folder.path())
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", "A U Thor")
            .env("GIT_AUTHOR_EMAIL", "author@example.org")
            .env("GIT_AUTHOR_DATE", "1700000000 +0100")
            .env("GIT_COMMITTER_NAME", "C O Mitter")
            .env("GIT_COMMITTER_EMAIL", "committer@example.org")
            .env("GIT_COMMITTER_DATE", "1700000100 +0000")
            .env("KPATCH_CACHE", self.folder.path().join("cache"))
            .stdin(Stdio::null());
        command
    }

    /// Runs git in `folder`; it must succeed. Returns what it printed, without the last line end.
    pub fn git(&self, folder: &Path, args: &[&str]) -> String {
        let output = self.try_git(folder, args);
        assert!(
            output.status.success(),
            "git {args:?} failed: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned()
    }

    /// Runs git in `folder`, whatever comes of it.
    pub fn try_git(&self, folder: &Path, args: &[&str]) -> Output {
        self.command("git", folder).args(["-c", "core.hooksPath=/dev/null"]).args(args).output().unwrap()
    }

    /// Runs the built program.
    pub fn kpatch(&self, folder: &Path, args: &[&str]) -> Output {
        self.command(env!("CARGO_BIN_EXE_kpatch"), folder).args(args).output().unwrap()
    }

    /// A clone of the corpus's tree with its tags.
    pub fn linux(&self) -> PathBuf {
        let path = self.path("linux");
        if !path.exists() {
            let bundle = corpus().join("linux.bundle");
            self.git(self.folder.path(), &["clone", "-q", "--bare", bundle.to_str().unwrap(), "linux"]);
        }
        path
    }
}
