//! `kpatch module`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use kpatch::arch::Arch;
use kpatch::ops::OpError;
use kpatch::ops::module::{self, ModuleBuildOptions, ModuleNewOptions};

use super::Examples;
use crate::exit::Exit;
use crate::render;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch module new hello", "Begin a module"),
    ("kpatch module build hello", "Compile it for the kernel that was built last"),
];
pub(super) const NEW_EXAMPLES: Examples = &[
    ("kpatch module new hello", "For the newest kernel of the kit, in the directory hello"),
    ("kpatch module new hello modules/hello --image linuxkit/kernel:6.6.13", "For a kernel of your choice"),
];
pub(super) const BUILD_EXAMPLES: Examples = &[
    ("kpatch module build hello", "For the kernel that was built last"),
    (
        "kpatch module build hello --image linuxkit/kernel:6.6.13-arm64",
        "For an image, with a cross compiler where it takes one",
    ),
    (
        "kpatch module build hello --dev kernel-dev.tar --tag example/hello:1",
        "Against an archive of headers, and make an image of it",
    ),
];

/// Begin and compile kernel modules that are no part of the kernel
#[derive(Debug, Args)]
#[command(subcommand_value_name = "VERB", subcommand_help_heading = "Verbs")]
pub(crate) struct ModuleArgs {
    #[command(subcommand)]
    command: ModuleCommand,
}

#[derive(Debug, Subcommand)]
enum ModuleCommand {
    /// Write the files that a module begins with
    ///
    /// A source that says hello with its Makefile; a multi-stage Dockerfile that compiles it with the compiler of the kernel, on
    /// Alpine and on Debian; a YAML file with the step that loads it, a script for that step, and a test that compiles and boots
    /// it with kpatch. The directory must not be there, or be empty.
    New {
        /// The name of the module: small letters, digits and '_'
        #[arg(value_name = "NAME")]
        name: String,
        /// Where the files go [default: a directory with the name of the module]
        #[arg(value_name = "DIR")]
        dir: Option<PathBuf>,
        /// The image of the kernel [default: that of the kit's newest kernel]
        #[arg(long, value_name = "REF")]
        image: Option<String>,
        /// The image with the compiler of the kernel [default: that of the kernel, with -builder]
        #[arg(long, value_name = "REF")]
        builder: Option<String>,
    },
    /// Compile a module natively against a kernel's headers
    ///
    /// Needs nothing of the kernel but the kernel-dev.tar of its image, which lies in a temporary directory meanwhile, as does a copy of the
    /// module. The compiler is that of this machine, or its cross compiler for the kernel's architecture; a warning says
    /// where it is not the one that compiled the kernel. The release, the symbols and the format of what comes out are checked, and NAME.ko is
    /// written into the directory.
    Build {
        /// The directory with the module; its Makefile is there or in src
        #[arg(value_name = "DIR")]
        dir: PathBuf,
        /// The kernel: an image or an output directory [default: the newest that was built]
        #[arg(long, value_name = "IMAGE", conflicts_with = "dev")]
        image: Option<String>,
        /// A kernel-dev.tar instead of an image
        #[arg(long, value_name = "FILE")]
        dev: Option<PathBuf>,
        /// The architecture, where an image has several
        #[arg(long, value_name = "ARCH")]
        arch: Option<Arch>,
        /// Make an image of this name with the modules in it
        #[arg(long, value_name = "REF")]
        tag: Option<String>,
        /// How many jobs make may run [default: as many as there are processors]
        #[arg(short, long, value_name = "N")]
        jobs: Option<usize>,
        /// Where everything that is built is [default: out at the top of the kit]
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

/// Does it and reports.
pub(super) fn run(args: &ModuleArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    match &args.command {
        ModuleCommand::New { name, dir, image, builder } => {
            let options = ModuleNewOptions {
                places: ui.places(),
                name: name.clone(),
                dir: dir.clone(),
                image: image.clone(),
                builder: builder.clone(),
            };
            let report = module::module_new(&options)?;
            ui.show("module new", &[report], render::module::scaffold)?;
        }
        ModuleCommand::Build { dir, image, dev, arch, tag, jobs, out } => {
            let options = ModuleBuildOptions {
                places: ui.places(),
                dir: dir.clone(),
                image: image.clone(),
                dev: dev.clone(),
                arch: *arch,
                tag: tag.clone(),
                out: out.clone(),
                jobs: *jobs,
            };
            let report = ui.working(|watch| module::module_build(&options, watch))?;
            ui.show("module build", &[report], render::module::build)?;
        }
    }
    Ok(Exit::Done)
}
