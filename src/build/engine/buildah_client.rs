//! Buildah: which version, and how it runs programs here.

use std::path::Path;

use serde::Serialize;

use super::run::{ask, engine, failed, reason};
use crate::build::{BuildError, Watch};
use crate::process::{self, Command};

/// The first version whose builds take directories as named contexts in the place of stages.
const NAMED_CONTEXTS: (u32, u32) = (1, 27);
/// Directories of the host that a program needs which is run for a trial.
const HOST_DIRS: [&str; 4] = ["/usr", "/bin", "/lib", "/lib64"];

/// How buildah runs the steps of a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Isolation {
    /// `oci`, `rootless` or `chroot`, as `--isolation` takes it.
    pub kind: &'static str,
    /// The OCI runtime, where it is not the usual one.
    pub runtime: Option<&'static str>,
}

impl Isolation {
    /// What can be tried, the best first.
    fn candidates(is_root: bool) -> [Self; 3] {
        let kind = if is_root { "oci" } else { "rootless" };
        [Self { kind, runtime: None }, Self { kind, runtime: Some("runc") }, Self { kind: "chroot", runtime: None }]
    }

    /// The arguments of `buildah build` and `buildah run`.
    pub(super) fn arguments(&self) -> Vec<&'static str> {
        let runtime = self.runtime.iter().flat_map(|runtime| ["--runtime", runtime]);
        ["--isolation", self.kind].into_iter().chain(runtime).collect()
    }

    /// Whether a step can be run without a network.
    pub(super) fn has_networks(&self) -> bool {
        self.kind != "chroot"
    }

    /// The name for it in messages.
    fn name(&self) -> String {
        match self.runtime {
            Some(runtime) => runtime.to_owned(),
            None if self.kind == "chroot" => "chroot".to_owned(),
            None => "the usual runtime".to_owned(),
        }
    }
}

/// Buildah as it works here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BuildahClient {
    /// Its version.
    pub version: String,
    /// How it runs steps.
    pub isolation: Isolation,
    /// The better ways that do not work here, each with its reason.
    pub refused: Vec<Refused>,
    /// How it keeps images: `overlay`, or the slow `vfs`.
    pub storage: String,
}

/// A way that does not work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// The runtime or isolation.
    pub way: String,
    /// What was said about it.
    pub reason: String,
}

/// A command of buildah.
pub(super) fn buildah() -> Command {
    engine("buildah")
}

/// The version of buildah.
///
/// # Errors
/// When it cannot be run at all.
pub(super) fn version(watch: Watch<'_>) -> Result<String, process::Error> {
    let output = ask(buildah().arg("--version"), watch)?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(text.split_whitespace().nth(2).unwrap_or("of unknown version").to_owned())
}

/// Finds a way to run programs by running one: only that tells whether runtime, control groups and capabilities of this machine fit
/// together.
///
/// # Errors
/// What the last way said, if none works.
pub(super) fn look(watch: Watch<'_>) -> Result<BuildahClient, BuildError> {
    let stage = "asking buildah";
    let version = version(watch).map_err(|error| failed(stage, error))?;
    let storage = ask(buildah().args(["info", "--format", "{{.store.GraphDriverName}}"]), watch);
    let storage = storage.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    let made = ask(buildah().args(["from", "scratch"]), watch).map_err(|error| failed(stage, error))?;
    let container = String::from_utf8_lossy(&made.stdout).trim().to_owned();
    let found = first_that_works(&container, watch);
    // Also after an interrupt: nothing of the trial stays.
    let _ = buildah().args(["rm", &container]).run();
    let (isolation, refused) = found?;
    Ok(BuildahClient { version, isolation, refused, storage })
}

fn first_that_works(container: &str, watch: Watch<'_>) -> Result<(Isolation, Vec<Refused>), BuildError> {
    let is_root = rustix::process::geteuid().is_root();
    let mut refused: Vec<Refused> = Vec::new();
    for candidate in Isolation::candidates(is_root) {
        match ask(trial(&candidate, container), watch) {
            Ok(_) => return Ok((candidate, refused)),
            Err(error) if error.is_interrupted() => return Err(BuildError::Interrupted),
            Err(error) => {
                let said = error.stderr().and_then(why).unwrap_or_else(|| error.to_string());
                refused.push(Refused { way: candidate.name(), reason: said });
            }
        }
    }
    let list: Vec<String> = refused.iter().map(|Refused { way, reason }| format!("{way}: {reason}")).collect();
    Err(BuildError::Input(
        format!("buildah {} cannot run programs here ({})", version(watch).unwrap_or_default(), list.join("; ")),
        Some("in a container of one's own it needs the capability SYS_ADMIN, or user namespaces".into()),
    ))
}

/// Runs `true` of this machine in an empty container.
fn trial(isolation: &Isolation, container: &str) -> Command {
    let dirs = HOST_DIRS.into_iter().filter(|dir| Path::new(dir).exists());
    let mounts = dirs.flat_map(|dir| ["-v".to_owned(), format!("{dir}:{dir}:ro")]);
    buildah().arg("run").args(isolation.arguments()).args(mounts).args(["--", container, "/usr/bin/true"])
}

/// The line of a runtime's complaint that says why. Buildah's own last line only says that the runtime failed.
fn why(stderr: &str) -> Option<String> {
    let line =
        stderr.lines().find(|line| line.contains("creating container") || line.contains("executable file not found"));
    let line = line.map(|line| line.rsplit_once("]: ").map_or(line, |(_, rest)| rest).trim().to_owned());
    line.filter(|line| !line.is_empty()).or_else(|| reason(stderr))
}

impl BuildahClient {
    /// Whether builds take a directory in the place of a stage.
    pub(super) fn has_named_contexts(&self) -> bool {
        let mut numbers = self.version.split('.').map(|number| number.parse::<u32>().ok());
        let version = (numbers.next().flatten(), numbers.next().flatten());
        matches!(version, (Some(major), Some(minor)) if (major, minor) >= NAMED_CONTEXTS)
    }

    /// All of it in words.
    pub(super) fn said(&self) -> String {
        let refused = self.refused.iter().map(|Refused { way, reason }| format!("{way} does not work: {reason}"));
        let refused: Vec<String> = refused.collect();
        let after = if refused.is_empty() { String::new() } else { format!("; {}", refused.join("; ")) };
        format!("buildah {} runs steps with {}{after}", self.version, self.isolation.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_that_of_the_runtime() {
        let crun = "error running container: from /usr/bin/crun creating container for [/bin/true]: cgroups in hybrid mode \
                    not supported, drop all controllers from cgroupv2\n: exit status 1\ntime=\"2026\" level=error msg=\"did not \
                    get container create message from subprocess: EOF\"\nError: while running runtime: exit status 1\n";
        assert_eq!(
            why(crun).as_deref(),
            Some("cgroups in hybrid mode not supported, drop all controllers from cgroupv2")
        );
        assert_eq!(why("Error: no space left on device\n").as_deref(), Some("no space left on device"));
        assert_eq!(why(""), None);
    }

    #[test]
    fn versions_and_arguments() {
        let client = |version: &str, isolation| BuildahClient {
            version: version.into(),
            isolation,
            refused: vec![Refused { way: "the usual runtime".into(), reason: "no".into() }],
            storage: "overlay".into(),
        };
        let [usual, runc, chroot] = Isolation::candidates(true);
        assert_eq!(usual.arguments(), ["--isolation", "oci"]);
        assert_eq!(runc.arguments(), ["--isolation", "oci", "--runtime", "runc"]);
        assert!(runc.has_networks() && !chroot.has_networks());
        assert_eq!(Isolation::candidates(false)[0].kind, "rootless");
        assert!(client("1.28.2", usual.clone()).has_named_contexts() && !client("1.23.1", usual).has_named_contexts());
        assert_eq!(
            client("1.28.2", runc).said(),
            "buildah 1.28.2 runs steps with runc; the usual runtime does not work: no"
        );
    }
}
