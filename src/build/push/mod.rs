//! From an image layout to a registry.
//!
//! What names something is written after what it names: blobs, manifests, the tags with the hash, the indexes that they are in, and the
//! plain tags last. Whatever stops it, no tag names what is not there, and the next run goes on where this one stopped.

mod builder;
mod repositories;
mod tags;
mod transfer;

use serde::Serialize;

use super::plan::{Content, Image};
use super::{BuildError, Watch};
use crate::arch::Arch;
use crate::image::Reference;
use crate::oci::{self, Access, Descriptor, Layout, Repository, images, platform};

pub(crate) use builder::is_image;
pub(crate) use repositories::Repositories;
use tags::decide;
pub(crate) use tags::{Index, read as read_index};
use transfer::{Amounts, Transfer};

/// How images are pushed.
#[derive(Debug, Clone, Copy, Default)]
pub struct PushRequest {
    /// Let plain tags that name something else name the new image.
    pub move_tags: bool,
    /// Ask the registry what it has, and send nothing.
    pub dry_run: bool,
    /// How registries are reached.
    pub access: Access,
}

/// What became of a push.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PushReport {
    /// Nothing was sent; the rest says what would have been.
    pub dry_run: bool,
    /// All tags, in the order in which they were written.
    pub tags: Vec<PushedTag>,
    /// The blobs that were sent.
    pub sent: Amount,
    /// The blobs that the registry had.
    pub present: Amount,
    /// The blobs that the registry took over from another of its repositories.
    pub mounted: Amount,
}

/// Some blobs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Amount {
    /// How many.
    pub blobs: u64,
    /// How large, in bytes.
    pub bytes: u64,
}

/// What became of one tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PushedTag {
    /// The whole reference.
    pub reference: String,
    /// What happened.
    pub state: TagState,
    /// What it names now; absent where there is nothing.
    pub digest: Option<String>,
    /// What it named before, if that was something else.
    pub before: Option<String>,
    /// What a reader should know besides.
    pub note: Option<String>,
}

/// What became of a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TagState {
    /// It is new.
    Created,
    /// It named this already.
    Same,
    /// An index that others wrote has got an architecture.
    Added,
    /// It names something else than before.
    Moved,
    /// It names something else, and was left so.
    Kept,
    /// There is nothing for it to name.
    None,
}

/// An image that is in the layout, for the architectures that are there.
#[derive(Debug, Clone)]
pub struct Ready<'a> {
    /// The image.
    pub image: &'a Image,
    /// What it is for each architecture.
    pub manifests: Vec<(Arch, Descriptor)>,
}

/// What of `image` is in the layout; `None` if it is nothing.
///
/// # Errors
/// When the layout cannot be read.
pub fn ready<'a>(layout: &Layout, image: &'a Image) -> Result<Option<Ready<'a>>, BuildError> {
    let index = layout.resolve(&image.reference(true, None)).map_err(oci_failed)?;
    let index = index.filter(|entry| oci::is_index(entry.media_type()));
    let index = index.map(|entry| layout.read_index(&entry)).transpose().map_err(oci_failed)?;
    let mut manifests = Vec::new();
    for arch in &image.archs {
        let named = layout.resolve(&image.reference(true, Some(*arch))).map_err(oci_failed)?;
        let listed =
            index.iter().flat_map(images).find(|entry| oci::architecture(entry).as_deref() == Some(arch.oci()));
        if let Some(mut manifest) = named.or_else(|| listed.cloned()) {
            manifest.set_annotations(None);
            manifest.set_platform(Some(manifest.platform().clone().unwrap_or_else(|| platform(*arch))));
            manifests.push((*arch, manifest));
        }
    }
    Ok((!manifests.is_empty()).then_some(Ready { image, manifests }))
}

/// Sends images with all their tags: for each its manifests, the tags with the hash, and then the plain ones.
///
/// An index that is in the registry keeps what it has for other architectures. A plain tag that names something else moves only where the
/// request says so, but a plain index that merely lacks an architecture gets it.
///
/// # Errors
/// When the registry cannot be reached or refuses, when something of an image is missing, or when the user asks to stop. Whatever is
/// complete by then stays.
pub fn push(
    layout: &Layout,
    images: &[Ready<'_>],
    request: PushRequest,
    watch: Watch<'_>,
) -> Result<PushReport, BuildError> {
    let _hold = layout.hold(watch.interrupt).map_err(oci_failed)?;
    let repositories = Repositories::new(request.access, watch);
    let transfer = Transfer::new(layout, request.dry_run);
    let report = PushReport { dry_run: request.dry_run, ..PushReport::default() };
    let mut push = Push { layout, repositories: &repositories, transfer, request, watch, report };
    for ready in images {
        push.image(ready)?;
    }
    let Push { transfer, report, .. } = push;
    let Amounts { sent, present, mounted } = transfer.amounts();
    Ok(PushReport { sent, present, mounted, ..report })
}

/// One run.
struct Push<'a> {
    layout: &'a Layout,
    repositories: &'a Repositories<'a>,
    transfer: Transfer<'a>,
    request: PushRequest,
    watch: Watch<'a>,
    report: PushReport,
}

impl Push<'_> {
    fn image(&mut self, ready: &Ready<'_>) -> Result<(), BuildError> {
        let image = ready.image;
        let repository = self.repositories.open(&image.repository)?;
        for (arch, manifest) in &ready.manifests {
            self.transfer.image(&repository, manifest)?;
            // What has the hash in its name is what it is, whoever was there first; the name still follows, so that it can be mended.
            self.tag(image, &repository, (true, Some(*arch)), manifest, true)?;
        }
        let entries: Vec<Descriptor> = ready.manifests.iter().map(|(_, manifest)| manifest.clone()).collect();
        let hashed = self.hashed_index(image, &repository, &entries)?;
        for (arch, manifest) in &ready.manifests {
            self.tag(image, &repository, (false, Some(*arch)), manifest, self.request.move_tags)?;
        }
        self.plain_index(image, &repository, &hashed)?;
        if image.content == Content::Kernel {
            self.builder(ready, &repository)?;
        }
        Ok(())
    }

    /// Gives a manifest that is in the registry a name.
    fn tag(
        &mut self,
        image: &Image,
        repository: &Repository<'_>,
        (is_hashed, arch): (bool, Option<Arch>),
        manifest: &Descriptor,
        may_move: bool,
    ) -> Result<(), BuildError> {
        let tag = image.tag(is_hashed, arch);
        let before = repository.digest(&tag).map_err(oci_failed)?.map(|digest| digest.to_string());
        let digest = manifest.digest().to_string();
        let state = decide(before.as_deref(), &digest, may_move);
        if matches!(state, TagState::Created | TagState::Moved) && !self.request.dry_run {
            let bytes = self.layout.read(manifest).map_err(oci_failed)?;
            repository.put(&tag, manifest.media_type(), &bytes).map_err(oci_failed)?;
        }
        self.row(image.reference(is_hashed, arch), state, &digest, before, None);
        Ok(())
    }

    fn hashed_index(
        &mut self,
        image: &Image,
        repository: &Repository<'_>,
        entries: &[Descriptor],
    ) -> Result<Index, BuildError> {
        let tag = image.tag(true, None);
        let (index, state, before) = if self.request.dry_run {
            tags::merged(repository, &tag, entries)?
        } else {
            tags::add(repository, &tag, entries)?
        };
        self.row(image.reference(true, None), state, index.document.digest.as_ref(), before, None);
        Ok(index)
    }

    fn plain_index(&mut self, image: &Image, repository: &Repository<'_>, hashed: &Index) -> Result<(), BuildError> {
        let tag = image.tag(false, None);
        let old = tags::read(repository, &tag)?;
        let before = old.as_ref().map(|old| old.document.digest.to_string());
        let (new, state) = tags::plain(old.as_ref(), hashed, self.request.move_tags)?;
        if !matches!(state, TagState::Same | TagState::Kept) && !self.request.dry_run {
            new.put(repository, &tag)?;
        }
        let stays: Vec<String> = images(&new.index)
            .into_iter()
            .filter(|entry| !images(&hashed.index).iter().any(|other| other.digest() == entry.digest()))
            .filter_map(oci::architecture)
            .collect();
        let note = (state == TagState::Moved && !stays.is_empty())
            .then(|| format!("{} stays what it was: push it with --move as well", stays.join(", ")));
        self.row(image.reference(false, None), state, new.document.digest.as_ref(), before, note);
        Ok(())
    }

    fn row(&mut self, reference: String, state: TagState, digest: &str, before: Option<String>, note: Option<String>) {
        let digest = if state == TagState::Kept { before.clone() } else { Some(digest.to_owned()) };
        let before = before.filter(|before| Some(before) != digest.as_ref());
        self.report.tags.push(PushedTag { reference, state, digest, before, note });
    }
}

/// Turns an error of images into one of building.
#[expect(clippy::needless_pass_by_value, reason = "it is what map_err calls")]
pub(crate) fn oci_failed(error: oci::Error) -> BuildError {
    if error.is_interrupted() {
        return BuildError::Interrupted;
    }
    let text = match std::error::Error::source(&error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    BuildError::Input(text, error.hint())
}

/// Reads a reference.
fn parse(text: &str) -> Result<Reference<'_>, BuildError> {
    Reference::parse(text).map_err(|error| BuildError::Input(error.to_string(), None))
}
