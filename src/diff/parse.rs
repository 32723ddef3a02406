//! Reads unified diffs and git's extended headers.
