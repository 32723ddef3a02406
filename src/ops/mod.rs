//! What each verb of the command line does: options in, report out.

pub mod add;
mod ancestor;
pub mod bump;
pub mod change_set;
mod compute;
pub mod demo;
pub mod drop;
pub mod edit;
mod error;
pub mod export;
mod exported;
mod gate;
pub mod import;
mod jobs;
mod landing;
mod new_set;
mod oracle;
pub mod plan;
mod present;
mod record;
mod renames;
pub mod reorder;
pub mod report;
pub mod select;
pub mod source;
pub mod status;
pub mod verify;
mod with_git;
mod workspace;

use std::path::PathBuf;

pub use error::OpError;

use crate::event::{Interrupt, Observer};

/// Where the kit and the linux tree are; the same for every verb.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// A directory in or above which the kit is looked for; the current directory if absent.
    pub kit: Option<PathBuf>,
    /// The linux tree: a path or a git URL; `kpatch.toml` says it otherwise.
    pub linux: Option<String>,
    /// Never touch the network.
    pub offline: bool,
}

/// How long work talks to the outside.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Is told what happens.
    pub observer: &'a dyn Observer,
    /// Stops the work.
    pub interrupt: &'a Interrupt,
}
