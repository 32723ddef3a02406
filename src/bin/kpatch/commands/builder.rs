//! `kpatch builder`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use kpatch::ops::OpError;
use kpatch::ops::builder::{self, CreateBuilderOptions};

use super::Examples;
use crate::exit::Exit;
use crate::render;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[("kpatch builder create", "Make an image to compile kernels in")];
pub(super) const CREATE_EXAMPLES: Examples = &[
    ("kpatch builder create", "Make one of the stable Debian, in the layout out/builder"),
    ("kpatch builder create --target arm64 --out oci:builders", "One that also compiles for arm64"),
    ("kpatch builder create --suite trixie --package llvm", "One of another release, with another package"),
];

/// Images to compile kernels in
#[derive(Debug, Args)]
#[command(subcommand_value_name = "VERB", subcommand_help_heading = "Verbs")]
pub(crate) struct BuilderArgs {
    #[command(subcommand)]
    command: BuilderCommand,
}

#[derive(Debug, Subcommand)]
enum BuilderCommand {
    /// Make a builder image of Debian packages
    ///
    /// The image has all that kernels, their tools and their configurations are built with, so that builds in it need no network. It is
    /// written as an OCI layout without any container engine, by mmdebstrap or, as root, by debootstrap. The same packages give the same
    /// image, byte for byte; its tag has a hash of its contents. What is printed is what --builder-image takes.
    Create {
        /// The Debian release [default: bookworm]
        #[arg(long, value_name = "NAME")]
        suite: Option<String>,
        /// Where its packages are [default: as the program that gets them has it]
        #[arg(long, value_name = "URL")]
        mirror: Option<String>,
        /// What the image runs on [default: this machine]
        #[arg(long, value_name = "ARCH")]
        arch: Option<String>,
        /// Another architecture that it compiles for; may be given several times
        #[arg(long = "target", value_name = "ARCH")]
        targets: Vec<String>,
        /// Another package that it has; may be given several times
        #[arg(long = "package", value_name = "NAME")]
        packages: Vec<String>,
        /// The layout that it is put into, oci:DIR or DIR
        #[arg(long, value_name = "DIR", default_value = "oci:out/builder")]
        out: PathBuf,
        /// The moment that all its files get, in seconds since 1970 [default: the first of 1980]
        #[arg(long, value_name = "SECONDS", env = "SOURCE_DATE_EPOCH")]
        epoch: Option<i64>,
    },
}

/// Makes an image and says how to name it.
pub(super) fn run(args: &BuilderArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let BuilderCommand::Create { suite, mirror, arch, targets, packages, out, epoch } = &args.command;
    let options = CreateBuilderOptions {
        suite: suite.clone(),
        mirror: mirror.clone(),
        arch: arch.clone(),
        targets: targets.clone(),
        packages: packages.clone(),
        out: out.clone(),
        epoch: *epoch,
    };
    let report = ui.working(|watch| builder::create(&options, watch))?;
    ui.show("builder create", &[report], render::builder::text)?;
    Ok(Exit::Done)
}
