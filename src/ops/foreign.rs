//! `kpatch foreign`: a kernel of a distribution as an image.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::images_plan::{build_error, building, oci_error};
use super::kernel_files::{RELEASE, make_out_dir};
use super::workspace::{kit, kit_error};
use super::{OpError, Places, Watch};
use crate::arch::Arch;
use crate::build::Output;
use crate::build::assemble::{Assembly, Contents, ImageName, assemble};
use crate::build::foreign::{self, Foreign, ForeignPackage};
use crate::build::plan::BUILD_IMAGE;
use crate::image::{Images, Reference};
use crate::oci::{Compression, Layout};
use crate::text::visible;

/// The annotation of the OCI image specification that says the version of what is packed.
const VERSION: &str = "org.opencontainers.image.version";

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct ForeignOptions {
    /// Where the kit is.
    pub places: Places,
    /// The packages.
    pub files: Vec<PathBuf>,
    /// The reference of the image; made of the distribution and the version if absent.
    pub tag: Option<String>,
    /// Where everything that is built is; `out` at the top of the kit if absent.
    pub out: Option<PathBuf>,
}

/// What it was made of, and what it became.
#[derive(Debug, Clone, Serialize)]
pub struct ForeignReport {
    /// The reference of the image, for all architectures that it was repacked for.
    pub image: String,
    /// The reference of the image for this architecture.
    pub reference: String,
    /// The digest of that.
    pub digest: String,
    /// Whether a reference means something else than before.
    pub changed: bool,
    /// The layout that it is in.
    pub layout: String,
    /// What `uname -r` will say.
    pub release: String,
    /// The architecture, as tags write it.
    pub arch: &'static str,
    /// The distribution.
    pub distribution: String,
    /// The version of the package with the kernel.
    pub version: String,
    /// Who compiled it.
    pub builder: String,
    /// What it was made of, ordered by name.
    pub packages: Vec<ForeignPackage>,
    /// How many modules there are.
    pub modules: usize,
    /// What a reader should know besides.
    pub warnings: Vec<String>,
}

/// Makes a kernel image of packages. Nothing is left where that does not work.
pub fn foreign(options: &ForeignOptions, watch: Watch<'_>) -> Result<ForeignReport, OpError> {
    if let Some(tag) = &options.tag {
        let read = Reference::parse(tag).map_err(|error| OpError::new(error.to_string()))?;
        if read.tag.is_none() || read.digest.is_some() {
            return Err(
                OpError::new(format!("'{tag}' names no tag")).hint("for example: --tag example/kernel:6.1.192-2")
            );
        }
    }
    let out = make_out_dir(&options.places, options.out.as_deref())?;
    let cannot = |error: std::io::Error| {
        OpError::because(format!("cannot make a directory in '{}'", out.top().display()), error)
    };
    let work = tempfile::Builder::new().prefix(".kpatch-foreign-").tempdir_in(out.top()).map_err(cannot)?;
    let output = Output::new(work.path());
    let foreign = foreign::repack(&options.files, &output, building(watch)).map_err(build_error)?;
    let image = match &options.tag {
        Some(tag) => tag.clone(),
        None => usual_name(options, &foreign)?,
    };
    let names = names(&image, foreign.arch);
    let labels = [(BUILD_IMAGE, &foreign.builder), (RELEASE, &foreign.release), (VERSION, &foreign.version)];
    let labels: BTreeMap<String, String> =
        labels.into_iter().map(|(key, value)| (key.to_owned(), value.clone())).collect();
    let layout = Layout::create(out.images()).map_err(oci_error)?;
    let assembly = Assembly {
        contents: Contents::Kernel(&output),
        arch: foreign.arch,
        epoch: foreign.epoch,
        labels: &labels,
        names: &names,
        compression: Compression::default(),
        sbom: None,
    };
    let assembled = assemble(&layout, &assembly, building(watch)).map_err(build_error)?;
    Ok(ForeignReport {
        reference: names[0].reference.clone(),
        image,
        digest: assembled.digest.to_string(),
        changed: assembled.changed,
        layout: visible(layout.dir().as_os_str().as_encoded_bytes()),
        arch: foreign.arch.oci(),
        warnings: warnings(&foreign),
        release: foreign.release,
        distribution: foreign.distribution,
        version: foreign.version,
        builder: foreign.builder,
        packages: foreign.packages,
        modules: foreign.modules,
    })
}

/// `linuxkit/kernel-debian:6.1.192-2`: the kit's own name for kernels, with the distribution.
fn usual_name(options: &ForeignOptions, foreign: &Foreign) -> Result<String, OpError> {
    let kernel = match kit(&options.places) {
        Ok(kit) => kit.images().map_err(kit_error)?.kernel(),
        Err(_) => format!("{}/{}", Images::ORG, Images::NAME),
    };
    Ok(format!("{kernel}-{}:{}", foreign.distribution, tag_of(&foreign.version)))
}

/// The version of a package as a tag: without its epoch, and with dashes for what tags do not have.
fn tag_of(version: &str) -> String {
    let version = version.split_once(':').map_or(version, |(_, version)| version);
    version
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' })
        .take(100)
        .collect()
}

/// The image of the architecture, and the index that it takes its place in. A tag that names an architecture has no index.
fn names(image: &str, arch: Arch) -> Vec<ImageName> {
    let suffix = format!("-{}", arch.oci());
    if image.ends_with(&suffix) {
        return vec![ImageName { reference: image.to_owned(), index: false }];
    }
    let own = ImageName { reference: format!("{image}{suffix}"), index: false };
    vec![own, ImageName { reference: image.to_owned(), index: true }]
}

fn warnings(foreign: &Foreign) -> Vec<String> {
    let mut warnings = Vec::new();
    if foreign.modules == 0 {
        let more = "no package has modules: name linux-modules-* (Ubuntu) or kernel-modules (Fedora) as well";
        warnings.push(more.to_owned());
    }
    if !foreign.has_dev {
        let more = "no package has headers, so that no modules can be compiled for it: name linux-headers-*, its -common and linux-kbuild-* \
             (Debian), or kernel-devel (Fedora) as well";
        warnings.push(more.to_owned());
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_become_tags() {
        assert_eq!(tag_of("6.1.192-2"), "6.1.192-2");
        assert_eq!(tag_of("1:6.8~rc1+b1"), "6.8-rc1-b1");
        let both = names("a/kernel-debian:6.1.192-2", Arch::Aarch64);
        let both: Vec<_> = both.iter().map(|name| (name.reference.as_str(), name.index)).collect();
        assert_eq!(both, [("a/kernel-debian:6.1.192-2-arm64", false), ("a/kernel-debian:6.1.192-2", true)]);
        assert_eq!(names("a/b:1-arm64", Arch::Aarch64).len(), 1);
    }
}
