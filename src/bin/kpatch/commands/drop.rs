//! `kpatch drop`.

use clap::Args;

use kpatch::ops::OpError;
use kpatch::ops::drop::{self, DropOptions};
use kpatch::ops::resume::{self, Action, ResumeOptions, Which};

use super::{Examples, SetArgs, show_change};
use crate::exit::Exit;
use crate::render;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch drop 7 --series 6.6.x", "Take patch 0007 out of the set of 6.6.x"),
    ("kpatch drop usb-fix 0003 --reason obsolete", "Drop two patches, and say why"),
    ("kpatch drop 7 --patches patches --base v6.6.13", "Change a bare directory of patches"),
];

/// Take patches out of a set
///
/// The later patches are carried over the gap by three-way merges; those that are the same without the dropped ones
/// keep their bytes. A later patch that needs a dropped one conflicts, and then nothing changes before that is resolved.
/// The branch <TAG>-linuxkit moves along if it holds the set.
///
/// While a bump of the set is stopped, its patches are dropped from that bump instead, which takes a reason; the bump
/// then goes on.
#[derive(Debug, Args)]
pub(crate) struct DropArgs {
    /// The patches: by number, by file name or a part of it that is unique, 0007#2 for the second patch of a file
    #[arg(value_name = "PATCH", required = true)]
    dropped: Vec<String>,
    /// Why, for the report
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    set: SetArgs,
}

/// Drops and reports.
pub(super) fn run(args: &DropArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let options = args.set.options(ui);
    let which =
        Which { places: options.places.clone(), patches: options.patches.clone(), series: options.series.clone() };
    if ui.working(|watch| resume::is_stopped(&which, watch))? {
        return from_stopped(args, which, ui);
    }
    let options = DropOptions { set: options, patches: args.dropped.clone(), reason: args.reason.clone() };
    let report = ui.working(|watch| drop::drop(&options, watch))?;
    show_change("drop", report, ui)
}

/// Goes on with a stopped bump without the patches.
fn from_stopped(args: &DropArgs, which: Which, ui: &mut Ui) -> Result<Exit, OpError> {
    let Some(reason) = &args.reason else {
        return Err(OpError::new("a bump or a change of the set is stopped, and a patch leaves it for a reason")
            .hint("kpatch drop PATCH --reason TEXT, kpatch skip PATCH, or kpatch abort to give it up first"));
    };
    let action = Action::LeaveOut { patches: args.dropped.clone(), reason: Some(reason.clone()) };
    let options = ResumeOptions { which, action, ..ResumeOptions::default() };
    let report = ui.working(|watch| resume::resume(&options, watch))?;
    let exit = Exit::from(report.state);
    ui.show("drop", &[report], render::bump::text)?;
    Ok(exit)
}
