//! What descriptors say, by the words of the OCI image specification and by those of docker.

use std::collections::HashMap;

use oci_spec::image::{Descriptor, Digest, ImageIndex, MediaType, Os, Platform};
use sha2::{Digest as _, Sha256};

use super::Error;
use crate::arch::Arch;

/// Docker's name for an image manifest.
pub(super) const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker's name for an index.
pub(super) const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// The annotation with the reference of an entry in a layout.
pub(super) const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// The annotation by which containerd names an image that it imports.
pub(super) const CONTAINERD_NAME: &str = "io.containerd.image.name";

/// The platform of images for `arch`.
pub fn platform(arch: Arch) -> Platform {
    let mut platform = Platform::default();
    platform.set_architecture(arch.oci().into()).set_os(Os::Linux);
    platform
}

/// `sha256:` and the digest of finished `hash`.
pub(super) fn digest(hash: Sha256) -> Result<Digest, Error> {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(71);
    text.push_str("sha256:");
    for byte in hash.finalize() {
        let _ = write!(text, "{byte:02x}");
    }
    Digest::try_from(text).map_err(Error::Spec)
}

/// The digest of `bytes`.
pub(crate) fn digest_of(bytes: &[u8]) -> Result<Digest, Error> {
    digest(Sha256::new_with_prefix(bytes))
}

/// True for what lists manifests of several platforms.
pub fn is_index(kind: &MediaType) -> bool {
    *kind == MediaType::ImageIndex || kind.as_ref() == DOCKER_LIST
}

/// True for the manifest of one image.
pub fn is_manifest(kind: &MediaType) -> bool {
    *kind == MediaType::ImageManifest || kind.as_ref() == DOCKER_MANIFEST
}

/// The name of the architecture that an entry of an index is for; none for attestations and their like, whose architecture is
/// `unknown`.
pub fn architecture(entry: &Descriptor) -> Option<String> {
    let platform = entry.platform().as_ref()?;
    let name = platform.architecture().to_string();
    (name != "unknown").then_some(name)
}

/// What tells the platforms of an index apart.
type Key = (String, String, String, String);

fn key(entry: &Descriptor) -> Option<Key> {
    let platform = entry.platform().as_ref()?;
    let word = |word: &Option<String>| word.clone().unwrap_or_default();
    let (arch, os) = (platform.architecture().to_string(), platform.os().to_string());
    Some((arch, os, word(platform.variant()), word(platform.os_version())))
}

/// True if the one takes the place of the other in an index: both are for one platform, or both are the same.
pub(crate) fn is_same_place(a: &Descriptor, b: &Descriptor) -> bool {
    a.digest() == b.digest() || (architecture(a).is_some() && key(a) == key(b))
}

/// `index` with `entry` in the place of what it has for the same platform, its entries in the order of their platforms. What was said of
/// an image that is gone from it goes too.
pub(crate) fn with_entry(mut index: ImageIndex, entry: Descriptor) -> ImageIndex {
    let mut entries = index.manifests().clone();
    entries.retain(|old| !is_same_place(old, &entry));
    entries.push(entry);
    let digests: Vec<String> = entries.iter().map(|entry| entry.digest().to_string()).collect();
    entries.retain(|entry| about(entry).is_none_or(|digest| digests.contains(digest)));
    entries.sort_by_cached_key(|entry| (architecture(entry).is_none(), key(entry), entry.digest().to_string()));
    index.set_media_type(Some(MediaType::ImageIndex)).set_manifests(entries);
    index
}

/// The digest of the image that an attestation in an index is about.
fn about(entry: &Descriptor) -> Option<&String> {
    entry.annotations().as_ref()?.get("vnd.docker.reference.digest")
}

/// An index without entries.
pub(crate) fn empty_index() -> ImageIndex {
    let mut index = ImageIndex::default();
    index.set_schema_version(2).set_media_type(Some(MediaType::ImageIndex)).set_manifests(Vec::new());
    index
}

/// The reference of an entry in a layout.
pub(super) fn ref_name(entry: &Descriptor) -> Option<&str> {
    entry.annotations().as_ref()?.get(REF_NAME).map(String::as_str)
}

/// The entry of a layout that gives `descriptor` the name `reference`.
pub(super) fn named(mut descriptor: Descriptor, reference: &str) -> Descriptor {
    let annotations = [(REF_NAME, reference.to_owned()), (CONTAINERD_NAME, full_name(reference))];
    let annotations: HashMap<_, _> = annotations.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    descriptor.set_annotations(Some(annotations));
    descriptor
}

/// `reference` with the host that docker takes where none is said.
fn full_name(reference: &str) -> String {
    match crate::image::Reference::parse(reference) {
        Ok(parsed) if parsed.registry.is_none() && !parsed.path.contains('/') => {
            format!("docker.io/library/{reference}")
        }
        Ok(parsed) if parsed.registry.is_none() => format!("docker.io/{reference}"),
        _ => reference.to_owned(),
    }
}
