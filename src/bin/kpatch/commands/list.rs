//! `kpatch list`.

use clap::Args;

use kpatch::arch::Arch;
use kpatch::ops::OpError;
use kpatch::ops::list::{self, ListOptions};

use super::Examples;
use crate::exit::Exit;
use crate::render;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch list", "The kernels that are built for this machine's architecture"),
    ("kpatch list --arch arm64 --json", "Those for another one, with their hashes"),
];

/// List the kernels of the kit
///
/// The versions that the kit lists for one architecture, those that are deprecated, and the tools that are built for each
/// kernel.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// The architecture, such as amd64 or `x86_64` [default: that of this machine]
    #[arg(long, value_name = "ARCH")]
    arch: Option<Arch>,
}

/// Lists.
pub(super) fn run(args: &ListArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let report = list::list(&ListOptions { places: ui.places(), arch: args.arch })?;
    ui.show("list", &[report], render::images::list)?;
    Ok(Exit::Done)
}
