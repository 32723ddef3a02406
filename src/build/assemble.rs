//! From an output directory to an image in a layout.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::error::cannot;
use super::sbom::SBOM_TYPE;
use super::{BuildError, Output, Sbom, Watch};
use crate::arch::Arch;
use crate::oci::{Compression, Descriptor, Digest, ImageSpec, LayerSpec, Layout, Tag};

/// The lower layers of a kernel's image, each with what it is: what architectures and variants share, and what builds of modules want.
/// Whatever else there is makes the highest layer.
const KERNEL_LAYERS: [(&str, &[&str]); 2] =
    [("sources", &["linux.tar.xz", "kernel-source-info"]), ("headers", &["kernel-dev.tar", "kernel-headers.tar"])];

/// What goes into an image.
#[derive(Debug, Clone, Copy)]
pub enum Contents<'a> {
    /// A kernel.
    Kernel(&'a Output),
    /// A tool or anything else: all files of a directory, and what the history says of them.
    Files(&'a Path, &'a str),
}

/// A name of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageName {
    /// The whole reference: `linuxkit/kernel:6.6.13-amd64`.
    pub reference: String,
    /// Whether it names an index, in which the image takes its place by its architecture.
    pub index: bool,
}

/// An image to be assembled.
#[derive(Debug, Clone)]
pub struct Assembly<'a> {
    /// What goes into it.
    pub contents: Contents<'a>,
    /// For which architecture.
    pub arch: Arch,
    /// The moment that all times are set to, in seconds since 1970.
    pub epoch: i64,
    /// Its labels.
    pub labels: &'a BTreeMap<String, String>,
    /// All of its names; they change together.
    pub names: &'a [ImageName],
    /// How layers are compressed.
    pub compression: Compression,
    /// What is said beside it of what it is made of.
    pub sbom: Option<Sbom<'a>>,
}

/// An image that was assembled.
#[derive(Debug, Clone)]
pub struct Assembled {
    /// The manifest.
    pub manifest: Descriptor,
    /// The digest of it.
    pub digest: Digest,
    /// Whether a name has changed what it means, or is new.
    pub changed: bool,
}

/// Writes an image into the layout under its names. What the names meant before is removed, unless something else names it. The same
/// files give the same digest, and to assemble them again changes nothing.
///
/// # Errors
/// When something cannot be read or written. The names mean then what they meant before.
pub fn assemble(layout: &Layout, assembly: &Assembly<'_>, watch: Watch<'_>) -> Result<Assembled, BuildError> {
    let layers = match assembly.contents {
        Contents::Kernel(output) => kernel_layers(&output.root())?,
        Contents::Files(dir, what) => vec![layer(dir, &names(dir)?, what)],
    };
    if layers.is_empty() || layers.iter().all(|layer| layer.entries.is_empty()) {
        let dir = match assembly.contents {
            Contents::Kernel(output) => output.root(),
            Contents::Files(dir, _) => dir.to_owned(),
        };
        return Err(BuildError::Input(format!("'{}' has no files for an image", dir.display()), None));
    }
    let before = meanings(layout, assembly.names)?;
    let written = write(layout, assembly, &layers, watch);
    let changed = match &written {
        Ok(_) => meanings(layout, assembly.names)? != before,
        // The blobs that are complete already have no names, and a disk that is full wants them gone.
        Err(_) => true,
    };
    if changed {
        let collected = layout.collect(watch.interrupt);
        if written.is_ok() {
            collected?;
        }
    }
    let manifest = written?;
    Ok(Assembled { digest: manifest.digest().clone(), manifest, changed })
}

/// Writes the image and gives it its names, during which nobody collects its blobs.
fn write(
    layout: &Layout,
    assembly: &Assembly<'_>,
    layers: &[LayerSpec],
    watch: Watch<'_>,
) -> Result<Descriptor, BuildError> {
    let _hold = layout.hold(watch.interrupt)?;
    let spec = ImageSpec {
        arch: assembly.arch,
        epoch: assembly.epoch,
        labels: assembly.labels,
        layers,
        compression: assembly.compression,
    };
    let manifest = layout.write_image(&spec, watch.observer, watch.interrupt)?;
    let said = match &assembly.sbom {
        Some(sbom) => vec![layout.write_referrer(&manifest, SBOM_TYPE, "sbom.spdx.json", &sbom.document())?],
        None => Vec::new(),
    };
    let tag =
        |name: &ImageName| Tag { reference: name.reference.clone(), manifest: manifest.clone(), index: name.index };
    layout.tag(&assembly.names.iter().map(tag).collect::<Vec<_>>(), &said, watch.interrupt)?;
    Ok(manifest)
}

/// What names mean now.
fn meanings(layout: &Layout, names: &[ImageName]) -> Result<Vec<Option<Digest>>, BuildError> {
    let refs: BTreeMap<String, Digest> =
        layout.refs()?.into_iter().map(|(name, entry)| (name, entry.digest().clone())).collect();
    Ok(names.iter().map(|name| refs.get(&name.reference).cloned()).collect())
}

/// The layers of a kernel's image, from the lowest; those without files are left out.
fn kernel_layers(root: &Path) -> Result<Vec<LayerSpec>, BuildError> {
    let all = names(root)?;
    let is_below = |name: &str| KERNEL_LAYERS.iter().any(|(_, below)| below.contains(&name));
    let mut layers = Vec::new();
    for (what, below) in KERNEL_LAYERS {
        layers.push(layer(root, &pick(&all, |name| below.contains(&name)), what));
    }
    layers.push(layer(root, &pick(&all, |name| !is_below(name)), "kernel"));
    layers.retain(|layer| !layer.entries.is_empty());
    Ok(layers)
}

fn pick(names: &[PathBuf], wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    names.iter().filter(|name| wanted(name.to_str().unwrap_or_default())).cloned().collect()
}

fn layer(dir: &Path, names: &[PathBuf], what: &str) -> LayerSpec {
    let entries = names.iter().map(|name| (dir.join(name), name.clone())).collect();
    LayerSpec { entries, created_by: format!("kpatch build: {what}") }
}

/// What is in a directory, without what is being written there.
fn names(dir: &Path) -> Result<Vec<PathBuf>, BuildError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(cannot("read", dir))? {
        let name = entry.map_err(cannot("read", dir))?.file_name();
        if !name.to_string_lossy().starts_with(".kpatch-") {
            names.push(PathBuf::from(name));
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Interrupt, Silent};

    static GO: Interrupt = Interrupt::new();

    fn output(dir: &Path, kernel: &str) -> Output {
        let output = Output::new(dir);
        fs::create_dir_all(output.root()).expect("made");
        for (name, text) in [
            ("kernel", kernel),
            ("kernel.tar", "modules"),
            ("kernel-dev.tar", "dev"),
            ("kernel-headers.tar", "headers"),
            ("linux.tar.xz", "sources"),
            ("kernel-source-info", "KERNEL_SOURCE=x"),
            ("kernel-builder", "linuxkit/alpine:1"),
            (".kpatch-half", "no file of an image"),
        ] {
            fs::write(output.root().join(name), text).expect("written");
        }
        output
    }

    fn name(reference: &str, index: bool) -> ImageName {
        ImageName { reference: reference.into(), index }
    }

    #[test]
    fn a_kernel_has_three_layers_and_what_is_shared_is_shared() {
        let dir = tempfile::tempdir().expect("a directory");
        let layout = Layout::create(dir.path().join("images")).expect("a layout");
        let labels = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
        let watch = Watch { observer: &Silent, interrupt: &GO };
        let run = |output: &Output, arch: Arch| {
            let names =
                [name(&format!("linuxkit/kernel:6.6.13-{}", arch.oci()), false), name("linuxkit/kernel:6.6.13", true)];
            let sbom = Sbom { version: "6.6.13", arch, source: "x", patches: &[], compiler: "gcc", epoch: 1 };
            let assembly = Assembly {
                contents: Contents::Kernel(output),
                arch,
                epoch: 1,
                labels: &labels,
                names: &names,
                compression: Compression::Gzip,
                sbom: Some(sbom),
            };
            assemble(&layout, &assembly, watch).expect("an image")
        };
        let amd = run(&output(&dir.path().join("amd"), "amd kernel"), Arch::X86_64);
        let arm = run(&output(&dir.path().join("arm"), "arm kernel"), Arch::Aarch64);
        assert!(amd.changed && arm.changed);
        let layers = |image: &Assembled| {
            let manifest = layout.read_manifest(&image.manifest).expect("a manifest");
            manifest.layers().iter().map(|layer| layer.digest().clone()).collect::<Vec<_>>()
        };
        let (of_amd, of_arm) = (layers(&amd), layers(&arm));
        assert_eq!((of_amd.len(), of_arm.len()), (3, 3));
        assert!(of_amd[0] == of_arm[0] && of_amd[1] == of_arm[1] && of_amd[2] != of_arm[2]);
        let index = layout.resolve("linuxkit/kernel:6.6.13").expect("read").expect("there");
        assert_eq!(layout.read_index(&index).expect("an index").manifests().len(), 2);
        assert_eq!(layout.referrers(&amd.digest).expect("read").len(), 1);

        let again = run(&output(&dir.path().join("elsewhere"), "amd kernel"), Arch::X86_64);
        assert!(!again.changed && again.digest == amd.digest);
        let newer = run(&output(&dir.path().join("amd"), "newer kernel"), Arch::X86_64);
        assert!(newer.changed && !layout.blob(&amd.digest).exists(), "what nothing names is gone");
        assert!(layout.referrers(&amd.digest).expect("read").is_empty());
        assert!(layout.blob(&arm.digest).exists());
    }

    #[test]
    fn nothing_makes_no_image() {
        let dir = tempfile::tempdir().expect("a directory");
        let layout = Layout::create(dir.path().join("images")).expect("a layout");
        fs::create_dir(dir.path().join("tool")).expect("made");
        let tool = dir.path().join("tool");
        let assembly = Assembly {
            contents: Contents::Files(&tool, "perf"),
            arch: Arch::X86_64,
            epoch: 1,
            labels: &BTreeMap::new(),
            names: &[name("linuxkit/kernel-perf:6.6.13", true)],
            compression: Compression::Gzip,
            sbom: None,
        };
        let error =
            assemble(&layout, &assembly, Watch { observer: &Silent, interrupt: &GO }).expect_err("nothing in it");
        assert!(error.to_string().ends_with("tool' has no files for an image"), "{error}");
        assert!(layout.refs().expect("read").is_empty());
    }
}
