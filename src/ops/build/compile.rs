//! One kernel for one architecture: from the kit to a complete output directory.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{BuildReport, ProducerChoice, Work};
use crate::arch::Arch;
use crate::build::engine::{Buildah, BuilderImage, Docker, Settings};
use crate::build::native::Native;
use crate::build::plan::Content;
use crate::build::sources::{self, Origin, PatchFile, Prepared, SourceRequest};
use crate::build::{Configuration, Output, Producer, Recipe, demo, fingerprint, finish};
use crate::event::Event;
use crate::ops::images_plan::{build_error, building};
use crate::ops::{OpError, Watch};
use crate::version::KernelVersion;

/// What was compiled, now or before.
pub(super) struct Compiled {
    pub(super) version: KernelVersion,
    pub(super) debug: bool,
    pub(super) arch: Arch,
    pub(super) output: Output,
    /// What names everything that it is made of.
    pub(super) fingerprint: String,
    /// Who compiled it.
    pub(super) builder: String,
    /// What it was made of.
    pub(super) recipe: Recipe,
    pub(super) patches: Vec<PatchFile>,
    /// The files of each tool's image.
    pub(super) tools: BTreeMap<String, PathBuf>,
    /// Whether it was compiled just now.
    pub(super) is_new: bool,
}

impl Work<'_> {
    /// How a kernel is configured.
    pub(super) fn configuration(
        &self,
        version: &KernelVersion,
        debug: bool,
        arch: Arch,
    ) -> Result<Configuration, OpError> {
        if self.options.demo {
            return demo::configuration(arch).map_err(build_error);
        }
        Configuration::of(&self.kit, version, debug, arch).map_err(build_error)
    }

    /// Compiles what has changed since it was compiled last.
    pub(super) fn compile(
        &self,
        (version, debug, arch): &(KernelVersion, bool, Arch),
        report: &mut BuildReport,
        watch: Watch<'_>,
    ) -> Result<Compiled, OpError> {
        let configuration = self.configuration(version, *debug, *arch)?;
        let patches = PatchFile::of(&self.kit, version).map_err(build_error)?;
        let prepared = self.prepare(version, &patches, watch)?;
        for note in &prepared.notes {
            if !report.warnings.contains(note) {
                report.warnings.push(note.clone());
            }
        }
        let recipe = self.recipe(version, *debug, *arch, configuration, prepared);
        let producer = self.producer(&recipe)?;
        let identity = producer.identity(&recipe, building(watch)).map_err(build_error)?;
        let fingerprint = fingerprint(&recipe, &identity);
        let output = self.out.output(version, *debug, *arch);
        let known = recorded_builder(&output).filter(|_| !self.options.force && output.is_complete(&fingerprint));
        let is_new = known.is_none();
        let builder = if let Some(builder) = known {
            builder
        } else {
            let text = format!(
                "building {version}{} for {} by {}",
                if *debug { "-dbg" } else { "" },
                arch.oci(),
                producer.name()
            );
            watch.observer.event(&Event::Note(text));
            output.unseal().map_err(build_error)?;
            producer.produce(&recipe, &output, building(watch)).map_err(build_error)?;
            let builder = finish(&recipe, &output, building(watch)).map_err(build_error)?;
            output.seal(&fingerprint).map_err(build_error)?;
            builder
        };
        let tools = recipe.tools.iter().map(|tool| (tool.clone(), output.tool(tool))).collect();
        Ok(Compiled {
            version: version.clone(),
            debug: *debug,
            arch: *arch,
            output,
            fingerprint,
            builder,
            recipe,
            patches,
            tools,
            is_new,
        })
    }

    /// Makes the sources ready; what is ready stays as it is.
    fn prepare(&self, version: &KernelVersion, patches: &[PatchFile], watch: Watch<'_>) -> Result<Prepared, OpError> {
        let work = self.out.work(version);
        let request = SourceRequest {
            kit: &self.kit,
            version,
            origin: match (&self.options.source, &self.linux) {
                (Some(tarball), _) => Origin::Tarball(tarball),
                (None, Some(linux)) => Origin::Linux(&linux.store),
                (None, None) => {
                    return Err(
                        OpError::new("no sources of the kernel are known").hint("name a tarball: --source FILE")
                    );
                }
            },
            patches,
            work: &work,
            with_tarball: self.options.with_sources && !self.options.demo,
            epoch: self.options.epoch,
            jobs: self.jobs,
        };
        sources::prepare(&request, building(watch)).map_err(build_error)
    }

    fn recipe(
        &self,
        version: &KernelVersion,
        debug: bool,
        arch: Arch,
        configuration: Configuration,
        prepared: Prepared,
    ) -> Recipe {
        let images = self
            .plan
            .images
            .iter()
            .filter(|image| image.version == *version && image.debug == debug && image.archs.contains(&arch));
        let tools = images.clone().filter_map(|image| match &image.content {
            Content::Tool(name) => Some(name.clone()),
            Content::Kernel => None,
        });
        let image = self.image(images.clone().find_map(|image| image.builder.as_deref()));
        Recipe {
            version: version.clone(),
            debug,
            arch,
            tree: prepared.tree,
            tarball: prepared.tarball,
            source: prepared.source,
            source_id: prepared.source_id,
            config: configuration.config,
            fragments: configuration.fragments,
            local_version: configuration.local_version,
            final_config: configuration.is_final,
            minimal: self.options.demo,
            epoch: prepared.epoch,
            builder: image
                .as_deref()
                .and_then(|image| image.parse::<BuilderImage>().ok())
                .and_then(|image| image.reference().map(str::to_owned)),
            tools: tools.collect(),
            jobs: self.jobs,
        }
    }

    /// The image with the compiler, where there is one: what the user said, else what the kit says. This machine is its own builder, unless
    /// somebody vouches for it.
    fn image(&self, of_kit: Option<&str>) -> Option<String> {
        let of_kit = of_kit.filter(|_| self.producer != ProducerChoice::Native && !self.options.demo);
        self.options.builder_image.as_deref().or(of_kit).map(str::to_owned)
    }

    /// What compiles.
    fn producer(&self, recipe: &Recipe) -> Result<Box<dyn Producer>, OpError> {
        let said = self.options.builder_image.clone().or_else(|| recipe.builder.clone());
        let settings = || -> Result<Settings, OpError> {
            let Some(image) = &said else {
                return Err(OpError::new(format!(
                    "{} needs a builder image, and the kit names none",
                    self.producer.word()
                ))
                .hint("make one: kpatch builder create --out oci:builder; and name it: --builder-image oci:builder")
                .hint("or compile on this machine: --producer native"));
            };
            let image = image.parse::<BuilderImage>().map_err(build_error)?;
            Ok(Settings { image, work: self.out.top().join("work"), logs: self.out.logs() })
        };
        Ok(match self.producer {
            ProducerChoice::Native => Box::new(Native::new(self.out.logs())),
            ProducerChoice::Docker => Box::new(Docker::new(settings()?, self.options.builder.clone())),
            ProducerChoice::Buildah => Box::new(Buildah::new(settings()?)),
        })
    }
}

/// Who compiled what is in an output directory.
fn recorded_builder(output: &Output) -> Option<String> {
    std::fs::read_to_string(output.root().join("kernel-builder")).ok()
}
