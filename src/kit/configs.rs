//! The kernel configurations of a kit.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Kit, KitError, cannot, split_series};
use crate::arch::Arch;
use crate::version::Series;

/// A kernel configuration, or a fragment of one, in a kit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConfigFile {
    /// The series.
    pub series: Series,
    /// The variant with its dash, such as `-rt`; empty for the plain kernel. What a variant has is a fragment: the build
    /// appends it to the configuration of the plain kernel.
    pub variant: String,
    /// The architecture.
    pub arch: Arch,
    /// The file, absolute.
    pub path: PathBuf,
}

impl ConfigFile {
    /// The series with the variant, and the architecture: `6.6.x:x86_64`, `6.6.x-rt:aarch64`.
    pub fn name(&self) -> String {
        format!("{}{}:{}", self.series, self.variant, self.arch)
    }

    /// True for what is appended to the configuration of the plain kernel.
    pub fn is_fragment(&self) -> bool {
        !self.variant.is_empty()
    }
}

impl Kit {
    /// All configurations and fragments of both layouts, ordered by series, variant and architecture. Files for
    /// architectures that are not known here are none.
    pub fn configs(&self) -> Result<Vec<ConfigFile>, KitError> {
        let mut found = Vec::new();
        for (name, path) in names(self.kernel_dir())? {
            if let Some((series, variant)) = split_series(&name).filter(|_| path.is_dir()) {
                for (name, path) in names(&path)? {
                    if let Some(arch) = name.strip_prefix("config-").and_then(known) {
                        found.push(ConfigFile { series, variant: variant.clone(), arch, path });
                    }
                }
            } else if let Some((series, variant, arch)) = flat(&name).filter(|_| path.is_file()) {
                found.push(ConfigFile { series, variant, arch, path });
            }
        }
        found.sort();
        Ok(found)
    }

    /// Where the configuration or fragment of another series goes that is to `series` what `like` is to its own.
    pub fn config_like(&self, like: &ConfigFile, series: Series) -> PathBuf {
        let ConfigFile { variant, arch, path, .. } = like;
        if path.parent() == Some(self.kernel_dir()) {
            self.kernel_dir().join(format!("config-{series}-{arch}{variant}"))
        } else {
            self.kernel_dir().join(format!("{series}{variant}")).join(format!("config-{arch}"))
        }
    }

    /// What is appended to a configuration for the images with the suffix `-dbg`, if the kit has it.
    pub fn debug_fragment(&self) -> Option<PathBuf> {
        let places = ["common/config-dbg", "config-dbg"].map(|place| self.kernel_dir().join(place));
        places.into_iter().find(|path| path.is_file())
    }
}

/// `config-6.6.x-x86_64-rt` as series, variant and architecture.
fn flat(name: &str) -> Option<(Series, String, Arch)> {
    let (series, rest) = name.strip_prefix("config-")?.split_once('-')?;
    let (arch, variant) = rest.split_at(rest.find('-').unwrap_or(rest.len()));
    let (series, variant) = split_series(&format!("{series}{variant}"))?;
    Some((series, variant, known(arch)?))
}

/// The architecture of that name; files are named as `uname -m` does.
fn known(name: &str) -> Option<Arch> {
    name.parse::<Arch>().ok().filter(|arch| arch.uname() == name)
}

/// The names that are UTF-8 in a directory, with their paths.
pub(super) fn names(dir: &Path) -> Result<Vec<(String, PathBuf)>, KitError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(cannot("read", dir))? {
        let entry = entry.map_err(cannot("read", dir))?;
        if let Ok(name) = entry.file_name().into_string() {
            names.push((name, entry.path()));
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations_of_both_layouts_are_found() {
        let dir = tempfile::tempdir().expect("a directory");
        let kernel = dir.path().join("kernel");
        for name in [
            "Makefile",
            "config-dbg",
            "config-6.6.x-x86_64",
            "config-6.6.x-aarch64",
            "config-6.6.x-x86_64-rt",
            "config-6.6.x-x86_64.orig",
            "config-6.6.x-mips",
            "6.12.x/config-riscv64",
            "6.12.x/config-riscv64~",
            "6.12.x-rt/config-riscv64",
            "tools/config-x86_64",
        ] {
            let path = kernel.join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            fs::write(path, if name == "Makefile" { "KERNELS_all=6.6.13\n" } else { "" }).expect("written");
        }
        let kit = Kit::open(dir.path()).expect("a kit");
        let names: Vec<String> = kit.configs().expect("readable").iter().map(ConfigFile::name).collect();
        assert_eq!(names, ["6.6.x:aarch64", "6.6.x:x86_64", "6.6.x-rt:x86_64", "6.12.x:riscv64", "6.12.x-rt:riscv64"]);
        let moved = |config: &ConfigFile| kit.config_like(config, "7.0.x".parse().expect("a series"));
        let moved: Vec<PathBuf> = kit.configs().expect("readable").iter().map(moved).collect();
        let places = ["config-7.0.x-aarch64", "config-7.0.x-x86_64", "config-7.0.x-x86_64-rt"];
        assert!(moved.iter().zip(places).all(|(path, place)| path.ends_with(place)), "{moved:?}");
        assert!(moved[4].ends_with("7.0.x-rt/config-riscv64"));
        assert!(kit.debug_fragment().is_some_and(|path| path.ends_with("kernel/config-dbg")));
    }
}
