//! `kpatch retire`.

use clap::Args;

use kpatch::ops::OpError;
use kpatch::ops::retire::{self, RetireOptions};

use super::Examples;
use crate::exit::Exit;
use crate::render;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch retire 5.15.x", "Build a series no longer by default, and test it no more"),
    ("kpatch retire 5.15.x --remove", "Take away everything of it: version, configurations, patches, tests"),
    ("kpatch retire 5.15.x --remove --dry-run", "See what that would be"),
];

/// Build a series no longer by default, or take it away
///
/// Its versions move from the list of kernels to that of deprecated ones, or its directory gets an empty file deprecated, or the
/// lines that call for it go. Its test cases go, bare references to its images move on, and what still names it is listed.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
pub(crate) struct RetireArgs {
    /// The series, such as 5.15.x
    #[arg(value_name = "SERIES")]
    series: String,
    /// Take away everything of it
    #[arg(long)]
    remove: bool,
    /// Let no references to kernel images follow
    #[arg(long)]
    keep_references: bool,
    /// Write nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Go on although kernel/ has changes that are not committed
    #[arg(long)]
    allow_dirty: bool,
}

/// Retires the series and reports.
pub(super) fn run(args: &RetireArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let options = RetireOptions {
        places: ui.places(),
        series: args.series.clone(),
        remove: args.remove,
        keep_references: args.keep_references,
        dry_run: args.dry_run,
        allow_dirty: args.allow_dirty,
    };
    let report = ui.working(|watch| retire::retire(&options, watch))?;
    ui.show("retire", &[report], render::retire::text)?;
    Ok(Exit::Done)
}
