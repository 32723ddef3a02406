//! Writes commits as patch files, as `git format-patch` does.

mod change;
pub mod header;
pub mod mail;
mod reword;
pub mod rewrite;
mod wrap;

pub use change::{ExportError, PatchText, patch_text};
pub use header::Commit;
pub use mail::mail;
pub use reword::reword;
pub use rewrite::rewrite;

/// The flags that make `git format-patch` independent of any configuration and of the size of the clone.
pub const FORMAT_PATCH_FLAGS: &[&str] = &[
    "--keep-subject",
    "--no-numbered",
    "--zero-commit",
    "--no-signature",
    "--no-renames",
    "--diff-algorithm=myers",
    "-U3",
    "--abbrev=12",
    "--stat=72",
    "--no-attach",
    "--no-thread",
    "--no-cover-letter",
    "--no-base",
    "--no-notes",
    "--no-signoff",
    "--no-to",
    "--no-cc",
    "--no-add-header",
    "--no-encode-email-headers",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--suffix=.patch",
];

#[cfg(test)]
mod oracle_tests;
