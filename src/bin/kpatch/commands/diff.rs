//! `kpatch diff`.

use clap::Args;

use kpatch::ops::OpError;
use kpatch::ops::diff::{self, DiffOptions};

use super::{Examples, Format, FormatArgs};
use crate::exit::Exit;
use crate::render;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch diff 6.6.x", "See what the files of a series differ in from the last commit"),
    ("kpatch diff HEAD~1:6.6.x 6.6.x", "Compare a series with itself one commit ago"),
    ("kpatch diff 6.1.x 6.6.x -q", "See which patches two series share"),
    ("kpatch diff old/patches new/patches", "Compare two directories of patches"),
    ("kpatch diff 6.6.x v6.6.13..v6.6.13-linuxkit", "Compare the files of a series with its branch"),
    ("kpatch diff HEAD~1:6.6.x 6.6.x --format markdown", "Write the comparison for a pull request"),
];

/// Compare two patch sets: what is the same, moved, changed, added, dropped
///
/// Each of OLD and NEW is a series of the kit (6.6.x), a directory of patches, a directory at a revision of the kit's
/// repository (HEAD~1:kernel/patches-6.6.x, or HEAD~1:6.6.x), or commits of the linux tree (v6.6.13..mybranch). A
/// series or a directory alone is compared with its last commit.
///
/// Patches are paired as git range-diff does it. A pair is the same if author, message, changed lines and context are,
/// wherever the lines stand in the file; "message" if only author or message differ, "context" if the changed lines
/// are the same, else "changed". What differs is shown as a diff between the two patches. The exit code is 0 if
/// nothing differs but the order, 1 if something does.
#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// The old set
    #[arg(value_name = "OLD")]
    old: String,
    /// The new set [default: the files of OLD, whose last commit is the old set]
    #[arg(value_name = "NEW")]
    new: Option<String>,
    #[command(flatten)]
    format: FormatArgs,
}

/// Compares and reports; a difference is a finding.
pub(super) fn run(args: &DiffArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let options = DiffOptions { places: ui.places(), old: args.old.clone(), new: args.new.clone() };
    args.format.no_page("diff")?;
    let report = ui.working(|watch| diff::diff(&options, watch))?;
    let text = match args.format.chosen(ui) {
        Format::Text => render::diff::text(&report, ui.view()),
        Format::Markdown | Format::Html => render::diff::markdown(&report),
        Format::Json => render::json::envelope("diff", std::slice::from_ref(&report))?,
    };
    ui.print(&text)?;
    Ok(if report.same { Exit::Done } else { Exit::Findings })
}
