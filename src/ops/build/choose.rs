//! What compiles, where the user leaves it open.

use serde::Serialize;

use crate::build::engine::{Engine, EngineState};

/// What compiles a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ProducerChoice {
    /// The compiler of this machine.
    Native,
    /// A docker daemon, or its builders.
    Docker,
    /// Buildah.
    Buildah,
}

impl ProducerChoice {
    /// The word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Docker => "docker",
            Self::Buildah => "buildah",
        }
    }
}

/// What the choice depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts<'a> {
    /// What the user said.
    pub(super) said: Option<ProducerChoice>,
    /// A docker builder was named.
    pub(super) has_builder: bool,
    /// The image with the compiler, if the user or the kit names one.
    pub(super) image: Option<&'a str>,
    /// Something that only an engine can build: a Dockerfile, a tool that is made of packages.
    pub(super) needs_engine: Option<&'a str>,
    /// The engines, the one that is preferred first.
    pub(super) engines: &'a [EngineState],
}

/// What was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) producer: ProducerChoice,
    /// Why, in words.
    pub(super) reason: String,
    /// What a reader should know.
    pub(super) warning: Option<String>,
}

/// Chooses: what was said; docker for a builder of its own; an engine that works where a builder image is named or something needs it;
/// else this machine.
pub(super) fn choose(facts: Facts<'_>) -> Choice {
    let choice = |producer, reason: String| Choice { producer, reason, warning: None };
    if let Some(said) = facts.said {
        return choice(said, "as --producer says".into());
    }
    if facts.has_builder {
        return choice(ProducerChoice::Docker, "a docker builder was named".into());
    }
    let wanted = match (facts.image, facts.needs_engine) {
        (Some(image), _) => format!("the builder is the image {image}"),
        (None, Some(what)) => format!("{what} needs a container engine"),
        (None, None) => {
            return choice(
                ProducerChoice::Native,
                "no builder image is named, so the compiler of this machine is the builder".into(),
            );
        }
    };
    if let Some(engine) = facts.engines.iter().find(|engine| engine.usable) {
        let producer = match engine.engine {
            Engine::Docker => ProducerChoice::Docker,
            Engine::Buildah => ProducerChoice::Buildah,
        };
        return choice(producer, format!("{wanted}, and {}", engine.reason));
    }
    let why: Vec<&str> = facts.engines.iter().map(|engine| engine.reason.as_str()).collect();
    let why = why.join("; ");
    let warning = facts.image.map(|image| {
        format!("the builder image {image} cannot be used, so the compiler of this machine is the builder, and the image says so")
    });
    Choice { producer: ProducerChoice::Native, reason: format!("no container engine works: {why}"), warning }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::engine::Found;

    fn engines(docker: bool, buildah: bool) -> [EngineState; 2] {
        let state = |engine, usable, reason: &str| EngineState {
            engine,
            usable,
            reason: reason.to_owned(),
            hints: Vec::new(),
            packages: Vec::new(),
            found: Found::Nothing,
        };
        let docker = state(Engine::Docker, docker, if docker { "dockerd answers" } else { "no daemon answers" });
        let buildah =
            state(Engine::Buildah, buildah, if buildah { "buildah builds" } else { "buildah is not installed" });
        [docker, buildah]
    }

    #[test]
    fn the_best_that_works_is_chosen_and_says_why() {
        let all = engines(true, true);
        let facts = Facts { said: None, has_builder: false, image: None, needs_engine: None, engines: &all };
        assert_eq!(choose(facts).producer, ProducerChoice::Native);
        let said = choose(Facts { said: Some(ProducerChoice::Buildah), has_builder: true, ..facts });
        assert_eq!(said.producer, ProducerChoice::Buildah);
        assert_eq!(choose(Facts { has_builder: true, ..facts }).producer, ProducerChoice::Docker);
        let image = Facts { image: Some("linuxkit/alpine:1"), ..facts };
        let chosen = choose(image);
        assert_eq!(chosen.producer, ProducerChoice::Docker);
        assert_eq!(chosen.reason, "the builder is the image linuxkit/alpine:1, and dockerd answers");
        let chosen = choose(Facts { engines: &engines(false, true), ..image });
        assert_eq!(chosen.producer, ProducerChoice::Buildah);
        let chosen = choose(Facts { engines: &engines(false, false), ..image });
        assert_eq!(chosen.producer, ProducerChoice::Native);
        assert_eq!(chosen.reason, "no container engine works: no daemon answers; buildah is not installed");
        assert!(chosen.warning.is_some_and(|warning| warning.contains("linuxkit/alpine:1")));
        assert_eq!(choose(Facts { needs_engine: Some("bcc"), ..facts }).producer, ProducerChoice::Docker);
    }
}
