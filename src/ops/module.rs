//! `kpatch module`: modules that are no part of the kernel.

mod scaffold;

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::images_plan::{build_error, building, oci_error};
use super::kernel_files::{Search, make_out_dir};
use super::{OpError, Places, Watch};
use crate::arch::Arch;
use crate::build::assemble::{Assembly, Contents, ImageName, assemble};
use crate::build::module::{self, BuiltModules, ModuleRecipe};
use crate::build::plan::BUILD_IMAGE;
use crate::files::write_atomic;
use crate::image::Reference;
use crate::oci::{Compression, Layout};
use crate::text::visible;

pub use scaffold::{ModuleNewOptions, ModuleNewReport, module_new};

/// The label that says for which kernel modules are.
const FOR_RELEASE: &str = "org.mobyproject.linuxkit.kernel.release";
/// The files of an image that compiling takes.
const FILES: [&str; 2] = ["kernel-dev.tar", "kernel-builder"];
/// Longest file that says who compiled a kernel, in bytes.
const BUILDER_MAX: usize = 4096;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct ModuleBuildOptions {
    /// Where the kit is.
    pub places: Places,
    /// The directory with the module.
    pub dir: PathBuf,
    /// The kernel: an image or an output directory; the newest that was built if neither this nor `dev` is there.
    pub image: Option<String>,
    /// A `kernel-dev.tar` instead.
    pub dev: Option<PathBuf>,
    /// The architecture, where that is not clear.
    pub arch: Option<Arch>,
    /// Make an image with the modules of this name.
    pub tag: Option<String>,
    /// Where everything that is built is; `out` at the top of the kit if absent.
    pub out: Option<PathBuf>,
    /// How many jobs `make` may run; as many as there are processors if absent.
    pub jobs: Option<usize>,
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct ModuleBuildReport {
    /// The kernel, as it was named or found.
    pub kernel: String,
    /// What its `uname -r` says.
    pub release: String,
    /// The architecture, as tags write it.
    pub arch: &'static str,
    /// The modules, ordered by name.
    pub modules: Vec<ModuleFile>,
    /// The compiler.
    pub compiler: String,
    /// That of the kernel, as its configuration has it.
    pub kernel_compiler: Option<String>,
    /// Who compiled the kernel, as the image has it.
    pub builder: Option<String>,
    /// The image that was made.
    pub image: Option<String>,
    /// The digest of it.
    pub digest: Option<String>,
    /// The file with everything that was said.
    pub log: String,
    /// What a reader should know besides.
    pub warnings: Vec<String>,
}

/// One module.
#[derive(Debug, Clone, Serialize)]
pub struct ModuleFile {
    /// Its name.
    pub name: String,
    /// Where it was put.
    pub path: String,
    /// For which kernels it is.
    pub vermagic: String,
    /// The modules whose symbols it uses.
    pub depends: Vec<String>,
}

/// Compiles the modules of a directory for a kernel, and puts them there. All or none are written.
pub fn module_build(options: &ModuleBuildOptions, watch: Watch<'_>) -> Result<ModuleBuildReport, OpError> {
    if let Some(tag) = &options.tag {
        Reference::parse(tag).map_err(|error| OpError::new(error.to_string()))?;
    }
    if !options.dir.is_dir() {
        let message = format!("'{}' is no directory", options.dir.display());
        return Err(OpError::new(message).hint("name the directory of a module, such as kpatch module new makes"));
    }
    let out = make_out_dir(&options.places, options.out.as_deref())?;
    let files = if options.dev.is_some() {
        None
    } else {
        let search = Search {
            places: &options.places,
            out: options.out.as_deref(),
            word: options.image.as_deref(),
            arch: options.arch,
            files: &FILES,
        };
        Some(search.find(watch)?)
    };
    let kernel = match (&files, &options.dev) {
        (Some(files), _) => files.name.clone(),
        (None, dev) => dev.as_deref().unwrap_or(Path::new("")).display().to_string(),
    };
    let dev = options.dev.clone().or_else(|| files.as_ref()?.file("kernel-dev.tar")).ok_or_else(|| {
        OpError::new(format!("'{kernel}' has no kernel-dev.tar")).hint("only an image with it can be built against")
    })?;
    let builder = files.as_ref().and_then(|files| {
        let file = files.file("kernel-builder").and_then(|path| std::fs::read(path).ok());
        let file = file.filter(|bytes| bytes.len() <= BUILDER_MAX).map(|bytes| visible(bytes.trim_ascii()));
        files.labels.get(BUILD_IMAGE).cloned().or(file)
    });
    let logs = out.logs();
    std::fs::create_dir_all(&logs)
        .map_err(|error| OpError::because(format!("cannot make '{}'", logs.display()), error))?;
    let recipe = ModuleRecipe {
        dir: options.dir.clone(),
        dev,
        kernel: kernel.clone(),
        arch: files.as_ref().map(|files| files.arch).or(options.arch),
        builder: builder.clone(),
        log: logs.join(format!("module-{}.log", file_name(&options.dir))),
        jobs: options.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)),
    };
    let built = module::build(&recipe, building(watch)).map_err(build_error)?;
    let modules = place(&options.dir, &built)?;
    let digest = match &options.tag {
        Some(tag) => Some(image(&built, builder.as_deref(), tag, &out.images(), watch)?),
        None => None,
    };
    Ok(ModuleBuildReport {
        kernel,
        release: built.release,
        arch: built.arch.oci(),
        modules,
        compiler: built.compiler,
        kernel_compiler: built.kernel_compiler,
        builder,
        image: options.tag.clone(),
        digest,
        log: recipe.log.display().to_string(),
        warnings: built.warnings,
    })
}

/// The name of a directory, as far as it can stand in that of a log.
fn file_name(dir: &Path) -> String {
    let full = std::fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
    let name = full.file_name().unwrap_or_default().to_string_lossy().into_owned();
    name.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' }).collect()
}

/// Puts the modules beside what they are made of.
fn place(dir: &Path, built: &BuiltModules) -> Result<Vec<ModuleFile>, OpError> {
    let mut files = Vec::new();
    for module in &built.modules {
        let path = dir.join(format!("{}.ko", module.name));
        write_atomic(&path, &module.bytes)
            .map_err(|error| OpError::because(format!("cannot write '{}'", path.display()), error))?;
        files.push(ModuleFile {
            name: module.name.clone(),
            path: path.display().to_string(),
            vermagic: visible(module.vermagic.as_bytes()),
            depends: module.depends.clone(),
        });
    }
    Ok(files)
}

/// Makes an image with the modules at its top. Returns its digest.
fn image(
    built: &BuiltModules,
    builder: Option<&str>,
    tag: &str,
    images: &Path,
    watch: Watch<'_>,
) -> Result<String, OpError> {
    let dir = tempfile::tempdir().map_err(|error| OpError::because("cannot make a temporary directory", error))?;
    for module in &built.modules {
        let path = dir.path().join(format!("{}.ko", module.name));
        std::fs::write(&path, &module.bytes)
            .map_err(|error| OpError::because(format!("cannot write '{}'", path.display()), error))?;
    }
    let labels = [(FOR_RELEASE, Some(built.release.as_str())), (BUILD_IMAGE, builder)];
    let labels = labels.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.to_owned()))).collect();
    let layout = Layout::create(images).map_err(oci_error)?;
    let names = [ImageName { reference: tag.to_owned(), index: false }];
    let assembly = Assembly {
        contents: Contents::Files(dir.path(), "modules"),
        arch: built.arch,
        epoch: 0,
        labels: &labels,
        names: &names,
        compression: Compression::default(),
        sbom: None,
    };
    let assembled = assemble(&layout, &assembly, building(watch)).map_err(build_error)?;
    Ok(assembled.digest.to_string())
}
