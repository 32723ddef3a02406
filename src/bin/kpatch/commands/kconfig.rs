//! `kpatch kconfig`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use kpatch::build::engine::Engine;
use kpatch::ops::OpError;
use kpatch::ops::kconfig::{self, KconfigOptions};

use super::Examples;
use crate::exit::Exit;
use crate::render;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch kconfig", "Make the image for all kernels of the kit"),
    ("kpatch kconfig 6.6.x --tag 6.6", "Make it for one series, with a tag"),
];

/// Make an image for changing kernel configurations
///
/// The image is a shell in the builder image beside the patched sources of all supported kernels, each in /linux-VERSION, those of
/// variants in directories of their own. The configurations of all architectures are copied to the places of the default ones, so
/// that `make menuconfig`, `make defconfig` and `make ARCH=arm64 defconfig` begin with them. It is left in the container engine
/// that made it, and never pushed. Run it beside the directory that the changed configuration is to go to:
/// docker run --rm -ti -v $(pwd):/src IMAGE
#[derive(Debug, Args)]
pub(crate) struct KconfigArgs {
    /// Only these kernels: series such as 6.6.x, or versions [default: all that are not deprecated]
    #[arg(value_name = "KERNEL")]
    kernels: Vec<String>,
    /// The tag of the image [default: none]
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// What the image runs on [default: this machine]
    #[arg(long, value_name = "ARCH", env = "ARCH")]
    arch: Option<String>,
    /// The container engine [default: docker, if a daemon answers, else buildah]
    #[arg(long, value_name = "WHAT", value_enum)]
    producer: Option<Producer>,
    /// The docker builder or context; {{.Arch}} in it is the architecture, such as amd64
    #[arg(long, value_name = "NAME", env = "BUILDER")]
    builder: Option<String>,
    /// The builder image: a reference, oci:DIR[:TAG], docker-archive:FILE, or a directory [default: what the kit says]
    #[arg(long, value_name = "IMAGE")]
    builder_image: Option<String>,
    /// A tarball of a release, by the version in its name, instead of the linux tree; may be given several times
    #[arg(long = "source", value_name = "FILE")]
    sources: Vec<PathBuf>,
    /// Where sources are prepared [default: out/ in the top directory of the kit]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// What makes the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Producer {
    /// A docker daemon, or its builders
    Docker,
    /// Buildah, without a daemon
    Buildah,
}

/// Makes the image and says how to start it.
pub(super) fn run(args: &KconfigArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let options = KconfigOptions {
        places: ui.places(),
        kernels: args.kernels.clone(),
        tag: args.tag.clone(),
        arch: args.arch.clone(),
        engine: args.producer.map(|producer| match producer {
            Producer::Docker => Engine::Docker,
            Producer::Buildah => Engine::Buildah,
        }),
        builder: args.builder.clone(),
        builder_image: args.builder_image.clone(),
        tarballs: args.sources.clone(),
        out: args.out.clone(),
    };
    let report = ui.working(|watch| kconfig::kconfig(&options, watch))?;
    ui.show("kconfig", &[report], render::kconfig::text)?;
    Ok(Exit::Done)
}
