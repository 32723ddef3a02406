//! `kpatch check`.

use clap::Args;

use kpatch::finding::Severity;
use kpatch::ops::OpError;
use kpatch::ops::check::{self, CheckOptions, CheckReport};
use kpatch::text::visible;

use super::Examples;
use super::lint::{Level, LintFormat};
use crate::exit::Exit;
use crate::render;
use crate::render::Detail;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch check", "See what has fallen out of step in the kit"),
    ("kpatch check 6.6.x --offline", "Check one series, with the list of releases that was fetched last"),
    ("kpatch check --explain K005", "Say why a rule is there, with an example"),
    ("kpatch check --ignore K3 --format github", "Check what a pull request leaves behind, whatever has been released"),
];

/// Check that the kit is in step with itself and with what has been released
///
/// Versions, configurations and their headers, patch directories, build-args, builders and tests are held against each other,
/// and the versions against the list of releases of kernel.org, which is fetched once an hour at most. Without a network the
/// last copy is used; without a copy its rules are reported as not checked.
///
/// What rules count is for kpatch.toml to say: [check.rules] has the form of [lint.rules], releases = "URL or path" names
/// another list, and so does the variable KPATCH_RELEASES. The exit code is 1 if there are errors or warnings.
#[allow(clippy::doc_markdown, reason = "the text is help, in which backticks would be shown")]
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The series to check, such as 6.6.x or 6.6.x-rt [default: all, and what is about none]
    #[arg(value_name = "SERIES")]
    series: Vec<String>,
    /// Run only these rules: ids, names, or beginnings of ids such as K1
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    select: Vec<String>,
    /// Leave these rules out
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    ignore: Vec<String>,
    /// The mildest findings that are shown; json and sarif hold all of them [default: warning; info with -v]
    #[arg(long, value_name = "LEVEL", value_enum)]
    level: Option<Level>,
    /// How to print the findings; json is the same as --json
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: LintFormat,
    /// List the rules
    #[arg(long, conflicts_with_all = ["series", "explain"])]
    rules: bool,
    /// Say why a rule is there, with an example
    #[arg(long, value_name = "RULE", conflicts_with = "series")]
    explain: Option<String>,
}

/// Checks and reports.
pub(super) fn run(args: &CheckArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    if args.rules {
        let text = render::check::list(ui.view());
        return ui.print(&text).map(|()| Exit::Done);
    }
    if let Some(name) = &args.explain {
        return explain(name, ui);
    }
    let options = CheckOptions {
        places: ui.places(),
        series: args.series.clone(),
        select: args.select.clone(),
        ignore: args.ignore.clone(),
    };
    let usual = if ui.view().detail == Detail::Full { Severity::Info } else { Severity::Warning };
    let from = args.level.map_or(usual, Severity::from);
    let report = ui.working(|watch| check::check(&options, watch))?;
    let exit = exit(&report);
    match args.format {
        LintFormat::Text | LintFormat::Json if ui.json() || args.format == LintFormat::Json => {
            let text = render::json::envelope("check", &[report])?;
            ui.print(&text)?;
        }
        LintFormat::Sarif => ui.print(&render::check::sarif(&report)?)?,
        LintFormat::Github => ui.print(&render::check::github(&report, from))?,
        LintFormat::Markdown => ui.print(&render::check::markdown(&report, from))?,
        LintFormat::Text | LintFormat::Json => {
            let text = render::check::text(&report, from, ui.view());
            ui.print(&text)?;
        }
    }
    Ok(exit)
}

fn exit(report: &CheckReport) -> Exit {
    if report.counts.error + report.counts.warning > 0 { Exit::Findings } else { Exit::Done }
}

fn explain(name: &str, ui: &mut Ui) -> Result<Exit, OpError> {
    let rule = kpatch::drift::rule(name).ok_or_else(|| {
        OpError::new(format!("'{}' is no rule", visible(name.as_bytes()))).hint("kpatch check --rules lists them")
    })?;
    let text = render::check::explain(rule, ui.view());
    ui.print(&text).map(|()| Exit::Done)
}
