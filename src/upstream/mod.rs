//! Finds patches that a release already has, with proof.
