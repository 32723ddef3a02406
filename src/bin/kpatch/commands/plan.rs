//! `kpatch plan`.

use std::path::PathBuf;

use clap::Args;

use kpatch::ops::OpError;
use kpatch::ops::bump::What;
use kpatch::ops::matrix::{self, MatrixReport};
use kpatch::ops::plan::{self, PlanOptions, Targets};

use super::{ChangeLogArgs, Examples, Format, FormatArgs, show_bumps};
use crate::exit::Exit;
use crate::names;
use crate::render;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch plan v6.6.13 v6.6.14", "See what the bump would do"),
    ("kpatch plan v6.6.13 v6.6.14 v6.6.20 v6.12.1", "Compare several targets"),
    ("kpatch plan 6.6.x 6.1.x", "See two series, each with its newest release"),
    ("kpatch plan --all --json", "See every series, for a program"),
    ("kpatch plan --matrix --newest 4", "See where every series could go, on one screen"),
    ("kpatch plan 6.6.x --matrix --since v6.6.10", "See from which release on which patch makes trouble"),
    ("kpatch plan --all --matrix --targets v6.12.1,v6.18 --format markdown", "Weigh a move to another series"),
];

/// Show what bump would do, on one target or many, writing nothing at all
///
/// Several targets or series give a matrix first, then a report for each. A series may be followed by its targets;
/// --targets, --since and --newest choose them for all sets alike. With --matrix there are only tables: patch sets by
/// targets, and patches by targets; what cannot be computed is said in its place, and the exit code is 2.
#[derive(Debug, Args)]
#[command(override_usage = "kpatch plan <CURTAG> <NEWTAG>... [OPTIONS]
       kpatch plan <SERIES> [<TAG>...] [<SERIES> [<TAG>...]]... [OPTIONS]
       kpatch plan --all [OPTIONS]
       kpatch plan <CURTAG> <NEWTAG>... --patches <DIR> [OPTIONS]
       kpatch plan [<CURTAG>|<SERIES>...] --matrix [--targets <TAG>,...|--since <TAG>|--newest <N>] [OPTIONS]")]
pub(crate) struct PlanArgs {
    /// CURTAG and one or more targets (6.6.13 means v6.6.13), or series such as 6.6.x
    #[arg(value_name = "CURTAG|SERIES", num_args = 1.., required_unless_present_any = ["all", "matrix"], conflicts_with = "all")]
    releases: Vec<String>,
    /// Plan for every series that is not deprecated, each with its newest release
    #[arg(long)]
    all: bool,
    /// Carry the patches of this directory instead of a kit's
    #[arg(long, value_name = "DIR", conflicts_with = "all")]
    patches: Option<PathBuf>,
    /// Print tables of patch sets and of patches by targets, of every series if none is named
    #[arg(long)]
    matrix: bool,
    /// Carry each set to these releases
    #[arg(long, value_name = "TAG[,TAG...]", value_delimiter = ',', conflicts_with_all = ["since", "newest"])]
    targets: Vec<String>,
    /// Carry each set to every release of its series that is newer than this one
    #[arg(long, value_name = "TAG", conflicts_with = "newest")]
    since: Option<String>,
    /// Carry each set to the newest releases of its series, as many as that
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    newest: Option<u16>,
    #[command(flatten)]
    changelogs: ChangeLogArgs,
    #[command(flatten)]
    format: FormatArgs,
}

/// Computes and reports.
pub(super) fn run(args: &PlanArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let targets = targets(args);
    let what = match (args.releases.is_empty(), &targets) {
        (true, _) => vec![What::All],
        (false, Targets::Named) => names::plans(&args.releases)?,
        (false, _) => names::sets(&args.releases)?,
    };
    if args.patches.is_some() && what.iter().any(|what| !matches!(what, What::Tags { .. })) {
        return Err(
            OpError::new("a directory of patches has no series").hint("kpatch plan CURTAG NEWTAG --patches DIR")
        );
    }
    let options = PlanOptions { places: args.changelogs.places(ui), patches: args.patches.clone(), what, targets };
    if args.matrix {
        let reports = ui.working(|watch| matrix::matrix(&options, watch))?;
        return show_matrix(&reports, &args.format, ui);
    }
    let reports = ui.working(|watch| plan::plan(&options, watch))?;
    show_bumps("plan", &reports, &args.format, ui)
}

fn targets(args: &PlanArgs) -> Targets {
    match (&args.since, args.newest) {
        _ if !args.targets.is_empty() => Targets::Tags(args.targets.iter().map(|tag| names::tag(tag)).collect()),
        (Some(since), _) => Targets::Since(names::tag(since)),
        (None, Some(newest)) => Targets::Newest(newest.into()),
        (None, None) => Targets::Named,
    }
}

/// Prints the tables. What could not be computed weighs more than what waits for a decision.
fn show_matrix(reports: &[MatrixReport], format: &FormatArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    format.no_page("plan --matrix")?;
    let text = match format.chosen(ui) {
        Format::Text => render::matrix::text(reports, ui.view()),
        Format::Markdown | Format::Html => render::matrix::markdown(reports),
        Format::Json => render::json::envelope("plan", reports)?,
    };
    ui.print(&text)?;
    Ok(if reports.iter().any(MatrixReport::has_failed) {
        Exit::Failure
    } else if reports.iter().any(MatrixReport::would_stop) {
        Exit::Conflicts
    } else {
        Exit::Done
    })
}
