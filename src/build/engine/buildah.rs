//! The producer that builds with buildah.

use std::fs;
use std::path::{Path, PathBuf};

use super::Engine;
use super::buildah_client::{self, BuildahClient, buildah};
use super::context::Abilities;
use super::docker::destination;
use super::import::{Local, rootfs_tarball};
use super::produce::{Call, Session, Settings, Wanted, identity, produce};
use super::run::{self, ask, failed};
use crate::arch::Arch;
use crate::build::error::cannot;
use crate::build::{BuildError, Output, Producer, Recipe, Watch};
use crate::process::{self, Command};

/// Where buildah keeps caches, below its directory for temporary files.
const CACHES: &str = "buildah-cache";

/// Compiles kernels with buildah.
#[derive(Debug, Clone)]
pub struct Buildah {
    settings: Settings,
}

impl Buildah {
    /// Buildah with what was found to work here.
    pub fn new(settings: Settings) -> Self {
        Self { settings }
    }
}

/// What this machine is.
fn host() -> Result<Arch, BuildError> {
    Arch::host().ok_or_else(|| BuildError::Input(format!("no kernels are built on '{}'", std::env::consts::ARCH), None))
}

impl Producer for Buildah {
    fn name(&self) -> &'static str {
        "buildah"
    }

    fn identity(&self, _recipe: &Recipe, _watch: Watch<'_>) -> Result<String, BuildError> {
        identity(&self.settings.image, host()?)
    }

    fn produce(&self, recipe: &Recipe, output: &Output, watch: Watch<'_>) -> Result<(), BuildError> {
        let session = BuildahSession::new(&self.settings.work, watch)?;
        produce(&session, &self.settings, recipe, output, watch)
    }
}

/// Buildah on this machine.
pub(super) struct BuildahSession {
    client: BuildahClient,
    machine: Arch,
    /// Its directory for temporary files and caches.
    temporary: PathBuf,
}

impl BuildahSession {
    /// Finds out how buildah works here; its caches lie below `work`.
    pub(super) fn new(work: &Path, watch: Watch<'_>) -> Result<Self, BuildError> {
        let client = buildah_client::look(watch)?;
        let machine = host()?;
        fs::create_dir_all(work).map_err(cannot("create", work))?;
        let work = fs::canonicalize(work).map_err(cannot("open", work))?;
        let temporary = work.join("buildah");
        fs::create_dir_all(&temporary).map_err(cannot("create", &temporary))?;
        Ok(Self { client, machine, temporary })
    }

    /// A command whose temporary files, among them the caches of builds, lie with the other files of builds.
    fn command(&self) -> Command {
        buildah().env("TMPDIR", &self.temporary)
    }

    /// Makes an image of a root file system.
    fn import_rootfs(&self, path: &Path, name: &str, work: &Path, watch: Watch<'_>) -> Result<(), BuildError> {
        let tarball = rootfs_tarball(path, work, watch)?;
        let context = tempfile::Builder::new().prefix("import-").tempdir_in(work).map_err(cannot("write in", work))?;
        let inside = context.path().join("rootfs.tar");
        let linked = fs::hard_link(&tarball.path, &inside).or_else(|_| fs::copy(&tarball.path, &inside).map(drop));
        linked.map_err(cannot("copy to", &inside))?;
        let dockerfile = context.path().join("Dockerfile");
        fs::write(&dockerfile, "FROM scratch\nADD rootfs.tar /\n").map_err(cannot("write", &dockerfile))?;
        let command =
            self.command().args(["build", "-q", "--platform", &self.platform(), "-t", name]).arg(context.path());
        run::run(command, watch).map(drop).map_err(|error| failed("importing the builder image", error))
    }

    fn platform(&self) -> String {
        format!("linux/{}", self.machine.oci())
    }
}

impl Session for BuildahSession {
    fn engine(&self) -> Engine {
        Engine::Buildah
    }

    fn machine(&self) -> Arch {
        self.machine
    }

    fn said(&self) -> String {
        format!("this machine ({})", self.client.said())
    }

    fn abilities(&self) -> Abilities {
        Abilities { mounts_sources: self.client.has_named_contexts(), has_run_network: false }
    }

    fn has_image(&self, name: &str, watch: Watch<'_>) -> bool {
        let format = ["inspect", "--type", "image", "--format", "{{.FromImageID}}", "--", name];
        ask(self.command().args(format), watch).is_ok()
    }

    fn load(&self, image: &Local, name: &str, work: &Path, watch: Watch<'_>) -> Result<(), BuildError> {
        let here = tempfile::Builder::new().prefix("import-").tempdir_in(work).map_err(cannot("write in", work))?;
        let source = match image {
            Local::Rootfs(path) => return self.import_rootfs(path, name, work, watch),
            Local::Layout(layout) => layout.source(here.path())?,
            Local::Archive(file) => {
                let file = fs::canonicalize(file).map_err(cannot("open", file))?;
                format!("docker-archive:{}", file.display())
            }
        };
        let stage = "importing the builder image";
        let pull = self.command().args(["pull", "-q", "--platform", &self.platform(), &source]).dir(here.path());
        let pulled = run::run(pull, watch);
        let pulled = pulled.map_err(|error| failed(stage, error))?;
        let id = String::from_utf8_lossy(&pulled.stdout).trim().to_owned();
        ask(self.command().args(["tag", &id, name]), watch).map(drop).map_err(|error| failed(stage, error))
    }

    fn build(&self, call: &Call<'_>, watch: Watch<'_>, each: &mut dyn FnMut(&str)) -> Result<(), BuildError> {
        let id_file = tempfile::NamedTempFile::new_in(&self.temporary).map_err(cannot("write in", &self.temporary))?;
        let mut command = self.command().arg("build").args(self.client.isolation.arguments());
        command = command.args(["--platform", &self.platform(), "--layers=false", "--force-rm"]);
        command = command.args(call.target.iter().flat_map(|target| ["--target", target]));
        // Steps see files of the host, which no label keeps them from.
        command = command.args(["--security-opt", "label=disable"]);
        if !call.network && self.client.isolation.has_networks() {
            command = command.args(["--network", "none"]);
        }
        if let Some(sources) = call.sources {
            command = command.arg("--build-context").arg(format!("sources={}", sources.display()));
        }
        for (name, value) in call.arguments {
            command = command.args(["--build-arg", &format!("{name}={value}")]);
        }
        command = match call.wanted {
            Wanted::Files(dir) => command.arg("--iidfile").arg(id_file.path()).arg("--output").arg(destination(dir)?),
            Wanted::Image(name) => command.args(["--tag", name]),
        };
        command = command.arg("--file").arg(call.context.join(call.dockerfile)).arg(call.context);
        let ended = run::build(command, call.log, watch, each);
        // Where files are wanted, the image that they were is not.
        let id = fs::read_to_string(id_file.path()).unwrap_or_default();
        if !id.trim().is_empty() {
            let _: Result<process::Output, process::Error> = self.command().args(["rmi", id.trim()]).run();
        }
        ended
    }

    fn forget_objects(&self, name: &str, objects: &str, _work: &Path) {
        let prefix = format!("kpatch-{name}-");
        let Ok(entries) = fs::read_dir(self.temporary.join(CACHES)) else { return };
        for entry in entries.flatten() {
            let known = entry.file_name().to_str().is_some_and(|file| file.starts_with(&prefix) && file != objects);
            if known {
                // It is only space.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}
