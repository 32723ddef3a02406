//! The only door to git: objects, trees, refs, packs, and the git process.

mod changes;
mod commit;
mod error;
mod pack;
mod prefix;
pub mod process;
mod refs;
mod renames;
mod store;
mod three_way;
mod tree;
mod walk;

pub use commit::{Commit, NewCommit};
pub use error::{BoxError, GitError};
/// The id of a git object, 20 bytes; displays as 40 hex digits.
pub use gix::ObjectId as Oid;
pub use pack::Pack;
pub use process::{Git, work_tree};
pub use refs::RefUpdate;
pub use renames::Renames;
pub use store::{Fetcher, Kind, Store, blob_id};
pub use three_way::{ConflictKind, Merge, PathConflict};
pub use tree::{Entry, TreeChanges, TreeEntry, Walk};

/// The mode of a tree within a tree.
pub const MODE_TREE: u32 = 0o040_000;
/// The mode of an ordinary file.
pub const MODE_FILE: u32 = 0o100_644;
/// The mode of an executable file.
pub const MODE_EXECUTABLE: u32 = 0o100_755;
/// The mode of a symbolic link.
pub const MODE_SYMLINK: u32 = 0o120_000;
/// The mode of a submodule.
pub const MODE_GITLINK: u32 = 0o160_000;
