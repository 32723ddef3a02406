//! The only door to git: objects, trees, refs, packs, and the git process.
