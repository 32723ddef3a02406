//! The core build library: kernel images from source to registry, usable without the command line.
//!
//! ```text
//! kit ──plan──▶ Plan ──recipe──▶ Recipe ──Producer──▶ Output ──assemble──▶ OCI layout ──push──▶ registry
//! ```
//!
//! A plan is pure: which images there are, with tags, labels, platforms and hash. A producer compiles one kernel for one
//! architecture by whatever means it has, and yields the same output directory as every other producer. The assembler makes
//! images of output directories without knowing where they came from, so that the same source and the same compiler give the
//! same digests.

pub mod assemble;
pub mod boot;
pub mod check;
mod configuration;
mod cpio;
pub mod demo;
pub mod doctor;
pub mod engine;
mod error;
mod fingerprint;
mod finish;
pub mod foreign;
pub mod kmod;
pub mod module;
pub mod native;
mod out;
mod output;
pub mod pack;
pub mod plan;
pub mod push;
mod recipe;
mod sbom;
pub mod script;
pub mod sources;
#[cfg(test)]
mod testing;

pub use configuration::Configuration;
pub use error::BuildError;
pub use fingerprint::fingerprint;
pub use finish::finish;
pub use native::Native;
pub use out::OutDir;
pub use output::Output;
pub use recipe::{NamedFile, Recipe};
pub use sbom::{SBOM_TYPE, Sbom};

use crate::event::{Interrupt, Observer};

/// How long work talks to the outside.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Is told what happens.
    pub observer: &'a dyn Observer,
    /// Stops the work.
    pub interrupt: &'a Interrupt,
}

/// Something that compiles a kernel: this machine, a docker builder, buildah.
pub trait Producer {
    /// The word for it on the command line: `native`, `docker`, `buildah`.
    fn name(&self) -> &'static str;

    /// Says who compiles, without compiling: where it is the same, so are the bytes. Costs little.
    ///
    /// # Errors
    /// When there is no compiler, or it cannot be asked.
    fn identity(&self, recipe: &Recipe, watch: Watch<'_>) -> Result<String, BuildError>;

    /// Compiles what the recipe says and fills the output directory. The stages that are done already are not done again;
    /// nothing counts as done before [`Output::seal`].
    ///
    /// # Errors
    /// Names the stage, the file and the log.
    fn produce(&self, recipe: &Recipe, output: &Output, watch: Watch<'_>) -> Result<(), BuildError>;
}
