//! The kernels that a kit builds, and what it says about building them.

use super::makefile::{self, List};
use super::{Kit, KitError, SeriesState, bad_word, build_args, read_if_there};
use crate::arch::Arch;
use crate::version::KernelVersion;

/// The tools that are built for each kernel where the Makefile has no list of them.
const TOOLS: [&str; 2] = ["bcc", "perf"];

/// One version that a kit lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kernel {
    /// The version, with the variant that it is listed with.
    pub version: KernelVersion,
    /// No longer built by default.
    pub deprecated: bool,
    /// The architectures that it is built for: those that its series has a configuration for and, where the Makefile lists it for
    /// single architectures, that are among these. By the names that tags have.
    pub archs: Vec<Arch>,
    /// The image that it is built in, if the kit says it in plain words.
    pub builder: Option<String>,
}

impl Kit {
    /// The kernels that the kit lists, in the order of series and of their lists. Variants that are listed nowhere are none.
    pub fn kernels(&self) -> Result<Vec<Kernel>, KitError> {
        let makefile = self.kernel.join("Makefile");
        let text = read_if_there(&makefile)?.unwrap_or_default();
        let lists = makefile::lists(&text).map_err(bad_word(&makefile))?;
        let configs = self.configs()?;
        let mut kernels = Vec::new();
        for state in self.series()?.into_iter().filter(|state| state.version_file.is_some()) {
            let builder = self.builder_of(&state)?;
            let configured = configs.iter().filter(|config| config.series == state.series && !config.is_fragment());
            let configured: Vec<Arch> = configured.map(|config| config.arch).collect();
            for version in &state.versions {
                let listed = listed_for(&lists, version);
                let is_built =
                    |arch: &Arch| configured.contains(arch) && listed.as_ref().is_none_or(|archs| archs.contains(arch));
                let mut archs: Vec<Arch> = Arch::ALL.into_iter().filter(is_built).collect();
                archs.sort_unstable_by_key(|arch| arch.oci());
                kernels.push(Kernel {
                    version: version.clone(),
                    deprecated: state.deprecated,
                    archs,
                    builder: builder.clone(),
                });
            }
        }
        Ok(kernels)
    }

    /// The image that a series is built in: `BUILD_IMAGE` of its `build-args`, else `IMAGE_BUILDER` of the Makefile.
    pub fn builder_of(&self, state: &SeriesState) -> Result<Option<String>, KitError> {
        let own = self.kernel.join(state.series.to_string()).join("build-args");
        let text = read_if_there(&own)?.unwrap_or_default();
        match build_args::value(&text, "BUILD_IMAGE") {
            Some(image) => Ok(Some(image)),
            None => self.builder(),
        }
    }

    /// The tools that are built for each kernel: `TOOLS` of the Makefile where it lists them in plain words.
    pub fn tools(&self) -> Result<Vec<String>, KitError> {
        let text = read_if_there(&self.kernel.join("Makefile"))?.unwrap_or_default();
        let listed =
            makefile::plain_words(&text, "TOOLS").map(|words| words.iter().map(|word| (*word).to_owned()).collect());
        Ok(listed.unwrap_or_else(|| TOOLS.map(str::to_owned).to_vec()))
    }

    /// Where the kit's own sources are, for the label of images: as `kpatch.toml` says, else `REPO` of the Makefile.
    pub fn repository_url(&self) -> Result<Option<String>, KitError> {
        if let Some(source) = &self.config.image.source {
            return Ok(Some(source.clone()));
        }
        let text = read_if_there(&self.kernel.join("Makefile"))?.unwrap_or_default();
        Ok(makefile::word(&text, "REPO").map(str::to_owned))
    }
}

/// The architectures whose lists name a version; `None` if one for all of them does, or a call.
fn listed_for(lists: &[List], version: &KernelVersion) -> Option<Vec<Arch>> {
    let mut naming = lists.iter().filter(|list| list.words.iter().any(|(word, _)| word == version)).peekable();
    naming.peek()?;
    naming.map(|list| list.name.split_once('_').and_then(|(_, arch)| arch.parse::<Arch>().ok())).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn kit(dir: &Path, files: &[(&str, &str)]) -> Kit {
        for (name, text) in files {
            let path = dir.join("kernel").join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            fs::write(path, text).expect("written");
        }
        Kit::open(dir).expect("a kit")
    }

    fn shown(kit: &Kit) -> Vec<String> {
        let show = |kernel: &Kernel| {
            let archs: Vec<&str> = kernel.archs.iter().map(|arch| arch.oci()).collect();
            let old = if kernel.deprecated { " old" } else { "" };
            format!("{} {}{old} {}", kernel.version, archs.join(","), kernel.builder.as_deref().unwrap_or("-"))
        };
        kit.kernels().expect("readable").iter().map(show).collect()
    }

    #[test]
    fn lists_say_which_architectures_a_kernel_is_for() {
        let dir = tempfile::tempdir().expect("a directory");
        let makefile = "IMAGE_BUILDER=linuxkit/alpine:0123\nKERNELS_all=6.6.13\nKERNELS_x86_64=6.1.7 5.11.4-rt\n\
                        KERNELS_aarch64=6.1.7\nKERNELS_s390x=4.19.1\nDEPRECATED_x86_64=5.15.1\nTOOLS=perf  bcc # all\n\
                        REPO?=https://git.example.org/kit\n";
        let configs = [
            "6.6.x-x86_64",
            "6.6.x-aarch64",
            "6.1.x-x86_64",
            "6.1.x-aarch64",
            "5.15.x-x86_64",
            "5.15.x-aarch64",
            "5.11.x-x86_64",
        ];
        let configs = configs.map(|name| format!("config-{name}"));
        let mut files: Vec<(&str, &str)> = configs.iter().map(|name| (name.as_str(), "")).collect();
        files.extend([("Makefile", makefile), ("config-6.6.x-x86_64-foo", "")]);
        let kit = kit(dir.path(), &files);
        let image = "linuxkit/alpine:0123";
        assert_eq!(
            shown(&kit),
            [
                format!("4.19.1  {image}"),
                format!("5.11.4-rt amd64 {image}"),
                format!("5.15.1 amd64 old {image}"),
                format!("6.1.7 amd64,arm64 {image}"),
                format!("6.6.13 amd64,arm64 {image}"),
            ]
        );
        assert_eq!(kit.tools().expect("readable"), ["perf", "bcc"]);
        assert_eq!(kit.repository_url().expect("readable").as_deref(), Some("https://git.example.org/kit"));
    }

    #[test]
    fn each_series_may_have_its_own_builder() {
        let dir = tempfile::tempdir().expect("a directory");
        let files = [
            ("Makefile", "IMAGE_BUILDER=linuxkit/alpine:1\n"),
            ("6.6.x/build-args", "KERNEL_VERSION=6.6.13\nKERNEL_SERIES=6.6.x\nBUILD_IMAGE=linuxkit/alpine:2\n"),
            ("6.6.x/config-riscv64", ""),
            ("5.15.x/build-args", "KERNEL_VERSION=5.15.7\n"),
            ("5.15.x/config-x86_64", ""),
            ("5.15.x/deprecated", ""),
        ];
        let kit = kit(dir.path(), &files);
        assert_eq!(shown(&kit), ["5.15.7 amd64 old linuxkit/alpine:1", "6.6.13 riscv64 linuxkit/alpine:2"]);
        assert_eq!(kit.tools().expect("readable"), ["bcc", "perf"]);
        assert_eq!(kit.repository_url().expect("readable"), None);
    }
}
