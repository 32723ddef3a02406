//! Moves what images are made of, and counts it.

use std::collections::{HashMap, HashSet};
use std::io::Write as _;
use std::rc::Rc;

use super::{Amount, BuildError, oci_failed};
use crate::build::error::cannot;
use crate::oci::{self, Blob, Descriptor, Digest, Document, ImageIndex, ImageManifest, Layout, MediaType, Repository};

/// Sends manifests with what they name. What was sent or found once is not asked for again.
pub(super) struct Transfer<'a> {
    layout: &'a Layout,
    dry_run: bool,
    /// The blobs that are known to be in a repository, and the repositories.
    known: HashMap<String, HashSet<Digest>>,
    repositories: Vec<Rc<Repository<'a>>>,
    amounts: Amounts,
}

/// What was done with blobs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Amounts {
    pub(super) sent: Amount,
    pub(super) present: Amount,
    pub(super) mounted: Amount,
}

impl Amount {
    fn add(&mut self, blob: &Blob) {
        self.blobs += 1;
        self.bytes += blob.size;
    }
}

impl<'a> Transfer<'a> {
    pub(super) fn new(layout: &'a Layout, dry_run: bool) -> Self {
        Self { layout, dry_run, known: HashMap::new(), repositories: Vec::new(), amounts: Amounts::default() }
    }

    /// What was done so far.
    pub(super) fn amounts(&self) -> Amounts {
        self.amounts
    }

    /// Sends an image of the layout, and what is said of it.
    pub(super) fn image(&mut self, to: &Rc<Repository<'a>>, manifest: &Descriptor) -> Result<(), BuildError> {
        self.send_manifest(to, manifest)?;
        for referrer in self.layout.referrers(manifest.digest()).map_err(oci_failed)? {
            let bytes = self.send_parts(to, &referrer)?;
            if !self.dry_run {
                to.put_referrer(&referrer, &bytes, manifest.digest()).map_err(oci_failed)?;
            }
        }
        Ok(())
    }

    fn send_manifest(&mut self, to: &Rc<Repository<'a>>, manifest: &Descriptor) -> Result<(), BuildError> {
        let bytes = self.send_parts(to, manifest)?;
        self.put(to, manifest.digest(), manifest.media_type(), &bytes)
    }

    /// Sends what a manifest of the layout names; the manifest itself.
    fn send_parts(&mut self, to: &Rc<Repository<'a>>, manifest: &Descriptor) -> Result<Vec<u8>, BuildError> {
        let bytes = self.layout.read(manifest).map_err(oci_failed)?;
        let parts = self.layout.read_manifest(manifest).map_err(oci_failed)?;
        let missing = self.missing(to, &parts, None)?;
        self.upload(to, &missing)?;
        Ok(bytes)
    }

    /// Writes a manifest under its digest, if it is not there.
    fn put(&self, to: &Repository<'_>, digest: &Digest, kind: &MediaType, bytes: &[u8]) -> Result<(), BuildError> {
        if self.dry_run || to.digest(digest.as_ref()).map_err(oci_failed)?.is_some() {
            return Ok(());
        }
        to.put(digest.as_ref(), kind, bytes).map_err(oci_failed)
    }

    /// What has to be sent of the parts of a manifest. What the registry has in another repository, it is asked to take from there.
    fn missing(
        &mut self,
        to: &Rc<Repository<'a>>,
        manifest: &ImageManifest,
        from: Option<&Rc<Repository<'a>>>,
    ) -> Result<Vec<Blob>, BuildError> {
        let known = self.known.entry(to.shown("")).or_default();
        let mut blobs: Vec<Blob> = Vec::new();
        for part in manifest.layers().iter().chain([manifest.config()]) {
            let digest = part.digest().clone();
            // The specification lets an image have the same layer twice.
            if known.insert(digest.clone()) {
                blobs.push(Blob { path: self.layout.blob(&digest), size: part.size(), digest });
            }
        }
        if !self.repositories.iter().any(|known| Rc::ptr_eq(known, to)) {
            self.repositories.push(Rc::clone(to));
        }
        let absent = to.missing(&blobs).map_err(oci_failed)?;
        for blob in blobs.iter().filter(|blob| !absent.contains(blob)) {
            self.amounts.present.add(blob);
        }
        let mut missing = Vec::new();
        for blob in absent {
            if self.mount(to, &blob, from)? {
                self.amounts.mounted.add(&blob);
            } else {
                missing.push(blob);
            }
        }
        Ok(missing)
    }

    /// Whether the registry has taken a blob over from one of its other repositories; in a dry run, whether it may.
    fn mount(
        &self,
        to: &Rc<Repository<'a>>,
        blob: &Blob,
        from: Option<&Rc<Repository<'a>>>,
    ) -> Result<bool, BuildError> {
        let has = |other: &&Rc<Repository<'a>>| {
            self.known.get(&other.shown("")).is_some_and(|known| known.contains(&blob.digest))
        };
        let others = self.repositories.iter().filter(has).chain(from);
        let source = others.into_iter().find(|other| !Rc::ptr_eq(other, to) && other.is_beside(to));
        match source {
            Some(source) if !self.dry_run => to.mount(&blob.digest, source).map_err(oci_failed),
            other => Ok(other.is_some()),
        }
    }

    fn upload(&mut self, to: &Repository<'_>, blobs: &[Blob]) -> Result<(), BuildError> {
        if !self.dry_run {
            to.upload(blobs).map_err(oci_failed)?;
        }
        for blob in blobs {
            self.amounts.sent.add(blob);
        }
        Ok(())
    }

    /// Copies what a document names from one repository to another; the document itself is not written.
    pub(super) fn copy(
        &mut self,
        from: &Rc<Repository<'a>>,
        to: &Rc<Repository<'a>>,
        document: &Document,
    ) -> Result<(), BuildError> {
        let bad = |_| {
            let name = from.shown(document.digest.as_ref());
            BuildError::Input(format!("{name} cannot be understood"), None)
        };
        if oci::is_index(&document.kind) {
            let index: ImageIndex = serde_json::from_slice(&document.bytes).map_err(bad)?;
            for entry in index.manifests() {
                let name = entry.digest().as_ref();
                let missing = || BuildError::Input(format!("{} is named there and missing", from.shown(name)), None);
                let below = from.manifest(name).map_err(oci_failed)?.ok_or_else(missing)?;
                self.copy(from, to, &below)?;
                self.put(to, &below.digest, &below.kind, &below.bytes)?;
            }
            return Ok(());
        }
        let manifest: ImageManifest = serde_json::from_slice(&document.bytes).map_err(bad)?;
        let mut missing = self.missing(to, &manifest, Some(from))?;
        let mut files = Vec::new();
        for blob in &mut missing {
            if !self.dry_run {
                let file = self.fetch(from, blob)?;
                file.path().clone_into(&mut blob.path);
                files.push(file);
            }
        }
        self.upload(to, &missing)
    }

    /// Fetches a blob into a file that is gone once it is dropped.
    fn fetch(&self, from: &Repository<'_>, blob: &Blob) -> Result<tempfile::NamedTempFile, BuildError> {
        let dir = self.layout.dir();
        let mut file =
            tempfile::Builder::new().prefix(".kpatch-").tempfile_in(dir).map_err(cannot("create a file in", dir))?;
        let descriptor = Descriptor::new(MediaType::ImageLayer, blob.size, blob.digest.clone());
        let mut reader = from.blob(&descriptor).map_err(oci_failed)?;
        let copied = std::io::copy(&mut reader, &mut file).and_then(|_| file.flush());
        copied.map_err(|error| match error.downcast::<oci::Error>() {
            Ok(error) => oci_failed(error),
            Err(error) => BuildError::Input(format!("cannot copy {}: {error}", from.shown(blob.digest.as_ref())), None),
        })?;
        Ok(file)
    }
}
