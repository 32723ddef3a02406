//! Images as the Open Container Initiative has them: archives, layers, layouts, and registries.
//!
//! What is written is the same for the same input, byte for byte, whatever the machine: no times, owners or random orders get in.

pub mod archive;
mod compress;
mod error;
mod json;
pub mod layout;
mod merge;
mod model;
mod read;
pub mod registry;
mod write;

pub use compress::Compression;
pub use error::Error;
pub use layout::{Layout, Tag};
pub use merge::{changes, document, images, merge};
pub use model::{architecture, is_index, is_manifest, platform};
pub use oci_spec::image::{Descriptor, Digest, ImageConfiguration, ImageIndex, ImageManifest, MediaType, Platform};
pub use read::{Image, Reach};
pub use registry::{Access, Blob, Document, Repository};
pub use write::{ImageSpec, LayerSpec};

#[cfg(test)]
mod read_tests;
#[cfg(test)]
mod tests;
