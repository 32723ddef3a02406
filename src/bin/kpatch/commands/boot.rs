//! `kpatch boot`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, value_parser};

use kpatch::arch::Arch;
use kpatch::build::boot::Verdict;
use kpatch::ops::OpError;
use kpatch::ops::boot::{self, BootOptions};

use super::Examples;
use crate::exit::Exit;
use crate::render;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch boot", "Boot the kernel that was built last, and load a module"),
    (
        "kpatch boot linuxkit/kernel:6.6.13-amd64 --module veth",
        "Boot an image, and load one of its modules with all that it needs",
    ),
    (
        "kpatch boot out/kernels/6.6.13/arm64 --module hello.ko --append hello.name=you",
        "Try a module of your own, with a parameter",
    ),
    ("kpatch boot bzImage --modules /tmp/modroot", "Boot any kernel, with what make modules_install has put there"),
];

/// Boot a kernel in qemu, check its version and load a module
///
/// IMAGE is the reference of an image in out/images, an image in another layout as oci:DIR:REF, an output directory, or the
/// file of a kernel. The kernel starts with a first file system that holds nothing but a program of kpatch's own and the modules, so that
/// nothing has to be installed but qemu; it says which kernel it is, loads the modules, and restarts, which ends the machine. KVM
/// is used where it works.
///
/// It is a finding, and the exit code 1, if `uname -r` is not what the image says, if a module is not loaded, if the kernel
/// panics, or if it does not come to its end in time. The console is shown on stderr, control characters made visible, and
/// written as it is to a log.
#[derive(Debug, Args)]
pub(crate) struct BootArgs {
    /// The kernel [default: the newest that was built for this machine's architecture]
    #[arg(value_name = "IMAGE")]
    image: Option<String>,
    /// A module to load: a name, with all that it needs, or a file such as hello.ko; may be repeated [default: one that needs no device]
    #[arg(long = "module", value_name = "NAME|FILE", conflicts_with = "no_module")]
    module: Vec<String>,
    /// Load no module
    #[arg(long)]
    no_module: bool,
    /// Where the modules of a bare kernel are: a directory with lib/modules, or a kernel.tar
    #[arg(long, value_name = "DIR")]
    modules: Option<PathBuf>,
    /// More arguments for the kernel; MODULE.NAME=VALUE is a parameter of a module
    #[arg(long, value_name = "ARGS", default_value = "", hide_default_value = true, allow_hyphen_values = true)]
    append: String,
    /// The architecture, where an image has several
    #[arg(long, value_name = "ARCH")]
    arch: Option<Arch>,
    /// The memory of the machine, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 1024, value_parser = value_parser!(u32).range(32..=1 << 20))]
    memory: u32,
    /// How many seconds it may take; without KVM a kernel takes several times longer
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = value_parser!(u64).range(1..=86400))]
    timeout: u64,
    /// Where everything that was built is [default: out at the top of the kit]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Boots and reports.
pub(super) fn run(args: &BootArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let options = BootOptions {
        places: ui.places(),
        image: args.image.clone(),
        arch: args.arch,
        out: args.out.clone(),
        modules: args.module.clone(),
        no_modules: args.no_module,
        modules_dir: args.modules.clone(),
        append: args.append.clone(),
        memory: args.memory,
        timeout: Duration::from_secs(args.timeout),
    };
    let report = ui.working(|watch| boot::boot(&options, watch))?;
    let passed = report.verdict == Verdict::Passed;
    ui.show("boot", &[report], render::boot::text)?;
    Ok(if passed { Exit::Done } else { Exit::Findings })
}
