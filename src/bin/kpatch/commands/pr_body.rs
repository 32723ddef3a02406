//! `kpatch pr-body`.

use clap::Args;

use kpatch::ops::report::BumpReport;
use kpatch::ops::{OpError, last_report};

use super::Examples;
use crate::exit::Exit;
use crate::render;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch pr-body 6.6.x > pull-request.md", "Write the text of a pull request for the last bump of a series"),
    ("kpatch pr-body 6.6.x --html > report.html", "Write the same report as a page that shows everything"),
    ("kpatch pr-body 6.6.x --commit-message | git commit -F -", "Commit the change of the kit with a message for it"),
];

/// Print the report of the last bump that landed or stopped, as the text of a pull request
///
/// Nothing is computed anew: the report is the one that the bump left in the linux tree.
#[derive(Debug, Args)]
pub(crate) struct PrBodyArgs {
    /// The series, such as 6.6.x, or the name of a bare patch directory [default: the only one that was carried]
    #[arg(value_name = "SERIES")]
    series: Vec<String>,
    /// Print the message of a commit instead, as bump --commit writes it
    #[arg(long, conflicts_with_all = ["html", "json"])]
    commit_message: bool,
    /// Print one self-contained HTML page instead
    #[arg(long, conflicts_with = "json")]
    html: bool,
}

/// Reads the reports and renders them.
pub(super) fn run(args: &PrBodyArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let places = ui.places();
    let reports: Vec<BumpReport> = match args.series.as_slice() {
        [] => vec![last_report(&places, None)?],
        named => named.iter().map(|set| last_report(&places, Some(set))).collect::<Result<_, _>>()?,
    };
    let text = if ui.json() {
        render::json::envelope("pr-body", &reports)?
    } else if args.commit_message {
        render::commit_message::message(&reports.iter().collect::<Vec<_>>())
    } else if args.html {
        render::html::page(&reports)
    } else {
        render::markdown::document(&reports)
    };
    ui.print(&text)?;
    Ok(Exit::Done)
}
