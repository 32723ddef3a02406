//! `kpatch continue`.

use clap::Args;

use kpatch::ops::resume::{self, Action, ResumeOptions};
use kpatch::ops::{Accept, OpError};

use super::{Examples, FormatArgs, StoppedArgs, show_bumps};
use crate::exit::Exit;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch continue", "Take the files that were resolved, and go on"),
    ("kpatch continue --accept 7", "Take the first proposal for patch 7"),
    ("kpatch continue --accept 7=token,9", "Take the proposal of the token merge for patch 7, and the first one for 9"),
];

/// Go on with a bump that stopped
///
/// Takes the files that were resolved in the folders that the bump named, and the results and proposals that are
/// accepted. Patches that waited for them are tried again. Where nothing is open any more the bump lands; otherwise it
/// stops again. Files that nobody touched stay open; a file in which a conflict marker is left is refused.
#[derive(Debug, Args)]
pub(crate) struct ContinueArgs {
    /// Take the result or proposal that was shown for these patches
    #[arg(long, value_name = "N[=STRATEGY],...", value_delimiter = ',')]
    accept: Vec<Accept>,
    /// Replace the branch of the target if it is there and differs
    #[arg(long)]
    replace_branch: bool,
    /// Leave patch -F0 out of the proof, for sets with binary diffs
    #[arg(long)]
    skip_patch_utility: bool,
    #[command(flatten)]
    which: StoppedArgs,
    #[command(flatten)]
    format: FormatArgs,
}

/// Goes on, and reports like a bump.
pub(super) fn run(args: &ContinueArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let options = ResumeOptions {
        which: args.which.which(ui.places()),
        action: Action::Continue { accept: args.accept.clone() },
        replace_branch: args.replace_branch,
        skip_patch_utility: args.skip_patch_utility,
    };
    let report = ui.working(|watch| resume::resume(&options, watch))?;
    show_bumps("continue", &[report], &args.format, ui)
}
