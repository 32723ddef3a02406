//! A kernel that is compiled in two minutes: as small as one can be that boots in qemu and loads a module.

use super::{BuildError, Configuration, NamedFile};
use crate::arch::Arch;

/// The configurations, by architecture. What they do not name is off.
const CONFIGS: [(Arch, &str); 2] = [
    (Arch::Aarch64, include_str!("../../templates/build/demo-aarch64.config")),
    (Arch::X86_64, include_str!("../../templates/build/demo-x86_64.config")),
];
/// What the version of the kernel ends with.
const LOCAL_VERSION: &str = "-linuxkit";

/// The architectures that there is a small kernel for.
pub fn architectures() -> impl Iterator<Item = Arch> {
    CONFIGS.into_iter().map(|(arch, _)| arch)
}

/// How the small kernel is configured. Its modules are `crc7` and `crc8`. What the configuration does not name is to be off.
///
/// # Errors
/// For an architecture that there is none for.
pub fn configuration(arch: Arch) -> Result<Configuration, BuildError> {
    let Some((_, config)) = CONFIGS.into_iter().find(|(known, _)| *known == arch) else {
        let known: Vec<&str> = architectures().map(Arch::oci).collect();
        let hint = format!("there is one for {}", known.join(" and "));
        return Err(BuildError::Input(format!("there is no small kernel for {}", arch.oci()), Some(hint)));
    };
    Ok(Configuration {
        config: NamedFile { name: format!("demo-{arch}.config"), bytes: config.as_bytes().to_vec() },
        fragments: Vec::new(),
        local_version: LOCAL_VERSION.to_owned(),
        is_final: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kconfig::Config;

    #[test]
    fn the_configurations_are_readable_and_alike() {
        for (arch, text) in CONFIGS {
            let config = Config::parse(text.as_bytes()).expect("a configuration");
            let value =
                |name: &str| config.options.iter().find(|option| option.name == name).map(crate::kconfig::Opt::word);
            assert_eq!(value("CONFIG_LOCALVERSION"), Some("\"-linuxkit\""), "{arch}");
            for name in ["CRC7", "CRC8"] {
                assert_eq!(value(&format!("CONFIG_{name}")), Some("m"), "{arch}");
            }
        }
    }
}
