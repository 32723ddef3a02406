//! `kpatch source`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use kpatch::ops::OpError;
use kpatch::ops::source::{self, ImportTarball};

use super::Examples;
use crate::exit::Exit;
use crate::names;
use crate::render;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[("kpatch source fetch v6.6.13 v6.6.14", "Fetch two releases, without blobs")];
pub(super) const IMPORT_EXAMPLES: Examples = &[(
    "kpatch --linux linux source import linux-6.6.13.tar.xz linux-6.6.14.tar.xz",
    "Make a linux tree of two releases without a clone",
)];
pub(super) const FETCH_EXAMPLES: Examples = &[(
    "kpatch --linux https://git.kernel.org/pub/scm/linux/kernel/git/stable/linux.git source fetch 6.6.13 6.6.14",
    "Fetch two releases into the cache",
)];

/// Bring releases into the linux tree
#[derive(Debug, Args)]
#[command(subcommand_value_name = "VERB", subcommand_help_heading = "Verbs")]
pub(crate) struct SourceArgs {
    #[command(subcommand)]
    command: SourceCommand,
}

#[derive(Debug, Subcommand)]
enum SourceCommand {
    /// Import release tarballs as tags; the linux tree is made if it does not exist
    Import {
        /// Tarballs such as linux-6.6.13.tar.xz
        #[arg(value_name = "TARBALL", required = true)]
        tarballs: Vec<PathBuf>,
    },
    /// Fetch tags from the linux tree's URL into the cache, without blobs
    Fetch {
        /// Tags such as v6.6.13 (6.6.13 means the same)
        #[arg(value_name = "TAG", required = true)]
        tags: Vec<String>,
    },
}

/// Brings the releases and reports.
pub(super) fn run(args: &SourceArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let places = ui.places();
    let reports = match &args.command {
        SourceCommand::Import { tarballs } => {
            let options = ImportTarball { places, tarballs: tarballs.clone() };
            ui.working(|watch| source::import_tarballs(&options, watch))?
        }
        SourceCommand::Fetch { tags } => {
            let tags: Vec<String> = tags.iter().map(|tag| names::tag(tag)).collect();
            ui.working(|watch| source::fetch(&places, &tags, watch))?
        }
    };
    ui.show("source", &reports, render::source::text)?;
    Ok(Exit::Done)
}
