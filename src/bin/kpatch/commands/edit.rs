//! `kpatch edit`.

use std::env;

use clap::Args;

use kpatch::ops::OpError;
use kpatch::ops::change_set::ChangeReport;
use kpatch::ops::edit::{self, EditOptions, NewText};

use super::{Examples, SetArgs, read_text, show_change};
use crate::editor::Draft;
use crate::exit::Exit;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch edit 7 --series 6.6.x", "Open patch 0007 in your editor, and carry the rest over the new text"),
    ("kpatch edit usb-fix --message message", "Give a patch another message"),
    ("kpatch edit 7 --patch new.patch", "Give a patch another text"),
];

/// Edit a patch of a set, and carry the later ones over it
///
/// Without --message and --patch the patch opens in the editor that git would open, as git-var(1) says. The line counts
/// of its hunks need not be right. A new message leaves the diff as it is, byte for byte, and a new diff leaves the
/// message; the diffstat follows. What you wrote is kept in a file where it cannot be used.
#[derive(Debug, Args)]
pub(crate) struct EditArgs {
    /// The patch: its number, its file name or a part of it that is unique, 0007#2 for the second patch of a file
    #[arg(value_name = "PATCH")]
    patch: String,
    /// Take the new message from a file, or with - from stdin: subject, empty line, body
    #[arg(long, value_name = "FILE", conflicts_with = "patch_file")]
    message: Option<String>,
    /// Take the new patch from a file, or with - from stdin
    #[arg(long = "patch", value_name = "FILE", id = "patch_file")]
    patch_file: Option<String>,
    #[command(flatten)]
    set: SetArgs,
}

/// Edits and reports.
pub(super) fn run(args: &EditArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let set = args.set.options(ui);
    let name = |file: &str| if file == "-" { "stdin".to_owned() } else { file.to_owned() };
    let (text, was, draft) = match (&args.message, &args.patch_file) {
        (Some(file), _) => {
            let bytes = read_text(file)?;
            let draft = (file == "-").then(|| Draft::new("message", &bytes)).transpose()?;
            (NewText::Message { name: name(file), bytes }, None, draft)
        }
        (None, Some(file)) => {
            let bytes = read_text(file)?;
            let draft = (file == "-").then(|| Draft::new("stdin.patch", &bytes)).transpose()?;
            (NewText::Patch { name: name(file), bytes }, None, draft)
        }
        (None, None) => {
            let variable = |name: &str| env::var(name).ok();
            let editor = edit::editor(&set.places, variable, ui.attended())?;
            let copy = ui.working(|watch| edit::copy(&set, &args.patch, watch))?;
            let draft = Draft::new(&copy.file, &copy.text)?;
            let bytes = draft.edit(&editor)?;
            let name = draft.path().display().to_string();
            (NewText::Patch { name, bytes }, Some(copy.text), Some(draft))
        }
    };
    let options = EditOptions { set, patch: args.patch.clone(), text, was };
    let report = ui.working(|watch| edit::edit(&options, watch));
    finish(report, draft, args.set.dry_run, ui)
}

/// Shows the report; a text that is not in the kit now stays where it is.
fn finish(
    report: Result<ChangeReport, OpError>,
    draft: Option<Draft>,
    dry_run: bool,
    ui: &mut Ui,
) -> Result<Exit, OpError> {
    let report = match (report, &draft) {
        (Err(error), Some(draft)) => return Err(error.hint(draft.kept())),
        (report, _) => report?,
    };
    let landed = !report.report.needs_decision() && (!dry_run || report.is_unchanged());
    match draft {
        Some(draft) if landed => draft.discard(),
        Some(draft) => ui.warn(&draft.kept()),
        None => {}
    }
    show_change("edit", report, ui)
}
