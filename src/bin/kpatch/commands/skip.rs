//! `kpatch skip`.

use clap::Args;

use kpatch::ops::OpError;
use kpatch::ops::resume::{self, Action, ResumeOptions};

use super::{Examples, FormatArgs, StoppedArgs, show_bumps};
use crate::exit::Exit;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples =
    &[("kpatch skip 7", "Go on without patch 7"), ("kpatch skip", "Go on without the only patch that is open")];

/// Go on with a stopped bump without a patch
///
/// The new set goes without the patch, as with git am --skip, and the report says so. Patches that waited for it are tried
/// without it. To leave a patch out for a reason that the report names, use kpatch drop.
#[derive(Debug, Args)]
pub(crate) struct SkipArgs {
    /// Patches: number, file name, or a part of it [default: the only one that is open]
    #[arg(value_name = "PATCH")]
    skipped: Vec<String>,
    #[command(flatten)]
    which: StoppedArgs,
    #[command(flatten)]
    format: FormatArgs,
}

/// Leaves the patches out, goes on, and reports like a bump.
pub(super) fn run(args: &SkipArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let options = ResumeOptions {
        which: args.which.which(ui.places()),
        action: Action::LeaveOut { patches: args.skipped.clone(), reason: None },
        replace_branch: false,
        skip_patch_utility: false,
    };
    let report = ui.working(|watch| resume::resume(&options, watch))?;
    show_bumps("skip", &[report], &args.format, ui)
}
