//! Carries a stack of patches to another release by three-way merges.
