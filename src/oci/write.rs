//! Images from files: layers, configuration and manifest, and what is said of an image beside it.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;

use oci_spec::image::{
    ConfigBuilder, Descriptor, Digest, HistoryBuilder, ImageConfigurationBuilder, ImageManifest, ImageManifestBuilder,
    MediaType, Os, RootFsBuilder,
};
use sha2::{Digest as _, Sha256};

use super::archive::Archive;
use super::compress::{Compression, Compressor};
use super::error::cannot;
use super::layout::{BlobWriter, Layout};
use super::model::{digest, platform};
use super::{Error, json};
use crate::arch::Arch;
use crate::event::{Event, Interrupt, Observer};

/// The files of one layer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LayerSpec {
    /// Where each file or directory is on the disk, and its path in the image.
    pub entries: Vec<(PathBuf, PathBuf)>,
    /// What the history says of it.
    pub created_by: String,
}

/// What an image is made of. Equal ones give equal digests.
#[derive(Debug, Clone)]
pub struct ImageSpec<'a> {
    /// For which architecture; the system is Linux.
    pub arch: Arch,
    /// The moment that all times are set to, in seconds since 1970.
    pub epoch: i64,
    /// The labels.
    pub labels: &'a BTreeMap<String, String>,
    /// The layers, from the lowest.
    pub layers: &'a [LayerSpec],
    /// How layers are compressed.
    pub compression: Compression,
}

/// A layer that is written.
#[derive(Debug, Clone)]
struct Layer {
    descriptor: Descriptor,
    diff_id: Digest,
}

impl Layout {
    /// Writes an image without giving it a name: its manifest, with the platform. The caller holds the layout until it has one.
    ///
    /// # Errors
    /// When something cannot be read or written, or the user asks to stop. Then nothing that has a name has changed.
    pub fn write_image(
        &self,
        spec: &ImageSpec<'_>,
        observer: &dyn Observer,
        interrupt: &Interrupt,
    ) -> Result<Descriptor, Error> {
        let layers = self.write_layers(spec, observer, interrupt)?;
        let config = self.put(MediaType::ImageConfig, &json::bytes(&configuration(spec, &layers)?)?)?;
        let mut manifest = ImageManifestBuilder::default().schema_version(2_u32).media_type(MediaType::ImageManifest);
        manifest = manifest.config(config);
        let manifest = manifest.layers(layers.into_iter().map(|layer| layer.descriptor).collect::<Vec<_>>());
        let manifest: ImageManifest = manifest.build().map_err(Error::Spec)?;
        let mut descriptor = self.put(MediaType::ImageManifest, &json::bytes(&manifest)?)?;
        descriptor.set_platform(Some(platform(spec.arch)));
        Ok(descriptor)
    }

    /// Writes what is said of the image `subject` as a manifest of its own, which refers to it: `bytes` of the type `kind`. It gets no
    /// name; [`Layout::tag`] takes it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_referrer(
        &self,
        subject: &Descriptor,
        kind: &str,
        title: &str,
        bytes: &[u8],
    ) -> Result<Descriptor, Error> {
        let config = self.put(MediaType::EmptyJSON, b"{}")?;
        let mut layer = self.put(MediaType::from(kind), bytes)?;
        let title = HashMap::from([("org.opencontainers.image.title".to_owned(), title.to_owned())]);
        layer.set_annotations(Some(title));
        let mut bare = Descriptor::new(subject.media_type().clone(), subject.size(), subject.digest().clone());
        bare.set_platform(None);
        let manifest = ImageManifestBuilder::default()
            .schema_version(2_u32)
            .media_type(MediaType::ImageManifest)
            .artifact_type(MediaType::from(kind))
            .config(config)
            .layers(vec![layer])
            .subject(bare)
            .build()
            .map_err(Error::Spec)?;
        let mut descriptor = self.put(MediaType::ImageManifest, &json::bytes(&manifest)?)?;
        descriptor.set_artifact_type(Some(MediaType::from(kind)));
        Ok(descriptor)
    }

    /// Writes all layers at a time.
    fn write_layers(
        &self,
        spec: &ImageSpec<'_>,
        observer: &dyn Observer,
        interrupt: &Interrupt,
    ) -> Result<Vec<Layer>, Error> {
        let mut layers: Vec<Option<Layer>> = vec![None; spec.layers.len()];
        let threads = thread::available_parallelism().map_or(1, usize::from);
        observer.event(&Event::Stage { name: "writing layers".into(), total: Some(layers.len()) });
        thread::scope(|scope| {
            let (sender, receiver) = mpsc::channel();
            for (number, layer) in spec.layers.iter().enumerate() {
                let sender = sender.clone();
                scope.spawn(move || {
                    // The receiver is gone once a layer has failed.
                    let _ = sender.send((number, self.write_layer(layer, spec, threads, interrupt)));
                });
            }
            drop(sender);
            for (number, layer) in receiver {
                layers[number] = Some(layer?);
                observer.event(&Event::Step);
            }
            Ok(())
        })?;
        Ok(layers.into_iter().flatten().collect())
    }

    /// Writes one layer; its digest, and that of what it holds, are found on the way.
    fn write_layer(
        &self,
        layer: &LayerSpec,
        spec: &ImageSpec<'_>,
        threads: usize,
        interrupt: &Interrupt,
    ) -> Result<Layer, Error> {
        let failed = |error: io::Error| match Error::sink(error) {
            Error::Sink(source) => cannot("write to", self.dir())(source),
            other => other,
        };
        let compressor = Compressor::new(self.writer()?, spec.compression, threads).map_err(failed)?;
        let mut archive = Archive::new(Content { out: compressor, hash: Sha256::new(), interrupt }, spec.epoch);
        let mut entries: Vec<_> = layer.entries.iter().collect();
        entries.sort_by(|(_, a), (_, b)| a.as_os_str().as_bytes().cmp(b.as_os_str().as_bytes()));
        let written = entries.into_iter().try_for_each(|(from, path)| archive.any(from, path));
        let content = written.and_then(|()| archive.finish()).map_err(|error| match error {
            Error::Sink(source) => cannot("write to", self.dir())(source),
            other => other,
        })?;
        let diff_id = digest(content.hash)?;
        let (digest, size) = content.out.finish().map_err(failed)?.finish(self)?;
        let kind = match spec.compression {
            Compression::Gzip => MediaType::ImageLayerGzip,
            Compression::Zstd => MediaType::ImageLayerZstd,
        };
        Ok(Layer { descriptor: Descriptor::new(kind, size, digest), diff_id })
    }
}

/// The configuration of an image.
fn configuration(spec: &ImageSpec<'_>, layers: &[Layer]) -> Result<oci_spec::image::ImageConfiguration, Error> {
    let created = time(spec.epoch);
    let labels: HashMap<String, String> = spec.labels.clone().into_iter().collect();
    let config = ConfigBuilder::default().labels(labels).build().map_err(Error::Spec)?;
    let mut history = Vec::new();
    for layer in spec.layers {
        let step = HistoryBuilder::default().created(created.as_str()).created_by(layer.created_by.as_str());
        history.push(step.build().map_err(Error::Spec)?);
    }
    let diff_ids: Vec<String> = layers.iter().map(|layer| layer.diff_id.to_string()).collect();
    let rootfs = RootFsBuilder::default().typ("layers").diff_ids(diff_ids).build().map_err(Error::Spec)?;
    ImageConfigurationBuilder::default()
        .created(created)
        .architecture(spec.arch.oci())
        .os(Os::Linux)
        .config(config)
        .rootfs(rootfs)
        .history(history)
        .build()
        .map_err(Error::Spec)
}

/// Seconds since 1970 as RFC 3339 writes them.
pub(crate) fn time(epoch: i64) -> String {
    let time = chrono::DateTime::from_timestamp(epoch, 0).unwrap_or_default();
    time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// The archive of a layer on its way to be compressed.
struct Content<'a> {
    out: Compressor<BlobWriter>,
    hash: Sha256,
    interrupt: &'a Interrupt,
}

impl Write for Content<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.interrupt.is_raised() {
            return Err(io::Error::other(Error::Interrupted));
        }
        self.out.write_all(bytes)?;
        self.hash.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
