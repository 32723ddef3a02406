//! `kpatch reorder`.

use clap::{ArgGroup, Args};

use kpatch::ops::OpError;
use kpatch::ops::reorder::{self, Order, Place, ReorderOptions};

use super::{Examples, SetArgs, read_text, show_change};
use crate::exit::Exit;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch reorder 7 --before 3 --series 6.6.x", "Put patch 0007 before 0003"),
    ("kpatch reorder usb-fix --after 0012", "Put a patch behind another one"),
    ("kpatch reorder --order list", "Put the patches in the order of a list of names or numbers"),
];

/// Put the patches of a set in another order
///
/// Each patch is carried to its new place by a three-way merge, and the files get new numbers. All patches together
/// have to give the tree that they gave before; if they do not, or if one conflicts, nothing changes.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("place").args(["before", "after", "order"]).required(true)))]
pub(crate) struct ReorderArgs {
    /// The patch to move: its number, its file name or a part of it that is unique
    #[arg(value_name = "PATCH", required_unless_present = "order", conflicts_with = "order")]
    patch: Option<String>,
    /// Put it before this one
    #[arg(long, value_name = "PATCH")]
    before: Option<String>,
    /// Put it behind this one
    #[arg(long, value_name = "PATCH")]
    after: Option<String>,
    /// Read the new order from a file, or with - from stdin: every patch of the set, one a line
    #[arg(long, value_name = "FILE")]
    order: Option<String>,
    #[command(flatten)]
    set: SetArgs,
}

/// Reorders and reports.
pub(super) fn run(args: &ReorderArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let order = match (&args.patch, &args.before, &args.after, &args.order) {
        (_, _, _, Some(list)) => Order::List(read_text(list)?),
        (Some(patch), Some(other), ..) => Order::Move { patch: patch.clone(), place: Place::Before(other.clone()) },
        (Some(patch), None, Some(other), _) => Order::Move { patch: patch.clone(), place: Place::After(other.clone()) },
        _ => return Err(OpError::new("no place is named").hint("say --before PATCH, --after PATCH or --order FILE")),
    };
    let options = ReorderOptions { set: args.set.options(ui), order };
    let report = ui.working(|watch| reorder::reorder(&options, watch))?;
    show_change("reorder", report, ui)
}
