//! Image layouts: directories with blobs, and an index that names them (OCI image layout, version 1.0.0).
//!
//! Every file is written beside its place and renamed. Blobs are named by their digests, so that several processes may write them at once;
//! the index is changed under a lock. A blob that nothing names is removed by [`Layout::collect`], which leaves it be while somebody
//! writes or reads, as [`Layout::hold`] says.

use std::collections::HashSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use oci_spec::image::{Descriptor, Digest, ImageIndex, ImageManifest, MediaType};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use super::error::cannot;
use super::model::{digest, digest_of, empty_index, is_index, is_manifest, named, ref_name, with_entry};
use super::{Error, json};
use crate::event::Interrupt;

/// What `oci-layout` holds.
const VERSION: &[u8] = b"{\"imageLayoutVersion\":\"1.0.0\"}";
/// The most that is read of a manifest or an index, in bytes; registries take no more.
const DOCUMENT: u64 = 4 << 20;
/// How long a lock is waited for before the flag of the user is looked at again.
const PATIENCE: Duration = Duration::from_millis(20);
/// The beginning of the names of blobs that are being written.
const UNFINISHED: &str = ".kpatch-";

/// A directory with images.
#[derive(Debug, Clone)]
pub struct Layout {
    dir: PathBuf,
}

/// Keeps the blobs of a layout from being collected until it is dropped.
#[derive(Debug)]
#[must_use = "blobs that nothing names yet may vanish once it is dropped"]
pub struct Hold(#[expect(dead_code, reason = "the lock belongs to the open file")] File);

/// A name that an image gets.
#[derive(Debug, Clone)]
pub struct Tag {
    /// The whole reference, such as `linuxkit/kernel:6.6.13`.
    pub reference: String,
    /// The manifest; its platform says for which architecture it is.
    pub manifest: Descriptor,
    /// Whether the name is that of an index, in which the manifest takes the place of the one for the same platform, rather than that of
    /// the manifest itself.
    pub index: bool,
}

impl Layout {
    /// The layout in `dir`, made if it is not there.
    ///
    /// # Errors
    /// When it cannot be made, or there is something else.
    pub fn create(dir: impl Into<PathBuf>) -> Result<Self, Error> {
        let dir = dir.into();
        let blobs = dir.join("blobs").join("sha256");
        fs::create_dir_all(&blobs).map_err(cannot("create", &blobs))?;
        for (name, text) in [("index.json", json::bytes(&empty_index())?), ("oci-layout", VERSION.to_vec())] {
            let path = dir.join(name);
            if !path.exists() {
                write(&path, &text)?;
            }
        }
        Self::open(dir)
    }

    /// The layout in `dir`.
    ///
    /// # Errors
    /// When there is none, or one of another version.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self, Error> {
        let dir = dir.into();
        let bad = |why: &str| Error::Layout { path: dir.clone(), why: why.to_owned() };
        let text = match fs::read(dir.join("oci-layout")) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(bad("it has no file 'oci-layout'")),
            Err(error) => return Err(cannot("read", &dir.join("oci-layout"))(error)),
        };
        let header: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
        match header.get("imageLayoutVersion").and_then(serde_json::Value::as_str) {
            Some(version) if version.starts_with("1.") => Ok(Self { dir }),
            Some(version) => Err(bad(&format!("its version is {}, not 1", crate::text::visible(version.as_bytes())))),
            None => Err(bad("its file 'oci-layout' says no version")),
        }
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Keeps blobs from being collected.
    ///
    /// # Errors
    /// When the lock cannot be taken, or the user asks to stop.
    pub fn hold(&self, interrupt: &Interrupt) -> Result<Hold, Error> {
        self.lock("blobs.lock", interrupt, File::try_lock_shared).map(Hold)
    }

    /// The names in the index, in their order, with what they name. What has no name is left out.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn refs(&self) -> Result<Vec<(String, Descriptor)>, Error> {
        let entries = self.index()?.manifests().clone();
        Ok(entries.into_iter().filter_map(|entry| Some((ref_name(&entry)?.to_owned(), entry))).collect())
    }

    /// What `reference` names; `None` if it is nothing here.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn resolve(&self, reference: &str) -> Result<Option<Descriptor>, Error> {
        Ok(self.refs()?.into_iter().find(|(name, _)| name == reference).map(|(_, entry)| entry))
    }

    /// Where a blob is, if it is here.
    pub fn blob(&self, digest: &Digest) -> PathBuf {
        self.dir.join("blobs").join(digest.algorithm().as_ref()).join(digest.digest())
    }

    /// The bytes of a manifest, an index or a configuration, which are what their digest says.
    ///
    /// # Errors
    /// When the blob is missing, damaged, or too large for a document.
    pub fn read(&self, descriptor: &Descriptor) -> Result<Vec<u8>, Error> {
        let path = self.blob(descriptor.digest());
        let file = File::open(&path).map_err(cannot("open", &path))?;
        let mut bytes = Vec::new();
        file.take(DOCUMENT + 1).read_to_end(&mut bytes).map_err(cannot("read", &path))?;
        if digest_of(&bytes)? == *descriptor.digest() { Ok(bytes) } else { Err(Error::Damaged { path }) }
    }

    /// The index that a descriptor names.
    ///
    /// # Errors
    /// As [`Layout::read`], and when it is none.
    pub fn read_index(&self, descriptor: &Descriptor) -> Result<ImageIndex, Error> {
        json::read(descriptor.digest().as_ref(), &self.read(descriptor)?)
    }

    /// The manifest that a descriptor names.
    ///
    /// # Errors
    /// As [`Layout::read`], and when it is none.
    pub fn read_manifest(&self, descriptor: &Descriptor) -> Result<ImageManifest, Error> {
        json::read(descriptor.digest().as_ref(), &self.read(descriptor)?)
    }

    /// Writes a document as a blob.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put(&self, kind: MediaType, bytes: &[u8]) -> Result<Descriptor, Error> {
        let mut writer = self.writer()?;
        writer.write_all(bytes).map_err(cannot("write", &self.dir))?;
        let (digest, size) = writer.finish(self)?;
        Ok(Descriptor::new(kind, size, digest))
    }

    /// A blob that is being written.
    pub(super) fn writer(&self) -> Result<BlobWriter, Error> {
        let dir = self.dir.join("blobs").join("sha256");
        let mut builder = tempfile::Builder::new();
        builder.prefix(UNFINISHED).permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(&dir).map_err(cannot("create a file in", &dir))?;
        Ok(BlobWriter { file, hash: Sha256::new(), size: 0 })
    }

    /// Gives images names, all at once, and sets `referrers` beside them, which are manifests with a subject.
    ///
    /// # Errors
    /// When something cannot be read or written. Then no name has changed.
    pub fn tag(&self, tags: &[Tag], referrers: &[Descriptor], interrupt: &Interrupt) -> Result<(), Error> {
        self.update(interrupt, |index| {
            for tag in tags {
                let old = index.manifests().iter().find(|entry| ref_name(entry) == Some(&tag.reference));
                let new = if tag.index { self.index_with(old, tag)? } else { tag.manifest.clone() };
                set(index, named(new, &tag.reference));
            }
            for referrer in referrers {
                set(index, referrer.clone());
            }
            Ok(())
        })
    }

    /// Takes a name away; false if it is not there.
    ///
    /// # Errors
    /// When the index cannot be read or written.
    pub fn untag(&self, reference: &str, interrupt: &Interrupt) -> Result<bool, Error> {
        self.update(interrupt, |index| {
            let mut entries = index.manifests().clone();
            let before = entries.len();
            entries.retain(|entry| ref_name(entry) != Some(reference));
            let removed = entries.len() < before;
            index.set_manifests(entries);
            Ok(removed)
        })
    }

    /// The manifests that say something of the image with the digest `subject`.
    ///
    /// # Errors
    /// When something cannot be read.
    pub fn referrers(&self, subject: &Digest) -> Result<Vec<Descriptor>, Error> {
        let mut found = Vec::new();
        for entry in self.index()?.manifests() {
            if self.subject(entry)?.as_ref() == Some(subject) {
                found.push(entry.clone());
            }
        }
        Ok(found)
    }

    /// Removes what nothing names: blobs, and what was said of images that are gone. How many bytes are free now; nothing happens while
    /// somebody holds the layout.
    ///
    /// # Errors
    /// When something cannot be read or removed.
    pub fn collect(&self, interrupt: &Interrupt) -> Result<u64, Error> {
        let file = self.lock_file("blobs.lock")?;
        if file.try_lock().is_err() {
            return Ok(0);
        }
        let used = self.update(interrupt, |index| {
            let mut used = HashSet::new();
            let (named, unnamed): (Vec<_>, Vec<_>) =
                index.manifests().iter().cloned().partition(|entry| ref_name(entry).is_some());
            for entry in &named {
                self.mark(entry, &mut used)?;
            }
            let mut kept = named;
            for entry in unnamed {
                if self.subject(&entry)?.is_none_or(|subject| used.contains(&subject)) {
                    self.mark(&entry, &mut used)?;
                    kept.push(entry);
                }
            }
            index.set_manifests(kept);
            Ok(used)
        })?;
        self.sweep(&used)
    }

    /// Adds what is reachable from `entry` to `used`.
    fn mark(&self, entry: &Descriptor, used: &mut HashSet<Digest>) -> Result<(), Error> {
        if !used.insert(entry.digest().clone()) {
            return Ok(());
        }
        // A layout may name what it does not have; there is nothing below it then.
        if !self.blob(entry.digest()).exists() {
            return Ok(());
        }
        if is_index(entry.media_type()) {
            self.read_index(entry)?.manifests().iter().try_for_each(|entry| self.mark(entry, used))?;
        } else if is_manifest(entry.media_type()) {
            let manifest = self.read_manifest(entry)?;
            let parts = manifest.layers().iter().chain([manifest.config()]);
            used.extend(parts.map(|part| part.digest().clone()));
        }
        Ok(())
    }

    /// Removes the blobs that are not `used`.
    fn sweep(&self, used: &HashSet<Digest>) -> Result<u64, Error> {
        let mut freed = 0;
        let blobs = self.dir.join("blobs");
        for dir in fs::read_dir(&blobs).map_err(cannot("read", &blobs))? {
            let dir = dir.map_err(cannot("read", &blobs))?.path();
            for file in fs::read_dir(&dir).map_err(cannot("read", &dir))? {
                let path = file.map_err(cannot("read", &dir))?.path();
                let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                let algorithm = dir.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                let is_garbage = match Digest::try_from(format!("{algorithm}:{name}")) {
                    Ok(digest) => !used.contains(&digest),
                    Err(_) => name.starts_with(UNFINISHED),
                };
                if is_garbage {
                    freed += fs::symlink_metadata(&path).map_err(cannot("look at", &path))?.len();
                    fs::remove_file(&path).map_err(cannot("remove", &path))?;
                }
            }
        }
        Ok(freed)
    }

    /// The image that a manifest without a name says something of.
    fn subject(&self, entry: &Descriptor) -> Result<Option<Digest>, Error> {
        if ref_name(entry).is_some() || !is_manifest(entry.media_type()) || !self.blob(entry.digest()).exists() {
            return Ok(None);
        }
        Ok(self.read_manifest(entry)?.subject().as_ref().map(|subject| subject.digest().clone()))
    }

    /// The index under a name with the manifest in it, written.
    fn index_with(&self, old: Option<&Descriptor>, tag: &Tag) -> Result<Descriptor, Error> {
        let old = match old.filter(|old| is_index(old.media_type())) {
            Some(old) => self.read_index(old)?,
            None => empty_index(),
        };
        let mut entry = tag.manifest.clone();
        entry.set_annotations(None);
        self.put(MediaType::ImageIndex, &json::bytes(&with_entry(old, entry))?)
    }

    fn index(&self) -> Result<ImageIndex, Error> {
        let path = self.dir.join("index.json");
        json::read(path.display().to_string(), &fs::read(&path).map_err(cannot("read", &path))?)
    }

    /// Changes the index under its lock; it is written only if it is another then.
    fn update<T>(
        &self,
        interrupt: &Interrupt,
        change: impl FnOnce(&mut ImageIndex) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let _lock = self.lock("index.lock", interrupt, File::try_lock)?;
        let mut index = self.index()?;
        let result = change(&mut index)?;
        let mut entries = index.manifests().clone();
        entries.sort_by(|a, b| (ref_name(a), a.digest().as_ref()).cmp(&(ref_name(b), b.digest().as_ref())));
        index.set_manifests(entries);
        let text = json::bytes(&index)?;
        let path = self.dir.join("index.json");
        if fs::read(&path).map_err(cannot("read", &path))? != text {
            write(&path, &text)?;
        }
        Ok(result)
    }

    fn lock_file(&self, name: &str) -> Result<File, Error> {
        let path = self.dir.join(name);
        File::options().write(true).create(true).truncate(false).open(&path).map_err(cannot("open", &path))
    }

    /// Waits for a lock, which ends with the process however that ends.
    fn lock(
        &self,
        name: &str,
        interrupt: &Interrupt,
        take: fn(&File) -> Result<(), TryLockError>,
    ) -> Result<File, Error> {
        let file = self.lock_file(name)?;
        loop {
            match take(&file) {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if interrupt.is_raised() => return Err(Error::Interrupted),
                Err(TryLockError::WouldBlock) => std::thread::sleep(PATIENCE),
                Err(TryLockError::Error(error)) => return Err(cannot("lock", &self.dir.join(name))(error)),
            }
        }
    }
}

/// Puts an entry in the place of that with the same name, or of the same one without a name.
fn set(index: &mut ImageIndex, entry: Descriptor) {
    let mut entries = index.manifests().clone();
    match ref_name(&entry) {
        Some(name) => entries.retain(|old| ref_name(old) != Some(name)),
        None => entries.retain(|old| ref_name(old).is_some() || old.digest() != entry.digest()),
    }
    entries.push(entry);
    index.set_manifests(entries);
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    crate::files::write_atomic(path, bytes).map_err(|error| match error {
        crate::files::FilesError::Io { what, path, source } => Error::Io { what, path, source },
        other => cannot("write", path)(io::Error::other(other)),
    })
}

/// A blob on its way into a layout; one that is dropped leaves nothing.
pub(super) struct BlobWriter {
    file: NamedTempFile,
    hash: Sha256,
    size: u64,
}

impl BlobWriter {
    /// Gives the blob its name, once it is on the disk; digest and size.
    pub(super) fn finish(self, layout: &Layout) -> Result<(Digest, u64), Error> {
        let digest = digest(self.hash)?;
        let path = layout.blob(&digest);
        if fs::metadata(&path).is_ok_and(|found| found.len() == self.size) {
            return Ok((digest, self.size));
        }
        self.file.as_file().sync_data().map_err(cannot("write", &path))?;
        self.file.persist(&path).map_err(|error| cannot("write", &path)(error.error))?;
        Ok((digest, self.size))
    }
}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.as_file_mut().write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
