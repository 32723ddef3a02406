//! From output directories to images, with their names.

use super::compile::Compiled;
use super::estimate::Estimate;
use super::mark::Mark;
use super::{BuildReport, BuildState, BuiltImage, BuiltIndex, Work};
use crate::arch::Arch;
use crate::build::assemble::{self, Assembly, Contents, ImageName};
use crate::build::plan::{Content, Image, labels};
use crate::build::{NamedFile, Sbom};
use crate::oci::{Layout, architecture};
use crate::ops::images_plan::{build_error, building, oci_error};
use crate::ops::{OpError, Watch};

impl Work<'_> {
    /// Makes the images of one compiled kernel; those that are as they were are not made again.
    pub(super) fn assemble(
        &self,
        compiled: &Compiled,
        report: &mut BuildReport,
        watch: Watch<'_>,
    ) -> Result<(), OpError> {
        let layout = Layout::create(self.out.images()).map_err(oci_error)?;
        let labels = labels(&self.plan, &compiled.builder);
        let recipe = &compiled.recipe;
        let patches: Vec<NamedFile> = compiled
            .patches
            .iter()
            .map(|patch| NamedFile { name: patch.name.clone(), bytes: patch.bytes.clone() })
            .collect();
        let version = recipe.version.to_string();
        for image in self.images_of(compiled) {
            let mut row = row(image, compiled.recipe.arch, BuildState::Unchanged);
            row.builder = Some(compiled.builder.clone());
            let names = names(image, compiled.recipe.arch);
            let mark = Mark::of(compiled, image, &labels, self.options.compression);
            if let Some(digest) = mark.still_holds(&layout, &names).map_err(oci_error)? {
                row.digest = Some(digest);
                report.images.push(row);
                continue;
            }
            let assembly = Assembly {
                contents: contents(image, compiled),
                arch: compiled.recipe.arch,
                epoch: recipe.epoch,
                labels: &labels,
                names: &names,
                compression: self.options.compression,
                sbom: Some(Sbom {
                    version: &version,
                    arch: compiled.recipe.arch,
                    source: &recipe.source,
                    patches: &patches,
                    compiler: &compiled.builder,
                    epoch: recipe.epoch,
                }),
            };
            let assembled = assemble::assemble(&layout, &assembly, building(watch)).map_err(build_error)?;
            mark.keep(&assembled.digest).map_err(build_error)?;
            row.state = if compiled.is_new || assembled.changed { BuildState::Built } else { BuildState::Unchanged };
            row.digest = Some(assembled.digest.to_string());
            report.images.push(row);
        }
        Ok(())
    }

    /// The images of the plan that are made of one compiled kernel.
    fn images_of<'a>(&'a self, compiled: &'a Compiled) -> impl Iterator<Item = &'a Image> {
        let of = |image: &&Image| {
            image.version == compiled.recipe.version
                && image.debug == compiled.recipe.debug
                && image.archs.contains(&compiled.recipe.arch)
        };
        self.plan.images.iter().filter(of)
    }

    /// Says which indexes there are now.
    pub(super) fn indexes(&self, report: &mut BuildReport) -> Result<(), OpError> {
        let layout = Layout::open(self.out.images()).map_err(oci_error)?;
        for image in &self.plan.images {
            let references = references(image, None);
            let index = references.first().map(|name| layout.resolve(name)).transpose().map_err(oci_error)?.flatten();
            let mut row = BuiltIndex { references, archs: Vec::new(), digest: None };
            if let Some(index) = index {
                let entries = layout.read_index(&index).map_err(oci_error)?;
                row.archs = entries.manifests().iter().filter_map(architecture).collect();
                row.digest = Some(index.digest().to_string());
            }
            report.indexes.push(row);
        }
        Ok(())
    }

    /// Says what would be built.
    pub(super) fn show(&self, report: &mut BuildReport) -> Result<(), OpError> {
        let mut total: Option<Estimate> = None;
        for (version, debug, arch) in self.plan.compilations() {
            let estimate = Estimate::of(&self.configuration(&version, debug, arch)?);
            total = Some(total.map_or(estimate, |total| total.add(estimate)));
        }
        report.disk_estimate = total.map(|total| total.bytes as u64);
        report.minutes_estimate = total.map(|total| total.minutes(self.jobs));
        for image in &self.plan.images {
            report.images.extend(image.archs.iter().map(|arch| row(image, *arch, BuildState::WouldBuild)));
            report.indexes.push(BuiltIndex {
                references: references(image, None),
                archs: image.archs.iter().map(|arch| arch.oci().to_owned()).collect(),
                digest: None,
            });
        }
        Ok(())
    }
}

/// What goes into an image.
fn contents<'a>(image: &'a Image, compiled: &'a Compiled) -> Contents<'a> {
    match &image.content {
        Content::Kernel => Contents::Kernel(&compiled.output),
        Content::Tool(name) => {
            Contents::Files(compiled.tools.get(name).expect("each tool of the plan has a directory"), name)
        }
    }
}

/// All names of an image for one architecture: the tags that change least come last.
fn names(image: &Image, arch: Arch) -> Vec<ImageName> {
    let name = |index: bool| move |reference: String| ImageName { reference, index };
    let own = references(image, Some(arch)).into_iter().map(name(false));
    own.chain(references(image, None).into_iter().map(name(true))).collect()
}

/// The references for one architecture, or those of the index: that with the hash before the plain one.
fn references(image: &Image, arch: Option<Arch>) -> Vec<String> {
    let hashed = image.hash.as_ref().map(|_| image.reference(true, arch));
    hashed.into_iter().chain([image.reference(false, arch)]).collect()
}

fn row(image: &Image, arch: Arch, state: BuildState) -> BuiltImage {
    BuiltImage {
        content: match &image.content {
            Content::Kernel => "kernel".to_owned(),
            Content::Tool(name) => name.clone(),
        },
        version: image.version.to_string(),
        debug: image.debug,
        arch: arch.oci().to_owned(),
        state,
        references: references(image, Some(arch)),
        digest: None,
        builder: None,
    }
}
