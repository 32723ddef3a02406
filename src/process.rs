//! Child processes in a clean environment.
//!
//! A child sees the variables that it is given and nothing else, its output is captured up to a limit, and it ends
//! when the user interrupts the work or when its time is over.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::event::Interrupt;
use crate::text::visible;

mod memory;
mod running;
mod stream;

pub use memory::available as available_memory;
use running::Limits;
pub use running::Running;

/// The default limit of captured standard output, in bytes.
const STDOUT_LIMIT: usize = 256 * 1024 * 1024;
/// Longest command line shown in a message, in characters.
const COMMAND_SHOWN: usize = 240;

/// What went wrong with a child process.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The program could not be started at all.
    #[error("cannot start {program}")]
    Start {
        /// The name of the program.
        program: String,
        /// Why not; `NotFound` when it is not installed.
        #[source]
        source: io::Error,
    },
    /// The directory to run in is not there.
    #[error("cannot run {program} in {}: no such directory", .dir.display())]
    NoDirectory {
        /// The name of the program.
        program: String,
        /// The directory.
        dir: PathBuf,
    },
    /// The program ran and said that it failed.
    #[error("`{command}` {status}")]
    Failed {
        /// The command line, for display.
        command: String,
        /// How it ended.
        status: Exit,
        /// The last lines of its standard error, for display.
        stderr: String,
    },
    /// The program took longer than it was allowed to, and was ended.
    #[error("`{command}` took longer than {} seconds", .limit.as_secs_f32())]
    TimedOut {
        /// The command line, for display.
        command: String,
        /// The time that it had.
        limit: Duration,
    },
    /// The program wrote more than it was allowed to, and was ended.
    #[error("`{command}` wrote more than {limit} bytes")]
    TooMuchOutput {
        /// The command line, for display.
        command: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// The user interrupted the work; the program was ended.
    #[error("interrupted while `{command}` ran")]
    Interrupted {
        /// The command line, for display.
        command: String,
    },
    /// Reading from the program or waiting for it failed.
    #[error("cannot read the output of `{command}`")]
    Io {
        /// The command line, for display.
        command: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl Error {
    /// The last lines of the program's standard error, where it ran and failed.
    pub fn stderr(&self) -> Option<&str> {
        match self {
            Self::Failed { stderr, .. } => Some(stderr),
            _ => None,
        }
    }

    /// True when the user asked for the end.
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Interrupted { .. })
    }
}

/// How a child ended; displays as `exited with code 1` or `was killed by signal 9`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit(ExitStatus);

impl Exit {
    /// The exit code, or `None` when a signal ended the child.
    pub fn code(self) -> Option<i32> {
        self.0.code()
    }

    /// True for exit code 0.
    pub fn success(self) -> bool {
        self.0.success()
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.code(), self.0.signal()) {
            (Some(code), _) => write!(f, "exited with code {code}"),
            (None, Some(signal)) => write!(f, "was killed by signal {signal}"),
            (None, None) => f.write_str("ended in an unknown way"),
        }
    }
}

/// What a child left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// How it ended.
    pub status: Exit,
    /// All of its standard output.
    pub stdout: Vec<u8>,
    /// The end of its standard error, at most 64 KiB.
    pub stderr: Vec<u8>,
}

/// Where a child's standard input comes from.
#[derive(Debug, Clone)]
enum Input {
    Null,
    Bytes(Vec<u8>),
    Piped,
}

/// A child process to be started.
#[derive(Debug, Clone)]
pub struct Command {
    program: OsString,
    /// Each with whether messages show it.
    args: Vec<(OsString, bool)>,
    env: BTreeMap<OsString, OsString>,
    dir: Option<PathBuf>,
    input: Input,
    limit: usize,
    timeout: Option<Duration>,
    interrupt: Option<Arc<Interrupt>>,
    own_group: bool,
}

impl Command {
    /// A command without arguments, with an empty environment save for `PATH` and `TMPDIR`, and no input.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        let command = Self {
            program: program.as_ref().to_owned(),
            args: Vec::new(),
            env: BTreeMap::new(),
            dir: None,
            input: Input::Null,
            limit: STDOUT_LIMIT,
            timeout: None,
            interrupt: None,
            own_group: true,
        };
        command.keep_env(["PATH", "TMPDIR"])
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push((arg.as_ref().to_owned(), true));
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(|arg| (arg.as_ref().to_owned(), true)));
        self
    }

    /// Adds arguments that messages about the command leave out.
    #[must_use]
    pub fn hidden_args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(|arg| (arg.as_ref().to_owned(), false)));
        self
    }

    /// Sets one variable of the child's environment.
    #[must_use]
    pub fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env.insert(key.as_ref().to_owned(), value.as_ref().to_owned());
        self
    }

    /// Hands on those of the named variables that this process has.
    #[must_use]
    pub fn keep_env<S: AsRef<OsStr>>(mut self, keys: impl IntoIterator<Item = S>) -> Self {
        for key in keys {
            if let Some(value) = std::env::var_os(key.as_ref()) {
                self.env.insert(key.as_ref().to_owned(), value);
            }
        }
        self
    }

    /// Runs the child in `dir` instead of the current directory.
    #[must_use]
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// Writes `bytes` to the child's standard input, then closes it.
    #[must_use]
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Input::Bytes(bytes.into());
        self
    }

    /// Lets the caller write the child's standard input, see [`Running`].
    #[must_use]
    pub fn piped_input(mut self) -> Self {
        self.input = Input::Piped;
        self
    }

    /// Ends the child once it has written more than `bytes` of standard output (default 256 MiB).
    #[must_use]
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// Ends the child after `limit` (default: never).
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Ends the child when the flag is raised.
    #[must_use]
    pub fn interrupt(mut self, flag: Arc<Interrupt>) -> Self {
        self.interrupt = Some(flag);
        self
    }

    /// Leaves the child in the process group of this process, so that it (or an `ssh` of its own) can ask the user
    /// on the terminal. By default it has a group of its own, which ends as a whole.
    #[must_use]
    pub fn share_terminal(mut self) -> Self {
        self.own_group = false;
        self
    }

    /// Runs the child to its end.
    ///
    /// # Errors
    /// As [`Command::output`], and [`Error::Failed`] when it does not exit with 0.
    pub fn run(self) -> Result<Output, Error> {
        self.start()?.finish()
    }

    /// Runs the child to its end, whatever its exit status is.
    ///
    /// # Errors
    /// When it cannot be started, writes too much, takes too long or is interrupted.
    pub fn output(self) -> Result<Output, Error> {
        self.start()?.wait()
    }

    /// Starts the child. With [`Command::piped_input`] the result is where its input is written to.
    ///
    /// # Errors
    /// [`Error::Start`] when the program is missing or the system refuses, [`Error::NoDirectory`].
    pub fn start(self) -> Result<Running, Error> {
        self.start_with(Stdio::piped(), Stdio::piped())
    }

    /// As [`Command::start`]; what goes elsewhere than into a pipe is not captured.
    fn start_with(self, stdout: Stdio, stderr: Stdio) -> Result<Running, Error> {
        let line = self.to_string();
        let path = self.env.get(OsStr::new("PATH")).map(OsString::as_os_str);
        // By its path, since only then the system need not copy this process to start another one.
        let found = path.and_then(|path| find_program(&self.program, path));
        let mut command = std::process::Command::new(found.as_deref().unwrap_or(Path::new(&self.program)));
        command.arg0(&self.program);
        command.args(self.args.iter().map(|(arg, _)| arg)).env_clear().envs(&self.env);
        command.stdout(stdout).stderr(stderr);
        command.stdin(if matches!(self.input, Input::Null) { Stdio::null() } else { Stdio::piped() });
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        if self.own_group {
            command.process_group(0);
        }
        let mut child = command.spawn().map_err(|source| {
            let program = visible(self.program.as_encoded_bytes());
            // The system says "not found" for both.
            match &self.dir {
                Some(dir) if !dir.is_dir() => Error::NoDirectory { program, dir: dir.clone() },
                _ => Error::Start { program, source },
            }
        })?;
        let mut stdin = child.stdin.take();
        if let Input::Bytes(bytes) = self.input
            && let Some(mut pipe) = stdin.take()
        {
            // A child that ends before it has read everything says in its status whether that is a failure.
            std::thread::spawn(move || drop(pipe.write_all(&bytes)));
        }
        Ok(Running::new(
            child,
            line,
            stdin,
            Limits {
                stdout: self.limit,
                deadline: self.timeout.map(|limit| (Instant::now() + limit, limit)),
                interrupt: self.interrupt,
                own_group: self.own_group,
            },
        ))
    }
}

/// Where a program is in the directories of `path`, a list as in the variable `PATH`; `None` if it is in none of them, and where it is named with
/// a directory.
pub fn find_program(program: &OsStr, path: &OsStr) -> Option<PathBuf> {
    if program.as_encoded_bytes().contains(&b'/') {
        return None;
    }
    // An empty directory would mean the current one, and a program from a tree must not run.
    let is_program = |path: &PathBuf| path.metadata().is_ok_and(|file| file.is_file() && file.mode() & 0o111 != 0);
    std::env::split_paths(path).filter(|dir| dir.is_absolute()).map(|dir| dir.join(program)).find(is_program)
}

/// The command line as one would type it, for messages: without passwords, and not too long.
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = String::new();
        let shown = self.args.iter().filter_map(|(arg, shown)| shown.then_some(arg));
        for word in std::iter::once(&self.program).chain(shown) {
            let word = without_passwords(&visible(word.as_encoded_bytes()));
            if !line.is_empty() {
                line.push(' ');
            }
            if word.is_empty() || word.contains([' ', '\'', '"', '*', '$', '`', '\\', ';', '&', '|', '<', '>']) {
                line.push('\'');
                line.push_str(&word.replace('\'', r"'\''"));
                line.push('\'');
            } else {
                line.push_str(&word);
            }
        }
        if line.chars().count() > COMMAND_SHOWN {
            line = line.chars().take(COMMAND_SHOWN).chain("...".chars()).collect();
        }
        f.write_str(&line)
    }
}

/// `text` with every `scheme://user:password@host` cut down to `scheme://user@host`.
pub fn without_passwords(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after.find(|c: char| c == '/' || c == '\'' || c.is_whitespace()).unwrap_or(after.len());
        let authority = &after[..end];
        match authority.rsplit_once('@') {
            Some((user, host)) => {
                out.push_str(user.split(':').next().unwrap_or(user));
                out.push('@');
                out.push_str(host);
            }
            None => out.push_str(authority),
        }
        rest = &after[end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        Command::new("sh").args(["-c", script])
    }

    #[test]
    fn the_environment_is_cleared() {
        let out = Command::new("env").env("A", "1").run().unwrap();
        let text = String::from_utf8(out.stdout).unwrap();
        assert!(text.lines().any(|line| line == "A=1"));
        assert!(text.lines().all(|line| ["A", "PATH", "TMPDIR"].contains(&line.split('=').next().unwrap())), "{text}");
    }

    #[test]
    fn input_goes_through_both_ways() {
        let big = vec![b'x'; 3_000_000];
        assert_eq!(Command::new("cat").input(big.clone()).run().unwrap().stdout, big);
        let mut cat = Command::new("cat").piped_input().start().unwrap();
        cat.write_all(b"streamed").unwrap();
        assert_eq!(cat.finish().unwrap().stdout, b"streamed");
        assert_eq!(Command::new("cat").run().unwrap().stdout, b"");
        // A child that does not want its input is no failure in itself.
        Command::new("true").input(big).run().unwrap();
    }

    #[test]
    fn a_failure_names_the_command_and_keeps_the_end_of_stderr() {
        let error = sh("for i in $(seq 100); do echo line $i >&2; done; printf 'a\\rb' >&2; exit 3").run().unwrap_err();
        assert!(error.to_string().starts_with("`sh -c '"), "{error}");
        assert!(error.to_string().ends_with("exited with code 3"), "{error}");
        let stderr = error.stderr().unwrap();
        assert!(stderr.starts_with("line 90\n") && stderr.ends_with("line 100\nb"), "{stderr}");
        assert_eq!(sh("exit 3").output().unwrap().status.code(), Some(3));
        let error = sh("kill -9 $$").run().unwrap_err();
        assert!(error.to_string().ends_with("was killed by signal 9"), "{error}");
        assert!(matches!(Command::new("/nonexistent/program").run(), Err(Error::Start { .. })));
    }

    #[test]
    fn time_output_and_interrupts_are_limits() {
        let start = Instant::now();
        // A grandchild that holds the pipe ends too, as it is in the same group.
        let slow = sh("sleep 30 & sleep 30").timeout(Duration::from_millis(100)).run();
        assert!(matches!(slow, Err(Error::TimedOut { .. })), "{slow:?}");
        let much = sh("yes").limit(1000).run();
        assert!(matches!(much, Err(Error::TooMuchOutput { limit: 1000, .. })), "{much:?}");
        assert_eq!(sh("printf 12345").limit(5).run().unwrap().stdout, b"12345");
        let flag = Arc::new(Interrupt::new());
        let running = sh("sleep 30").interrupt(flag.clone()).piped_input().start().unwrap();
        flag.raise();
        assert!(running.finish().unwrap_err().is_interrupted());
        assert!(start.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_write_stops_at_an_interrupt() {
        let flag = Arc::new(Interrupt::new());
        let mut cat = Command::new("cat").piped_input().interrupt(flag.clone()).start().unwrap();
        cat.write_all(b"x").unwrap();
        flag.raise();
        assert!(cat.write_all(b"y").is_err());
        assert!(cat.finish().unwrap_err().is_interrupted());
    }

    #[test]
    fn passwords_are_not_shown() {
        assert_eq!(
            without_passwords("x 'https://me:secret@host/a' ssh://git@h:22/b git://c/@d:e@f"),
            "x 'https://me@host/a' ssh://git@h:22/b git://c/@d:e@f"
        );
        let line = Command::new("git").args(["fetch", "https://u:p@h/x", "a b"]).to_string();
        assert_eq!(line, "git fetch https://u@h/x 'a b'");
    }
}
