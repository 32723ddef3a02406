//! What somebody asks to be built.

use super::newest;
use crate::arch::Arch;
use crate::build::BuildError;
use crate::build::error::kit_failed;
use crate::image::Images;
use crate::kit::{Kernel, Kit};
use crate::version::{KernelVersion, is_variant};

/// Which kernels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Which {
    /// The highest one that is not deprecated.
    #[default]
    Newest,
    /// All that are not deprecated.
    All,
    /// Those of these versions (`6.6.13`, `5.11.4-rt`) and series (`6.6.x`), deprecated or not.
    Named(Vec<String>),
}

/// Which tools.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Tools {
    /// None.
    #[default]
    None,
    /// Those that the kit builds.
    All,
    /// These, by their names.
    Named(Vec<String>),
}

impl Tools {
    /// The names, where the kit builds `all`.
    pub(super) fn named(&self, all: &[String]) -> Vec<String> {
        match self {
            Self::None => Vec::new(),
            Self::All => all.to_vec(),
            Self::Named(names) => names.clone(),
        }
    }
}

/// Which images of a kernel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kinds {
    /// The kernel itself.
    pub plain: bool,
    /// The kernel with debugging.
    pub debug: bool,
    /// The tools.
    pub tools: Tools,
}

impl Kinds {
    /// Everything that there is of a kernel.
    pub fn all() -> Self {
        Self { plain: true, debug: true, tools: Tools::All }
    }
}

/// What to build, and how to call it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanRequest {
    /// Which kernels.
    pub which: Which,
    /// Which images of them.
    pub kinds: Kinds,
    /// For which architectures; all that a kernel is built for if empty.
    pub archs: Vec<Arch>,
    /// The variant, with its dash: what the seed calls `EXTRA`. Empty for the kernel as it is listed.
    pub extra: String,
    /// The organisation, perhaps with a registry before it, in the place of the kit's.
    pub org: Option<String>,
    /// The name of the kernel's image in the place of the kit's.
    pub image: Option<String>,
    /// The hash in the place of that of the kit.
    pub hash: Option<String>,
    /// The commit whose hash is taken, in the place of the last one.
    pub hash_commit: Option<String>,
}

impl PlanRequest {
    /// The names of the images.
    pub(super) fn images(&self, kit: &Kit) -> Result<Images, BuildError> {
        let named = kit.images().map_err(kit_failed)?;
        if self.org.is_none() && self.image.is_none() {
            return Ok(named);
        }
        let kernel = named.kernel();
        let (org, name) = kernel.rsplit_once('/').unwrap_or((Images::ORG, &kernel));
        let images = Images::new(self.org.as_deref().unwrap_or(org), self.image.as_deref().unwrap_or(name));
        images.map_err(|error| {
            BuildError::Input(
                error.to_string(),
                Some("an organisation looks like linuxkit or registry.example.org/linuxkit".into()),
            )
        })
    }

    /// The kernels, as the variant where one was named.
    pub(super) fn kernels(&self, kit: &Kit) -> Result<Vec<Kernel>, BuildError> {
        let all = kit.kernels().map_err(kit_failed)?;
        let chosen: Vec<Kernel> = match &self.which {
            Which::All => all.iter().filter(|kernel| !kernel.deprecated).cloned().collect(),
            Which::Newest => newest(&all).into_iter().cloned().collect(),
            Which::Named(names) => {
                let mut chosen = Vec::new();
                for name in names {
                    for kernel in named(&all, kit, name)? {
                        if !chosen.contains(&kernel) {
                            chosen.push(kernel);
                        }
                    }
                }
                chosen
            }
        };
        if chosen.is_empty() {
            return Err(BuildError::Input(
                format!("the kit '{}' lists no kernel that is not deprecated", kit.top().display()),
                Some("name a version, or add one: kpatch new-series VERSION".into()),
            ));
        }
        let hashed = self.hash.as_deref().filter(|hash| !is_variant(&format!("-{hash}")));
        if let Some(hash) = hashed {
            return Err(BuildError::Input(format!("'{hash}' cannot be a part of a tag"), None));
        }
        chosen.into_iter().map(|kernel| self.varied(kit, kernel)).collect()
    }

    fn varied(&self, kit: &Kit, kernel: Kernel) -> Result<Kernel, BuildError> {
        if self.extra.is_empty() {
            return Ok(kernel);
        }
        let version = kernel.version.with_variant(&self.extra).map_err(|_| {
            let hint = "a variant is a dash and a word, such as -foo".into();
            BuildError::Input(format!("'{}' is no variant", crate::text::visible(self.extra.as_bytes())), Some(hint))
        })?;
        variant_exists(kit, &version)?;
        Ok(Kernel { version, ..kernel })
    }

    /// The architectures to build a kernel for.
    pub(super) fn archs_of(&self, kernel: &Kernel) -> Result<Vec<Arch>, BuildError> {
        // A kit without configurations can still name its images.
        let built: Vec<Arch> =
            if kernel.archs.is_empty() { Arch::host().into_iter().collect() } else { kernel.archs.clone() };
        if self.archs.is_empty() {
            return Ok(built);
        }
        let missing = self.archs.iter().find(|arch| !kernel.archs.is_empty() && !built.contains(arch));
        match (missing, &self.which) {
            (Some(arch), Which::Named(_) | Which::Newest) => {
                let built: Vec<&str> = built.iter().map(|arch| arch.oci()).collect();
                Err(BuildError::Input(
                    format!("the kit does not build {} for {}", kernel.version, arch.oci()),
                    Some(format!(
                        "it builds it for {}; another one needs a configuration, config-{}-{}",
                        built.join(", "),
                        kernel.version.series(),
                        arch
                    )),
                ))
            }
            _ => {
                Ok(self.archs.iter().copied().filter(|arch| kernel.archs.is_empty() || built.contains(arch)).collect())
            }
        }
    }
}

/// The kernels of a version or series. A variant need not be listed if the kit has something for it.
fn named(all: &[Kernel], kit: &Kit, name: &str) -> Result<Vec<Kernel>, BuildError> {
    let of_series = |kernel: &&Kernel| {
        let series = format!("{}{}", kernel.version.series(), kernel.version.variant());
        series == name || series.replacen(".x", "", 1) == name
    };
    let found: Vec<Kernel> = all.iter().filter(|kernel| kernel.version.to_string() == name).cloned().collect();
    let found = if found.is_empty() { all.iter().filter(of_series).cloned().collect() } else { found };
    if !found.is_empty() {
        return Ok(found);
    }
    if let Ok(version) = name.parse::<KernelVersion>()
        && let Some(plain) = all.iter().find(|kernel| kernel.version == version.plain())
    {
        variant_exists(kit, &version)?;
        return Ok(vec![Kernel { version, ..plain.clone() }]);
    }
    let known: Vec<String> = all.iter().map(|kernel| kernel.version.to_string()).collect();
    Err(BuildError::Input(
        format!("the kit '{}' has no kernel '{}'", kit.top().display(), crate::text::visible(name.as_bytes())),
        Some(if known.is_empty() { "it lists none".into() } else { format!("it has {}", known.join(", ")) }),
    ))
}

/// An error for a variant that would be the plain kernel by another name.
fn variant_exists(kit: &Kit, version: &KernelVersion) -> Result<(), BuildError> {
    let (series, variant) = (version.series(), version.variant());
    let has_fragment =
        kit.configs().map_err(kit_failed)?.iter().any(|config| config.series == series && config.variant == variant);
    let has_patches =
        kit.series().map_err(kit_failed)?.iter().any(|state| state.series == series && state.variant == variant);
    if has_fragment || has_patches {
        return Ok(());
    }
    let fragment = kit.config_file(&series.to_string(), "x86_64").map_err(kit_failed)?;
    Err(BuildError::Input(
        format!("the kit has nothing for {series}{variant}, so it would be the plain kernel by another name"),
        Some(format!(
            "add a fragment beside {}, named for the variant, or patches in {}",
            kit.shown(&fragment),
            shown_patches(kit, version)
        )),
    ))
}

fn shown_patches(kit: &Kit, version: &KernelVersion) -> String {
    kit.patches_dir_of(&version.series(), version.variant())
        .map_or_else(|_| "a directory of its own".into(), |dir| kit.shown(&dir))
}
