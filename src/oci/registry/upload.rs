//! Blobs on their way to a registry, several at a time.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use oci_client::errors::OciDistributionError;
use oci_spec::image::Digest;

use super::super::Error;
use super::super::error::cannot;
use super::{NOTHING_SENT, Repository, block_on};
use crate::event::Event;

/// How many blobs are sent at a time.
const AT_A_TIME: usize = 3;
/// What is read of a file at once, in bytes.
const PIECE: usize = 256 << 10;
/// What counts as a step of the progress, in bytes.
const STEP: u64 = 1 << 20;

/// A blob in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// The file.
    pub path: PathBuf,
}

impl Repository<'_> {
    /// Of `blobs`, those that the repository does not have.
    ///
    /// # Errors
    /// When the registry does not say.
    pub fn missing(&self, blobs: &[Blob]) -> Result<Vec<Blob>, Error> {
        let missing = stream::iter(blobs)
            .map(async |blob| Ok::<_, Error>((!self.has(&blob.digest).await?).then(|| blob.clone())))
            .buffered(AT_A_TIME)
            .try_collect::<Vec<_>>();
        Ok(block_on(&self.runtime, self.interrupt, &mut || {}, missing)??.into_iter().flatten().collect())
    }

    /// Sends blobs. One that is cut off is sent again from its beginning, one that has arrived is not.
    ///
    /// # Errors
    /// When a blob cannot be read, or the registry does not take it. The others may have arrived.
    pub fn upload(&self, blobs: &[Blob]) -> Result<(), Error> {
        let total = blobs.iter().map(|blob| blob.size).sum::<u64>().div_ceil(STEP);
        if blobs.is_empty() {
            return Ok(());
        }
        let name = format!("sending MiB to {}/{}", self.host, self.name);
        self.observer.event(&Event::Stage { name: name.into(), total: Some(total as usize) });
        let sent = Arc::new(AtomicU64::new(0));
        let mut told = 0;
        let mut tell = || {
            // What is sent twice counts once.
            let now = (sent.load(Ordering::Relaxed) / STEP).min(total);
            (told..now).for_each(|_| self.observer.event(&Event::Step));
            told = told.max(now);
        };
        let all = stream::iter(blobs)
            .map(|blob| self.send(blob, &sent))
            .buffer_unordered(AT_A_TIME)
            .try_for_each(async |()| Ok(()));
        let result = block_on(&self.runtime, self.interrupt, &mut tell, all)?;
        tell();
        result
    }

    async fn has(&self, digest: &Digest) -> Result<bool, Error> {
        let reference = self.reference("blob");
        let what = format!("look up {}", self.shown(digest.as_ref()));
        self.persist(&what, &NOTHING_SENT, async || self.client.blob_exists(&reference, digest.as_ref()).await).await
    }

    async fn send(&self, blob: &Blob, sent: &Arc<AtomicU64>) -> Result<(), Error> {
        let reference = self.reference("blob");
        let digest = blob.digest.to_string();
        let what = format!("send {} to {}/{}", short(&digest), self.host, self.name);
        // What cannot be opened is no fault of the registry's.
        File::open(&blob.path).map_err(cannot("open", &blob.path))?;
        let first = std::cell::Cell::new(true);
        self.persist(&what, sent, async || {
            // A connection may be lost after everything has arrived.
            if !first.replace(false) && self.client.blob_exists(&reference, &digest).await? {
                return Ok(());
            }
            let pieces = pieces(File::open(&blob.path)?, Arc::clone(sent));
            self.client.push_blob_stream(&reference, pieces, &digest, Some(blob.size)).await.map(drop)
        })
        .await
    }
}

/// The bytes of a file in pieces, which are counted.
fn pieces<B: From<Vec<u8>>>(
    file: File,
    sent: Arc<AtomicU64>,
) -> impl futures_util::Stream<Item = Result<B, OciDistributionError>> + Send + 'static {
    stream::try_unfold((file, sent), async |(mut file, sent)| {
        let mut piece = vec![0; PIECE];
        // The thread has nothing to do but this transfer, so that it may wait for the disk.
        let read = file.read(&mut piece)?;
        piece.truncate(read);
        sent.fetch_add(read as u64, Ordering::Relaxed);
        Ok((read > 0).then(|| (B::from(piece), (file, sent))))
    })
}

/// The beginning of a digest, for messages.
fn short(digest: &str) -> &str {
    digest.get(..digest.find(':').map_or(0, |colon| colon + 13)).unwrap_or(digest)
}
