//! Where kernels come from: clones, git URLs, release tarballs.
