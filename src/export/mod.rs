//! Writes commits as patch files, as `git format-patch` does.

mod change;
pub mod header;
pub mod mail;
pub mod name;
pub mod rewrite;
mod wrap;

pub use change::{ExportError, PatchText, patch_text};
pub use header::Commit;
pub use mail::mail;
pub use name::file_name;
pub use rewrite::rewrite;

#[cfg(test)]
mod oracle_tests;
