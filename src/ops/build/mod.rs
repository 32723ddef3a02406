//! `kpatch build`: kernel images from the kit and the sources of a release.

mod choose;
mod compile;
mod container;
mod demo;
mod estimate;
mod images;
mod lanes;
mod mark;
mod report;

use std::path::PathBuf;

use super::images_plan::{build_error, building};
use super::workspace::{self, kit};
use super::{OpError, Places, Watch};
use crate::build::plan::{Content, Plan, PlanRequest};
use crate::build::{OutDir, engine};
use crate::kit::Kit;
use crate::source::proof::KEYS;
use crate::text::visible;

pub use crate::build::sources::Tarball;
pub use crate::oci::Compression;
pub use choose::ProducerChoice;
pub use report::{BuildReport, BuildState, BuiltImage, BuiltIndex};

/// What to build, and how.
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
pub struct BuildOptions {
    /// Where the kit and the linux tree are.
    pub places: Places,
    /// Which images.
    pub request: PlanRequest,
    /// A small kernel that boots in the place of the kit's configuration.
    pub demo: bool,
    /// What compiles; the best that there is if absent.
    pub producer: Option<ProducerChoice>,
    /// The docker builder or context, perhaps with `{{.Arch}}` in it.
    pub builder: Option<String>,
    /// The image with the compiler in the place of the kit's.
    pub builder_image: Option<String>,
    /// The Dockerfile to build with unchanged; empty for the kit's own.
    pub dockerfile: Option<PathBuf>,
    /// Values of its arguments, beside those that the kit's own build gives it.
    pub build_args: Vec<(String, String)>,
    /// A tarball with the sources in the place of the linux tree.
    pub source: Option<Tarball>,
    /// The moment that all timestamps get, in seconds since 1970: `SOURCE_DATE_EPOCH`. When the release was made, if absent.
    pub epoch: Option<i64>,
    /// Where everything goes; `out/` of the kit if absent.
    pub out: Option<PathBuf>,
    /// How many jobs make runs at a time; one for each processor if absent.
    pub jobs: Option<usize>,
    /// The sources of ZFS for its modules; the newest that is installed here if absent.
    pub zfs_source: Option<PathBuf>,
    /// How layers are compressed.
    pub compression: Compression,
    /// Whether the sources go into the image.
    pub with_sources: bool,
    /// Build also what is there already.
    pub force: bool,
    /// Build nothing.
    pub dry_run: bool,
}

/// One build under way.
struct Work<'a> {
    options: &'a BuildOptions,
    kit: Kit,
    plan: Plan,
    out: OutDir,
    jobs: usize,
    producer: ProducerChoice,
}

/// Builds what was asked for, or says what would be built.
pub fn build(options: &BuildOptions, watch: Watch<'_>) -> Result<BuildReport, OpError> {
    let kit = kit(&options.places)?;
    let mut plan = Plan::of(&kit, &options.request).map_err(build_error)?;
    if options.demo {
        demo::adapt(&mut plan, &kit, options)?;
    }
    let top = options.out.clone().unwrap_or_else(|| kit.top().join(OutDir::NAME));
    let jobs = options.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let choice = chosen(options, &plan, watch);
    let mut report = BuildReport {
        producer: choice.producer.word().to_owned(),
        reason: choice.reason,
        out: visible(top.as_os_str().as_encoded_bytes()),
        dirty: plan.dirty.iter().map(|path| visible(path.as_os_str().as_encoded_bytes())).collect(),
        images: Vec::new(),
        indexes: Vec::new(),
        reference: reference(&plan),
        disk_estimate: None,
        minutes_estimate: None,
        warnings: choice.warning.into_iter().collect(),
    };
    if let (ProducerChoice::Native, Some(image)) = (choice.producer, &options.builder_image) {
        report
            .warnings
            .push(format!("{image} is named as the builder, as --builder-image says, and this machine compiles"));
    }
    // A Dockerfile gets its sources by itself.
    let wants_tree = options.source.is_none() && options.dockerfile.is_none() && !options.dry_run;
    let linux = if wants_tree { linux(&options.places, &kit, &plan, watch)? } else { None };
    let out = if options.dry_run { OutDir::at(&top) } else { OutDir::create(&top).map_err(build_error)? };
    // Two builds in one directory would compile in one another's objects.
    let _lock = if options.dry_run { None } else { Some(workspace::lock(&top.join("lock"), "build")?) };
    let work = Work { options, kit, plan, out, jobs, producer: choice.producer };
    if options.dry_run {
        work.show(&mut report)?;
    } else {
        work.run(linux.as_ref(), &mut report, watch)?;
    }
    Ok(report)
}

/// The linux tree, with the tags of all kernels. Where none is named and the kit has keys, there is none: signed tarballs are much smaller than
/// all files of a tag.
fn linux(places: &Places, kit: &Kit, plan: &Plan, watch: Watch<'_>) -> Result<Option<workspace::Linux>, OpError> {
    let has_candidate = plan.images.iter().any(|image| image.version.rc().is_some());
    if !workspace::is_named(places, kit) && !has_candidate && kit.kernel_dir().join(KEYS).is_file() {
        return Ok(None);
    }
    let mut tags: Vec<String> = plan.images.iter().map(|image| image.version.tag().to_string()).collect();
    tags.dedup();
    workspace::linux(places, Some(kit), &tags, watch)
        .map(Some)
        .map_err(|error| error.hint("or name a tarball of the release: --source linux-6.6.13.tar.xz"))
}

/// What compiles.
fn chosen(options: &BuildOptions, plan: &Plan, watch: Watch<'_>) -> choose::Choice {
    let image =
        options.builder_image.as_deref().or_else(|| plan.images.iter().find_map(|image| image.builder.as_deref()));
    let tool = plan.images.iter().find_map(|image| match &image.content {
        Content::Tool(name) if name != "perf" => Some(name.as_str()),
        _ => None,
    });
    let needs_engine = options.dockerfile.as_ref().map(|_| "a Dockerfile").or(tool);
    let asks = options.producer.is_none() && options.builder.is_none() && (image.is_some() || needs_engine.is_some());
    let engines = if asks { engine::probe(building(watch)) } else { Vec::new() };
    choose::choose(choose::Facts {
        said: options.producer,
        has_builder: options.builder.is_some(),
        image: image.filter(|_| !options.demo || options.builder_image.is_some()),
        needs_engine,
        engines: &engines,
    })
}

/// The reference of the kernel that a YAML file is to use: the plain one before the debug one, with its hash.
fn reference(plan: &Plan) -> Option<String> {
    let kernels = plan.images.iter().filter(|image| image.content == Content::Kernel);
    let best = kernels.clone().find(|image| !image.debug).or_else(|| kernels.clone().next())?;
    Some(best.reference(best.hash.is_some(), None))
}

impl Work<'_> {
    fn run(&self, linux: Option<&workspace::Linux>, report: &mut BuildReport, watch: Watch<'_>) -> Result<(), OpError> {
        let compilations = self.plan.compilations();
        let jobs = compilations.iter().map(|compilation| self.job(compilation, linux, report, watch));
        let jobs = jobs.collect::<Result<Vec<_>, _>>()?;
        self.compile_all(jobs, watch, |compiled| self.assemble(&compiled, report, watch))?;
        // Whatever was ready first.
        report.images.sort_by_key(|row| compilations.iter().position(|compilation| row.is_of(compilation)));
        self.indexes(report)
    }
}
