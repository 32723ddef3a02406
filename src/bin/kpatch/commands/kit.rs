//! `kpatch kit`.

use clap::{Args, Subcommand};

use kpatch::ops::OpError;
use kpatch::ops::migrate::{self, MigrateOptions};
use kpatch::ops::report::FileReport;

use super::Examples;
use super::commit::CommitArgs;
use crate::exit::Exit;
use crate::render;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[("kpatch kit migrate --dry-run", "See what a directory per series takes")];
pub(super) const MIGRATE_EXAMPLES: Examples = &[
    ("kpatch kit migrate --dry-run", "See what moves, and what is left to do by hand"),
    ("kpatch kit migrate --commit", "Move it, and commit the moves so that git follows them"),
];

/// Change the kit as a whole
#[derive(Debug, Args)]
#[command(subcommand_value_name = "VERB", subcommand_help_heading = "Verbs")]
pub(crate) struct KitArgs {
    #[command(subcommand)]
    command: KitCommand,
}

#[derive(Debug, Subcommand)]
enum KitCommand {
    /// Give each series a directory of its own: the flat layout becomes the one per series
    ///
    /// Configurations and patches move to 6.6.x/config-ARCH and 6.6.x/patches, those of variants to 6.6.x-rt, what all series
    /// share to common/; bytes and permissions stay. Each version goes from the lists of the Makefile to the build-args of its
    /// series, and the lists are computed from there. In the Makefile and the Dockerfiles the paths are edited that are written
    /// in the usual forms; what still names the old places is listed. A kit that has begun to move goes the rest of the way.
    Migrate {
        /// Write nothing
        #[arg(short = 'n', long, conflicts_with = "commit")]
        dry_run: bool,
        /// Go on although kernel/ has changes that are not committed
        #[arg(long, conflicts_with = "commit")]
        allow_dirty: bool,
        #[command(flatten)]
        commit: CommitArgs,
    },
}

/// Migrates and reports.
pub(super) fn run(args: &KitArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let KitCommand::Migrate { dry_run, allow_dirty, commit } = &args.command;
    let options = MigrateOptions { places: ui.places(), dry_run: *dry_run, allow_dirty: *allow_dirty };
    let ready = commit.prepare(&options.places)?;
    let mut report = ui.working(|watch| migrate::migrate(&options, watch))?;
    let mut committed = Ok(());
    if report.state == "landed" {
        let files: Vec<&FileReport> = report.files.iter().collect();
        let message = render::kit::message(&report);
        match commit.commit_files(ready.as_ref(), &files, &message, ui) {
            Ok(id) => report.kit_commit = id,
            Err(error) => committed = Err(error),
        }
    }
    ui.show("kit migrate", &[report], render::kit::migrate)?;
    committed.map(|()| Exit::Done)
}
