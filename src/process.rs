//! Child processes in a clean environment.
