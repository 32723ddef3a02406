//! What each verb of the command line does: options in, report out.

pub mod add;
mod ancestor;
pub mod bisect;
pub mod boot;
pub mod build;
pub mod builder;
pub mod bump;
mod cells;
pub mod change_set;
pub mod check;
pub mod commit;
mod compute;
pub mod config;
mod cves;
pub mod demo;
pub mod diff;
pub mod doctor;
pub mod drop;
pub mod edit;
mod error;
pub mod evidence;
pub mod export;
mod exported;
pub mod file_changes;
mod follow;
pub mod foreign;
pub mod garbage;
mod gate;
mod hazards;
pub mod images;
mod images_plan;
pub mod import;
mod jobs;
pub mod kconfig;
mod kernel_files;
mod landing;
mod last_report;
pub mod lint;
pub mod list;
pub mod matrix;
pub mod mergetool;
pub mod migrate;
pub mod module;
pub mod new_series;
mod new_set;
mod news;
mod oracle;
pub mod outdated;
mod outside;
mod parallel;
pub mod plan;
mod present;
mod proposals;
pub mod push;
mod references;
mod released;
mod renames;
pub mod reorder;
pub mod report;
pub mod resume;
pub mod retire;
pub mod rt;
mod run;
pub mod select;
pub mod source;
pub mod status;
mod stopped;
pub mod tags;
mod template_images;
pub mod undo;
mod undo_record;
pub mod update_yaml;
pub mod verify;
pub mod watch;
mod whole;
mod why;
mod with_git;
mod workspace;

use std::path::PathBuf;

pub use error::OpError;
pub use last_report::last_report;

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
    /// Where ChangeLogs are read from where the linux tree has no history: a mirror of kernel.org or a directory; empty for the
    /// mirror that is set, or else kernel.org. If absent, the mirror that is set, and kernel.org if the linux tree is from there.
    pub changelogs: Option<String>,
}

/// How long work talks to the outside.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Is told what happens.
    pub observer: &'a dyn Observer,
    /// Stops the work.
    pub interrupt: &'a Interrupt,
}

/// A result or proposal for one patch that a person takes, as the command line says it: `7`, `0007-name.patch`,
/// `7=token`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accept {
    /// The patch: its number, its file, or a part of its name.
    pub patch: String,
    /// The strategy of the proposal, or `strict` or `merged`; the first that is shown if absent.
    pub strategy: Option<String>,
}

impl std::str::FromStr for Accept {
    type Err = OpError;

    fn from_str(text: &str) -> Result<Self, OpError> {
        let (patch, strategy) = match text.split_once('=') {
            Some((patch, strategy)) => (patch, Some(strategy.to_owned())),
            None => (text, None),
        };
        if patch.is_empty() || strategy.as_deref() == Some("") {
            return Err(OpError::new(format!("'{text}' names no patch")).hint("for example: --accept 7, or 7=token"));
        }
        Ok(Self { patch: patch.to_owned(), strategy })
    }
}
