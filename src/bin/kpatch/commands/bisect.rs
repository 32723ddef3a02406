//! `kpatch bisect`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use kpatch::ops::OpError;
use kpatch::ops::bisect::{self, BisectOptions, Until};

use super::Examples;
use crate::exit::Exit;
use crate::names;
use crate::render;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch bisect 0007 --series 6.6.x", "Find the first release of the series on which patch 7 stops carrying"),
    ("kpatch bisect usb-fix --series 6.6.x --commits", "Find also the commit that ends it"),
    ("kpatch bisect 7 --series 6.6.x --to v6.12.1", "Look across series, in the order of versions"),
    ("kpatch bisect 7 --patches patches --base v6.6.13 --all", "Look at every release, with a bare directory"),
    ("kpatch bisect 7 --series 6.6.x --until dropped", "Find the release that has the patch"),
];

/// Find the first release on which a patch stops carrying, and the commit
///
/// The whole set is carried from its base to each release that is looked at, as bump would. The releases are searched
/// by halves; a patch that stops and carries again later may so be missed, unless --all looks at every one. Nothing is
/// written.
#[derive(Debug, Args)]
pub(crate) struct BisectArgs {
    /// The patch: its number (7, 0007, 0007#2 for the second of one file), its file, or a part of the file's name
    #[arg(value_name = "PATCH")]
    patch: String,
    /// The series, such as 6.6.x [default: the only one of the kit]
    #[arg(long, value_name = "SERIES", conflicts_with = "patches")]
    series: Option<String>,
    /// Take the patches of this directory instead of a kit's
    #[arg(long, value_name = "DIR", requires = "base")]
    patches: Option<PathBuf>,
    /// The tag that the patches apply to [default: the version in the kit]
    #[arg(long, value_name = "TAG")]
    base: Option<String>,
    /// The first release to look at [default: the base]
    #[arg(long, value_name = "TAG")]
    from: Option<String>,
    /// The last release to look at, also of another series [default: the newest of the same series]
    #[arg(long, value_name = "TAG")]
    to: Option<String>,
    /// What counts as the end: a conflict, that upstream has the patch, or any of these
    #[arg(long, value_name = "END", value_enum, default_value_t)]
    until: End,
    /// Look at every release
    #[arg(long)]
    all: bool,
    /// Find the first commit too, among the first-parent commits between the last good and the first bad release
    #[arg(long)]
    commits: bool,
}

/// What ends a patch.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum End {
    Conflict,
    Dropped,
    #[default]
    Any,
}

/// Searches and reports; a patch that stops somewhere is a finding.
pub(super) fn run(args: &BisectArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let tag = |typed: &Option<String>| typed.as_deref().map(names::tag);
    let options = BisectOptions {
        places: ui.places(),
        patches: args.patches.clone(),
        series: args.series.clone(),
        base: tag(&args.base),
        patch: args.patch.clone(),
        from: tag(&args.from),
        to: tag(&args.to),
        until: match args.until {
            End::Conflict => Until::Conflict,
            End::Dropped => Until::Dropped,
            End::Any => Until::Any,
        },
        all: args.all,
        commits: args.commits,
    };
    let report = ui.working(|watch| bisect::bisect(&options, watch))?;
    let stops = report.first_bad.is_some();
    ui.show("bisect", &[report], render::bisect::text)?;
    Ok(if stops { Exit::Findings } else { Exit::Done })
}
