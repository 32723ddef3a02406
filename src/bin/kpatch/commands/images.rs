//! `kpatch images`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use kpatch::build::check::CheckState;
use kpatch::build::plan::{Kinds, Which};
use kpatch::ops::OpError;
use kpatch::ops::images::{self, ImagesCheckOptions, ImagesListOptions};

use super::Examples;
use super::select_images::{Defaults, ImageArgs};
use crate::exit::Exit;
use crate::render;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[("kpatch images list", "The images that are built")];
pub(super) const LIST_EXAMPLES: Examples = &[("kpatch images list --json", "The images that are built, for a script")];
pub(super) const CHECK_EXAMPLES: Examples = &[
    ("kpatch images check 6.6.13", "See whether what is in the registry fits together"),
    ("kpatch images check --all --json", "The same of all kernels, for CI"),
];

/// Look at images
#[derive(Debug, Args)]
#[command(subcommand_value_name = "VERB", subcommand_help_heading = "Verbs")]
pub(crate) struct ImagesArgs {
    #[command(subcommand)]
    command: ImagesCommand,
}

#[derive(Debug, Subcommand)]
enum ImagesCommand {
    /// List the images that are built
    List {
        /// The directory of what was built [default: out in the kit]
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Compare what has to agree of images in the registry
    ///
    /// The architectures of each index with those that the kit builds, the plain tags with those that have the hash, and what a kernel
    /// says of the image that it was compiled in: its label, its file /kernel-builder, and the tag VERSION-builder, for each
    /// architecture. What does not agree is listed, and the exit code is 1. Without KERNEL, all kernels that are not deprecated.
    Check {
        #[command(flatten)]
        images: Box<ImageArgs>,
        /// Take any certificate, and plain http; registries of this machine may speak plain http without it
        #[arg(long)]
        insecure: bool,
    },
}

/// Lists or checks.
pub(super) fn run(args: &ImagesArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    match &args.command {
        ImagesCommand::List { out } => {
            let rows = images::list(&ImagesListOptions { places: ui.places(), out: out.clone() })?;
            ui.show("images list", &rows, render::push::list)?;
            Ok(Exit::Done)
        }
        ImagesCommand::Check { images, insecure } => {
            let kinds = Kinds { plain: true, ..Kinds::default() };
            let request = images.request(Defaults { which: Which::All, kinds, archs: Vec::new() });
            let options = ImagesCheckOptions { places: ui.places(), request, insecure: *insecure };
            let rows = ui.working(|watch| images::check(&options, watch))?;
            let is_good = rows.iter().all(|row| row.state == CheckState::Ok);
            ui.show("images check", &rows, render::push::check)?;
            Ok(if is_good { Exit::Done } else { Exit::Findings })
        }
    }
}
