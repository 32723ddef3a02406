//! Sandboxes: folders of their own, a clean environment, a clock that stands still.

pub mod by_git;
pub mod random;
pub mod repo;
pub mod report;
pub mod sandbox;
pub mod snapshot;

pub use random::Random;
pub use repo::Repo;
pub use report::Report;
pub use sandbox::{Sandbox, corpus};
pub use snapshot::snapshot;
