//! `kpatch export`.

use std::path::PathBuf;

use clap::Args;

use kpatch::ops::OpError;
use kpatch::ops::export::{self, ExportOptions};

use super::{Examples, Writer};
use crate::exit::Exit;
use crate::names;
use crate::render;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch export 6.6.x", "Write the branch v6.6.13-linuxkit back into the kit's patch files"),
    ("kpatch export 6.6.x --base v6.6.14", "Write a branch that was rebased by hand"),
    ("kpatch export --patches patches --base v6.6.13", "Export into a bare directory of patches"),
];

/// Write a branch of the linux tree back into the kit's patch files
///
/// A patch file that still says what its commit says keeps its bytes. The new files are proved like those of bump
/// before they replace the old ones.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
pub(crate) struct ExportArgs {
    /// The series, such as 6.6.x [default: every series that is not deprecated]
    #[arg(value_name = "SERIES", conflicts_with = "patches")]
    series: Option<String>,
    /// The tag below the branch [default: the version in the kit]
    #[arg(long, value_name = "TAG")]
    base: Option<String>,
    /// The branch [default: <TAG>-linuxkit]
    #[arg(long, value_name = "BRANCH")]
    branch: Option<String>,
    /// Export into this directory instead of a kit
    #[arg(long, value_name = "DIR", requires = "base")]
    patches: Option<PathBuf>,
    /// Write every patch anew, as git format-patch does, also those that could stay as they are
    #[arg(long)]
    refresh: bool,
    /// Close gaps in the numbers
    #[arg(long)]
    renumber: bool,
    /// Write nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Go on although kernel/ has changes that are not committed
    #[arg(long)]
    allow_dirty: bool,
    /// Leave patch -F0 out of the proof, for sets with binary diffs
    #[arg(long)]
    skip_patch_utility: bool,
    /// Which tool writes the patch files
    #[arg(long, value_name = "WRITER", value_enum, default_value_t)]
    export: Writer,
}

/// Exports and reports.
pub(super) fn run(args: &ExportArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let options = ExportOptions {
        places: ui.places(),
        patches: args.patches.clone(),
        series: args.series.clone(),
        base: args.base.as_deref().map(names::tag),
        branch: args.branch.clone(),
        refresh: args.refresh,
        renumber: args.renumber,
        dry_run: args.dry_run,
        allow_dirty: args.allow_dirty,
        skip_patch_utility: args.skip_patch_utility,
        export_with_git: args.export == Writer::Git,
    };
    let reports = ui.working(|watch| export::export(&options, watch))?;
    ui.show("export", &reports, render::export::text)?;
    Ok(if reports.iter().all(|report| report.gate.holds) { Exit::Done } else { Exit::Findings })
}
