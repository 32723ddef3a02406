//! `kpatch import`.

use std::path::PathBuf;

use clap::Args;

use kpatch::ops::OpError;
use kpatch::ops::import::{self, ImportOptions};

use super::Examples;
use crate::exit::Exit;
use crate::names;
use crate::render;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch import 6.6.x", "Make the branch v6.6.13-linuxkit from the kit's patches"),
    ("kpatch import --patches patches --base v6.6.13", "Import a bare directory of patches"),
];

/// Make a patch set a branch in the linux tree
///
/// The branch <TAG>-linuxkit has one commit for each patch on top of the tag. A patch that does not apply to the tag
/// without fuzz is an error that names it, and then no branch is written.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The series, such as 6.6.x [default: every series that is not deprecated]
    #[arg(value_name = "SERIES", conflicts_with = "patches")]
    series: Option<String>,
    /// The tag to import onto [default: the version in the kit]
    #[arg(long, value_name = "TAG")]
    base: Option<String>,
    /// Import the patches of this directory instead of a kit's
    #[arg(long, value_name = "DIR", requires = "base")]
    patches: Option<PathBuf>,
    /// Replace a branch that is there and differs
    #[arg(long)]
    replace_branch: bool,
    /// Write nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

/// Imports and reports.
pub(super) fn run(args: &ImportArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let options = ImportOptions {
        places: ui.places(),
        patches: args.patches.clone(),
        series: args.series.clone(),
        base: args.base.as_deref().map(names::tag),
        replace_branch: args.replace_branch,
        dry_run: args.dry_run,
    };
    let reports = ui.working(|watch| import::import(&options, watch))?;
    ui.show("import", &reports, render::import::text)?;
    Ok(Exit::Done)
}
