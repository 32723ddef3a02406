//! The git process, for what no library does: the network, `fast-import`, and the second opinion.
//!
//! The user's configuration cannot change a result, and nothing that a repository brings along is executed.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::event::Interrupt;
use crate::process::{self, Command, Output, Running};
use crate::text::visible;

/// The oldest git that kpatch works with: the first with `merge-tree --write-tree`.
pub const MINIMUM: Version = Version(2, 38, 0);
/// The first git that honours `GIT_NO_LAZY_FETCH`.
const NO_LAZY_FETCH: Version = Version(2, 44, 0);

/// Settings that hold for every call, whatever a configuration file says.
const ALWAYS: &[&str] = &[
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "core.useReplaceRefs=false",
    "core.quotePath=true",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
];

/// Settings for talking to a server: check what comes, take nothing that was not asked for.
const NETWORK: &[&str] = &[
    "fetch.fsckObjects=true",
    "fetch.recurseSubmodules=false",
    "fetch.prune=false",
    "fetch.pruneTags=false",
    "fetch.writeCommitGraph=false",
    "fetch.output=full",
    // Always a pack: thousands of loose objects would be slow to write and to read.
    "fetch.unpackLimit=1",
    "protocol.ext.allow=never",
    // A server that has sent nothing for two minutes is gone: one that is at work says so every few seconds.
    "http.lowSpeedLimit=1",
    "http.lowSpeedTime=120",
];

/// What a connection may need of the user's environment: configuration, proxies, certificates, keys, helpers.
const NETWORK_ENV: &[&str] = &[
    "HOME",
    "USER",
    "LOGNAME",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
    "SSH_AUTH_SOCK",
    "SSH_ASKPASS",
    "GIT_ASKPASS",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSH_VARIANT",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "TERM",
];

/// What went wrong with git.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The process itself: not there, failed, interrupted.
    #[error(transparent)]
    Process(#[from] process::Error),
    /// The installed git lacks commands that kpatch needs.
    #[error("git {found} is too old, kpatch needs git {MINIMUM} or newer (for merge-tree --write-tree)")]
    TooOld {
        /// The installed version.
        found: Version,
    },
    /// `git version` said something unknown.
    #[error("cannot read a version from what git says: {said}")]
    UnknownVersion {
        /// What it said, for display.
        said: String,
    },
    /// The path is not a git repository, nor the work tree of one.
    #[error("{} is not a git repository", .path.display())]
    NotARepository {
        /// The path that was tried.
        path: PathBuf,
        /// What git said about it.
        #[source]
        source: process::Error,
    },
    /// The name cannot be the name of a tag or branch.
    #[error("'{name}' is not a valid name for a tag or branch")]
    BadName {
        /// The name, for display.
        name: String,
    },
}

impl Error {
    /// The last lines of git's standard error, where it ran and failed.
    pub fn stderr(&self) -> Option<&str> {
        match self {
            Self::Process(source) | Self::NotARepository { source, .. } => source.stderr(),
            _ => None,
        }
    }

    /// True when the user asked for the end.
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Process(source) if source.is_interrupted())
    }
}

/// A version of git: major, minor, patch level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32, pub u32);

impl Version {
    /// Reads `git version 2.47.3`, also with what Apple, Windows and release candidates append.
    pub fn parse(said: &[u8]) -> Option<Self> {
        let said = std::str::from_utf8(said).ok()?;
        let mut parts = said.trim().strip_prefix("git version ")?.split([' ', '.', '-']).map_while(|p| p.parse().ok());
        Some(Self(parts.next()?, parts.next()?, parts.next().unwrap_or(0)))
    }

    /// The version of the git that is installed.
    ///
    /// # Errors
    /// When git cannot be run or says something unknown.
    pub fn installed() -> Result<Self, Error> {
        let output = Command::new("git").arg("version").env("LC_ALL", "C").run()?;
        Self::parse(&output.stdout).ok_or_else(|| Error::UnknownVersion { said: visible(output.stdout.trim_ascii()) })
    }

    /// True when a git of this version can be kept from fetching missing objects by itself.
    pub fn can_refuse_lazy_fetch(self) -> bool {
        self >= NO_LAZY_FETCH
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// The installed git, for one repository.
#[derive(Debug, Clone)]
pub struct Git {
    dir: PathBuf,
    network: bool,
    interrupt: Option<Arc<Interrupt>>,
    extra: Vec<(OsString, OsString)>,
}

impl Git {
    /// The git process on the repository whose git directory is `git_dir`; it need not exist yet.
    pub fn new(git_dir: impl AsRef<Path>) -> Self {
        let path = git_dir.as_ref();
        let dir = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Self { dir, network: false, interrupt: None, extra: Vec::new() }
    }

    /// The repository at `path`: a bare one, a work tree, or a linked work tree with a `.git` file. A directory
    /// somewhere inside a work tree is none.
    ///
    /// # Errors
    /// [`Error::NotARepository`], also when git does not trust the owner of the directory.
    pub fn discover(path: &Path) -> Result<Self, Error> {
        let not_there = |source| Error::NotARepository {
            path: path.to_owned(),
            source: process::Error::Start { program: "git".to_owned(), source },
        };
        let path_there = path.canonicalize().map_err(not_there)?;
        // The user's own list of trusted directories counts here, so this reads the configuration.
        let command = Self::new(&path_there).network().bare_command();
        let ceiling = path_there.parent().unwrap_or(&path_there);
        let command = command.env("GIT_CEILING_DIRECTORIES", ceiling).dir(&path_there);
        match command.args(["rev-parse", "--absolute-git-dir"]).run() {
            Ok(output) => {
                let line = output.stdout.strip_suffix(b"\n").unwrap_or(&output.stdout);
                Ok(Self::new(bstr::ByteSlice::to_path_lossy(line)))
            }
            Err(source @ process::Error::Failed { .. }) => Err(Error::NotARepository { path: path.to_owned(), source }),
            Err(source) => Err(source.into()),
        }
    }

    /// The repository whose work tree holds `path`, if any does.
    pub fn containing(path: &Path) -> Option<Self> {
        let path = path.canonicalize().ok()?;
        work_tree(&path).and_then(|folder| Self::discover(folder).ok())
    }

    /// The files below `under` that differ from the last commit, untracked ones included and ignored ones not, as
    /// paths from the top of the work tree; `except` and what is below it do not count.
    ///
    /// # Errors
    /// When git cannot be run there.
    pub fn changed_files(&self, under: &Path, except: &Path) -> Result<Vec<bstr::BString>, Error> {
        let top = work_tree(under).unwrap_or(under);
        let mut pathspecs = vec![OsString::from(":(top)")];
        let mut exclude = OsString::from(":(top,exclude)");
        let inside = |path: &Path| path.strip_prefix(top).map(Path::to_owned).unwrap_or_default();
        pathspecs[0].push(inside(under));
        exclude.push(inside(except));
        pathspecs.push(exclude);
        // A submodule would be looked at under its own configuration, with the commands that stand in it.
        let status = ["status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames"];
        let command = self.without_filters()?.arg(work_tree_option(top)).dir(top).args(status);
        let command = command.arg("--ignore-submodules=dirty").arg("--").args(pathspecs);
        let output = command.run()?.stdout;
        let rows = output.split(|byte| *byte == 0).filter(|row| row.len() > 3);
        Ok(rows.map(|row| row[3..].into()).collect())
    }

    /// The files of the work tree at `top` that differ from a commit, deleted and untracked ones included and ignored ones
    /// not, as paths from `top`.
    ///
    /// # Errors
    /// When git cannot be run there.
    pub fn changed_since(&self, top: &Path, commit: &str) -> Result<Vec<bstr::BString>, Error> {
        let command = || Ok::<_, Error>(self.without_filters()?.arg(work_tree_option(top)).dir(top));
        let diff = ["diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--ignore-submodules=dirty"];
        let tracked = command()?.args(diff).args([commit, "--"]).run()?.stdout;
        let new = command()?.args(["ls-files", "-z", "--others", "--exclude-standard"]).run()?.stdout;
        let names = tracked.split(|byte| *byte == 0).chain(new.split(|byte| *byte == 0));
        Ok(names.filter(|name| !name.is_empty()).map(Into::into).collect())
    }

    /// The files below `under`, a directory of the work tree, that git tracks, as paths from there.
    ///
    /// # Errors
    /// When git cannot be run there.
    pub fn tracked_files(&self, under: &Path) -> Result<Vec<bstr::BString>, Error> {
        let top = work_tree(under).unwrap_or(under);
        let output =
            self.command().arg(work_tree_option(top)).dir(under).args(["ls-files", "-z", "--cached"]).run()?.stdout;
        Ok(output.split(|byte| *byte == 0).filter(|name| !name.is_empty()).map(Into::into).collect())
    }

    /// `git` on this repository that runs none of its filters. Which of them apply to a file is written in places
    /// that cannot be switched off, so each filter that the configuration knows becomes one without a command.
    ///
    /// # Errors
    /// When git cannot be run there.
    pub fn without_filters(&self) -> Result<Command, Error> {
        let filters = r"^filter\..*\.(clean|smudge|process|required)$";
        let known = self.output(["config", "--null", "--name-only", "--get-regexp", filters])?.stdout;
        let mut command = self.command();
        let mut count = 0;
        for key in known.split(|byte| *byte == 0).filter(|key| !key.is_empty()) {
            let value = if key.ends_with(b".required") { "false" } else { "" };
            command = command
                .env(format!("GIT_CONFIG_KEY_{count}"), bstr::ByteSlice::to_os_str_lossy(key))
                .env(format!("GIT_CONFIG_VALUE_{count}"), value);
            count += 1;
        }
        Ok(command.env("GIT_CONFIG_COUNT", count.to_string()))
    }

    /// The same git on another git directory.
    #[must_use]
    pub fn at(&self, git_dir: impl AsRef<Path>) -> Self {
        Self { dir: Self::new(git_dir).dir, ..self.clone() }
    }

    /// Creates a bare repository in the git directory, or does nothing to one that is there. `object_format` is
    /// `sha1` or `sha256`, by default git's own default.
    ///
    /// # Errors
    /// When git cannot write there.
    pub fn init_bare(&self, object_format: Option<&str>) -> Result<(), Error> {
        let mut command =
            self.bare_command().args(["init", "--quiet", "--bare", "--template=", "--initial-branch=main"]);
        if let Some(format) = object_format {
            command = command.arg(format!("--object-format={format}"));
        }
        command.arg("--").arg(&self.dir).run()?;
        Ok(())
    }

    /// For talking to servers: keeps the user's configuration (credentials, proxies, `insteadOf`) and the
    /// variables that a connection needs; hooks, automatic maintenance and the `ext` transport stay off.
    #[must_use]
    pub fn network(&self) -> Self {
        Self { network: true, ..self.clone() }
    }

    /// Children end when the flag is raised.
    #[must_use]
    pub fn with_interrupt(mut self, flag: Arc<Interrupt>) -> Self {
        self.interrupt = Some(flag);
        self
    }

    /// Sets one more variable of the environment of every child, over whatever else stands there.
    #[must_use]
    pub fn with_env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.extra.push((key.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// The git directory, an absolute path.
    pub fn git_dir(&self) -> &Path {
        &self.dir
    }

    /// True when the user asked for the end.
    pub fn is_interrupted(&self) -> bool {
        self.interrupt.as_ref().is_some_and(|flag| flag.is_raised())
    }

    /// Runs `git ARGS` and returns its standard output.
    ///
    /// # Errors
    /// When git cannot be run or exits with another code than 0.
    pub fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Result<Vec<u8>, Error> {
        Ok(self.command().args(args).run()?.stdout)
    }

    /// As [`Git::run`], with `input` as standard input.
    ///
    /// # Errors
    /// As [`Git::run`].
    pub fn run_with_input<S: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
        input: impl Into<Vec<u8>>,
    ) -> Result<Vec<u8>, Error> {
        Ok(self.command().args(args).input(input).run()?.stdout)
    }

    /// As [`Git::run`], whatever the exit code is: for commands that answer with it.
    ///
    /// # Errors
    /// When git cannot be run.
    pub fn output<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Result<Output, Error> {
        Ok(self.command().args(args).output()?)
    }

    /// Starts `git ARGS`, whose standard input the caller writes.
    ///
    /// # Errors
    /// When git cannot be run.
    pub fn start<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Result<Running, Error> {
        Ok(self.command().args(args).piped_input().start()?)
    }

    /// `git` on this repository, to which the caller adds what a call needs. The child runs in the git directory,
    /// so paths among the arguments have to be absolute.
    pub fn command(&self) -> Command {
        let mut git_dir = OsString::from("--git-dir=");
        git_dir.push(&self.dir);
        self.bare_command().hidden_args([git_dir]).dir(&self.dir)
    }

    /// The commit, tree or tag id that `name` stands for, in hex, or `None` where there is none.
    ///
    /// # Errors
    /// When git cannot be run.
    pub fn resolve(&self, name: &str) -> Result<Option<String>, Error> {
        let output = self.output(["rev-parse", "--verify", "--quiet", "--end-of-options", name])?;
        let id = String::from_utf8_lossy(output.stdout.trim_ascii()).into_owned();
        Ok((output.status.success() && !id.is_empty()).then_some(id))
    }

    /// Fails for a git that is too old.
    ///
    /// # Errors
    /// [`Error::TooOld`], or as [`Version::installed`].
    pub fn check_version() -> Result<Version, Error> {
        let found = Version::installed()?;
        if found < MINIMUM { Err(Error::TooOld { found }) } else { Ok(found) }
    }

    /// `git` with settings and environment, but without a repository.
    fn bare_command(&self) -> Command {
        let mut command = Command::new("git");
        for setting in ALWAYS.iter().chain(if self.network { NETWORK } else { &[] }) {
            command = command.hidden_args(["-c", setting]);
        }
        for (key, value) in [
            ("LC_ALL", "C"),
            ("TZ", "UTC"),
            ("GIT_ATTR_NOSYSTEM", "1"),
            ("GIT_OPTIONAL_LOCKS", "0"),
            ("GIT_PAGER", "cat"),
            ("GIT_EDITOR", "false"),
            ("GIT_ADVICE", "0"),
        ] {
            command = command.env(key, value);
        }
        if let Some(flag) = &self.interrupt {
            command = command.interrupt(flag.clone());
        }
        if self.network { network_env(command) } else { local_env(command) }
    }
}

/// The top of the work tree that holds `path`, if any does: the nearest folder with a `.git`.
pub fn work_tree(path: &Path) -> Option<&Path> {
    path.ancestors().find(|folder| folder.join(".git").exists())
}

/// The option that tells git where the work tree is; see git(1).
pub fn work_tree_option(top: &Path) -> OsString {
    let mut option = OsString::from("--work-tree=");
    option.push(top);
    option
}

/// No configuration but the repository's own, and no network, not even for objects that a partial clone lacks.
fn local_env(command: Command) -> Command {
    command
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_ALLOW_PROTOCOL", "none")
        .env("GIT_TERMINAL_PROMPT", "0")
        // Paths with `~` in the repository's configuration must expand to something.
        .env("HOME", "/nonexistent")
}

/// The user's configuration and way into the network.
fn network_env(command: Command) -> Command {
    let command = command.keep_env(NETWORK_ENV).env("GIT_ALLOW_PROTOCOL", "file:git:http:https:ssh");
    if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        command.share_terminal()
    } else {
        command.env("GIT_TERMINAL_PROMPT", "0")
    }
}

/// Fails for a name that `git check-ref-format refs/tags/NAME` refuses or that looks like an option.
///
/// # Errors
/// [`Error::BadName`].
pub fn check_ref_name(name: &str) -> Result<(), Error> {
    let bad_part = |part: &str| {
        part.is_empty() || part.starts_with('.') || std::path::Path::new(part).extension().is_some_and(|e| e == "lock")
    };
    let bad_char = |c: char| c.is_ascii_control() || " ~^:?*[\\".contains(c);
    let bad = name.starts_with('-')
        || name.ends_with('.')
        || name.contains("..")
        || name.contains("@{")
        || name.contains(bad_char)
        || name.split('/').any(bad_part);
    if bad { Err(Error::BadName { name: visible(name.as_bytes()) }) } else { Ok(()) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_compared() {
        assert_eq!(Version::parse(b"git version 2.47.3\n"), Some(Version(2, 47, 3)));
        assert_eq!(Version::parse(b"git version 2.39.5 (Apple Git-154)\n"), Some(Version(2, 39, 5)));
        assert_eq!(Version::parse(b"git version 2.38.0.windows.1"), Some(Version(2, 38, 0)));
        assert_eq!(Version::parse(b"git version 2.50.0.rc1"), Some(Version(2, 50, 0)));
        assert_eq!(Version::parse(b"git version 3.0-rc1"), Some(Version(3, 0, 0)));
        assert_eq!(Version::parse(b"jit"), None);
        assert!(Version(2, 37, 9) < MINIMUM && Version(2, 100, 0) > MINIMUM);
        assert!(Git::check_version().unwrap() >= MINIMUM);
        let said = Error::TooOld { found: Version(2, 30, 2) }.to_string();
        assert!(said.contains("2.30.2") && said.contains("2.38.0"), "{said}");
    }

    #[test]
    fn names_are_judged_as_git_judges_them() {
        let names = [
            "v6.1.176",
            "v6.2-rc3",
            "a/b",
            "ä",
            "a@b",
            "@",
            "a{b",
            "v1.lockx",
            "lock",
            "",
            ".a",
            "a/.b",
            "a..b",
            "a.",
            "a.lock",
            "a.lock/b",
            ".lock",
            "a b",
            "a~",
            "a^",
            "a:b",
            "a?",
            "a*",
            "a[",
            "a\\b",
            "a//b",
            "/a",
            "a/",
            "a@{b",
            "a\nb",
            "a\x7fb",
            "a/b.",
            "a./b",
            "x.lock.lock",
            "a.lock.b",
        ];
        for name in names {
            let git = Command::new("git").args(["check-ref-format", &format!("refs/tags/{name}")]).output().unwrap();
            assert_eq!(check_ref_name(name).is_ok(), git.status.success(), "{name:?}");
        }
        assert!(check_ref_name("--upload-pack=x").is_err());
    }

    #[test]
    fn no_configuration_outside_the_repository_counts() {
        let dir = tempfile::tempdir().unwrap();
        let git = Git::new(dir.path().join("a.git"));
        git.init_bare(None).unwrap();
        git.init_bare(None).unwrap();
        let origins = git.run(["config", "--list", "--show-scope"]).unwrap();
        let origins = String::from_utf8(origins).unwrap();
        assert!(origins.lines().all(|line| line.starts_with("local\t") || line.starts_with("command\t")), "{origins}");
        assert_eq!(git.run(["symbolic-ref", "HEAD"]).unwrap(), b"refs/heads/main\n");
        assert_eq!(git.resolve("refs/tags/x").unwrap(), None);
        assert_eq!(git.resolve("--help").unwrap(), None);
        let id = git.run_with_input(["hash-object", "-w", "--stdin"], "x").unwrap();
        let id = String::from_utf8(id).unwrap();
        assert_eq!(git.resolve(id.trim()).unwrap().as_deref(), Some(id.trim()));
        let error = git.run(["cat-file", "blob", "v1"]).unwrap_err();
        assert!(error.stderr().unwrap().contains("Not a valid object name v1"));
    }

    #[test]
    fn hooks_of_a_repository_do_not_run() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let git = Git::new(dir.path().join("a.git"));
        git.init_bare(None).unwrap();
        let hooks = git.git_dir().join("hooks");
        std::fs::create_dir_all(&hooks).unwrap();
        let hook = hooks.join("reference-transaction");
        std::fs::write(&hook, format!("#!/bin/sh\ntouch {}\n", dir.path().join("ran").display())).unwrap();
        std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
        let tree = git.run_with_input(["mktree"], "").unwrap();
        let tree = String::from_utf8(tree).unwrap();
        git.run(["update-ref", "refs/tags/t", tree.trim()]).unwrap();
        git.network().run(["update-ref", "refs/tags/u", tree.trim()]).unwrap();
        assert!(!dir.path().join("ran").exists());
    }

    #[test]
    fn repositories_are_found_but_not_from_inside() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let tree = root.join("tree");
        let git = Git::new(tree.join(".git"));
        std::fs::create_dir_all(tree.join("sub")).unwrap();
        git.bare_command().args(["init", "--quiet"]).arg(&tree).run().unwrap();
        assert_eq!(Git::discover(&tree).unwrap().git_dir(), tree.join(".git"));
        assert_eq!(Git::discover(&tree.join(".git")).unwrap().git_dir(), tree.join(".git"));
        let bare = Git::new(root.join("bare.git"));
        bare.init_bare(None).unwrap();
        assert_eq!(Git::discover(bare.git_dir()).unwrap().git_dir(), bare.git_dir());
        std::fs::create_dir(root.join("linked")).unwrap();
        std::fs::write(root.join("linked/.git"), format!("gitdir: {}\n", bare.git_dir().display())).unwrap();
        assert_eq!(Git::discover(&root.join("linked")).unwrap().git_dir(), bare.git_dir());
        assert!(matches!(Git::discover(&tree.join("sub")), Err(Error::NotARepository { .. })));
        assert!(matches!(Git::discover(&root), Err(Error::NotARepository { .. })));
        assert!(matches!(Git::discover(&root.join("nothing")), Err(Error::NotARepository { .. })));
    }
}
