//! Where kernels come from: clones, git URLs, release tarballs.

pub mod cache;
pub mod changelogs;
mod copy;
pub mod downloads;
pub mod fetch;
pub mod increments;
pub mod kernel_org;
pub(crate) mod metered;
pub mod mirror;
pub mod proof;
pub mod releases;
pub mod resolve;
pub mod rt;
pub mod signed_tag;
pub mod tarball;
pub mod vulns;

pub use cache::{cache_dir, open_cache};
pub use fetch::{FetchedBlobs, FetchedTags, fetch_blobs, fetch_commit, fetch_log, fetch_tags, list_tags};
pub use resolve::LinuxSource;
pub use tarball::{Imported, import, import_proved};
