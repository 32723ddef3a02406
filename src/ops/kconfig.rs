//! `kpatch kconfig`: an image with the patched sources of all kernels, for changing their configurations.

use std::path::PathBuf;

use serde::Serialize;

use super::build::Tarball;
use super::images_plan::{build_error, building};
use super::workspace::{self, kit, kit_error};
use super::{OpError, Places, Watch};
use crate::arch::Arch;
use crate::build::engine::{self, BuilderImage, Engine, KconfigImage, KconfigKernel, Settings};
use crate::build::sources::{self, Origin, PatchFile, SourceRequest};
use crate::build::{Configuration, OutDir};
use crate::kit::Kit;
use crate::version::KernelVersion;

/// The name of the image, in the organisation of the kit's other images.
const NAME: &str = "kconfig";

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct KconfigOptions {
    /// Where the kit and the linux tree are.
    pub places: Places,
    /// Only kernels of these series, such as `6.6.x`, or these versions; all that are built by default if empty.
    pub kernels: Vec<String>,
    /// The tag of the image; none if absent, which engines read as `latest`.
    pub tag: Option<String>,
    /// What the image runs on, in any spelling; this machine if absent.
    pub arch: Option<String>,
    /// The engine; the first that works if absent.
    pub engine: Option<Engine>,
    /// The docker builder or context, perhaps with `{{.Arch}}` in it.
    pub builder: Option<String>,
    /// The image with the compiler in the place of the kit's.
    pub builder_image: Option<String>,
    /// Tarballs of releases, by the version in their names; the linux tree has the others.
    pub tarballs: Vec<PathBuf>,
    /// Where sources are prepared; `out/` of the kit if absent.
    pub out: Option<PathBuf>,
}

/// The image that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KconfigReport {
    /// Its reference.
    pub reference: String,
    /// Where it is, in words.
    pub place: String,
    /// The kernels in it.
    pub kernels: Vec<KconfigEntry>,
}

/// One kernel of the image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KconfigEntry {
    /// The directory with its sources: `/linux-6.6.13`.
    pub directory: String,
    /// The architectures whose configurations are in their places, as `uname -m` has them.
    pub archs: Vec<String>,
    /// How many patches were applied.
    pub patches: usize,
}

/// Makes the image. It is left in the engine, and never pushed.
pub fn kconfig(options: &KconfigOptions, watch: Watch<'_>) -> Result<KconfigReport, OpError> {
    let kit = kit(&options.places)?;
    let versions = versions(&kit, &options.kernels)?;
    let image = image(&kit, options)?;
    let (engine, reason) = engine(options, watch)?;
    watch.observer.event(&crate::event::Event::Note(format!("{engine}: {reason}")));
    let arch = match &options.arch {
        Some(name) => name.parse().map_err(|error: crate::arch::ArchError| OpError::new(error.to_string()))?,
        None => Arch::host()
            .ok_or_else(|| OpError::new("this machine is none that kernels are built on").hint("name one: --arch"))?,
    };
    let top = options.out.clone().unwrap_or_else(|| kit.top().join(OutDir::NAME));
    let out = OutDir::create(&top).map_err(build_error)?;
    let (kernels, entries): (Vec<_>, Vec<_>) = prepare(&kit, options, &versions, &out, watch)?.into_iter().unzip();
    let images = kit.images().map_err(kit_error)?;
    let kernel = images.kernel();
    let org = kernel.rsplit_once('/').map_or("", |(org, _)| org);
    let reference = format!("{org}/{NAME}{}", options.tag.as_ref().map(|tag| format!(":{tag}")).unwrap_or_default());
    let settings = Settings { image, work: out.top().join("work"), logs: out.logs() };
    let wanted = KconfigImage { reference: reference.clone(), arch, kernels };
    let place = engine::build_kconfig_image(engine, options.builder.as_deref(), &settings, &wanted, building(watch));
    Ok(KconfigReport { reference, place: place.map_err(build_error)?, kernels: entries })
}

/// The kernels that are meant: all that are not deprecated, or those that are named.
fn versions(kit: &Kit, named: &[String]) -> Result<Vec<KernelVersion>, OpError> {
    let states = kit.series().map_err(kit_error)?;
    let all = || states.iter().flat_map(|state| state.versions.iter().map(move |version| (state, version)));
    if named.is_empty() {
        let found: Vec<KernelVersion> =
            all().filter(|(state, _)| !state.deprecated).map(|(_, version)| version.clone()).collect();
        return if found.is_empty() { Err(OpError::new("the kit supports no kernels")) } else { Ok(found) };
    }
    let mut found = Vec::new();
    for name in named {
        let is_meant = |(state, version): &(&crate::kit::SeriesState, &KernelVersion)| {
            state.name() == *name || version.to_string() == *name
        };
        let before = found.len();
        found.extend(all().filter(is_meant).map(|(_, version)| version.clone()));
        if found.len() == before {
            let shown = crate::text::visible(name.as_bytes());
            let known: Vec<String> = all().map(|(_, version)| version.to_string()).collect();
            return Err(
                OpError::new(format!("'{shown}' is no kernel of the kit")).hint(format!("it has {}", known.join(", ")))
            );
        }
    }
    Ok(found)
}

/// The image with the compiler.
fn image(kit: &Kit, options: &KconfigOptions) -> Result<BuilderImage, OpError> {
    let named = match &options.builder_image {
        Some(named) => Some(named.clone()),
        None => kit.builder().map_err(kit_error)?,
    };
    let named = named.ok_or_else(|| {
        OpError::new("the kit names no builder image")
            .hint("make one: kpatch builder create; and name it: --builder-image")
    })?;
    named.parse().map_err(build_error)
}

/// The engine that was named, or the first that works.
fn engine(options: &KconfigOptions, watch: Watch<'_>) -> Result<(Engine, String), OpError> {
    if let Some(engine) = options.engine {
        return Ok((engine, "as was asked for".to_owned()));
    }
    if options.builder.is_some() {
        return Ok((Engine::Docker, "a docker builder was named".to_owned()));
    }
    let states = engine::probe(building(watch));
    if let Some(state) = states.iter().find(|state| state.usable) {
        Ok((state.engine, state.reason.clone()))
    } else {
        let why: Vec<&str> = states.iter().map(|state| state.reason.as_str()).collect();
        Err(OpError::new(format!("the image needs a container engine, and none works: {}", why.join("; ")))
            .hint("kpatch doctor says what to install"))
    }
}

/// Makes the sources of all kernels ready.
fn prepare(
    kit: &Kit,
    options: &KconfigOptions,
    versions: &[KernelVersion],
    out: &OutDir,
    watch: Watch<'_>,
) -> Result<Vec<(KconfigKernel, KconfigEntry)>, OpError> {
    let tarball = |version: &KernelVersion| {
        let plain = format!("{}.", version.plain());
        let is_of = |file: &&PathBuf| {
            let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.strip_prefix("linux-")
                .or_else(|| name.strip_prefix("linux_"))
                .is_some_and(|rest| rest.starts_with(&plain))
        };
        options.tarballs.iter().find(is_of).map(|file| Tarball { file: file.clone(), ..Tarball::default() })
    };
    let tags: Vec<String> =
        versions.iter().filter(|version| tarball(version).is_none()).map(|version| version.tag().to_string()).collect();
    let linux = if tags.is_empty() {
        None
    } else {
        let opened = workspace::linux(&options.places, Some(kit), &tags, watch);
        Some(opened.map_err(|error| error.hint("or name tarballs of the releases: --source linux-6.6.13.tar.xz"))?)
    };
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    let mut ready = Vec::new();
    for version in versions {
        let tarball = tarball(version);
        let patches = PatchFile::of(kit, version).map_err(build_error)?;
        let request = SourceRequest {
            kit,
            version,
            origin: match (&tarball, &linux) {
                (Some(tarball), _) => Origin::Tarball(tarball),
                (None, Some(linux)) => Origin::Linux(&linux.store),
                (None, None) => continue,
            },
            patches: &patches,
            work: &out.work(version),
            with_tarball: true,
            epoch: None,
            jobs,
        };
        let prepared = sources::prepare(&request, building(watch)).map_err(build_error)?;
        let mut configs = Vec::new();
        for arch in Arch::ALL {
            let has = kit.config_file(&version.series().to_string(), arch.uname()).map_err(kit_error)?.is_file();
            if has {
                let found = Configuration::of(kit, version, false, arch).map_err(build_error)?;
                let fragments = found.fragments.into_iter().flat_map(|fragment| fragment.bytes);
                configs.push((arch, found.config.bytes.into_iter().chain(fragments).collect::<Vec<u8>>()));
            }
        }
        let entry = KconfigEntry {
            directory: format!("/linux-{version}"),
            archs: configs.iter().map(|(arch, _)| arch.uname().to_owned()).collect(),
            patches: patches.len(),
        };
        let kernel =
            KconfigKernel { name: version.to_string(), tree: prepared.tree, tarball: prepared.tarball, configs };
        ready.push((kernel, entry));
    }
    Ok(ready)
}
