//! The kernel's own configuration tools, run on the Kconfig files of one tree.
//!
//! Only the files that configuring needs are laid out, in a private directory: about 2,600 of 80,000. Every answer is that of
//! the kernel's own programs; what is decided here is only which compiler answers their questions. See [`Toolchain`].
//!
//! The programs are scripts and sources of the tree: who configures a kernel runs them, here as with `make` by hand.

mod error;
mod replay;
mod run;
mod scan;
mod sources;
mod symbols;
mod values;

use std::collections::HashSet;

use crate::kconfig::Config;

pub use error::KbuildError;
pub(crate) use run::handing_on;
pub use run::{Configured, is_installed, missing_tools};
pub use sources::{Sources, config_names, is_part};
pub use symbols::{Symbol, Symbols};

/// Which compiler, linker and assembler answer the questions of the Kconfig files.
#[derive(Debug, Clone)]
pub enum Toolchain<'a> {
    /// None: the questions are answered as a configuration has recorded it.
    Recorded {
        /// The configuration with the answers.
        answers: &'a Config,
        /// Which options its kernel had: what it knew and does not mention was answered with no.
        known: Known<'a>,
    },
    /// Those of this machine, as `make` finds them.
    Host {
        /// What their names begin with, such as `aarch64-linux-gnu-`.
        cross_compile: Option<String>,
    },
    /// The kernel's own `scripts/dummy-tools/`, which can do everything; no Rust.
    Dummy,
}

/// The options of the kernel that a configuration was made for.
#[derive(Debug, Clone, Copy)]
pub enum Known<'a> {
    /// It was made for this very kernel.
    All,
    /// Nobody knows.
    Nothing,
    /// These, without `CONFIG_` in front.
    Names(&'a HashSet<String>),
}

impl Known<'_> {
    fn has(self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Nothing => false,
            Self::Names(names) => names.contains(name),
        }
    }
}
