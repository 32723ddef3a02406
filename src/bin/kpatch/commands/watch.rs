//! `kpatch watch`.

use std::path::PathBuf;

use clap::Args;

use kpatch::ops::OpError;
use kpatch::ops::watch::{self, WatchOptions, WatchReport};

use super::{ChangeLogArgs, Examples};
use crate::exit::Exit;
use crate::names;
use crate::render;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch watch", "See what upstream says of the commits that every series carries"),
    ("kpatch watch 6.6.x --changelogs", "The same with the ChangeLogs of kernel.org, for a tree without history"),
    ("kpatch watch --changelogs=../mirror --offline", "The same with those of a directory"),
    ("kpatch watch --patches patches --base v6.6.13", "Look at a bare directory of patches"),
];

/// Say what upstream says of the commits that a kit carries
///
/// Patches name the commits that they are copies of: (cherry picked from commit ...), Origin:, commit ... upstream. Those are
/// looked up in what came after the kit's version: reverted by a later commit, fixed by a later one, part of a later release of
/// the series or of a release candidate. The history of the linux tree says it, up to its newest tag. Where it has none,
/// ChangeLogs do, as far as they are asked for: by --changelogs, by mirror = "https://..." below [sources] of kpatch.toml or the
/// variable KPATCH_MIRROR, or because the linux tree is from kernel.org itself.
///
/// Where vulns = "../vulns" below [sources] of kpatch.toml, or the variable KPATCH_VULNS, names a clone of the kernel's
/// vulns.git, the CVEs whose fix the kernel lacks for certain are listed as well.
///
/// What could not be looked at is reported as not checked. The exit code is 1 if something was found.
#[allow(clippy::doc_markdown, reason = "the text is help, in which backticks would be shown")]
#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// The series, such as 6.6.x [default: every series that is not deprecated]
    #[arg(value_name = "SERIES", conflicts_with = "patches")]
    series: Option<String>,
    /// The tag that the patches are on [default: the version in the kit]
    #[arg(long, value_name = "TAG")]
    base: Option<String>,
    /// Look at the patches of this directory instead of a kit's
    #[arg(long, value_name = "DIR", requires = "base")]
    patches: Option<PathBuf>,
    #[command(flatten)]
    changelogs: ChangeLogArgs,
}

/// Looks and reports.
pub(super) fn run(args: &WatchArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let options = WatchOptions {
        places: args.changelogs.places(ui),
        series: args.series.clone(),
        patches: args.patches.clone(),
        base: args.base.as_deref().map(names::tag),
    };
    let reports = ui.working(|watch| watch::watch(&options, watch))?;
    ui.show("watch", &reports, render::watch::text)?;
    Ok(if reports.iter().any(WatchReport::has_findings) { Exit::Findings } else { Exit::Done })
}
