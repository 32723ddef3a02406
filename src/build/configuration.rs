//! Which files of a kit a kernel is configured with.

use std::fs;
use std::path::Path;

use super::error::{cannot, kit_failed};
use super::{BuildError, NamedFile};
use crate::arch::Arch;
use crate::kconfig::Config;
use crate::kit::Kit;
use crate::version::KernelVersion;

/// What follows the version in `uname -r` where the configuration says nothing.
const LOCAL_VERSION: &str = "-linuxkit";

/// How one kernel is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// The configuration of the series.
    pub config: NamedFile,
    /// What is appended to it, in order: that of the variant, that of the debug kernel.
    pub fragments: Vec<NamedFile>,
    /// What follows the version in `uname -r`: that of the configuration, the variant, `-dbg`.
    pub local_version: String,
    /// Whether configuring must not change it: the seed asks that of the plain kernel alone.
    pub is_final: bool,
}

impl Configuration {
    /// The configuration of a version, which may have a variant, for one architecture.
    ///
    /// # Errors
    /// When the kit lacks the configuration, the fragment of a variant that has no patches either, or that of the debug kernel.
    pub fn of(kit: &Kit, version: &KernelVersion, debug: bool, arch: Arch) -> Result<Self, BuildError> {
        let (series, variant) = (version.series(), version.variant());
        let path = kit.config_file(&series.to_string(), arch.uname()).map_err(kit_failed)?;
        if !path.is_file() {
            return Err(BuildError::Input(
                format!("there is no '{}', so {version} cannot be built for {}", kit.shown(&path), arch.oci()),
                Some(format!("add the configuration, or name another architecture: --arch {}", others(kit, version)?)),
            ));
        }
        let config = read(&path)?;
        let mut fragments = Vec::new();
        if !variant.is_empty() {
            let all = kit.configs().map_err(kit_failed)?;
            let own =
                all.into_iter().find(|file| file.series == series && file.variant == variant && file.arch == arch);
            fragments.extend(own.map(|own| read(&own.path)).transpose()?);
        }
        if debug {
            let Some(path) = kit.debug_fragment() else {
                return Err(BuildError::Input(
                    "the kit has no config-dbg, so there is no debug kernel".into(),
                    Some("add kernel/config-dbg with the options to append".into()),
                ));
            };
            fragments.push(read(&path)?);
        }
        let parsed = Config::parse(&config.bytes).unwrap_or_default();
        let said = parsed
            .get("CONFIG_LOCALVERSION")
            .and_then(|option| option.value.as_deref())
            .map(|value| value.trim_matches('"'));
        let base = said.filter(|said| !said.is_empty()).unwrap_or(LOCAL_VERSION);
        let local_version = format!("{base}{variant}{}", if debug { "-dbg" } else { "" });
        let is_final = variant.is_empty() && !debug;
        Ok(Self { config, fragments, local_version, is_final })
    }
}

/// The architectures that a series has configurations for.
fn others(kit: &Kit, version: &KernelVersion) -> Result<String, BuildError> {
    let configs = kit.configs().map_err(kit_failed)?;
    let of_series = configs.iter().filter(|file| file.series == version.series() && !file.is_fragment());
    let archs: Vec<&str> = of_series.map(|file| file.arch.oci()).collect();
    Ok(archs.join(", "))
}

fn read(path: &Path) -> Result<NamedFile, BuildError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(NamedFile { name, bytes: fs::read(path).map_err(cannot("read", path))? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragments_follow_the_configuration_of_the_series() {
        let dir = tempfile::tempdir().expect("a directory");
        let kernel = dir.path().join("kernel");
        let files = [
            ("Makefile", "KERNELS_all=6.6.13\n"),
            ("config-6.6.x-x86_64", "CONFIG_LOCALVERSION=\"-acme\"\nCONFIG_A=y\n"),
            ("config-6.6.x-aarch64", "CONFIG_A=y\n"),
            ("config-6.6.x-x86_64-foo", "CONFIG_B=y\n"),
        ];
        fs::create_dir(&kernel).expect("made");
        for (name, text) in files {
            fs::write(kernel.join(name), text).expect("written");
        }
        let kit = Kit::open(dir.path()).expect("a kit");
        let of =
            |version: &str, debug, arch| Configuration::of(&kit, &version.parse().expect("a version"), debug, arch);
        let plain = of("6.6.13", false, Arch::X86_64).expect("there");
        assert_eq!((plain.local_version.as_str(), plain.is_final, plain.fragments.len()), ("-acme", true, 0));
        let arm = of("6.6.13-foo", false, Arch::Aarch64).expect("there");
        assert_eq!((arm.local_version.as_str(), arm.is_final, arm.fragments.len()), ("-linuxkit-foo", false, 0));
        assert!(of("6.6.13", true, Arch::X86_64).expect_err("no fragment").to_string().contains("no config-dbg"));
        assert!(
            of("6.6.13", false, Arch::Riscv64)
                .expect_err("no configuration")
                .to_string()
                .contains("config-6.6.x-riscv64")
        );
        fs::write(kernel.join("config-dbg"), "CONFIG_C=y\n").expect("written");
        let both = of("6.6.13-foo", true, Arch::X86_64).expect("there");
        let names: Vec<&str> = both.fragments.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(
            (both.local_version.as_str(), names),
            ("-acme-foo-dbg", vec!["config-6.6.x-x86_64-foo", "config-dbg"])
        );
    }
}
