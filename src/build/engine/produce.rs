//! How a kernel is compiled with a container engine, whichever it is.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::Engine;
use super::context::{self, Abilities, Context};
use super::image::BuilderImage;
use super::import::Local;
use super::progress::bare;
use crate::arch::Arch;
use crate::build::error::cannot;
use crate::build::script::{self, Listener};
use crate::build::{BuildError, Output, Recipe, Watch};
use crate::event::{Event, Silent};

/// What both engines are told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The image that kernels are compiled in.
    pub image: BuilderImage,
    /// Where contexts, and what is kept of earlier builds, may lie: `out/work`.
    pub work: PathBuf,
    /// Where logs go: `out/logs`.
    pub logs: PathBuf,
}

/// One call of an engine.
#[derive(Debug)]
pub(super) struct Call<'a> {
    /// The context.
    pub(super) context: &'a Path,
    /// The Dockerfile in it.
    pub(super) dockerfile: &'a str,
    /// The stage that is wanted; the last without one.
    pub(super) target: Option<&'a str>,
    /// The values of `ARG`s.
    pub(super) arguments: &'a [(String, String)],
    /// A directory that takes the place of the stage `sources`.
    pub(super) sources: Option<&'a Path>,
    /// Whether steps may use a network.
    pub(super) network: bool,
    /// What is wanted of it.
    pub(super) wanted: Wanted<'a>,
    /// Where everything that is said goes.
    pub(super) log: &'a Path,
}

/// What a build is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted<'a> {
    /// The files of the stage, in a new directory.
    Files(&'a Path),
    /// An image of that name in the engine.
    Image(&'a str),
}

/// An engine that is ready to build for one architecture.
pub(super) trait Session {
    /// Which one.
    fn engine(&self) -> Engine;
    /// What steps run on.
    fn machine(&self) -> Arch;
    /// Where it builds, in words.
    fn said(&self) -> String;
    /// How it gets at things.
    fn abilities(&self) -> Abilities;
    /// Whether it has an image of that name.
    fn has_image(&self, name: &str, watch: Watch<'_>) -> bool;
    /// Takes a local image in, under that name.
    fn load(&self, image: &Local, name: &str, work: &Path, watch: Watch<'_>) -> Result<(), BuildError>;
    /// Builds.
    fn build(&self, call: &Call<'_>, watch: Watch<'_>, each: &mut dyn FnMut(&str)) -> Result<(), BuildError>;
    /// Throws away objects that nothing will use any more: all of `name` but those in the cache `objects`.
    fn forget_objects(&self, name: &str, objects: &str, work: &Path);
}

/// Makes sure that an engine has a builder image, or can get it; the word that names it in a Dockerfile.
pub(super) fn import(
    session: &dyn Session,
    image: &BuilderImage,
    work: &Path,
    watch: Watch<'_>,
) -> Result<String, BuildError> {
    let Some(local) = Local::of(image, session.machine())? else { return Ok(image.to_string()) };
    let name = local.name()?;
    if !session.has_image(&name, watch) {
        session.load(&local, &name, work, watch)?;
    }
    Ok(name)
}

/// What names the compiler in an image on a machine. Of a reference that is all that is known before the image has been got.
pub(super) fn identity(image: &BuilderImage, machine: Arch) -> Result<String, BuildError> {
    let name = match Local::of(image, machine)? {
        Some(local) => local.name()?,
        None => image.to_string(),
    };
    Ok(format!("{name} on {}", machine.oci()))
}

/// What is in a builder image.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Report {
    machine: String,
    system: String,
    installer: String,
    missing: String,
}

impl Report {
    fn read(dir: &Path) -> Result<Self, BuildError> {
        let line = |name: &str| {
            let path = dir.join(name);
            fs::read_to_string(&path).map(|text| text.trim().to_owned()).map_err(cannot("read", &path))
        };
        Ok(Self {
            machine: line("machine")?,
            system: line("system")?,
            installer: line("installer")?,
            missing: line("missing")?,
        })
    }

    /// Refuses what cannot be helped.
    fn check(&self, image: &BuilderImage, arch: Arch) -> Result<(), BuildError> {
        let has_no_cross = self.installer == "apk" && self.missing.contains("-linux-gnu-gcc");
        if has_no_cross {
            let hint = format!(
                "name a docker builder that runs on {0} (BUILDER), or a builder image of Debian, which has cross compilers",
                arch.oci()
            );
            let what = format!(
                "the builder image {image} ({}, {}) has no compiler for {}",
                self.system,
                self.machine,
                arch.oci()
            );
            return Err(BuildError::Input(what, Some(hint)));
        }
        if self.installer == "none" && !self.missing.is_empty() {
            let what = format!("the builder image {image} ({}) lacks {}", self.system, self.missing);
            let hint = "it has no package manager to get them with; kpatch builder create makes a complete one";
            return Err(BuildError::Input(what, Some(hint.to_owned())));
        }
        Ok(())
    }
}

/// Compiles a kernel in a builder image and fills the output directory.
pub(super) fn produce(
    session: &dyn Session,
    settings: &Settings,
    recipe: &Recipe,
    output: &Output,
    watch: Watch<'_>,
) -> Result<(), BuildError> {
    let name = context::build_name(recipe);
    let stage = format!("compiling {}", script::kernel_name(recipe));
    let log = fresh_log(&settings.logs, &format!("{name}-{}", session.engine()))?;
    watch.observer.event(&Event::Note(format!(
        "{} builds on {}; the log is {}",
        session.engine(),
        session.said(),
        log.display()
    )));
    watch.observer.event(&Event::Stage { name: "preparing the builder image".into(), total: None });
    fs::create_dir_all(&settings.work).map_err(cannot("create", &settings.work))?;
    let base = import(session, &settings.image, &settings.work, watch)?;
    let dir = settings.work.join("context").join(format!("{name}-{}", session.engine()));
    let abilities = session.abilities();
    let context = context::write(&dir, recipe, &base, abilities, watch)?;
    session.forget_objects(&name, &context.objects, &settings.work);
    let home = output.dir();
    fs::create_dir_all(home).map_err(cannot("create", home))?;
    let builder = Compiling { session, recipe, context: &context, home, log: &log, watch };
    let report = builder.look()?;
    report.check(&settings.image, recipe.arch)?;
    tell(session, &report, recipe, settings, watch);
    let exported = builder.compile(report.missing.is_empty()).map_err(|error| in_stage(error, &stage))?;
    builder.check(exported.path())?;
    script::describe(recipe, exported.path())?;
    collect(exported.path(), output)
}

/// Says what compiles for what.
fn tell(session: &dyn Session, report: &Report, recipe: &Recipe, settings: &Settings, watch: Watch<'_>) {
    let image = &settings.image;
    let how = if report.machine.parse() == Ok(recipe.arch) { "compiles" } else { "cross compiles" };
    let text = format!("{image} ({} on {}) {how} for {}", report.system, session.machine().oci(), recipe.arch.oci());
    watch.observer.event(&Event::Note(text));
    if !report.missing.is_empty() {
        let text = format!("{image} lacks {}; {} gets it for this build", report.missing, report.installer);
        watch.observer.event(&Event::Warning(text));
    }
}

/// A kernel that is being compiled.
struct Compiling<'a> {
    session: &'a dyn Session,
    recipe: &'a Recipe,
    context: &'a Context,
    home: &'a Path,
    log: &'a Path,
    watch: Watch<'a>,
}

impl Compiling<'_> {
    /// Looks into the builder image.
    fn look(&self) -> Result<Report, BuildError> {
        let to = self.temporary()?;
        let arguments = context::arguments(self.recipe);
        let call = Call { target: Some("report"), sources: None, ..self.call(&arguments, to.path(), false) };
        self.session
            .build(&call, self.watch, &mut |_| ())
            .map_err(|error| in_stage(error, "looking into the builder image"))?;
        Report::read(to.path())
    }

    /// Compiles; without a network if nothing has to be got.
    fn compile(&self, is_complete: bool) -> Result<tempfile::TempDir, BuildError> {
        let to = self.temporary()?;
        let mut arguments = context::arguments(self.recipe);
        // An engine that has seen the same step would not run it again, though it failed for want of space.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        arguments.push(("ATTEMPT".to_owned(), now.as_nanos().to_string()));
        let call = self.call(&arguments, to.path(), !is_complete);
        let mut listener = Listener::new(self.recipe, None, self.watch.observer);
        self.session.build(&call, self.watch, &mut |line| listener.line(bare(line).as_bytes()))?;
        Ok(to)
    }

    /// Whether the script came to its end. An engine shows only a part of what it said; now all of it is the log.
    fn check(&self, exported: &Path) -> Result<(), BuildError> {
        let (status, whole) = (exported.join("status"), exported.join("log"));
        let ended = fs::read_to_string(&status).map_err(cannot("read", &status))?;
        let said = fs::read(&whole).map_err(cannot("read", &whole))?;
        fs::write(self.log, &said).map_err(cannot("write", self.log))?;
        if ended.trim() == "0" {
            return Ok(());
        }
        let mut listener = Listener::new(self.recipe, None, &Silent);
        said.split(|byte| *byte == b'\n').for_each(|line| listener.line(line));
        Err(listener.failure(self.log, &self.recipe.tree))
    }

    fn call<'c>(&'c self, arguments: &'c [(String, String)], to: &'c Path, network: bool) -> Call<'c> {
        Call {
            context: &self.context.dir,
            dockerfile: "Dockerfile",
            target: Some("kernel"),
            arguments,
            sources: self.context.sources.as_deref(),
            network,
            wanted: Wanted::Files(to),
            log: self.log,
        }
    }

    /// A directory beside the output, gone unless it is used.
    fn temporary(&self) -> Result<tempfile::TempDir, BuildError> {
        let builder = tempfile::Builder::new().prefix(".from-engine-").tempdir_in(self.home);
        builder.map_err(cannot("write in", self.home))
    }
}

/// An empty log.
pub(super) fn fresh_log(dir: &Path, name: &str) -> Result<PathBuf, BuildError> {
    fs::create_dir_all(dir).map_err(cannot("create", dir))?;
    let path = dir.join(format!("{name}.log"));
    fs::write(&path, "").map_err(cannot("write", &path))?;
    Ok(path)
}

/// Gives an engine's error the stage that it belongs to.
pub(super) fn in_stage(error: BuildError, name: &str) -> BuildError {
    match error {
        BuildError::Stage { said, log, hint, source, .. } => {
            BuildError::Stage { stage: name.to_owned(), said, log, hint, source }
        }
        other => other,
    }
}

/// Puts what was exported into the output directory.
fn collect(exported: &Path, output: &Output) -> Result<(), BuildError> {
    for part in ["trees", "root", "tools", "release", "compiler"] {
        let (from, to) = (exported.join(part), output.dir().join(part));
        remove(&to)?;
        match fs::rename(&from, &to) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(cannot("write", &to)(error)),
            _ => {}
        }
    }
    Ok(())
}

pub(super) fn remove(path: &Path) -> Result<(), BuildError> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(cannot("remove", path)(error)),
        _ => Ok(()),
    }
}
