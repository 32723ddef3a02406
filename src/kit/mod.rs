//! The repository that holds `kernel/`: its layouts, versions and patch sets.
