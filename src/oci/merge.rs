//! Indexes that several machines add to.

use std::collections::HashSet;

use oci_spec::image::{Descriptor, ImageIndex, MediaType};

use super::model::{architecture, digest_of, empty_index, with_entry};
use super::{Document, Error, json};

/// The annotation of an attestation with the digest of the image that it is about.
const SUBJECT: &str = "vnd.docker.reference.digest";

/// `old` with `entries` in it, each in the place of the one for the same platform; nothing else is lost, but for attestations of images
/// that are no longer there.
pub fn merge(old: Option<&ImageIndex>, entries: &[Descriptor]) -> ImageIndex {
    let mut index = empty_index();
    if let Some(old) = old {
        index.set_annotations(old.annotations().clone()).set_artifact_type(old.artifact_type().clone());
        index.set_subject(old.subject().clone()).set_manifests(old.manifests().clone());
    }
    let mut index = entries.iter().fold(index, |index, entry| with_entry(index, entry.clone()));
    let there: HashSet<String> = images(&index).iter().map(|image| image.digest().to_string()).collect();
    let mut kept = index.manifests().clone();
    kept.retain(|entry| {
        let subject = entry.annotations().as_ref().and_then(|annotations| annotations.get(SUBJECT));
        architecture(entry).is_some() || subject.is_none_or(|subject| there.contains(subject))
    });
    index.set_manifests(kept);
    index
}

/// The entries that are images, which attestations and their like are not.
pub fn images(index: &ImageIndex) -> Vec<&Descriptor> {
    index.manifests().iter().filter(|entry| architecture(entry).is_some()).collect()
}

/// Whether an index becomes something else for somebody when `wanted` takes its place: an image of its own is not in there.
pub fn changes(old: &ImageIndex, wanted: &ImageIndex) -> bool {
    let wanted: HashSet<&str> = images(wanted).iter().map(|image| image.digest().as_ref()).collect();
    images(old).iter().any(|image| !wanted.contains(image.digest().as_ref()))
}

/// An index as it is written: the same bytes for the same entries.
///
/// # Errors
/// When it is nothing that JSON can hold.
pub fn document(index: &ImageIndex) -> Result<Document, Error> {
    let bytes = json::bytes(index)?;
    Ok(Document { kind: MediaType::ImageIndex, digest: digest_of(&bytes)?, bytes })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use oci_spec::image::{Arch as OciArch, Digest, Os, Platform};

    use super::*;
    use crate::arch::Arch;
    use crate::oci::platform;

    fn digest(number: u32) -> Digest {
        format!("sha256:{number:064x}").parse().expect("a digest")
    }

    fn entry(arch: Arch, number: u32) -> Descriptor {
        let mut entry = Descriptor::new(MediaType::ImageManifest, 7, digest(number));
        entry.set_platform(Some(platform(arch)));
        entry
    }

    fn attestation(number: u32, of: u32) -> Descriptor {
        let mut entry = Descriptor::new(MediaType::ImageManifest, 7, digest(number));
        let mut unknown = Platform::default();
        unknown.set_architecture(OciArch::Other("unknown".into())).set_os(Os::Other("unknown".into()));
        entry.set_platform(Some(unknown));
        entry.set_annotations(Some(HashMap::from([(SUBJECT.to_owned(), digest(of).to_string())])));
        entry
    }

    fn numbers(index: &ImageIndex) -> Vec<u32> {
        let number = |entry: &Descriptor| u32::from_str_radix(entry.digest().digest().trim_start_matches('0'), 16);
        index.manifests().iter().map(|entry| number(entry).expect("a number")).collect()
    }

    #[test]
    fn whoever_comes_first_the_index_is_the_same() {
        let (amd, arm) = (entry(Arch::X86_64, 1), entry(Arch::Aarch64, 2));
        let one = merge(Some(&merge(None, std::slice::from_ref(&amd))), std::slice::from_ref(&arm));
        let other = merge(Some(&merge(None, std::slice::from_ref(&arm))), std::slice::from_ref(&amd));
        assert_eq!(numbers(&one), [1, 2]);
        assert_eq!(document(&one).expect("bytes"), document(&other).expect("bytes"));
        assert_eq!(document(&one).expect("bytes"), document(&merge(None, &[arm, amd])).expect("bytes"));
    }

    #[test]
    fn only_the_same_platform_is_replaced_and_its_attestation_goes() {
        let mut old = merge(None, &[entry(Arch::X86_64, 1), entry(Arch::Aarch64, 2), entry(Arch::Riscv64, 3)]);
        let entries = [old.manifests().clone(), vec![attestation(11, 1), attestation(12, 2)]].concat();
        old.set_manifests(entries);
        let new = merge(Some(&old), &[entry(Arch::X86_64, 4)]);
        assert_eq!(numbers(&new), [4, 2, 3, 12]);
        assert_eq!(images(&new).len(), 3);
        assert!(changes(&old, &new));
        assert!(!changes(&old, &merge(Some(&old), &[entry(Arch::S390x, 5)])));
        assert!(!changes(&old, &old));
    }
}
