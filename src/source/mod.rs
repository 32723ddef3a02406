//! Where kernels come from: clones, git URLs, release tarballs.

pub mod cache;
pub mod fetch;
pub(crate) mod metered;
pub mod releases;
pub mod resolve;
pub mod tarball;

pub use cache::{cache_dir, open_cache};
pub use fetch::{FetchedBlobs, FetchedTags, fetch_blobs, fetch_commit, fetch_tags};
pub use resolve::LinuxSource;
pub use tarball::{Imported, import};
