//! `kpatch update-yaml`.

use clap::Args;

use kpatch::ops::OpError;
use kpatch::ops::update_yaml::{self, UpdateYamlOptions};

use super::Examples;
use crate::exit::Exit;
use crate::render;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch update-yaml", "Let all references to kernel images follow the kit, after kernel/ was committed"),
    ("kpatch update-yaml 6.6.x --diff", "Look at what would change for one series"),
    ("kpatch update-yaml --check", "Fail where a reference is out of date, for CI"),
];

/// Let references to kernel images follow the kit
///
/// In the YAML files and their templates, Dockerfiles and shell scripts of the kit, but not below kernel/, references to the
/// kernel and to the tools that are built for it get the tags that they should have. A version with a hash stays in its
/// series and gets the newest version and hash of it; a bare version follows the newest series, or that which a directory
/// above the file names; a -builder follows the kernel of its file. Nothing but the tags changes.
///
/// Hashes are those of committed files: commit kernel/ first. Tags that say -dirty are never written.
#[derive(Debug, Args)]
pub(crate) struct UpdateYamlArgs {
    /// Only references to these series, such as 6.6.x [default: all]
    #[arg(value_name = "SERIES")]
    series: Vec<String>,
    /// Write nothing, and exit with 1 if a reference is out of date
    #[arg(long)]
    check: bool,
    /// Write nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Show the changes as diffs, and write nothing
    #[arg(long)]
    diff: bool,
}

/// Updates and reports.
pub(super) fn run(args: &UpdateYamlArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let options = UpdateYamlOptions {
        places: ui.places(),
        series: args.series.clone(),
        write: !(args.check || args.dry_run || args.diff),
        diff: args.diff,
    };
    let report = ui.working(|watch| update_yaml::update_yaml(&options, watch))?;
    let is_stale = !report.written && !report.files.is_empty();
    ui.show("update-yaml", &[report], render::update_yaml::text)?;
    Ok(if args.check && is_stale { Exit::Findings } else { Exit::Done })
}
