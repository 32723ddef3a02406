//! Container engines: which of them work here, and the producers that build with them.
//!
//! Both engines run the same Dockerfile over a context that is made for each kernel: the sources, the configuration, and the script
//! `kernel.sh` that every producer runs. What comes out are plain files; images are made of them elsewhere, so that they are the same
//! whatever compiled them.

mod buildah;
mod buildah_client;
mod builders;
mod context;
mod create;
mod docker;
mod docker_client;
mod image;
mod import;
mod kconfig_image;
mod kit_file;
mod layout;
mod produce;
mod progress;
mod run;
mod template;
mod tools;

use std::fmt;
use std::path::Path;

use serde::Serialize;

use super::{BuildError, Watch};
use crate::arch::Arch;
use produce::Session;

pub use buildah::Buildah;
pub use buildah_client::{BuildahClient, Isolation, Refused};
pub use builders::{DEFAULT_BUILDER, docker_place};
pub use create::{CreatedBuilder, NewBuilder, create_builder};
pub use docker::Docker;
pub use docker_client::{DockerClient, DockerDaemon};
pub use image::BuilderImage;
pub use kconfig_image::{KconfigImage, KconfigKernel, build_kconfig_image};
pub use kit_file::{KitDockerfile, build_kit_dockerfile, read_build_args};
pub use produce::Settings;
pub use tools::{EngineTool, build_tool};

/// A container engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// Docker, or what calls itself so.
    Docker,
    /// Buildah.
    Buildah,
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Docker => "docker",
            Self::Buildah => "buildah",
        })
    }
}

/// What is known of an engine on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EngineState {
    /// Which one.
    pub engine: Engine,
    /// Whether it builds here without being told of another machine.
    pub usable: bool,
    /// Why, or why not, in words.
    pub reason: String,
    /// What to do about it.
    pub hints: Vec<String>,
    /// The Debian packages that are missing.
    pub packages: Vec<&'static str>,
    /// What was found.
    pub found: Found,
}

/// What was found of an engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Found {
    /// The program is not installed, or does not run.
    Nothing,
    /// The docker client, and the daemon that answers it.
    Docker {
        /// The client.
        client: DockerClient,
        /// The daemon.
        daemon: Option<DockerDaemon>,
    },
    /// Buildah, as it works here.
    Buildah(BuildahClient),
}

/// The engine, ready to build for an architecture. `builder` is what `BUILDER` says, for docker.
fn session(
    engine: Engine,
    builder: Option<&str>,
    arch: Arch,
    work: &Path,
    watch: Watch<'_>,
) -> Result<Box<dyn Session>, BuildError> {
    Ok(match engine {
        Engine::Docker => Box::new(docker::DockerSession(builders::builder_for(builder, arch, watch)?)),
        Engine::Buildah => Box::new(buildah::BuildahSession::new(work, watch)?),
    })
}

/// Looks at all engines, the one that is preferred first: docker, if its daemon answers, then buildah.
pub fn probe(watch: Watch<'_>) -> Vec<EngineState> {
    vec![docker_state(watch), buildah_state(watch)]
}

/// The state of docker.
fn docker_state(watch: Watch<'_>) -> EngineState {
    let state = |usable, reason: String, hint: &str, packages: &[&'static str], found| EngineState {
        engine: Engine::Docker,
        usable,
        reason,
        hints: Some(hint.to_owned()).filter(|hint| !hint.is_empty()).into_iter().collect(),
        packages: packages.to_vec(),
        found,
    };
    let (client, daemon) = match docker_client::look(None, watch) {
        Ok(looked) => looked,
        Err(error) if is_missing(&error) => {
            return state(false, "docker is not installed".into(), "", &["docker.io"], Found::Nothing);
        }
        Err(error) => return state(false, format!("docker does not run: {error}"), "", &[], Found::Nothing),
    };
    let version = client.version.clone();
    let can_build = client.can_build();
    let way = client.way();
    match daemon {
        Err(why) => {
            let hint = if why.contains("permission denied") {
                "let the user into the group of the daemon's socket: adduser USER docker"
            } else {
                "start the daemon, or name one: a docker context, or DOCKER_HOST"
            };
            let (also, packages): (&str, &[&str]) = if can_build {
                ("", &[])
            } else {
                ("; nor has the client buildx, which it builds with", &["docker-buildx"])
            };
            let found = Found::Docker { client, daemon: None };
            state(false, format!("no daemon answers: {why}{also}"), hint, packages, found)
        }
        Ok(daemon) if !can_build => {
            let reason = format!("docker {version} has no buildx, and cannot build without it");
            state(false, reason, "", &["docker-buildx"], Found::Docker { client, daemon: Some(daemon) })
        }
        Ok(daemon) => {
            let reason = format!("dockerd {} answers, and {way} builds", daemon.version);
            state(true, reason, "", &[], Found::Docker { client, daemon: Some(daemon) })
        }
    }
}

/// The state of buildah.
fn buildah_state(watch: Watch<'_>) -> EngineState {
    let state = |usable, reason, hints, packages: &[&'static str], found| EngineState {
        engine: Engine::Buildah,
        usable,
        reason,
        hints,
        packages: packages.to_vec(),
        found,
    };
    match buildah_client::look(watch) {
        Ok(client) => {
            let slow = (client.storage == "vfs").then(|| {
                "buildah copies whole images, since it keeps them with vfs; install fuse-overlayfs, or let it use overlay".to_owned()
            });
            state(true, client.said(), slow.into_iter().collect(), &[], Found::Buildah(client))
        }
        Err(BuildError::Stage { source: Some(error), .. }) if is_missing(&error) => {
            state(false, "buildah is not installed".into(), Vec::new(), &["buildah"], Found::Nothing)
        }
        Err(error) => state(false, error.to_string(), error.hints(), &[], Found::Nothing),
    }
}

fn is_missing(error: &crate::process::Error) -> bool {
    matches!(error, crate::process::Error::Start { source, .. } if source.kind() == std::io::ErrorKind::NotFound)
}
