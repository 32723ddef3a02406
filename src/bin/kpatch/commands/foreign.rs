//! `kpatch foreign`.

use std::path::PathBuf;

use clap::Args;

use kpatch::ops::OpError;
use kpatch::ops::foreign::{self, ForeignOptions};

use super::Examples;
use crate::exit::Exit;
use crate::render;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch foreign linux-image-6.1.0-56-amd64_6.1.192-2_amd64.deb", "A kernel of Debian as an image"),
    (
        "kpatch foreign linux-image-6.8.0-31-generic.deb linux-modules-6.8.0-31-generic.deb --tag example/kernel:ubuntu",
        "One of Ubuntu, under a name of your own",
    ),
    (
        "kpatch foreign kernel-core.rpm kernel-modules-core.rpm kernel-devel.rpm",
        "One of Fedora, with headers to compile modules",
    ),
];

/// Make a kernel image of a distribution's packages
///
/// The packages of one kernel, .deb or .rpm, become an image as kpatch build makes them: the kernel, its configuration and symbols, the
/// modules with what depmod finds, and the headers that were among the packages. Debian's headers are linux-headers-VERSION-ARCH,
/// its -common and linux-kbuild; linux-libc-dev has those for programs. Nothing is fetched, and nothing in the packages is run.
///
/// A package that is damaged, that leads out of itself, or is much bigger than a kernel is refused, and nothing is left.
#[derive(Debug, Args)]
pub(crate) struct ForeignArgs {
    /// The packages, in any order
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// The reference of the image [default: the kit's name for kernels with the distribution, such as linuxkit/kernel-debian:6.1.192-2]
    #[arg(long, value_name = "REF")]
    tag: Option<String>,
    /// Where everything that is built is [default: out at the top of the kit]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Repacks and reports.
pub(super) fn run(args: &ForeignArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let options =
        ForeignOptions { places: ui.places(), files: args.files.clone(), tag: args.tag.clone(), out: args.out.clone() };
    let report = ui.working(|watch| foreign::foreign(&options, watch))?;
    ui.show("foreign", &[report], render::foreign::text)?;
    Ok(Exit::Done)
}
