//! Sandboxes: folders of their own, a clean environment, a clock that stands still; small trees and kits in them.

pub mod archive;
pub mod by_git;
pub mod git_server;
pub mod kit;
pub mod random;
pub mod releases;
pub mod repo;
pub mod report;
pub mod sandbox;
pub mod server;
pub mod signing;
pub mod snapshot;
pub mod traces;
pub mod tree;

pub use kit::{KitBuilder, LAYOUTS, Layout, World, assert_harmless, assert_refusal};
pub use random::Random;
pub use repo::Repo;
pub use report::Report;
pub use sandbox::{Sandbox, corpus};
pub use snapshot::{Snapshot, copy_folder, read_folder};
pub use traces::snapshot;
pub use tree::{Edit, TreeBuilder};
