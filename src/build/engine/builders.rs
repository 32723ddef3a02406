//! On which docker builder an architecture is built: what the variable `BUILDER` names.

use super::docker_client::{DockerClient, DockerDaemon, docker, look};
use super::run::{ask, failed};
use crate::arch::Arch;
use crate::build::{BuildError, Watch};
use crate::text::visible;

/// The name that is looked for where none is given.
pub const DEFAULT_BUILDER: &str = "linuxkit-linux-{{.Arch}}-builder";
/// The same for contexts, as the tool `linuxkit` has it.
const DEFAULT_CONTEXT: &str = "linuxkit-linux-{{.Arch}}";

/// Where docker builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A builder of buildx.
    Builder(String),
    /// A docker context.
    Context(String),
    /// Where the client goes by itself.
    Local,
}

impl Place {
    /// The context to be named to the client.
    pub(super) fn context(&self) -> Option<&str> {
        match self {
            Self::Context(name) => Some(name),
            _ => None,
        }
    }

    /// The builder to be named to buildx.
    pub(super) fn builder(&self) -> Option<&str> {
        match self {
            Self::Builder(name) => Some(name),
            _ => None,
        }
    }
}

/// Where an architecture is built, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Builder {
    /// Where.
    pub(super) place: Place,
    /// The client that goes there.
    pub(super) client: DockerClient,
    /// The daemon, where it is one; builders of other drivers have their own `BuildKit`.
    pub(super) daemon: Option<DockerDaemon>,
    /// What it runs on without emulation.
    pub(super) arch: Arch,
    /// All of it in words.
    pub(super) said: String,
}

/// A pattern with the architecture put in, as images name it: `remote-{{.Arch}}-builder`.
pub(super) fn name_for(pattern: &str, arch: Arch) -> String {
    let mut name = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((field, behind)) = after.split_once("}}").filter(|(field, _)| field.trim() == ".Arch") else { break };
        let _ = field;
        name = name + before + arch.oci();
        rest = behind;
    }
    name + rest
}

/// What docker says of a name.
pub(super) trait Directory {
    /// The driver of the builder of buildx with that name; `docker` for what is nothing but a context.
    fn driver(&self, name: &str) -> Option<String>;
    /// Whether there is a context with that name.
    fn has_context(&self, name: &str) -> bool;
}

/// Looks a name up: first as a builder, then as a context.
///
/// Buildx lists every context as a builder with the driver `docker`, and refuses to build on one that is not current: these are contexts.
pub(super) fn find(name: &str, directory: &dyn Directory) -> Option<Place> {
    let is_builder = directory.driver(name).is_some_and(|driver| !driver.is_empty() && driver != "docker");
    if is_builder {
        Some(Place::Builder(name.to_owned()))
    } else if directory.has_context(name) {
        Some(Place::Context(name.to_owned()))
    } else {
        None
    }
}

/// The place for `arch`: that of the user's pattern, which must exist; else that of the usual names, else the local daemon.
pub(super) fn place_for(
    pattern: Option<&str>,
    arch: Arch,
    directory: &dyn Directory,
) -> Result<(Place, String), BuildError> {
    if let Some(pattern) = pattern.filter(|pattern| !pattern.is_empty()) {
        let name = name_for(pattern, arch);
        let shown = visible(name.as_bytes());
        if name.starts_with('-') || name.contains("{{") || name.contains(char::is_whitespace) {
            let hint = "the architecture's place in a name is {{.Arch}}, as in remote-{{.Arch}}-builder";
            return Err(BuildError::Input(format!("'{shown}' is not the name of a builder"), Some(hint.to_owned())));
        }
        return match find(&name, directory) {
            Some(place) => Ok((place, format!("'{shown}' was asked for"))),
            None => Err(BuildError::Input(
                format!("BUILDER names '{shown}', which is neither a builder of buildx nor a docker context"),
                Some(format!(
                    "make one: docker context create {shown} --docker host=ssh://…, or docker buildx create --name {shown}"
                )),
            )),
        };
    }
    for pattern in [DEFAULT_BUILDER, DEFAULT_CONTEXT] {
        let name = name_for(pattern, arch);
        if let Some(place) = find(&name, directory) {
            return Ok((place, format!("'{name}' is there")));
        }
    }
    Ok((Place::Local, format!("there is no '{}'", name_for(DEFAULT_BUILDER, arch))))
}

/// The docker client as a directory.
struct Docker<'a> {
    client: &'a DockerClient,
    watch: Watch<'a>,
}

impl Directory for Docker<'_> {
    fn driver(&self, name: &str) -> Option<String> {
        self.client.buildx.as_ref()?;
        let output = ask(docker(None).args(["buildx", "inspect", "--", name]), self.watch).ok()?;
        field(&String::from_utf8_lossy(&output.stdout), "Driver").map(str::to_owned)
    }

    fn has_context(&self, name: &str) -> bool {
        ask(docker(None).args(["context", "inspect", "--", name]), self.watch).is_ok()
    }
}

/// The value of `Name: value` in what `docker buildx inspect` prints.
fn field<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

/// A name for the place where docker builds an architecture: two architectures with the same one are built at the same place.
///
/// # Errors
/// When docker is not there, or the pattern names no place.
pub fn docker_place(pattern: Option<&str>, arch: Arch, watch: Watch<'_>) -> Result<String, BuildError> {
    let (client, _) = look(None, watch).map_err(|error| failed("looking for docker", error))?;
    let (place, _) = place_for(pattern, arch, &Docker { client: &client, watch })?;
    Ok(match place {
        Place::Builder(name) => format!("builder {name}"),
        Place::Context(name) => format!("context {name}"),
        Place::Local => String::new(),
    })
}

/// Finds the builder for an architecture and asks what it is.
pub(super) fn builder_for(pattern: Option<&str>, arch: Arch, watch: Watch<'_>) -> Result<Builder, BuildError> {
    let (client, local) = look(None, watch).map_err(|error| failed("looking for docker", error))?;
    let (place, why) = place_for(pattern, arch, &Docker { client: &client, watch })?;
    if watch.interrupt.is_raised() {
        return Err(BuildError::Interrupted);
    }
    if !client.can_build() {
        return Err(BuildError::Input(
            format!("docker {} has no buildx, and cannot build without it", client.version),
            Some("install it: apt-get install docker-buildx, or docker-buildx-plugin of docker's own packages".into()),
        ));
    }
    let daemon = match &place {
        Place::Builder(name) => {
            let arch = builder_arch(name, watch)?;
            let said = format!("the builder '{name}' of {}, since {why}", client.way());
            return Ok(Builder { place, client, daemon: None, arch, said });
        }
        Place::Context(name) => look(Some(name), watch).map_err(|error| failed("asking the builder", error))?.1,
        Place::Local => local,
    };
    let (whose, shown) = match &place {
        Place::Context(name) => (format!("the daemon of the context '{name}'"), format!("of the context '{name}'")),
        _ => ("the local daemon".to_owned(), "here".to_owned()),
    };
    let daemon = daemon.map_err(|said| {
        let hint = "kpatch doctor says what builds here; --producer native needs no docker".to_owned();
        BuildError::Input(format!("no docker daemon answers {shown}: {said}"), Some(hint))
    })?;
    let native = daemon.arch().ok_or_else(|| {
        BuildError::Input(
            format!("{whose} runs on '{}', where no kernels are built", visible(daemon.arch.as_bytes())),
            None,
        )
    })?;
    let said = format!("{whose} (docker {}, {}), since {why}", daemon.version, client.way());
    Ok(Builder { place, client, daemon: Some(daemon), arch: native, said })
}

/// What a builder runs on: the first of its platforms, which those follow that it emulates. The builder is started for that.
fn builder_arch(name: &str, watch: Watch<'_>) -> Result<Arch, BuildError> {
    let command = docker(None).args(["buildx", "inspect", "--bootstrap", "--", name]);
    let output =
        super::run::run(command, watch).map_err(|error| failed(format!("starting the builder '{name}'"), error))?;
    platform_arch(&String::from_utf8_lossy(&output.stdout)).ok_or_else(|| {
        BuildError::Input(format!("the builder '{}' does not say what it runs on", visible(name.as_bytes())), None)
    })
}

fn platform_arch(inspected: &str) -> Option<Arch> {
    let first = field(inspected, "Platforms")?.split(',').next()?.trim().trim_end_matches('*');
    first.strip_prefix("linux/")?.split('/').next()?.parse().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    /// Names with the driver that buildx tells of them, and contexts.
    struct Names<'n>(&'n [(&'n str, &'n str)], &'n [&'n str]);

    impl Directory for Names<'_> {
        fn driver(&self, name: &str) -> Option<String> {
            self.0.iter().find(|(known, _)| *known == name).map(|(_, driver)| (*driver).to_owned())
        }

        fn has_context(&self, name: &str) -> bool {
            self.1.contains(&name)
        }
    }

    const NONE: Names<'static> = Names(&[], &[]);

    #[test]
    fn the_architecture_is_put_in() {
        let name = |pattern: &str, arch: &str| name_for(pattern, arch.parse().unwrap());
        assert_eq!(name("remote-{{.Arch}}-builder", "x86_64"), "remote-amd64-builder");
        assert_eq!(name("remote-{{.Arch}}-builder", "amd64"), "remote-amd64-builder");
        assert_eq!(name("remote-{{ .Arch }}-builder", "aarch64"), "remote-arm64-builder");
        assert_eq!(name("{{.Arch}}{{.Arch}}", "riscv64"), "riscv64riscv64");
        assert_eq!(name("plain", "arm64"), "plain");
        assert_eq!(name("a-{{.Os}}", "arm64"), "a-{{.Os}}");
    }

    #[test]
    fn a_builder_comes_before_a_context() {
        // Buildx tells of each context as of a builder, without a driver where its daemon is away.
        let names = Names(&[("made", "docker-container"), ("far", "docker"), ("gone", "")], &["far", "gone", "made"]);
        assert_eq!(find("made", &names), Some(Place::Builder("made".into())));
        assert_eq!(find("far", &names), Some(Place::Context("far".into())));
        assert_eq!(find("gone", &names), Some(Place::Context("gone".into())));
        assert_eq!(find("none", &names), None);
    }

    #[test]
    fn a_name_that_is_asked_for_must_be_there() {
        let arch = Arch::Aarch64;
        let error = place_for(Some("remote-{{.Arch}}-builder"), arch, &NONE).unwrap_err();
        let said = "BUILDER names 'remote-arm64-builder', which is neither a builder of buildx nor a docker context";
        assert_eq!(error.to_string(), said);
        assert!(error.hints()[0].contains("docker context create remote-arm64-builder"));
        for bad in ["--privileged", "a-{{.Os}}", "a b"] {
            let error = place_for(Some(bad), arch, &Names(&[(bad, "docker-container")], &[])).unwrap_err();
            assert!(error.to_string().ends_with("is not the name of a builder"), "{error}");
        }
        let (place, _) = place_for(Some("far-{{.Arch}}"), arch, &Names(&[], &["far-arm64"])).unwrap();
        assert_eq!(place, Place::Context("far-arm64".into()));
    }

    #[test]
    fn the_usual_names_are_looked_for_and_then_the_local_daemon_serves() {
        let place = |names: Names<'_>| place_for(None, Arch::X86_64, &names).unwrap().0;
        let usual = "linuxkit-linux-amd64-builder";
        assert_eq!(place(Names(&[(usual, "docker-container")], &[])), Place::Builder(usual.into()));
        assert_eq!(place(Names(&[(usual, "docker")], &[usual])), Place::Context(usual.into()));
        assert_eq!(place(Names(&[], &["linuxkit-linux-amd64"])), Place::Context("linuxkit-linux-amd64".into()));
        assert_eq!(place(Names(&[], &["linuxkit-linux-arm64"])), Place::Local);
        assert_eq!(place_for(Some(""), Arch::X86_64, &NONE).unwrap().0, Place::Local);
    }

    #[test]
    fn the_first_platform_is_the_own_one() {
        let text = "Name:   x\nDriver: docker-container\n\nNodes:\nName:  x0\nPlatforms: linux/arm64*, linux/amd64, linux/386\n";
        assert_eq!((field(text, "Driver"), platform_arch(text)), (Some("docker-container"), Some(Arch::Aarch64)));
        assert_eq!(platform_arch("Platforms: windows/amd64\n"), None);
        assert_eq!(platform_arch(""), None);
    }
}
