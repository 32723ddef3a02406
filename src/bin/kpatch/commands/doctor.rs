//! `kpatch doctor`.

use std::path::PathBuf;

use clap::Args;

use kpatch::ops::OpError;
use kpatch::ops::doctor::{self, DoctorOptions};

use super::Examples;
use crate::exit::Exit;
use crate::render;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch doctor", "See what is missing to build, boot and repack kernels, and how to install it"),
    ("kpatch doctor --json", "The same for programs"),
];

/// Look at what this machine has to build and boot kernels
///
/// Compilers for every architecture, the programs and headers that kernels need, container engines, emulators, qemu, room on the disk,
/// and the linux tree: what of these is there, in which version, and which packages of this distribution have the rest.
/// Nothing is installed or changed.
///
/// The exit code is 0 if everything is there that compiling a kernel for this machine's own architecture takes, and 1 otherwise; the
/// rest is only told.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Where builds go, for the room that there is [default: out at the top of the kit]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Looks and reports.
pub(super) fn run(args: &DoctorArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let options = DoctorOptions { places: ui.places(), out: args.out.clone() };
    let report = ui.working(|watch| doctor::doctor(&options, watch))?;
    let ready = report.ready;
    ui.show("doctor", &[report], render::doctor::text)?;
    Ok(if ready { Exit::Done } else { Exit::Findings })
}
