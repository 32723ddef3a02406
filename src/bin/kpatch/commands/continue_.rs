//! `kpatch continue`.

use clap::Args;

use kpatch::ops::resume::{self, Action, ResumeOptions};
use kpatch::ops::{Accept, OpError};

use super::commit::CommitArgs;
use super::{Examples, FormatArgs, StoppedArgs, show_bumps};
use crate::ask::ask;
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
    commit: CommitArgs,
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
    let ready = args.commit.prepare(&options.which.places)?;
    let report = ui.working(|watch| resume::resume(&options, watch))?;
    let mut reports = [ask(report, &options.which, ui)?];
    // What landed is reported, also where it cannot be committed.
    let committed = args.commit.commit(ready.as_ref(), &mut reports, ui);
    let exit = show_bumps("continue", &reports, &args.format, ui)?;
    committed.map(|()| exit)
}
