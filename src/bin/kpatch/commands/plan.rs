//! `kpatch plan`.

use std::path::PathBuf;

use clap::Args;

use kpatch::ops::OpError;
use kpatch::ops::bump::What;
use kpatch::ops::plan::{self, PlanOptions};

use super::{Examples, FormatArgs, show_bumps};
use crate::exit::Exit;
use crate::names;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch plan v6.6.13 v6.6.14", "See what the bump would do"),
    ("kpatch plan v6.6.13 v6.6.14 v6.6.20 v6.12.1", "Compare several targets"),
    ("kpatch plan 6.6.x 6.1.x", "See two series, each with its newest release"),
    ("kpatch plan --all --json", "See every series, for a program"),
];

/// Show what bump would do, on one target or many, writing nothing at all
///
/// Several targets or series give a matrix first, then a report for each. A series may be followed by its targets.
#[derive(Debug, Args)]
#[command(override_usage = "kpatch plan <CURTAG> <NEWTAG>... [OPTIONS]
       kpatch plan <SERIES> [<TAG>...] [<SERIES> [<TAG>...]]... [OPTIONS]
       kpatch plan --all [OPTIONS]
       kpatch plan <CURTAG> <NEWTAG>... --patches <DIR> [OPTIONS]")]
pub(crate) struct PlanArgs {
    /// CURTAG and one or more targets (6.6.13 means v6.6.13), or series such as 6.6.x
    #[arg(value_name = "CURTAG|SERIES", num_args = 1.., required_unless_present = "all", conflicts_with = "all")]
    releases: Vec<String>,
    /// Plan for every series that is not deprecated, each with its newest release
    #[arg(long)]
    all: bool,
    /// Carry the patches of this directory instead of a kit's
    #[arg(long, value_name = "DIR", conflicts_with = "all")]
    patches: Option<PathBuf>,
    #[command(flatten)]
    format: FormatArgs,
}

/// Computes and reports.
pub(super) fn run(args: &PlanArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let what = if args.all { vec![What::All] } else { names::plans(&args.releases)? };
    if args.patches.is_some() && what.iter().any(|what| !matches!(what, What::Tags { .. })) {
        return Err(
            OpError::new("a directory of patches has no series").hint("kpatch plan CURTAG NEWTAG --patches DIR")
        );
    }
    let options = PlanOptions { places: ui.places(), patches: args.patches.clone(), what };
    let reports = ui.working(|watch| plan::plan(&options, watch))?;
    show_bumps("plan", &reports, &args.format, ui)
}
