//! `kpatch outdated`.

use clap::Args;

use kpatch::ops::OpError;
use kpatch::ops::outdated;

use super::Examples;
use crate::exit::Exit;
use crate::render;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch outdated", "Which kernels of the kit are not the newest of their series"),
    ("kpatch outdated --offline --json", "The same by the list that is in the cache"),
];

/// Say which kernels of the kit are not the newest of their series
///
/// The kernel's list of releases is fetched once an hour at most; without a network the copy in the cache serves, whose age is shown. The
/// exit code is 1 if a kernel is behind. kpatch source list shows all series there are.
#[derive(Debug, Args)]
pub(crate) struct OutdatedArgs {}

/// Compares and reports.
pub(super) fn run(_: &OutdatedArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let places = ui.places();
    let report = ui.working(|watch| outdated::outdated(&places, watch))?;
    let is_outdated = report.is_outdated();
    ui.show("outdated", &[report], render::outdated::text)?;
    Ok(if is_outdated { Exit::Findings } else { Exit::Done })
}
