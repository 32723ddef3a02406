//! What only a container engine can build: tools that are made of packages, and a kit's own Dockerfiles.

use std::path::Path;

use super::{ProducerChoice, Work};
use crate::build::engine::{
    BuilderImage, Engine, EngineTool, KitDockerfile, Settings, build_kit_dockerfile, build_tool,
};
use crate::build::plan::Hash;
use crate::build::sources::Prepared;
use crate::build::{Output, Recipe};
use crate::kit::hash;
use crate::ops::images_plan::{build_error, building};
use crate::ops::workspace::kit_error;
use crate::ops::{OpError, Watch};

impl Work<'_> {
    /// The engine that compiles, or an error that names what needs one.
    fn engine(&self, what: &str) -> Result<Engine, OpError> {
        match self.producer {
            ProducerChoice::Docker => Ok(Engine::Docker),
            ProducerChoice::Buildah => Ok(Engine::Buildah),
            ProducerChoice::Native => Err(OpError::new(format!("{what} needs a container engine"))
                .hint("name one: --producer docker, or --producer buildah; kpatch doctor says what to install")),
        }
    }

    /// The builder image and the places for an engine.
    pub(super) fn settings(&self, recipe: &Recipe) -> Result<Settings, OpError> {
        let Some(image) = self.options.builder_image.as_ref().or(recipe.builder.as_ref()) else {
            return Err(OpError::new(format!(
                "{} needs a builder image, and the kit names none",
                self.producer.word()
            ))
            .hint("make one: kpatch builder create --out oci:builder; and name it: --builder-image oci:builder")
            .hint("or compile on this machine: --producer native"));
        };
        let image = image.parse::<BuilderImage>().map_err(build_error)?;
        Ok(Settings { image, work: self.out.top().join("work"), logs: self.out.logs() })
    }

    /// Fails before anything is compiled if a tool of the plan could not be made afterwards.
    pub(super) fn check_tools(&self, recipe: &Recipe) -> Result<(), OpError> {
        for tool in &recipe.tools {
            if self.options.dockerfile.is_some() {
                KitDockerfile::of_kit(&self.kit, Some(tool), recipe).map_err(build_error)?;
            } else if self.of_container(tool).is_some() {
                self.engine(tool)?;
                self.settings(recipe)?;
            }
        }
        Ok(())
    }

    /// Makes the tools that kernels are not compiled with.
    pub(super) fn make_tools(&self, recipe: &Recipe, output: &Output, watch: Watch<'_>) -> Result<(), OpError> {
        for name in &recipe.tools {
            if self.options.dockerfile.is_some() {
                self.tool_by_dockerfile(name, recipe, output, watch)?;
            } else if let Some(tool) = self.of_container(name) {
                let (engine, settings) = (self.engine(name)?, self.settings(recipe)?);
                let builder = self.options.builder.as_deref();
                build_tool(engine, builder, &settings, &tool, recipe, output, building(watch)).map_err(build_error)?;
            }
        }
        Ok(())
    }

    /// In the place of sources that a Dockerfile gets by itself: what names the kit's files, and the moment of the commit.
    pub(super) fn unprepared(&self, hash: Option<&Hash>) -> Result<Prepared, OpError> {
        let epoch = match self.options.epoch {
            Some(epoch) => epoch,
            None => hash::head_time(&self.kit).map_err(kit_error)?.unwrap_or_default(),
        };
        Ok(Prepared {
            tree: self.kit.kernel_dir().to_owned(),
            tarball: None,
            source: String::new(),
            source_id: hash.map(|hash| hash.id.clone()).unwrap_or_default(),
            epoch,
            notes: Vec::new(),
        })
    }

    /// Builds a kernel with the kit's own Dockerfile. Returns who compiled it.
    pub(super) fn by_dockerfile(
        &self,
        file: &Path,
        recipe: &Recipe,
        output: &Output,
        watch: Watch<'_>,
    ) -> Result<String, OpError> {
        let engine = self.engine("a Dockerfile")?;
        let settings = self.settings(recipe)?;
        let mut dockerfile = if file.as_os_str().is_empty() {
            KitDockerfile::of_kit(&self.kit, None, recipe).map_err(build_error)?
        } else {
            KitDockerfile::with_named(&self.kit, file, recipe).map_err(build_error)?
        };
        dockerfile.arguments.extend(self.options.build_args.iter().cloned());
        let builder = self.options.builder.as_deref();
        build_kit_dockerfile(engine, builder, &settings, &dockerfile, None, recipe, output, building(watch))
            .map_err(build_error)?;
        match (output.line("compiler").filter(|line| !line.is_empty()), &recipe.builder) {
            (Some(said), _) => Ok(said),
            (None, Some(reference)) => Ok(reference.clone()),
            (None, None) => Ok(settings.image.to_string()),
        }
    }

    /// Builds a tool with the kit's own Dockerfile for it, which gets the kernel that was built as its `IMAGE`.
    fn tool_by_dockerfile(
        &self,
        name: &str,
        recipe: &Recipe,
        output: &Output,
        watch: Watch<'_>,
    ) -> Result<(), OpError> {
        let engine = self.engine("a Dockerfile")?;
        let settings = self.settings(recipe)?;
        let mut dockerfile = KitDockerfile::of_kit(&self.kit, Some(name), recipe).map_err(build_error)?;
        dockerfile.arguments.extend(self.options.build_args.iter().cloned());
        let debug = if recipe.debug { "-dbg" } else { "" };
        let kernel = format!("localhost/kpatch-kernel:{}{debug}-{}", recipe.version, recipe.arch.oci());
        dockerfile.kernel = Some((kernel, Some(BuilderImage::Rootfs(output.root()))));
        let builder = self.options.builder.as_deref();
        build_kit_dockerfile(engine, builder, &settings, &dockerfile, Some(name), recipe, output, building(watch))
            .map_err(build_error)
    }

    /// The tool of that name, if it is made in a container.
    fn of_container(&self, name: &str) -> Option<EngineTool> {
        match name {
            "bcc" => Some(EngineTool::Bcc),
            "zfs" => Some(EngineTool::Zfs { source: self.options.zfs_source.clone() }),
            _ => None,
        }
    }
}
