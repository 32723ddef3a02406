//! Child processes of engines: short questions, and builds whose lines are read while they come.

use std::collections::VecDeque;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::progress::bare;
use crate::build::error::cannot;
use crate::build::{BuildError, Watch};
use crate::event::Interrupt;
use crate::process::{self, Command, Output};

/// How long an engine may think about a question. A daemon behind ssh takes its time.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often the user's flag is looked at.
const TICK: Duration = Duration::from_millis(20);
/// How many of the last lines of a build are looked through for the reason of its end.
const KEPT: usize = 40;
/// What engines go by besides `PATH`: where they find daemons, credentials, storage, and the way out.
const VARIABLES: [&str; 28] = [
    "HOME",
    "USER",
    "LANG",
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
    "DOCKER_TLS",
    "DOCKER_TLS_VERIFY",
    "DOCKER_CERT_PATH",
    "DOCKER_API_VERSION",
    "BUILDX_CONFIG",
    "SSH_AUTH_SOCK",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_CACHE_HOME",
    "CONTAINERS_CONF",
    "CONTAINERS_STORAGE_CONF",
    "CONTAINERS_REGISTRIES_CONF",
    "REGISTRY_AUTH_FILE",
    "STORAGE_DRIVER",
    "STORAGE_OPTS",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
];

/// A command of an engine.
pub(super) fn engine(program: &str) -> Command {
    Command::new(program).keep_env(VARIABLES)
}

/// Runs a command that answers soon.
pub(super) fn ask(command: Command, watch: Watch<'_>) -> Result<Output, process::Error> {
    watched(watch, |flag| command.timeout(PATIENCE).interrupt(flag).run())
}

/// As [`ask`], whatever the exit status is.
pub(super) fn ask_anyway(command: Command, watch: Watch<'_>) -> Result<Output, process::Error> {
    watched(watch, |flag| command.timeout(PATIENCE).interrupt(flag).output())
}

/// Runs a command that may take its time and has nothing to tell on the way.
pub(super) fn run(command: Command, watch: Watch<'_>) -> Result<Output, process::Error> {
    watched(watch, |flag| command.interrupt(flag).run())
}

/// Runs a build. What it says goes into the log, behind what is there, and line by line to `each` while it runs.
pub(super) fn build(
    command: Command,
    log: &Path,
    watch: Watch<'_>,
    each: &mut dyn FnMut(&str),
) -> Result<(), BuildError> {
    let mut writer = File::options().append(true).create(true).open(log).map_err(cannot("write", log))?;
    let shown = command.to_string();
    let mut last: VecDeque<String> = VecDeque::with_capacity(KEPT);
    let ended = command.stream(watch.interrupt, &mut writer, &mut |line| {
        let line = String::from_utf8_lossy(line);
        each(&line);
        if last.len() == KEPT {
            last.pop_front();
        }
        last.push_back(line.into_owned());
    });
    match ended {
        Ok(exit) if exit.success() => Ok(()),
        Ok(_) if watch.interrupt.is_raised() => Err(BuildError::Interrupted),
        Ok(exit) => {
            let said = reason_of_build(last.make_contiguous()).unwrap_or_else(|| format!("`{shown}` {exit}"));
            let (stage, log) = ("building".to_owned(), Some(log.to_owned()));
            Err(BuildError::Stage { stage, said, log, hint: None, source: None })
        }
        Err(error) => Err(failed("building", error)),
    }
}

/// Does `work` with a flag that is raised as soon as the user's is.
pub(super) fn watched<T: Send>(watch: Watch<'_>, work: impl FnOnce(Arc<Interrupt>) -> T + Send) -> T {
    let flag = Arc::new(Interrupt::new());
    let done = Interrupt::new();
    thread::scope(|scope| {
        let (for_watcher, done, interrupt) = (Arc::clone(&flag), &done, watch.interrupt);
        scope.spawn(move || {
            while !done.is_raised() {
                if interrupt.is_raised() {
                    for_watcher.raise();
                }
                thread::park_timeout(TICK);
            }
        });
        let result = work(flag);
        done.raise();
        result
    })
}

/// What an engine could not do, as an error of `stage`.
pub(super) fn failed(stage: impl Into<String>, error: process::Error) -> BuildError {
    if error.is_interrupted() {
        return BuildError::Interrupted;
    }
    let said = error.stderr().and_then(reason).unwrap_or_else(|| error.to_string());
    BuildError::Stage { stage: stage.into(), said, log: None, hint: None, source: Some(Box::new(error)) }
}

/// The line of an engine's complaint that says why: the last, without the words that only announce it.
pub(super) fn reason(stderr: &str) -> Option<String> {
    let mut lines = stderr.lines().map(str::trim).filter(|line| !line.is_empty() && *line != "------");
    let last = lines.rfind(|line| !line.starts_with("exit status") && !line.starts_with("See 'docker"))?;
    let bare = ["error: ", "ERROR: ", "Error: "].iter().find_map(|word| last.strip_prefix(word)).unwrap_or(last);
    Some(bare.trim_end_matches('.').to_owned())
}

/// The line of a build that says why it failed. An engine's last word is only that a step did: then what a program in the step said last,
/// as a package manager says it, or a script of kpatch.
fn reason_of_build(lines: &[String]) -> Option<String> {
    let last = reason(&lines.join("\n"))?;
    let is_step = ["failed to solve", "executor failed running", "while running runtime", "building at STEP"];
    if !is_step.iter().any(|word| last.contains(word)) {
        return Some(last);
    }
    let said = lines.iter().rev().map(|line| bare(line).trim()).find_map(|line| {
        let words = ["::error ", "E: ", "ERROR: "];
        let text = words.iter().find_map(|word| line.strip_prefix(word))?;
        (!is_step.iter().any(|word| text.contains(word))).then(|| text.to_owned())
    });
    said.or(Some(last))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::event::Silent;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn the_reason_is_that_of_the_program_in_the_step() {
        let docker = "#7 1.5 E: Unable to locate package flexx\n#7 ERROR: executor failed running [/bin/sh -c x]: exit code: 100\n\
                      ------\n > [toolchain 1/1] RUN x:\n------\nERROR: failed to solve: executor failed running [x]: exit code: 100\n";
        assert_eq!(reason_of_build(&lines(docker)).as_deref(), Some("Unable to locate package flexx"));
        let buildah = "::error no compiler\nsubprocess exited with status 1\n\
                       Error: building at STEP \"RUN x\": while running runtime: exit status 1\n";
        assert_eq!(reason_of_build(&lines(buildah)).as_deref(), Some("no compiler"));
        let none = "Error: creating build container: no such image\n";
        assert_eq!(reason_of_build(&lines(none)).as_deref(), Some("creating build container: no such image"));
        let bare = "ERROR: failed to solve: x: exit code: 1\n";
        assert_eq!(reason_of_build(&lines(bare)).as_deref(), Some("failed to solve: x: exit code: 1"));
        assert_eq!(reason_of_build(&[]), None);
    }

    #[test]
    fn a_build_is_logged_and_told() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("x.log");
        let interrupt = Interrupt::new();
        let watch = Watch { observer: &Silent, interrupt: &interrupt };
        let mut told = Vec::new();
        let command = Command::new("sh").args(["-c", "echo one; echo two >&2; echo Error: no >&2; exit 3"]);
        let error = build(command, &log, watch, &mut |line| told.push(line.to_owned())).unwrap_err();
        assert_eq!(told, ["one", "two", "Error: no"]);
        assert_eq!(std::fs::read_to_string(&log).unwrap(), "one\ntwo\nError: no\n");
        assert_eq!(
            (error.to_string(), error.hints()),
            ("building failed: no".into(), vec![format!("the log is {}", log.display())])
        );
        interrupt.raise();
        let slow = build(Command::new("sleep").arg("30"), &log, watch, &mut |_| ());
        assert!(slow.unwrap_err().is_interrupted());
    }
}
