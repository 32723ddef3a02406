//! Remembers of what an image was assembled, so that it is not assembled again.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use super::compile::Compiled;
use crate::build::BuildError;
use crate::build::assemble::ImageName;
use crate::build::plan::{Content, Image};
use crate::files;
use crate::oci::{self, Compression, Digest, Layout, architecture};
use crate::text::hex;

/// The note in an output directory that says which image was made of it: a key, and the digest of the image.
pub(super) struct Mark {
    path: PathBuf,
    key: String,
    arch: &'static str,
}

impl Mark {
    /// The mark of an image that is made with these labels and this compression.
    pub(super) fn of(
        compiled: &Compiled,
        image: &Image,
        labels: &BTreeMap<String, String>,
        compression: Compression,
    ) -> Self {
        let what = match &image.content {
            Content::Kernel => "kernel",
            Content::Tool(name) => name,
        };
        let text = format!("{what} {} {compression:?} {labels:?}", compiled.fingerprint);
        let path = compiled.output.dir().join(format!("image-{what}"));
        Self { path, key: hex(&Sha256::digest(text)), arch: compiled.recipe.arch.oci() }
    }

    /// The digest of the image if it was made of the same and all of its names still mean it.
    pub(super) fn still_holds(&self, layout: &Layout, names: &[ImageName]) -> Result<Option<String>, oci::Error> {
        let text = fs::read_to_string(&self.path).unwrap_or_default();
        let Some((key, digest)) = text.trim_end().split_once(' ').filter(|(key, _)| *key == self.key) else {
            return Ok(None);
        };
        debug_assert_eq!(key, self.key);
        for name in names {
            let Some(found) = layout.resolve(&name.reference)? else { return Ok(None) };
            let is_ours = if name.index {
                let index = layout.read_index(&found)?;
                let mut ours =
                    index.manifests().iter().filter(|entry| architecture(entry).as_deref() == Some(self.arch));
                ours.any(|entry| entry.digest().to_string() == digest)
            } else {
                found.digest().to_string() == digest
            };
            if !is_ours {
                return Ok(None);
            }
        }
        Ok(Some(digest.to_owned()))
    }

    /// Writes down that the image is made.
    pub(super) fn keep(&self, digest: &Digest) -> Result<(), BuildError> {
        files::write_atomic(&self.path, format!("{} {digest}\n", self.key).as_bytes()).map_err(|error| BuildError::Io {
            what: "write",
            path: self.path.clone(),
            source: io::Error::other(error),
        })
    }
}
