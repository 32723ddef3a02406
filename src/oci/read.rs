//! Images that are read: where they are, what they say of themselves, and single files out of them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use oci_spec::image::{Descriptor, ImageConfiguration, ImageIndex, ImageManifest};

use super::error::cannot;
use super::model::{REF_NAME, architecture, is_index};
use super::registry::{Access, Repository};
use super::{Error, Layout, json};
use crate::arch::Arch;
use crate::event::{Interrupt, Observer};
use crate::image::Reference;

/// What is read at once, in bytes.
const BUFFER: usize = 256 << 10;
/// The most that is read of a document, in bytes.
const DOCUMENT: u64 = 4 << 20;
/// How many links are followed to a file.
const LINKS: usize = 8;

/// The image of one architecture, wherever it is.
pub struct Image<'a> {
    name: String,
    store: Store<'a>,
    config: ImageConfiguration,
    /// The layers from the lowest, by what the store calls them.
    layers: Vec<Descriptor>,
    names: Vec<String>,
    manifest: Option<Descriptor>,
}

/// Where blobs are.
enum Store<'a> {
    Layout(Layout),
    /// A tarball, with the place and the size of each of its files.
    Tar(PathBuf, HashMap<String, (u64, u64)>),
    Registry(Box<Repository<'a>>),
}

/// How images outside are reached.
#[derive(Clone, Copy)]
pub struct Reach<'a> {
    /// The layout in which a plain reference is looked up first.
    pub local: Option<&'a Layout>,
    /// Whether registries are asked.
    pub offline: bool,
    /// How they are.
    pub access: Access,
    /// Is told of what takes long.
    pub observer: &'a dyn Observer,
    /// Stops it.
    pub interrupt: &'a Interrupt,
}

impl<'a> Image<'a> {
    /// Finds the image for `arch` that `name` means:
    ///
    /// | name | where |
    /// |---|---|
    /// | `oci:DIR[:REF]` | a layout; the only image in it if no reference is said |
    /// | `oci-archive:FILE[:REF]` | a layout as a tarball |
    /// | `docker-archive:FILE[:REF]` | what `docker save` writes |
    /// | `linuxkit/kernel:6.6.13` | the local layout, else the registry |
    ///
    /// # Errors
    /// When there is no such image, none for the architecture, or it cannot be read.
    pub fn open(name: &str, arch: Arch, reach: Reach<'a>) -> Result<Self, Error> {
        if let Some(rest) = name.strip_prefix("oci:") {
            let (dir, reference) = split(rest);
            return Self::in_layout(name, Layout::open(dir)?, reference, arch);
        }
        if let Some(rest) = name.strip_prefix("oci-archive:") {
            let (file, reference) = split(rest);
            return Self::in_tar(name, Path::new(file), reference, arch);
        }
        if let Some(rest) = name.strip_prefix("docker-archive:") {
            let (file, reference) = split(rest);
            return Self::in_docker_tar(name, Path::new(file), reference, arch);
        }
        let no = |why: &str| Error::Missing { what: format!("'{name}'"), why: why.to_owned() };
        let reference =
            Reference::parse(name).map_err(|_| no("is no image reference such as linuxkit/kernel:6.6.13"))?;
        if let Some(layout) = reach.local
            && layout.resolve(name)?.is_some()
        {
            return Self::in_layout(name, layout.clone(), Some(name), arch);
        }
        if reach.offline {
            return Err(no("is not among the local images, and registries are not asked (--offline)"));
        }
        Self::in_registry(&reference, arch, reach)
    }

    /// The image for `arch` in a layout, under a name, or the only one.
    ///
    /// # Errors
    /// As [`Image::open`].
    pub fn in_layout(name: &str, layout: Layout, reference: Option<&str>, arch: Arch) -> Result<Self, Error> {
        let entry = pick(name, layout.refs()?, reference)?;
        Self::below(name, Store::Layout(layout), entry, arch)
    }

    fn in_tar(name: &str, file: &Path, reference: Option<&str>, arch: Arch) -> Result<Self, Error> {
        let store = Store::Tar(file.to_owned(), files_of(file)?);
        let index: ImageIndex = json::read(name, &store.document("index.json")?)?;
        let refs = index.manifests().iter().map(|entry| {
            let named = entry.annotations().as_ref().and_then(|all| all.get(REF_NAME)).cloned();
            (named.unwrap_or_default(), entry.clone())
        });
        let entry = pick(name, refs.collect(), reference)?;
        Self::below(name, store, entry, arch)
    }

    fn in_docker_tar(name: &str, file: &Path, reference: Option<&str>, arch: Arch) -> Result<Self, Error> {
        let store = Store::Tar(file.to_owned(), files_of(file)?);
        let images: Vec<Saved> = json::read(name, &store.document("manifest.json")?)?;
        let no = |why: &str| Error::Missing { what: format!("'{name}'"), why: why.to_owned() };
        let has = |image: &Saved, wanted: &str| image.tags.iter().flatten().any(|tag| tag == wanted);
        let image = match reference {
            Some(wanted) => images.into_iter().find(|image| has(image, wanted)).ok_or_else(|| no("is not in it"))?,
            None if images.len() == 1 => images.into_iter().next().ok_or_else(|| no("has no image"))?,
            None => return Err(no("has several images: say which, behind a colon")),
        };
        let config: ImageConfiguration = json::read(name, &store.document(&image.config)?)?;
        if config.architecture().to_string() != arch.oci() {
            return Err(other_arch(name, arch, &[config.architecture().to_string()]));
        }
        Ok(Self { name: name.into(), store, config, layers: Vec::new(), names: image.layers, manifest: None })
    }

    fn in_registry(reference: &Reference<'_>, arch: Arch, reach: Reach<'a>) -> Result<Self, Error> {
        let name = reference.to_string();
        let repository = Repository::open(reference, reach.access, reach.observer, reach.interrupt)?;
        let wanted = reference.digest.or(reference.tag).unwrap_or("latest");
        let Some(document) = repository.manifest(wanted)? else {
            let why = "is neither among the local images nor in the registry".to_owned();
            return Err(Error::Missing { what: format!("'{name}'"), why });
        };
        let entry = Descriptor::new(document.kind, document.bytes.len() as u64, document.digest);
        Self::below(&name, Store::Registry(Box::new(repository)), entry, arch)
    }

    /// The image for `arch` at or below an entry.
    fn below(name: &str, store: Store<'a>, entry: Descriptor, arch: Arch) -> Result<Self, Error> {
        let mut entry = entry;
        if is_index(entry.media_type()) {
            let index: ImageIndex = json::read(name, &store.document_of(&entry)?)?;
            let entries = index.manifests();
            let found = entries.iter().find(|entry| architecture(entry).as_deref() == Some(arch.oci()));
            entry = match found {
                Some(found) => found.clone(),
                None => {
                    return Err(other_arch(name, arch, &entries.iter().filter_map(architecture).collect::<Vec<_>>()));
                }
            };
        }
        let manifest: ImageManifest = json::read(name, &store.document_of(&entry)?)?;
        let config: ImageConfiguration = json::read(name, &store.document_of(manifest.config())?)?;
        if config.architecture().to_string() != arch.oci() {
            return Err(other_arch(name, arch, &[config.architecture().to_string()]));
        }
        let layers = manifest.layers().clone();
        let names = layers.iter().map(|layer| layer.digest().to_string()).collect();
        Ok(Self { name: name.into(), store, config, layers, names, manifest: Some(entry) })
    }

    /// What it was asked for by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its manifest; none for what docker has saved.
    pub fn manifest(&self) -> Option<&Descriptor> {
        self.manifest.as_ref()
    }

    /// Its configuration.
    pub fn config(&self) -> &ImageConfiguration {
        &self.config
    }

    /// Its labels.
    pub fn labels(&self) -> BTreeMap<String, String> {
        let labels = self.config.config().as_ref().and_then(|config| config.labels().clone());
        labels.unwrap_or_default().into_iter().collect()
    }

    /// Writes the file with `path`, relative to the top of the image, to `out`: its size, or `None` if there is none. Links are
    /// followed. Only as much of the image is read as is needed.
    ///
    /// # Errors
    /// When a layer cannot be read, or `out` not be written to.
    pub fn file(&self, path: &str, out: &mut dyn Write) -> Result<Option<u64>, Error> {
        let mut path = plain(path);
        for _ in 0..LINKS {
            match self.look(&path, out)? {
                Found::File(size) => return Ok(Some(size)),
                Found::Link(target) => path = target,
                Found::Nothing => return Ok(None),
            }
        }
        Ok(None)
    }

    /// As [`Image::file`], in memory; a file of more than `limit` bytes counts as an error.
    ///
    /// # Errors
    /// As [`Image::file`].
    pub fn small_file(&self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, Error> {
        let mut out = Limited(Vec::new(), limit);
        Ok(self.file(path, &mut out)?.map(|_| out.0))
    }

    /// Looks for `path` from the highest layer to the lowest.
    fn look(&self, path: &str, out: &mut dyn Write) -> Result<Found, Error> {
        let gone = whiteouts(path);
        for (number, layer) in self.names.iter().enumerate().rev() {
            let failed = |source: io::Error| match Error::sink(source) {
                Error::Sink(source) => Error::Layer { image: self.name.clone(), source },
                other => other,
            };
            let reader = self.store.layer(layer, self.layers.get(number))?;
            let mut archive = tar::Archive::new(unpacked(reader).map_err(failed)?);
            let mut is_gone = false;
            for entry in archive.entries().map_err(failed)? {
                let mut entry = entry.map_err(failed)?;
                let name = plain(&String::from_utf8_lossy(&entry.path_bytes()));
                is_gone |= gone.contains(&name);
                if name != path {
                    continue;
                }
                let kind = entry.header().entry_type();
                if kind.is_symlink() || kind.is_hard_link() {
                    let target = entry.link_name_bytes().unwrap_or_default();
                    let target = String::from_utf8_lossy(&target).into_owned();
                    return Ok(Found::Link(if kind.is_symlink() { beside(path, &target) } else { plain(&target) }));
                }
                if kind.is_file() || kind == tar::EntryType::Continuous {
                    return Ok(Found::File(io::copy(&mut entry, out).map_err(failed)?));
                }
                return Ok(Found::Nothing);
            }
            if is_gone {
                return Ok(Found::Nothing);
            }
        }
        Ok(Found::Nothing)
    }
}

/// What is at a path.
enum Found {
    File(u64),
    Link(String),
    Nothing,
}

/// An image in what `docker save` writes.
#[derive(serde::Deserialize)]
struct Saved {
    #[serde(rename = "Config")]
    config: String,
    #[serde(rename = "RepoTags")]
    tags: Option<Vec<String>>,
    #[serde(rename = "Layers")]
    layers: Vec<String>,
}

impl Store<'_> {
    /// A document by its name in a tarball.
    fn document(&self, name: &str) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        let read = self.layer(name, None)?.take(DOCUMENT).read_to_end(&mut bytes);
        read.map_err(|source| Error::Layer { image: name.to_owned(), source })?;
        Ok(bytes)
    }

    fn document_of(&self, descriptor: &Descriptor) -> Result<Vec<u8>, Error> {
        match self {
            Self::Layout(layout) => layout.read(descriptor),
            Self::Tar(..) => self.document(descriptor.digest().as_ref()),
            Self::Registry(repository)
                if super::is_manifest(descriptor.media_type()) || is_index(descriptor.media_type()) =>
            {
                let found = repository.manifest(descriptor.digest().as_ref())?;
                let missing = || Error::Missing {
                    what: format!("'{}'", repository.shown(descriptor.digest().as_ref())),
                    why: "is named there and missing".into(),
                };
                found.map(|document| document.bytes).ok_or_else(missing)
            }
            Self::Registry(repository) => {
                let mut bytes = Vec::new();
                let read = repository.blob(descriptor)?.take(DOCUMENT).read_to_end(&mut bytes);
                read.map_err(|source| Error::Layer { image: repository.shown(descriptor.digest().as_ref()), source })?;
                Ok(bytes)
            }
        }
    }

    /// The bytes of a layer as they are kept.
    fn layer<'s>(&'s self, name: &str, descriptor: Option<&Descriptor>) -> Result<Box<dyn Read + 's>, Error> {
        match (self, descriptor) {
            (Self::Layout(layout), Some(descriptor)) => {
                let path = layout.blob(descriptor.digest());
                Ok(Box::new(File::open(&path).map_err(cannot("open", &path))?))
            }
            (Self::Registry(repository), Some(descriptor)) => Ok(Box::new(repository.blob(descriptor)?)),
            (Self::Tar(path, files), _) => {
                let inside = match name.split_once(':') {
                    Some((algorithm, hex)) => format!("blobs/{algorithm}/{hex}"),
                    None => plain(name),
                };
                let missing =
                    || Error::Missing { what: format!("'{}'", path.display()), why: format!("has no '{inside}'") };
                let (at, size) = *files.get(&inside).ok_or_else(missing)?;
                let mut file = File::open(path).map_err(cannot("open", path))?;
                file.seek(SeekFrom::Start(at)).map_err(cannot("read", path))?;
                Ok(Box::new(file.take(size)))
            }
            _ => Err(Error::Missing { what: format!("'{name}'"), why: "is missing".into() }),
        }
    }
}

/// Where the files of a tarball are in it.
fn files_of(path: &Path) -> Result<HashMap<String, (u64, u64)>, Error> {
    let file = File::open(path).map_err(cannot("open", path))?;
    let mut archive = tar::Archive::new(file);
    let mut files = HashMap::new();
    for entry in archive.entries_with_seek().map_err(cannot("read", path))? {
        let entry = entry.map_err(cannot("read", path))?;
        let name = plain(&String::from_utf8_lossy(&entry.path_bytes()));
        if entry.header().entry_type().is_file() {
            files.insert(name, (entry.raw_file_position(), entry.size()));
        }
    }
    Ok(files)
}

/// The entry with a name, or the only one.
fn pick(name: &str, refs: Vec<(String, Descriptor)>, wanted: Option<&str>) -> Result<Descriptor, Error> {
    let no = |why: String| Error::Missing { what: format!("'{name}'"), why };
    let names = refs.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
    let found = match wanted {
        Some(wanted) => refs.into_iter().find(|(name, _)| name == wanted),
        None if refs.len() == 1 => refs.into_iter().next(),
        None if refs.is_empty() => return Err(no("has no image".into())),
        None => return Err(no(format!("has several images, say which behind a colon: {names}"))),
    };
    found.map(|(_, entry)| entry).ok_or_else(|| no(format!("is not there; there are: {names}")))
}

fn other_arch(name: &str, arch: Arch, others: &[String]) -> Error {
    let why = format!("is not for {}, only for {}", arch.oci(), others.join(", "));
    Error::Missing { what: format!("'{name}'"), why }
}

/// `DIR[:REF]`, at the first colon.
fn split(text: &str) -> (&str, Option<&str>) {
    text.split_once(':').map_or((text, None), |(path, reference)| (path, Some(reference)))
}

/// A path without `.`, `..` and slashes at its ends.
fn plain(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The target of a symbolic link, from the top of the image.
fn beside(link: &str, target: &str) -> String {
    if target.starts_with('/') {
        return plain(target);
    }
    let dir = link.rsplit_once('/').map_or("", |(dir, _)| dir);
    plain(&format!("{dir}/{target}"))
}

/// The entries that say that a path of a lower layer is gone (OCI image specification, layers).
fn whiteouts(path: &str) -> HashSet<String> {
    let mut gone = HashSet::new();
    let mut dir = String::new();
    for part in path.split('/') {
        gone.insert(format!("{dir}.wh.{part}"));
        gone.insert(format!("{dir}.wh..wh..opq"));
        dir = format!("{dir}{part}/");
    }
    gone
}

/// The archive in a layer, by what it begins with.
fn unpacked<'r>(reader: Box<dyn Read + 'r>) -> io::Result<Box<dyn Read + 'r>> {
    use std::io::BufRead as _;
    let mut reader = BufReader::with_capacity(BUFFER, reader);
    let start = reader.fill_buf()?;
    if start.starts_with(&[0x1f, 0x8b]) {
        return Ok(Box::new(flate2::bufread::MultiGzDecoder::new(reader)));
    }
    if start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        return Ok(Box::new(zstd::stream::read::Decoder::with_buffer(reader)?));
    }
    Ok(Box::new(reader))
}

/// Takes no more than a number of bytes.
struct Limited(Vec<u8>, usize);

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > self.1 {
            return Err(io::Error::other("the file is too large"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
