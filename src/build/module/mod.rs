//! Modules that are no part of the kernel, compiled against what an image has for that: its `kernel-dev.tar`.
//!
//! Nothing else of the kernel is needed, and nothing of the user's is written to: the headers and a copy of the module lie in a temporary
//! directory while `make` runs.

mod headers;
mod make;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::error::cannot;
use super::kmod::{Modinfo, name_of};
use super::{BuildError, Watch};
use crate::arch::Arch;
use headers::Headers;

/// What is compiled, and for which kernel.
#[derive(Debug, Clone)]
pub struct ModuleRecipe {
    /// The directory with the module: its `Makefile` or `Kbuild` is in it or in `src` below it.
    pub dir: PathBuf,
    /// `kernel-dev.tar` of the kernel.
    pub dev: PathBuf,
    /// The name of the kernel, for messages.
    pub kernel: String,
    /// Its architecture; that of its configuration if absent.
    pub arch: Option<Arch>,
    /// Who compiled the kernel, if the image says so.
    pub builder: Option<String>,
    /// The file for everything that is said while it is compiled.
    pub log: PathBuf,
    /// How many jobs `make` may run.
    pub jobs: usize,
}

/// One module that was compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltModule {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// For which kernels: `6.6.13-linuxkit SMP mod_unload`.
    pub vermagic: String,
    /// The modules whose symbols it uses.
    pub depends: Vec<String>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltModules {
    /// The modules, ordered by name.
    pub modules: Vec<BuiltModule>,
    /// What `uname -r` of the kernel says.
    pub release: String,
    /// The architecture.
    pub arch: Arch,
    /// The compiler that was used, by its first line.
    pub compiler: String,
    /// That of the kernel, as its configuration has it.
    pub kernel_compiler: Option<String>,
    /// What a reader should know besides.
    pub warnings: Vec<String>,
}

/// Compiles the modules of a directory, and checks that they are ones for the kernel.
///
/// # Errors
/// For missing tools, headers that are none or cannot be used here, and for what the compiler says, with file and line.
pub fn build(recipe: &ModuleRecipe, watch: Watch<'_>) -> Result<BuiltModules, BuildError> {
    let source = source_dir(&recipe.dir)?;
    let work = tempfile::Builder::new().prefix("kpatch-module-").tempdir();
    let work = work.map_err(cannot("make", &std::env::temp_dir()))?;
    // By its real name: the kernel's makefiles compare paths.
    let top = fs::canonicalize(work.path()).map_err(cannot("find", work.path()))?;
    let headers = Headers::unpack(&recipe.dev, &top, watch)?;
    let arch = match (recipe.arch, headers.arch) {
        (Some(said), Some(found)) if said != found => {
            let message = format!("{} is for {said}, but its kernel-dev.tar for {found}", recipe.kernel);
            return Err(BuildError::Input(message, None));
        }
        (said, found) => said.or(found).ok_or_else(|| {
            let hint = "say for which architecture it is: --arch";
            BuildError::Input(format!("'{}' says nothing of an architecture", recipe.dev.display()), Some(hint.into()))
        })?,
    };
    let copy = top.join("module");
    copy_tree(&source, &copy)?;
    let toolchain = make::Toolchain::find(&headers, arch)?;
    headers.check_tools()?;
    make::modules(&headers, &toolchain, &copy, &source, recipe, watch)?;
    let modules = collect(&copy, &headers, recipe)?;
    Ok(BuiltModules {
        modules,
        warnings: warnings(&headers, &toolchain, recipe),
        release: headers.release,
        arch,
        compiler: toolchain.version,
        kernel_compiler: headers.compiler,
    })
}

/// Where the makefile of the module is.
fn source_dir(dir: &Path) -> Result<PathBuf, BuildError> {
    let has_makefile = |dir: &PathBuf| ["Kbuild", "Makefile"].iter().any(|name| dir.join(name).is_file());
    [dir.join("src"), dir.to_owned()].into_iter().find(has_makefile).ok_or_else(|| {
        let message = format!("there is no module in '{}': it has neither a Makefile nor a Kbuild", dir.display());
        BuildError::Input(message, Some("begin one: kpatch module new NAME".into()))
    })
}

/// Copies what a module is made of. Links stay links, except for those that lead elsewhere, which become what they point to.
fn copy_tree(from: &Path, to: &Path) -> Result<(), BuildError> {
    fs::create_dir(to).map_err(cannot("make", to))?;
    for entry in fs::read_dir(from).map_err(cannot("read", from))? {
        let entry = entry.map_err(cannot("read", from))?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // What an earlier build has left would be taken for up to date.
        let is_left =
            name.starts_with('.') || [".o", ".ko", ".mod", ".mod.c", ".symvers"].iter().any(|end| name.ends_with(end));
        if is_left || name == "modules.order" {
            continue;
        }
        if fs::symlink_metadata(&path).map_err(cannot("look at", &path))?.is_dir() {
            copy_tree(&path, &target)?;
        } else if path.is_file() {
            fs::copy(&path, &target).map_err(cannot("copy", &path))?;
        }
    }
    Ok(())
}

/// The modules that are there now, each checked to be one for the kernel.
fn collect(copy: &Path, headers: &Headers, recipe: &ModuleRecipe) -> Result<Vec<BuiltModule>, BuildError> {
    let mut paths = Vec::new();
    find(copy, &mut paths)?;
    let mut modules = Vec::new();
    let mut names = BTreeSet::new();
    for path in paths {
        let bytes = fs::read(&path).map_err(cannot("read", &path))?;
        let info = Modinfo::parse(&bytes);
        let name = path.file_name().and_then(|name| name_of(&name.to_string_lossy()));
        let (Some(info), Some(name)) = (info, name) else {
            return Err(BuildError::Input(format!("'{}' that was compiled is no module", path.display()), None));
        };
        if info.release() != Some(&headers.release) {
            let release = info.release().unwrap_or("no kernel");
            let message = format!("{name}.ko was compiled for {release} instead of {}", headers.release);
            return Err(BuildError::Input(message, None));
        }
        let vermagic = info.get("vermagic").unwrap_or_default().trim().to_owned();
        if names.insert(name.clone()) {
            modules.push(BuiltModule { name, depends: info.depends(), bytes, vermagic });
        }
    }
    if modules.is_empty() {
        let message = format!("the makefile of '{}' makes no module", recipe.dir.display());
        return Err(BuildError::Input(message, Some("it has to say which: obj-m := NAME.o".into())));
    }
    modules.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(modules)
}

fn find(dir: &Path, found: &mut Vec<PathBuf>) -> Result<(), BuildError> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(dir).map_err(cannot("read", dir))? {
        entries.push(entry.map_err(cannot("read", dir))?.path());
    }
    entries.sort();
    for path in entries {
        if path.is_dir() {
            find(&path, found)?;
        } else if path.extension().is_some_and(|ext| ext == "ko") {
            found.push(path);
        }
    }
    Ok(())
}

fn warnings(headers: &Headers, toolchain: &make::Toolchain, recipe: &ModuleRecipe) -> Vec<String> {
    let mut warnings = Vec::new();
    match &headers.compiler {
        Some(own) if *own != toolchain.text => {
            let plugins = if headers.has_plugins { ", which matters the more as it uses plugins of gcc" } else { "" };
            let builder = recipe.builder.as_deref().map(|builder| format!(" ({builder})")).unwrap_or_default();
            warnings.push(format!(
                "compiled by {}, the kernel by {own}{builder}: a module should be compiled by the compiler of its kernel{plugins}",
                toolchain.text
            ));
        }
        Some(_) => {}
        None => {
            warnings.push("kernel-dev.tar does not say which compiler the kernel was compiled by: not compared".into());
        }
    }
    if !headers.has_symbols {
        warnings.push("kernel-dev.tar has no Module.symvers: whether the kernel has the symbols that the module uses was not checked".into());
    }
    warnings
}

#[cfg(test)]
mod tests;
