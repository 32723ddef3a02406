//! The docker client: what it can do, and which daemons it reaches.

use serde::{Deserialize, Serialize};

use super::run::{ask, ask_anyway, engine, reason};
use crate::arch::Arch;
use crate::build::Watch;
use crate::process::{self, Command};

/// The docker client and how it builds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DockerClient {
    /// Its version.
    pub version: String,
    /// That of the plugin buildx, if there is one.
    pub buildx: Option<String>,
    /// Whether it brings `BuildKit` itself, as clients before 23.0 do.
    pub built_in: bool,
}

/// A daemon that answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DockerDaemon {
    /// Its version.
    pub version: String,
    /// What it runs on, as it says it: `amd64`.
    pub arch: String,
    /// Whether it keeps images in containerd's store.
    pub containerd_store: bool,
}

/// `docker version --format '{{json .}}'`, as far as it matters.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Versions {
    client: ClientVersion,
    server: Option<ServerVersion>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ClientVersion {
    version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ServerVersion {
    version: String,
    #[serde(default)]
    arch: String,
}

/// Where `docker` is to go: `--context NAME`, or where it goes by itself.
pub(super) fn docker(context: Option<&str>) -> Command {
    let command = engine("docker");
    match context {
        Some(name) => command.args(["--context", name]),
        None => command,
    }
}

/// The client, and the daemon that it reaches through `context`, or why it reaches none.
///
/// # Errors
/// When docker cannot be run at all.
pub(super) fn look(
    context: Option<&str>,
    watch: Watch<'_>,
) -> Result<(DockerClient, Result<DockerDaemon, String>), process::Error> {
    // It fails where no daemon answers, and has told of the client then.
    let format = ["version", "--format", "{{json .}}"];
    let output = ask_anyway(docker(context).args(format), watch)?;
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    let versions: Option<Versions> = serde_json::from_slice(&output.stdout).ok();
    let Some(versions) = versions else {
        let unknown = DockerClient { version: "of unknown version".into(), buildx: None, built_in: false };
        return Ok((unknown, Err(reason(&complaint).unwrap_or_else(|| "it does not tell its version".into()))));
    };
    let buildx = ask(docker(None).args(["buildx", "version"]), watch).ok();
    let buildx = buildx.and_then(|output| buildx_version(&String::from_utf8_lossy(&output.stdout)));
    let major: Option<u32> = versions.client.version.split('.').next().and_then(|major| major.parse().ok());
    let client =
        DockerClient { built_in: major.is_some_and(|major| major < 23), buildx, version: versions.client.version };
    let Some(server) = versions.server.filter(|_| output.status.success()) else {
        let why = reason(&complaint).unwrap_or_else(|| "no daemon answers".into());
        return Ok((client, Err(why)));
    };
    let status = ask(docker(context).args(["info", "--format", "{{json .DriverStatus}}"]), watch);
    let status = status.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let daemon = DockerDaemon {
        version: server.version,
        arch: server.arch,
        containerd_store: status.contains("io.containerd.snapshotter"),
    };
    Ok((client, Ok(daemon)))
}

/// The version in `github.com/docker/buildx 0.13.1+ds1 0.13.1+ds1-3` or `github.com/docker/buildx v0.12.0 542e5d8`.
fn buildx_version(text: &str) -> Option<String> {
    let word = text.split_whitespace().nth(1)?;
    Some(word.strip_prefix('v').unwrap_or(word).to_owned())
}

impl DockerClient {
    /// The command that builds through `context` or, with buildx, on `builder`; arguments follow.
    pub(super) fn build(&self, context: Option<&str>, builder: Option<&str>) -> Command {
        let command = docker(context);
        let command = if self.buildx.is_some() {
            command.args(["buildx", "build"]).args(builder.iter().flat_map(|name| ["--builder", name]))
        } else {
            command.arg("build").env("DOCKER_BUILDKIT", "1")
        };
        command.args(["--progress", "plain"])
    }

    /// Whether it can build with `BuildKit` at all.
    pub fn can_build(&self) -> bool {
        self.buildx.is_some() || self.built_in
    }

    /// How it builds, in words.
    pub(super) fn way(&self) -> String {
        match &self.buildx {
            Some(version) => format!("buildx {version}"),
            None => format!("the BuildKit of docker {}", self.version),
        }
    }
}

impl DockerDaemon {
    /// What it runs on, if kernels are built for that.
    pub(super) fn arch(&self) -> Option<Arch> {
        self.arch.parse().ok()
    }

    /// Whether its `BuildKit` understands `RUN --network=none` without being told of a frontend; the one of dockerd 23.0 is the first.
    pub(super) fn has_run_network(&self) -> bool {
        let major = self.version.split('.').next().and_then(|major| major.parse::<u32>().ok());
        major.is_some_and(|major| major >= 23)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(buildx_version("github.com/docker/buildx 0.13.1+ds1 0.13.1+ds1-3\n").as_deref(), Some("0.13.1+ds1"));
        assert_eq!(buildx_version("github.com/docker/buildx v0.12.0 542e5d810e4\n").as_deref(), Some("0.12.0"));
        assert_eq!(buildx_version(""), None);
        let daemon =
            |version: &str| DockerDaemon { version: version.into(), arch: "amd64".into(), containerd_store: false };
        assert!(daemon("26.1.5+dfsg1").has_run_network() && !daemon("20.10.24+dfsg1").has_run_network());
    }

    #[test]
    fn the_command_is_that_of_buildx_or_of_the_client() {
        let client = |buildx: Option<&str>| DockerClient {
            version: "20.10.24".into(),
            buildx: buildx.map(str::to_owned),
            built_in: true,
        };
        let shown = |client: DockerClient, context, builder| client.build(context, builder).arg(".").to_string();
        assert_eq!(
            shown(client(Some("0.13.1")), None, Some("big-amd64")),
            "docker buildx build --builder big-amd64 --progress plain ."
        );
        assert_eq!(
            shown(client(Some("0.13.1")), Some("far"), None),
            "docker --context far buildx build --progress plain ."
        );
        assert_eq!(shown(client(None), Some("far"), None), "docker --context far build --progress plain .");
    }
}
