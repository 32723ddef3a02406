//! Whether what a registry has of images fits together.
//!
//! A kernel says in three places what it was compiled in: in a label, in the file `/kernel-builder`, and by the tag of the builder beside
//! it. Tools and people look at different ones, so that they have to agree. An index has to have the architectures that the kit builds.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::plan::{BUILD_IMAGE, Content, Image};
use super::push::{Index, Repositories, is_image, oci_failed, read_index};
use super::{BuildError, Watch};
use crate::arch::Arch;
use crate::event::Event;
use crate::image::Reference;
use crate::oci::{self, Access, Reach, Repository, images};

/// The file that names the builder.
const BUILDER_FILE: &str = "kernel-builder";
/// The largest such file, in bytes.
const BUILDER_FILE_MAX: usize = 4096;

/// One thing that was compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What it is about, a whole reference.
    pub reference: String,
    /// For which architecture, as tags name them; absent where it is about all.
    pub arch: Option<String>,
    /// What was compared.
    pub what: What,
    /// How it turned out.
    pub state: CheckState,
    /// What is found, or what is wrong.
    pub reason: Option<String>,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// The architectures of the index with those that the kit builds.
    Architectures,
    /// What a tag names with what it has to name.
    Tag,
    /// The label with the builder.
    Label,
    /// The file `/kernel-builder` with the label.
    File,
    /// The image that the builder's tag names with the one that the label names.
    Builder,
}

/// How a comparison turned out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckState {
    /// As it should be.
    Ok,
    /// There is something else.
    Differs,
    /// There is nothing.
    Missing,
}

/// Checks images in their registries.
///
/// # Errors
/// When a registry cannot be reached or refuses, or the user asks to stop.
pub fn check(images: &[Image], access: Access, watch: Watch<'_>) -> Result<Vec<Check>, BuildError> {
    let repositories = Repositories::new(access, watch);
    watch.observer.event(&Event::Stage { name: "asking the registry".into(), total: Some(images.len()) });
    let mut checker = Checker { access, watch, repositories: &repositories, rows: Vec::new() };
    for image in images {
        checker.image(image)?;
        watch.observer.event(&Event::Step);
    }
    Ok(checker.rows)
}

struct Checker<'a> {
    access: Access,
    watch: Watch<'a>,
    repositories: &'a Repositories<'a>,
    rows: Vec<Check>,
}

impl Checker<'_> {
    fn image(&mut self, image: &Image) -> Result<(), BuildError> {
        let repository = self.repositories.open(&image.repository)?;
        let is_hashed = image.hash.is_some();
        let reference = image.reference(is_hashed, None);
        let Some(index) = read_index(&repository, &image.tag(is_hashed, None))? else {
            self.row(&reference, None, What::Tag, CheckState::Missing, "the registry has no such tag");
            return Ok(());
        };
        let found = entries(&index);
        let (state, reason) = architectures(&image.archs, &found);
        self.row(&reference, None, What::Architectures, state, reason);
        if is_hashed {
            self.tag(image, &repository, None, index.document.digest.as_ref())?;
        }
        let mut labels = BTreeSet::new();
        for arch in &image.archs {
            let Some(digest) = found.get(arch.oci()) else { continue };
            if is_hashed {
                self.tag(image, &repository, Some(*arch), digest)?;
            }
            labels.extend(self.inside(image, *arch, digest)?);
        }
        match image.builder_tag() {
            Some(tag) => self.builder(image, &repository, &tag, &labels),
            None => Ok(()),
        }
    }

    /// The plain tag, which names what the one with the hash does.
    fn tag(
        &mut self,
        image: &Image,
        repository: &Repository<'_>,
        arch: Option<Arch>,
        wanted: &str,
    ) -> Result<(), BuildError> {
        for is_hashed in [true, false] {
            // The index is where `wanted` comes from.
            if is_hashed && arch.is_none() {
                continue;
            }
            let found = repository.digest(&image.tag(is_hashed, arch)).map_err(oci_failed)?;
            let (state, reason) = match found {
                None => (CheckState::Missing, "the registry has no such tag".to_owned()),
                Some(found) if found.as_ref() == wanted => (CheckState::Ok, found.to_string()),
                Some(found) => {
                    let other = image.reference(true, None);
                    (CheckState::Differs, format!("it names {found}, and {other} has {wanted}"))
                }
            };
            self.row(&image.reference(is_hashed, arch), arch, What::Tag, state, reason);
        }
        Ok(())
    }

    /// What one image says of its builder; the label.
    fn inside(&mut self, image: &Image, arch: Arch, digest: &str) -> Result<Option<String>, BuildError> {
        let reference = image.reference(image.hash.is_some(), Some(arch));
        let Watch { observer, interrupt } = self.watch;
        let reach = Reach { local: None, offline: false, access: self.access, observer, interrupt };
        let opened = oci::Image::open(&format!("{}@{digest}", image.repository), arch, reach).map_err(oci_failed)?;
        let label = opened.labels().remove(BUILD_IMAGE);
        let (state, reason) = match (&label, &image.builder) {
            (None, _) => (CheckState::Missing, format!("there is no label {BUILD_IMAGE}")),
            (Some(label), Some(builder)) if is_image(label) && label != builder => {
                (CheckState::Differs, format!("it says {label}, and the kit {builder}"))
            }
            (Some(label), _) => (CheckState::Ok, label.clone()),
        };
        self.row(&reference, Some(arch), What::Label, state, reason);
        if image.content == Content::Kernel {
            let file = opened.small_file(BUILDER_FILE, BUILDER_FILE_MAX).map_err(oci_failed)?;
            let file = file.map(|bytes| String::from_utf8_lossy(&bytes).trim_end().to_owned());
            let (state, reason) = match (file, &label) {
                (None, _) => (CheckState::Missing, format!("there is no file /{BUILDER_FILE}")),
                (Some(file), Some(label)) if file != *label => {
                    (CheckState::Differs, format!("it says {file}, and the label {label}"))
                }
                (Some(file), _) => (CheckState::Ok, file),
            };
            self.row(&reference, Some(arch), What::File, state, reason);
        }
        Ok(label)
    }

    /// The tag of the builder, which names what the label names, for each architecture.
    fn builder(
        &mut self,
        image: &Image,
        repository: &Repository<'_>,
        tag: &str,
        labels: &BTreeSet<String>,
    ) -> Result<(), BuildError> {
        let reference = format!("{}:{tag}", image.repository);
        let Some(label) = labels.iter().find(|label| is_image(label)) else {
            return Ok(());
        };
        if let Some(other) = labels.iter().find(|other| *other != label) {
            let reason = format!("one architecture was compiled in {label}, another in {other}");
            self.row(&reference, None, What::Builder, CheckState::Differs, reason);
        }
        let there = read_index(repository, tag)?;
        let Some(there) = there else {
            self.row(&reference, None, What::Builder, CheckState::Missing, "the registry has no such tag");
            return Ok(());
        };
        let parsed = Reference::parse(label).map_err(|error| BuildError::Input(error.to_string(), None))?;
        let name = parsed.digest.or(parsed.tag).unwrap_or("latest");
        let Some(source) = read_index(&*self.repositories.open(label)?, name)? else {
            let reason = format!("{label}, which the label names, is in no registry");
            self.row(&reference, None, What::Builder, CheckState::Missing, reason);
            return Ok(());
        };
        let (there, source) = (entries(&there), entries(&source));
        let archs: BTreeSet<&String> = there.keys().chain(source.keys()).collect();
        for arch in archs {
            let (state, reason) = match (there.get(arch), source.get(arch)) {
                (Some(there), Some(source)) if there == source => (CheckState::Ok, there.clone()),
                (Some(there), Some(source)) => {
                    (CheckState::Differs, format!("it names {there}, and {label} is {source}"))
                }
                (None, _) => (CheckState::Missing, format!("{label} is there for this architecture")),
                (_, None) => (CheckState::Differs, format!("{label} is not there for this architecture")),
            };
            let (what, reference, reason) = (What::Builder, reference.clone(), Some(reason));
            self.rows.push(Check { reference, arch: Some(arch.clone()), what, state, reason });
        }
        Ok(())
    }

    fn row(&mut self, reference: &str, arch: Option<Arch>, what: What, state: CheckState, reason: impl Into<String>) {
        let arch = arch.map(|arch| arch.oci().to_owned());
        self.rows.push(Check { reference: reference.to_owned(), arch, what, state, reason: Some(reason.into()) });
    }
}

/// The digest of the image for each architecture; what is no image has none.
fn entries(index: &Index) -> BTreeMap<String, String> {
    let entry = |entry: &oci::Descriptor| Some((oci::architecture(entry)?, entry.digest().to_string()));
    images(&index.index).into_iter().filter_map(entry).collect()
}

/// Compares the architectures that the kit builds with those that are there.
fn architectures(wanted: &[Arch], found: &BTreeMap<String, String>) -> (CheckState, String) {
    let wanted: BTreeSet<&str> = wanted.iter().map(|arch| arch.oci()).collect();
    let found: BTreeSet<&str> = found.keys().map(String::as_str).collect();
    let list = |archs: Vec<&str>| archs.join(", ");
    let missing: Vec<&str> = wanted.difference(&found).copied().collect();
    if !missing.is_empty() {
        return (CheckState::Missing, format!("there is none for {}", list(missing)));
    }
    let more: Vec<&str> = found.difference(&wanted).copied().collect();
    if !more.is_empty() {
        return (CheckState::Differs, format!("the kit builds none for {}", list(more)));
    }
    (CheckState::Ok, list(found.into_iter().collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn architectures_are_compared_as_sets() {
        let found = |archs: &[&str]| archs.iter().map(|arch| ((*arch).to_owned(), String::new())).collect();
        let both = [Arch::X86_64, Arch::Aarch64];
        assert_eq!(architectures(&both, &found(&["arm64", "amd64"])), (CheckState::Ok, "amd64, arm64".into()));
        let (state, reason) = architectures(&both, &found(&["amd64"]));
        assert_eq!((state, reason.as_str()), (CheckState::Missing, "there is none for arm64"));
        let (state, reason) = architectures(&both, &found(&["amd64", "arm64", "riscv64"]));
        assert_eq!((state, reason.as_str()), (CheckState::Differs, "the kit builds none for riscv64"));
    }
}
