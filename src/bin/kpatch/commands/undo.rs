//! `kpatch undo`.

use clap::Args;

use kpatch::ops::{OpError, undo};

use super::{Examples, StoppedArgs};
use crate::exit::Exit;
use crate::render;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch undo", "Take back the last bump, whether it landed or is stopped"),
    ("kpatch undo --series 6.6.x", "The last one of this series"),
];

/// Take back the last change that kpatch made
///
/// The patch files, the version and the branch become what they were before the last bump, or other change, of the kit. What
/// has been changed since is refused, and then nothing is touched. A bump that is stopped is given up instead. Commits of
/// the kit stay as they are.
#[derive(Debug, Args)]
pub(crate) struct UndoArgs {
    #[command(flatten)]
    which: StoppedArgs,
}

/// Takes it back, and says what it was.
pub(super) fn run(args: &UndoArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let which = args.which.which(ui.places());
    let report = ui.working(|watch| undo::undo(&which, watch))?;
    ui.show("undo", &[report], render::stopped::undone)?;
    Ok(Exit::Done)
}
