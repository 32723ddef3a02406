//! Carries a kernel's patch sets from one stable release to the next.
//!
//! The modules stand on floors; imports point downward only. `docs/architecture.md` draws them and a
//! test holds the sources to the drawing.

// Floor 0: the standard library and plain text.
pub mod arch;
pub mod text;
pub mod version;

// Floor 1: data and pure functions, no input or output.
pub mod changelog;
pub mod cve;
pub mod diff;
pub mod event;
pub mod finding;
pub mod image;
pub mod kconfig;
pub mod message;
pub mod patch;
pub mod patch_set;

// Floor 2: the outside world.
pub mod files;
pub mod git;
pub mod net;
pub mod process;

// Floor 3: what kpatch is about.
pub mod apply;
pub mod carry;
pub mod compare;
pub mod drift;
pub mod export;
pub mod kbuild;
pub mod kit;
pub mod lint;
pub mod oci;
pub mod propose;
pub mod upstream;

// Floor 4: where kernels come from, and what is built of them.
pub mod build;
pub mod source;

// Floor 5: one file per verb.
pub mod ops;
