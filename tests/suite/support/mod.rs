//! Sandboxes: folders of their own, a clean environment, a clock that stands still.

pub mod random;
pub mod sandbox;

pub use random::Random;
pub use sandbox::{Sandbox, corpus};
