//! Registries, by the OCI distribution specification: the only door to `oci-client`.
//!
//! Calls block until they are done. What fails for a while is tried again; the flag of the user ends a call within moments.

mod credentials;
mod failure;
mod retry;
mod scheme;
mod trust;
mod upload;

use std::future::Future;
use std::io::{self, Read};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use oci_client::Reference;
use oci_client::client::{Client, ClientConfig, ClientProtocol, SizedStream};
use oci_client::errors::OciDistributionError;
use oci_client::secrets::RegistryAuth;
use oci_spec::image::{Descriptor, Digest, ImageIndex, ImageManifest, MediaType};
use reqwest::header::HeaderValue;
use tokio::runtime::Runtime;

use super::model::{DOCKER_LIST, DOCKER_MANIFEST, digest_of, empty_index, is_index};
use super::{Error, json};
use crate::event::{Event, Interrupt, Observer};
use failure::Cause;
use retry::Tries;
pub use upload::Blob;

/// How often the flag of the user is looked at.
const POLL: Duration = Duration::from_millis(50);
/// The longest time until a connection stands, and that in which nothing is sent and nothing comes.
const CONNECT: Duration = Duration::from_secs(20);
const READ: Duration = Duration::from_secs(120);
/// For what sends next to nothing.
static NOTHING_SENT: AtomicU64 = AtomicU64::new(0);
/// What manifests may be.
const MANIFESTS: [&str; 4] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    DOCKER_LIST,
    DOCKER_MANIFEST,
];
/// The host of Docker Hub as references have it.
const HUB: &str = "docker.io";

/// How registries are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Access {
    /// Take any certificate, and plain http where https is not spoken. Registries of this machine (`localhost`, `127.0.0.1`) may speak
    /// plain http without it.
    pub insecure: bool,
}

/// A manifest or an index as a registry has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What it is.
    pub kind: MediaType,
    /// The digest of the bytes.
    pub digest: Digest,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Document {
    /// It as an index.
    ///
    /// # Errors
    /// When it is none.
    pub fn index(&self) -> Result<ImageIndex, Error> {
        json::read(self.digest.as_ref(), &self.bytes)
    }

    /// It as the manifest of one image.
    ///
    /// # Errors
    /// When it is none.
    pub fn image(&self) -> Result<ImageManifest, Error> {
        json::read(self.digest.as_ref(), &self.bytes)
    }

    /// What names it in an index.
    pub fn descriptor(&self) -> Descriptor {
        Descriptor::new(self.kind.clone(), self.bytes.len() as u64, self.digest.clone())
    }
}

/// One repository of a registry.
pub struct Repository<'a> {
    client: Client,
    auth: RegistryAuth,
    runtime: Runtime,
    /// The host as people write it.
    host: String,
    /// The path in the registry.
    name: String,
    /// Who we say that we are.
    user: Option<String>,
    observer: &'a dyn Observer,
    interrupt: &'a Interrupt,
}

impl<'a> Repository<'a> {
    /// Connects to the registry of `reference`, whose tag or digest does not matter, with the credentials that docker has for it.
    ///
    /// # Errors
    /// When nothing answers there, its certificate is not trusted, or it does not know the credentials.
    pub fn open(
        reference: &crate::image::Reference<'_>,
        access: Access,
        observer: &'a dyn Observer,
        interrupt: &'a Interrupt,
    ) -> Result<Self, Error> {
        let host = reference.registry.unwrap_or(HUB).to_owned();
        let name = match reference.path {
            path if host == HUB && !path.contains('/') => format!("library/{path}"),
            path => path.to_owned(),
        };
        // Another part of the process may have chosen a provider before; then that one serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let what = format!("reach the registry {host}");
        let fail = |why: String| Error::Registry { what: what.clone(), why, hint: None };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| fail(error.to_string()))?;
        let credential = credentials::find(&host)?;
        let roots = trust::extra_roots(&host)?;
        let web = scheme::web_client(&host, &roots, access).map_err(|error| fail(error.to_string()))?;
        let found = block_on(&runtime, interrupt, &mut || {}, async {
            let server = scheme::find(&web, &host, access).await?;
            let auth = credentials::auth(&credential, &server, &web, &name).await?;
            Ok::<_, Cause>((server, auth))
        })?;
        let (server, auth) = found.map_err(|cause| cause.explain(&what, &host, credential.user(), &name))?;
        let client = Client::try_from(config(&server, &host, &roots, access))
            .map_err(|error| Cause::of(&error).explain(&what, &host, None, &name))?;
        let user = credential.user().map(str::to_owned);
        let registry = Reference::with_tag(host.clone(), name.clone(), String::new());
        runtime.block_on(client.store_auth_if_needed(registry.resolve_registry(), &auth));
        Ok(Self { client, auth, runtime, host, name, user, observer, interrupt })
    }

    /// Whether both are repositories of one registry.
    pub fn is_beside(&self, other: &Repository<'_>) -> bool {
        self.host == other.host
    }

    /// The repository with a tag or a digest, for messages.
    pub fn shown(&self, what: &str) -> String {
        let sign = if what.contains(':') { '@' } else { ':' };
        format!("{}/{}{sign}{what}", self.host, self.name)
    }

    /// The digest behind a tag; `None` if there is no such tag.
    ///
    /// # Errors
    /// When the registry does not say.
    pub fn digest(&self, tag: &str) -> Result<Option<Digest>, Error> {
        let reference = self.reference(tag);
        let what = format!("look up {}", self.shown(tag));
        let found =
            self.call(&what, async || optional(self.client.fetch_manifest_digest(&reference, &self.auth).await))?;
        found.map(|digest| Digest::try_from(digest).map_err(Error::Spec)).transpose()
    }

    /// The manifest or index behind a tag or digest; `None` if there is none.
    ///
    /// # Errors
    /// When the registry does not send it, or it is not what its digest says.
    pub fn manifest(&self, tag: &str) -> Result<Option<Document>, Error> {
        let reference = self.reference(tag);
        let what = format!("fetch {}", self.shown(tag));
        let found = self
            .call(&what, async || optional(self.client.pull_manifest_raw(&reference, &self.auth, &MANIFESTS).await))?;
        let Some((bytes, _)) = found else { return Ok(None) };
        let bytes = bytes.to_vec();
        let kind = kind_of(&bytes).ok_or_else(|| Error::Missing {
            what: format!("'{}'", self.shown(tag)),
            why: "is neither an image nor an index of images".into(),
        })?;
        Ok(Some(Document { kind, digest: digest_of(&bytes)?, bytes }))
    }

    /// Gives a manifest or an index a tag, or stores it under its digest.
    ///
    /// # Errors
    /// When the registry does not take it.
    pub fn put(&self, tag: &str, kind: &MediaType, bytes: &[u8]) -> Result<(), Error> {
        let reference = self.reference(tag);
        let what = format!("push {}", self.shown(tag));
        let kind = HeaderValue::from_str(kind.as_ref()).map_err(|_| Error::Registry {
            what: what.clone(),
            why: "its media type cannot be sent".into(),
            hint: None,
        })?;
        self.call(&what, async || {
            let pushed = self.client.push_manifest_raw(&reference, bytes.to_vec(), kind.clone()).await;
            match pushed {
                // Where it is does not matter.
                Err(OciDistributionError::RegistryNoLocationError) => Ok(()),
                other => other.map(drop),
            }
        })
    }

    /// Lets the registry take a blob from another of its repositories; false if it does not.
    ///
    /// # Errors
    /// When nothing answers, or the user asks to stop.
    pub fn mount(&self, digest: &Digest, from: &Repository<'_>) -> Result<bool, Error> {
        let (here, there) = (self.reference("mount"), from.reference("mount"));
        self.call(&format!("mount {digest}"), async || {
            match self.client.mount_blob(&here, &there, digest.as_ref()).await {
                Ok(()) => Ok(true),
                Err(error) if Cause::of(&error).is_temporary() => Err(error),
                // It began an upload instead, or does not let us read there: the blob is sent.
                Err(_) => Ok(false),
            }
        })
    }

    /// The bytes of a blob, as they come. They are known to be what the digest says when all are read.
    ///
    /// # Errors
    /// When the registry does not send it.
    pub fn blob(&self, descriptor: &Descriptor) -> Result<BlobReader<'_>, Error> {
        let reference = self.reference("blob");
        let digest = descriptor.digest().to_string();
        let what = format!("fetch {}", self.shown(&digest));
        let stream = self.call(&what, async || self.client.pull_blob_stream(&reference, digest.as_str()).await)?;
        Ok(BlobReader { repository: self, stream, piece: Vec::new(), at: 0 })
    }

    /// Stores a manifest that has a subject, so that it is found by the subject: by the registry's own list, or by that under the tag
    /// `sha256-HEX` where the registry keeps none.
    ///
    /// # Errors
    /// When the registry does not take it.
    pub fn put_referrer(&self, entry: &Descriptor, bytes: &[u8], subject: &Digest) -> Result<(), Error> {
        self.put(entry.digest().as_ref(), entry.media_type(), bytes)?;
        let what = format!("list what refers to {}", self.shown(subject.as_ref()));
        let reference = self.reference(subject.as_ref());
        let listed = self.call(&what, async || self.client.pull_referrers(&reference, None).await)?;
        if listed.manifests.iter().any(|listed| listed.digest == entry.digest().as_ref()) {
            return Ok(());
        }
        let tag = subject.to_string().replace(':', "-");
        let mut index = match self.manifest(&tag)? {
            Some(document) if is_index(&document.kind) => document.index()?,
            _ => empty_index(),
        };
        let mut entries = index.manifests().clone();
        entries.push(entry.clone());
        index.set_manifests(entries);
        self.put(&tag, &MediaType::ImageIndex, &json::bytes(&index)?)
    }

    fn reference(&self, tag: &str) -> Reference {
        let (host, name, tag) = (self.host.clone(), self.name.clone(), tag.to_owned());
        if tag.contains(':') { Reference::with_digest(host, name, tag) } else { Reference::with_tag(host, name, tag) }
    }

    /// Does one thing until it is done or hopeless.
    fn call<T>(&self, what: &str, task: impl AsyncFn() -> Result<T, OciDistributionError>) -> Result<T, Error> {
        block_on(&self.runtime, self.interrupt, &mut || {}, self.persist(what, &NOTHING_SENT, task))?
    }

    /// `sent` grows while something is sent, which may take any time.
    async fn persist<T>(
        &self,
        what: &str,
        sent: &AtomicU64,
        task: impl AsyncFn() -> Result<T, OciDistributionError>,
    ) -> Result<T, Error> {
        let mut tries = Tries::default();
        loop {
            let cause = match moving(task(), sent).await {
                Some(Ok(done)) => return Ok(done),
                Some(Err(error)) => Cause::of(&error),
                None => Cause::TimedOut,
            };
            let Some(pause) = tries.next(&cause) else {
                return Err(cause.explain(what, &self.host, self.user.as_deref(), &self.name));
            };
            let seconds = pause.as_secs_f32();
            self.observer.event(&Event::Note(format!("cannot {what}: {cause}; trying again in {seconds:.1} seconds")));
            tokio::time::sleep(pause).await;
        }
    }
}

/// Runs `future` while it looks at the flag of the user, and calls `tick` now and then.
fn block_on<T>(
    runtime: &Runtime,
    interrupt: &Interrupt,
    tick: &mut dyn FnMut(),
    future: impl Future<Output = T>,
) -> Result<T, Error> {
    // What is quick is never waited for, so that the flag is looked at beforehand as well.
    if interrupt.is_raised() {
        return Err(Error::Interrupted);
    }
    runtime.block_on(async {
        let mut future = pin!(future);
        loop {
            match tokio::time::timeout(POLL, future.as_mut()).await {
                Ok(done) => return Ok(done),
                Err(_) if interrupt.is_raised() => return Err(Error::Interrupted),
                Err(_) => tick(),
            }
        }
    })
}

/// What comes of `future`; `None` when nothing moves for too long. The client's own limit would count from the beginning of a request, so
/// that no blob could take longer than that.
async fn moving<T>(future: impl Future<Output = T>, sent: &AtomicU64) -> Option<T> {
    let mut future = pin!(future);
    loop {
        let before = sent.load(Ordering::Relaxed);
        match tokio::time::timeout(READ, future.as_mut()).await {
            Ok(done) => return Some(done),
            Err(_) if sent.load(Ordering::Relaxed) == before => return None,
            Err(_) => {}
        }
    }
}

/// What is not there is no error.
fn optional<T>(result: Result<T, OciDistributionError>) -> Result<Option<T>, OciDistributionError> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if matches!(Cause::of(&error), Cause::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What a document says that it is.
fn kind_of(bytes: &[u8]) -> Option<MediaType> {
    let value: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    match value.get("mediaType").and_then(serde_json::Value::as_str) {
        Some(kind) => MANIFESTS.contains(&kind).then(|| MediaType::from(kind)),
        // The specification lets documents be silent.
        None if value.get("manifests").is_some() => Some(MediaType::ImageIndex),
        None => value.get("layers").map(|_| MediaType::ImageManifest),
    }
}

fn config(server: &scheme::Server, host: &str, roots: &[trust::Root], access: Access) -> ClientConfig {
    let direct = scheme::is_loopback(host).then(|| "http://127.0.0.1".to_owned());
    ClientConfig {
        protocol: if server.plain { ClientProtocol::Http } else { ClientProtocol::Https },
        accept_invalid_certificates: access.insecure,
        use_monolithic_push: true,
        extra_root_certificates: roots.iter().map(trust::Root::for_oci_client).collect(),
        connect_timeout: Some(CONNECT),
        user_agent: scheme::USER_AGENT,
        // A proxy that serves neither names nor addresses is how this client is told to use none.
        https_proxy: direct.clone(),
        no_proxy: direct.as_ref().map(|_| "*,0.0.0.0/0,::/0".to_owned()),
        http_proxy: direct,
        ..ClientConfig::default()
    }
}

/// A blob that is being fetched.
pub struct BlobReader<'a> {
    repository: &'a Repository<'a>,
    stream: SizedStream,
    piece: Vec<u8>,
    at: usize,
}

impl Read for BlobReader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at == self.piece.len() {
            let repository = self.repository;
            let next = moving(self.stream.next(), &NOTHING_SENT);
            let next = block_on(&repository.runtime, repository.interrupt, &mut || {}, next);
            let next = next.map_err(io::Error::other)?.ok_or(io::ErrorKind::TimedOut)?;
            match next {
                Some(piece) => {
                    self.piece = piece?.to_vec();
                    self.at = 0;
                }
                None => return Ok(0),
            }
        }
        let length = out.len().min(self.piece.len() - self.at);
        out[..length].copy_from_slice(&self.piece[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}
