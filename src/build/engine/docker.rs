//! The producer that builds with docker: here, through a context, or on a builder of buildx.

use std::path::Path;

use super::Engine;
use super::builders::{self, Builder, Place};
use super::context::Abilities;
use super::docker_client::docker;
use super::import::{Local, rootfs_tarball};
use super::produce::{Call, Session, Settings, Wanted, identity, produce};
use super::run::{self, ask, failed};
use crate::arch::Arch;
use crate::build::error::cannot;
use crate::build::{BuildError, Output, Producer, Recipe, Watch};

/// Compiles kernels with docker.
#[derive(Debug, Clone)]
pub struct Docker {
    settings: Settings,
    builder: Option<String>,
}

impl Docker {
    /// With `builder` on the builder or context of that name, in which `{{.Arch}}` is the architecture that is built; without one, on
    /// the usual one if it is there ([`DEFAULT_BUILDER`](super::DEFAULT_BUILDER)), else here.
    pub fn new(settings: Settings, builder: Option<String>) -> Self {
        Self { settings, builder }
    }
}

impl Producer for Docker {
    fn name(&self) -> &'static str {
        "docker"
    }

    fn identity(&self, recipe: &Recipe, watch: Watch<'_>) -> Result<String, BuildError> {
        let builder = builders::builder_for(self.builder.as_deref(), recipe.arch, watch)?;
        identity(&self.settings.image, builder.arch)
    }

    fn produce(&self, recipe: &Recipe, output: &Output, watch: Watch<'_>) -> Result<(), BuildError> {
        let builder = builders::builder_for(self.builder.as_deref(), recipe.arch, watch)?;
        produce(&DockerSession(builder), &self.settings, recipe, output, watch)
    }
}

/// Docker on one builder.
pub(super) struct DockerSession(pub(super) Builder);

impl Session for DockerSession {
    fn engine(&self) -> Engine {
        Engine::Docker
    }

    fn machine(&self) -> Arch {
        self.0.arch
    }

    fn said(&self) -> String {
        self.0.said.clone()
    }

    fn abilities(&self) -> Abilities {
        // A builder of another driver has a BuildKit of its own, which is newer than buildx itself needs.
        let has_run_network = self.0.daemon.as_ref().is_none_or(super::DockerDaemon::has_run_network);
        Abilities { mounts_sources: false, has_run_network }
    }

    fn has_image(&self, name: &str, watch: Watch<'_>) -> bool {
        let format = ["image", "inspect", "--format", "{{.Id}}", "--", name];
        self.0.place.builder().is_none() && ask(docker(self.0.place.context()).args(format), watch).is_ok()
    }

    fn load(&self, image: &Local, name: &str, work: &Path, watch: Watch<'_>) -> Result<(), BuildError> {
        if let Place::Builder(builder) = &self.0.place {
            return Err(BuildError::Input(
                format!("the builder '{builder}' cannot take a local image, since it keeps no images of its own"),
                Some("push the image to a registry and give its reference, or build through a docker context".into()),
            ));
        }
        let context = self.0.place.context();
        let stage = "importing the builder image";
        match image {
            Local::Layout(layout) => {
                let file = tempfile::NamedTempFile::new_in(work).map_err(cannot("write in", work))?;
                layout.save_for_docker(name, file.path())?;
                let command = docker(context).args(["load", "-q", "-i"]).arg(file.path());
                run::run(command, watch).map_err(|error| failed(stage, error))?;
            }
            Local::Archive(file) => {
                let loaded = run::run(docker(context).args(["load", "-q", "-i"]).arg(file), watch);
                let loaded = loaded.map_err(|error| failed(stage, error))?;
                let said = String::from_utf8_lossy(&loaded.stdout).into_owned();
                let loaded = loaded_image(&said).ok_or_else(|| {
                    BuildError::Input(
                        format!("docker does not say which image is in '{}': {}", file.display(), said.trim()),
                        None,
                    )
                })?;
                ask(docker(context).args(["tag", loaded, name]), watch).map_err(|error| failed(stage, error))?;
            }
            Local::Rootfs(path) => {
                let tarball = rootfs_tarball(path, work, watch)?;
                let platform = format!("linux/{}", self.0.arch.oci());
                let command = docker(context).args(["import", "--platform", &platform]).arg(&tarball.path).arg(name);
                run::run(command, watch).map_err(|error| failed(stage, error))?;
            }
        }
        Ok(())
    }

    fn build(&self, call: &Call<'_>, watch: Watch<'_>, each: &mut dyn FnMut(&str)) -> Result<(), BuildError> {
        let mut command = self.0.client.build(self.0.place.context(), self.0.place.builder());
        command = command.args(["--platform", &format!("linux/{}", self.0.arch.oci())]);
        command = command.args(call.target.iter().flat_map(|target| ["--target", target]));
        if !call.network {
            command = command.args(["--network", "none"]);
        }
        for (name, value) in call.arguments {
            command = command.args(["--build-arg", &format!("{name}={value}")]);
        }
        command = match call.wanted {
            Wanted::Files(dir) => command.arg("--output").arg(destination(dir)?),
            // Only buildx has to be told that the image is to be where other images are.
            Wanted::Image(name) => command.args(["--tag", name]).args(self.0.client.buildx.iter().map(|_| "--load")),
        };
        command = command.arg("--file").arg(call.context.join(call.dockerfile)).arg(call.context);
        run::build(command, call.log, watch, each)
    }

    fn forget_objects(&self, _name: &str, _objects: &str, _work: &Path) {
        // The cache is BuildKit's, which collects what is not used for long.
    }
}

/// The value of `--output` for plain files in a directory. It is a line of comma separated values.
pub(super) fn destination(dir: &Path) -> Result<String, BuildError> {
    match dir.to_str() {
        Some(dir) if !dir.contains([',', '"', '\n']) => Ok(format!("type=local,dest={dir}")),
        _ => Err(BuildError::Input(
            format!("'{}' is no directory that an engine can write to", dir.display()),
            Some("let the directory for builds have a name without commas and quotes: --out DIR".into()),
        )),
    }
}

/// What `docker load -q` says that it loaded: `Loaded image: name:tag`, or `Loaded image ID: sha256:…`.
fn loaded_image(said: &str) -> Option<&str> {
    let line = said.lines().rev().find(|line| line.starts_with("Loaded image"))?;
    line.split_once(": ").map(|(_, image)| image.trim())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn what_docker_loaded_is_read() {
        assert_eq!(loaded_image("Loaded image: a/b:1\n"), Some("a/b:1"));
        assert_eq!(loaded_image("Loaded image ID: sha256:0123\n"), Some("sha256:0123"));
        assert_eq!(loaded_image("x\n"), None);
    }

    #[test]
    fn a_destination_is_one_value() {
        assert_eq!(destination(Path::new("/a b/c")).unwrap(), "type=local,dest=/a b/c");
        assert!(destination(Path::new("/a,type=registry")).is_err());
    }
}
