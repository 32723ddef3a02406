//! Kernel versions, series and tags.
