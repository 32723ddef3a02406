//! One kernel for one architecture: from the kit to a complete output directory.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::lanes::{self, lanes};
use super::{BuildReport, ProducerChoice, Work};
use crate::arch::Arch;
use crate::build::engine::{Buildah, BuilderImage, Docker, docker_place};
use crate::build::native::Native;
use crate::build::plan::{Content, Hash};
use crate::build::sources::{self, Origin, PatchFile, Prepared, SourceRequest, Tarball};
use crate::build::{Configuration, Output, Producer, Recipe, demo, fingerprint, finish};
use crate::event::Event;
use crate::ops::evidence::{ProofOptions, evidence};
use crate::ops::images_plan::{build_error, building};
use crate::ops::source::{download, mirror_of};
use crate::ops::{OpError, Watch, workspace};
use crate::source::proof::Evidence;
use crate::version::KernelVersion;

/// What is to be compiled, with its sources.
#[derive(Debug)]
pub(super) struct Job {
    recipe: Recipe,
    patches: Vec<PatchFile>,
}

/// What was compiled, now or before.
pub(super) struct Compiled {
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

    /// Makes everything ready that one compilation takes.
    pub(super) fn job(
        &self,
        (version, debug, arch): &(KernelVersion, bool, Arch),
        linux: Option<&workspace::Linux>,
        report: &mut BuildReport,
        watch: Watch<'_>,
    ) -> Result<Job, OpError> {
        let configuration = self.configuration(version, *debug, *arch)?;
        let patches = PatchFile::of(&self.kit, version).map_err(build_error)?;
        let prepared = match &self.options.dockerfile {
            Some(_) => self.unprepared(self.hash_of(version))?,
            None => self.prepare(version, &patches, linux, watch)?,
        };
        for note in &prepared.notes {
            if !report.warnings.contains(note) {
                report.warnings.push(note.clone());
            }
        }
        Ok(Job { recipe: self.recipe(version, *debug, *arch, configuration, prepared), patches })
    }

    /// Compiles what has changed since it was compiled last.
    pub(super) fn compile(&self, job: &Job, watch: Watch<'_>) -> Result<Compiled, OpError> {
        let recipe = job.recipe.clone();
        let (version, arch) = (&recipe.version, recipe.arch);
        let producer = self.producer(&recipe)?;
        self.check_tools(&recipe)?;
        let identity = producer.identity(&recipe, building(watch)).map_err(build_error)?;
        let fingerprint = fingerprint(&recipe, &identity);
        let output = self.out.output(version, recipe.debug, arch);
        let known = recorded_builder(&output).filter(|_| !self.options.force && output.is_complete(&fingerprint));
        // The hash of a kit says nothing of what no commit holds, and a Dockerfile of another place is not in it.
        let known = known.filter(|_| self.options.dockerfile.is_none() || self.is_named_by_hash());
        let is_new = known.is_none();
        let builder = match known {
            Some(builder) => builder,
            None => self.compile_anew(&recipe, producer.as_ref(), &output, &fingerprint, watch)?,
        };
        let tools = recipe.tools.iter().map(|tool| (tool.clone(), output.tool(tool))).collect();
        Ok(Compiled { output, fingerprint, builder, recipe, patches: job.patches.clone(), tools, is_new })
    }

    /// Fills an output directory. Returns who compiled it.
    fn compile_anew(
        &self,
        recipe: &Recipe,
        producer: &dyn Producer,
        output: &Output,
        fingerprint: &str,
        watch: Watch<'_>,
    ) -> Result<String, OpError> {
        let debug = if recipe.debug { "-dbg" } else { "" };
        let text = format!("building {}{debug} for {} by {}", recipe.version, recipe.arch.oci(), producer.name());
        watch.observer.event(&Event::Note(text));
        output.unseal().map_err(build_error)?;
        let builder = if let Some(file) = &self.options.dockerfile {
            self.by_dockerfile(file, recipe, output, watch)?
        } else {
            producer.produce(recipe, output, building(watch)).map_err(build_error)?;
            finish(recipe, output, building(watch)).map_err(build_error)?
        };
        self.make_tools(recipe, output, watch)?;
        output.seal(fingerprint).map_err(build_error)?;
        Ok(builder)
    }

    /// Compiles everything and hands each kernel to `done`: on docker builders of different architectures at the same time.
    pub(super) fn compile_all(
        &self,
        jobs: Vec<Job>,
        watch: Watch<'_>,
        done: impl FnMut(Compiled) -> Result<(), OpError>,
    ) -> Result<(), OpError> {
        let mut archs = jobs.iter().map(|job| job.recipe.arch);
        let first = archs.next();
        // Docker need not be asked where one architecture is built.
        let asks = self.producer == ProducerChoice::Docker && archs.any(|arch| Some(arch) != first);
        let mut places: BTreeMap<Arch, String> = BTreeMap::new();
        let found = lanes(jobs, |job| {
            let arch = job.recipe.arch;
            let place = match places.get(&arch) {
                Some(place) => place.clone(),
                None if asks => {
                    let builder = self.options.builder.as_deref();
                    docker_place(builder, arch, building(watch)).map_err(build_error)?
                }
                None => String::new(),
            };
            places.insert(arch, place.clone());
            Ok((place, arch.oci().to_owned()))
        })?;
        lanes::run(&found, watch, |job, watch| self.compile(job, watch), done)
    }

    /// Makes the sources ready; what is ready stays as it is.
    fn prepare(
        &self,
        version: &KernelVersion,
        patches: &[PatchFile],
        linux: Option<&workspace::Linux>,
        watch: Watch<'_>,
    ) -> Result<Prepared, OpError> {
        let work = self.out.work(version);
        let fetched;
        let request = SourceRequest {
            kit: &self.kit,
            version,
            origin: match (&self.options.source, linux) {
                (Some(tarball), _) => Origin::Tarball(tarball),
                (None, Some(linux)) => Origin::Linux(&linux.store),
                (None, None) => {
                    fetched = self.fetch(version, watch)?;
                    Origin::Tarball(&fetched)
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

    /// The release's tarball from kernel.org or its mirror, which has to be proved.
    fn fetch(&self, version: &KernelVersion, watch: Watch<'_>) -> Result<Tarball, OpError> {
        let kit = Some(&self.kit);
        let evidence = evidence(&ProofOptions { require_signature: true, ..ProofOptions::default() }, kit);
        let release = download(&mirror_of(kit), &version.plain(), &evidence, self.options.places.offline, watch)
            .map_err(|error| error.hint("or name a tarball of it: --source FILE; or a linux tree: --linux"))?;
        let Evidence { sums, signature, keys, required, .. } = release.evidence;
        Ok(Tarball { file: release.file, sums, signature, keys, require_signature: required })
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

    /// What says from which files a kernel is built.
    fn hash_of(&self, version: &KernelVersion) -> Option<&Hash> {
        self.plan.images.iter().find(|image| image.version == *version)?.hash.as_ref()
    }

    /// Whether the hash of the plan names all that a Dockerfile sees.
    fn is_named_by_hash(&self) -> bool {
        let is_own = self.options.dockerfile.as_ref().is_some_and(|file| file.as_os_str().is_empty());
        is_own && self.plan.dirty.is_empty() && self.options.build_args.is_empty()
    }

    /// What compiles.
    fn producer(&self, recipe: &Recipe) -> Result<Box<dyn Producer>, OpError> {
        Ok(match self.producer {
            ProducerChoice::Native => Box::new(Native::new(self.out.logs())),
            ProducerChoice::Docker => Box::new(Docker::new(self.settings(recipe)?, self.options.builder.clone())),
            ProducerChoice::Buildah => Box::new(Buildah::new(self.settings(recipe)?)),
        })
    }
}

/// Who compiled what is in an output directory.
fn recorded_builder(output: &Output) -> Option<String> {
    std::fs::read_to_string(output.root().join("kernel-builder")).ok()
}
