//! `kpatch abort`.

use clap::Args;

use kpatch::ops::OpError;
use kpatch::ops::resume;

use super::{Examples, StoppedArgs};
use crate::exit::Exit;
use crate::render;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch abort", "Give the stopped bump up"),
    ("kpatch abort --series 6.6.x", "The one of this series, if several are stopped"),
];

/// Give up a bump that stopped
///
/// Its journal, its decisions and the files to resolve are removed. Kit and linux tree are as they were before the bump.
#[derive(Debug, Args)]
pub(crate) struct AbortArgs {
    #[command(flatten)]
    which: StoppedArgs,
}

/// Gives it up, and says what was given up.
pub(super) fn run(args: &AbortArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let which = args.which.which(ui.places());
    let report = ui.working(|watch| resume::abort(&which, watch))?;
    ui.show("abort", &[report], render::stopped::aborted)?;
    Ok(Exit::Done)
}
