//! `kpatch status`.

use clap::Args;

use kpatch::ops::OpError;
use kpatch::ops::status;

use super::Examples;
use crate::exit::Exit;
use crate::render;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch status", "See versions, branches, newer releases and what waits for a decision"),
    ("kpatch --kit ../linuxkit status --json", "The same for another kit and for a program"),
];

/// Show where every series stands
///
/// Also finishes a landing that an earlier run could not finish, and says so.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {}

/// Looks and reports.
pub(super) fn run(_: &StatusArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let places = ui.places();
    let report = ui.working(|watch| status::status(&places, watch))?;
    ui.show("status", &[report], render::status::text)?;
    Ok(Exit::Done)
}
