//! `kpatch verify`.

use std::path::PathBuf;

use clap::Args;

use kpatch::ops::OpError;
use kpatch::ops::verify::{self, VerifyOptions};

use super::Examples;
use crate::exit::Exit;
use crate::names;
use crate::render;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch verify", "Check the patch sets of every series on the kit's versions"),
    ("kpatch verify 6.6.x --with-git", "Let git am and patch -F0 do it themselves and compare"),
    ("kpatch verify 6.6.x --with-git --to v6.6.14", "Compare also the carrying with git merge-tree"),
    ("kpatch verify --patches patches --base v6.6.13", "Check a bare directory of patches"),
];

/// Prove that a patch set applies and that all ways of applying it give one tree
///
/// What could not be run is reported as not checked, never as passed.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The series, such as 6.6.x [default: every series that is not deprecated]
    #[arg(value_name = "SERIES", conflicts_with = "patches")]
    series: Option<String>,
    /// The tag to verify on [default: the version in the kit]
    #[arg(long, value_name = "TAG")]
    base: Option<String>,
    /// Verify the patches of this directory instead of a kit's
    #[arg(long, value_name = "DIR", requires = "base")]
    patches: Option<PathBuf>,
    /// Run git and patch themselves beside kpatch and compare the trees
    #[arg(long)]
    with_git: bool,
    /// Carry to this tag with git merge-tree too, and compare with kpatch's own carrying
    #[arg(long, value_name = "TAG", requires = "with_git")]
    to: Option<String>,
}

/// Verifies and reports; a set that does not hold, or of which nothing was checked, is a finding.
pub(super) fn run(args: &VerifyArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let options = VerifyOptions {
        places: ui.places(),
        patches: args.patches.clone(),
        series: args.series.clone(),
        base: args.base.as_deref().map(names::tag),
        to: args.to.as_deref().map(names::tag),
        with_git: args.with_git,
    };
    let reports = ui.working(|watch| verify::verify(&options, watch))?;
    ui.show("verify", &reports, render::verify::text)?;
    Ok(if reports.iter().all(render::verify::proved) { Exit::Done } else { Exit::Findings })
}
