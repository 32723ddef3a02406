//! Writes commits as patch files, as `git format-patch` does.
