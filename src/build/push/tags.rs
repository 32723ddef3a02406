//! What tags name, and what they come to name.

use std::io::Read as _;

use super::{BuildError, TagState, oci_failed};
use crate::oci::{
    self, Descriptor, Document, ImageConfiguration, ImageIndex, ImageManifest, Repository, changes, document, images,
    merge,
};

/// How often an index is merged anew because somebody else wrote it meanwhile.
const ROUNDS: u32 = 5;
/// The largest configuration that is read, in bytes.
const CONFIG: u64 = 4 << 20;

/// An index with its bytes.
#[derive(Debug, Clone)]
pub(crate) struct Index {
    /// What it lists.
    pub(crate) index: ImageIndex,
    /// What is stored, which is no index where a tag names one image.
    pub(crate) document: Document,
}

impl Index {
    /// An index as it is written.
    pub(super) fn new(index: ImageIndex) -> Result<Self, BuildError> {
        let document = document(&index).map_err(oci_failed)?;
        Ok(Self { index, document })
    }

    pub(super) fn put(&self, repository: &Repository<'_>, tag: &str) -> Result<(), BuildError> {
        repository.put(tag, &self.document.kind, &self.document.bytes).map_err(oci_failed)
    }

    /// Whether it is stored as an index that lists the same.
    fn is(&self, other: &ImageIndex) -> bool {
        oci::is_index(&self.document.kind) && self.index == *other
    }
}

/// What becomes of a tag that is to name `new`.
pub(super) fn decide(before: Option<&str>, new: &str, may_move: bool) -> TagState {
    match before {
        None => TagState::Created,
        Some(before) if before == new => TagState::Same,
        Some(_) if may_move => TagState::Moved,
        Some(_) => TagState::Kept,
    }
}

/// The index that a tag names; a tag that names one image counts as an index with nothing else in it.
pub(crate) fn read(repository: &Repository<'_>, tag: &str) -> Result<Option<Index>, BuildError> {
    let Some(document) = repository.manifest(tag).map_err(oci_failed)? else { return Ok(None) };
    let bad = |_| BuildError::Input(format!("what {} names cannot be understood", repository.shown(tag)), None);
    let index = if oci::is_index(&document.kind) {
        serde_json::from_slice(&document.bytes).map_err(bad)?
    } else {
        let manifest: ImageManifest = serde_json::from_slice(&document.bytes).map_err(bad)?;
        let reader = repository.blob(manifest.config()).map_err(oci_failed)?;
        let config: ImageConfiguration = serde_json::from_reader(reader.take(CONFIG)).map_err(bad)?;
        let mut entry = Descriptor::new(document.kind.clone(), document.bytes.len() as u64, document.digest.clone());
        let mut platform = oci::Platform::default();
        platform.set_os(config.os().clone()).set_architecture(config.architecture().clone());
        entry.set_platform(Some(platform));
        merge(None, &[entry])
    };
    Ok(Some(Index { index, document }))
}

/// The index that a tag is to name once `entries` are in it, what that is to it, and what it names now.
pub(super) fn merged(
    repository: &Repository<'_>,
    tag: &str,
    entries: &[Descriptor],
) -> Result<(Index, TagState, Option<String>), BuildError> {
    let old = read(repository, tag)?;
    let before = old.as_ref().map(|old| old.document.digest.to_string());
    let new = merge(old.as_ref().map(|old| &old.index), entries);
    Ok(match old {
        None => (Index::new(new)?, TagState::Created, before),
        // Another program may write the same in other words.
        Some(old) if old.is(&new) => (old, TagState::Same, before),
        Some(old) if changes(&old.index, &new) => (Index::new(new)?, TagState::Moved, before),
        Some(_) => (Index::new(new)?, TagState::Added, before),
    })
}

/// Writes `entries` into the index that a tag names. Registries know no locks: it is looked again whether somebody else came in between.
pub(super) fn add(
    repository: &Repository<'_>,
    tag: &str,
    entries: &[Descriptor],
) -> Result<(Index, TagState, Option<String>), BuildError> {
    let mut first = None;
    for _ in 0..ROUNDS {
        let (index, state, before) = merged(repository, tag, entries)?;
        if state == TagState::Same {
            return Ok(first.map_or((index.clone(), state, before), |(state, before)| (index, state, before)));
        }
        index.put(repository, tag)?;
        first.get_or_insert((state, before));
    }
    Err(BuildError::Input(
        format!("{} is written by others all the time", repository.shown(tag)),
        Some("push again when they are done".into()),
    ))
}

/// What a plain tag comes to name, where the one with the hash names `hashed`.
pub(super) fn plain(old: Option<&Index>, hashed: &Index, may_move: bool) -> Result<(Index, TagState), BuildError> {
    let Some(old) = old else { return Ok((hashed.clone(), TagState::Created)) };
    if old.document.digest == hashed.document.digest {
        return Ok((hashed.clone(), TagState::Same));
    }
    if !changes(&old.index, &hashed.index) {
        return Ok((hashed.clone(), TagState::Added));
    }
    if !may_move {
        return Ok((old.clone(), TagState::Kept));
    }
    // Whoever uses another architecture, which was not built this time, is not left without an image.
    let entries: Vec<Descriptor> = images(&hashed.index).into_iter().cloned().collect();
    let new = Index::new(merge(Some(&old.index), &entries))?;
    Ok(if old.is(&new.index) { (old.clone(), TagState::Same) } else { (new, TagState::Moved) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::Arch;
    use crate::oci::MediaType;

    fn index(entries: &[(Arch, u32)]) -> Index {
        let entries: Vec<Descriptor> = entries
            .iter()
            .map(|(arch, number)| {
                let digest: oci::Digest = format!("sha256:{number:064x}").parse().expect("a digest");
                let mut entry = Descriptor::new(MediaType::ImageManifest, 7, digest);
                entry.set_platform(Some(oci::platform(*arch)));
                entry
            })
            .collect();
        Index::new(merge(None, &entries)).expect("an index")
    }

    #[test]
    fn tags_move_only_when_told() {
        assert_eq!(decide(None, "a", false), TagState::Created);
        assert_eq!(decide(Some("a"), "a", false), TagState::Same);
        assert_eq!(decide(Some("b"), "a", false), TagState::Kept);
        assert_eq!(decide(Some("b"), "a", true), TagState::Moved);
    }

    #[test]
    fn a_plain_index_gets_what_it_lacks_and_keeps_what_it_has() {
        use Arch::{Aarch64, X86_64};
        let both = index(&[(X86_64, 1), (Aarch64, 2)]);
        let plain = |old: Option<&Index>, may_move| {
            let (index, state) = plain(old, &both, may_move).expect("decided");
            (index.document.digest, state)
        };
        assert_eq!(plain(None, false), (both.document.digest.clone(), TagState::Created));
        assert_eq!(plain(Some(&both), true), (both.document.digest.clone(), TagState::Same));
        assert_eq!(plain(Some(&index(&[(X86_64, 1)])), false), (both.document.digest.clone(), TagState::Added));
        let other = index(&[(X86_64, 3)]);
        assert_eq!(plain(Some(&other), false), (other.document.digest.clone(), TagState::Kept));
        assert_eq!(plain(Some(&other), true), (both.document.digest.clone(), TagState::Moved));
        // Nothing is known of this architecture here, and somebody may use it.
        let third = index(&[(X86_64, 3), (Arch::Riscv64, 4)]);
        let all = index(&[(X86_64, 1), (Aarch64, 2), (Arch::Riscv64, 4)]);
        assert_eq!(plain(Some(&third), true), (all.document.digest.clone(), TagState::Moved));
        assert_eq!(plain(Some(&all), true), (all.document.digest.clone(), TagState::Same));
    }
}
