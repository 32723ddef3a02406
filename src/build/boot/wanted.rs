//! Which modules are loaded.

use std::path::PathBuf;

use super::init::Module;
use super::{BootKernel, BootSettings, Modinfo, ModuleSet};
use crate::build::BuildError;
use crate::build::error::cannot;
use crate::build::kmod::{self, SetError, name_of, normal};

/// Modules that need no device and that most kernels have.
const USUAL: [&str; 6] = ["crc7", "crc8", "dummy", "crc_itu_t", "libcrc32c", "veth"];

/// How many of the smallest modules are looked at.
const LOOKED_AT: usize = 50;

/// A module that is to be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// One of the kernel's own, with all that it needs.
    Name(String),
    /// A file of the user's.
    File(PathBuf),
}

impl Wanted {
    /// What a word on the command line names: a file if it has a slash or ends in `.ko`, else a module of the kernel.
    pub fn parse(word: &str) -> Self {
        if word.contains('/') || name_of(word).is_some() {
            Self::File(word.into())
        } else {
            Self::Name(word.to_owned())
        }
    }
}

/// An error of a set of modules with what helps.
pub(super) fn refused(kernel: &BootKernel, error: SetError) -> BuildError {
    match error {
        SetError::Io { what, path, source } => BuildError::Io { what, path, source },
        SetError::Missing { ref near, .. } => {
            let near = (!near.is_empty()).then(|| format!("it has {}", near.join(", ")));
            BuildError::Input(format!("{}: {error}", kernel.name), near)
        }
        SetError::BuiltIn { .. } => {
            BuildError::Input(format!("{}: {error}", kernel.name), Some("name another one".into()))
        }
        SetError::Several { .. } => {
            BuildError::Input(error.to_string(), Some("name the directory of one of them".into()))
        }
    }
}

/// The modules in the order in which they are loaded, with their bytes.
pub(super) fn select(
    kernel: &BootKernel,
    set: Option<&ModuleSet>,
    settings: &BootSettings,
) -> Result<Vec<(Module, Vec<u8>)>, BuildError> {
    if settings.no_modules {
        return Ok(Vec::new());
    }
    let mut names: Vec<String> = Vec::new();
    let mut files = Vec::new();
    for wanted in &settings.modules {
        match wanted {
            Wanted::Name(name) if set.is_some() => names.push(normal(name)),
            Wanted::Name(name) => {
                let message =
                    format!("{} has no modules, and so not '{}'", kernel.name, crate::text::visible(name.as_bytes()));
                return Err(BuildError::Input(message, Some("name where they are: --modules DIR".into())));
            }
            Wanted::File(path) => {
                let (file, needed) = file(kernel, path)?;
                // What the file needs may be another file, which comes before it.
                names.extend(needed.into_iter().filter(|name| set.is_some_and(|set| set.contains(name))));
                files.push(file);
            }
        }
    }
    if settings.modules.is_empty() {
        names.extend(set.and_then(easiest));
    }
    let mut modules = Vec::new();
    if let Some(set) = set {
        for name in set.with_dependencies(&names).map_err(|error| refused(kernel, error))? {
            // A file of the user's stands for the kernel's own module of that name.
            if !files.iter().any(|(own, _): &(String, Vec<u8>)| *own == name) {
                let bytes = set.read(&name).map_err(|error| refused(kernel, error))?;
                modules.push((name, bytes));
            }
        }
    }
    modules.extend(files);
    Ok(modules.into_iter().map(|(name, bytes)| (module(&name, &settings.append), bytes)).collect())
}

fn module(name: &str, append: &str) -> Module {
    // As modprobe(8) does it with the arguments of the kernel.
    let own = append.split_whitespace().filter_map(|word| {
        let (module, parameter) = word.split_once('.')?;
        (normal(module) == name).then_some(parameter)
    });
    Module { name: name.to_owned(), path: format!("/modules/{name}.ko"), parameters: own.collect::<Vec<_>>().join(" ") }
}

/// The name of a module and its bytes.
type Given = (String, Vec<u8>);

/// A module of the user's: its name, its bytes, and what it needs.
fn file(kernel: &BootKernel, path: &std::path::Path) -> Result<(Given, Vec<String>), BuildError> {
    let bytes = std::fs::read(path).and_then(kmod::unpacked).map_err(cannot("read", path))?;
    let bad = |what: String| BuildError::Input(format!("'{}' {what}", path.display()), None);
    let info = Modinfo::parse(&bytes).ok_or_else(|| bad("is no kernel module".into()))?;
    let own = path.file_name().and_then(|name| name_of(&name.to_string_lossy()));
    let name = info.name().or(own).ok_or_else(|| bad("has no name".into()))?;
    if let Some(arch) = info.arch().filter(|arch| *arch != kernel.arch) {
        return Err(bad(format!("is a module for {arch}, and the kernel is one for {}", kernel.arch)));
    }
    Ok(((name, bytes), info.depends()))
}

/// A module that can be loaded anywhere: one of the usual ones, else one of the smallest that names no device, else the smallest.
fn easiest(set: &ModuleSet) -> Option<String> {
    if let Some(usual) = USUAL.into_iter().find(|name| set.contains(name)) {
        return Some(usual.to_owned());
    }
    let mut by_size: Vec<(u64, &str)> = set.modules().map(|(name, size)| (size, name)).collect();
    by_size.sort_unstable();
    let names_no_device = |name: &str| {
        let info = set.read(name).ok().and_then(|bytes| Modinfo::parse(&bytes));
        info.is_some_and(|info| info.get("alias").is_none())
    };
    let small = by_size.iter().take(LOOKED_AT).map(|(_, name)| *name).find(|name| names_no_device(name));
    small.or(by_size.first().map(|(_, name)| *name)).map(str::to_owned)
}
