//! `kpatch build`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use kpatch::arch::Arch;
use kpatch::build::plan::{Kinds, Which};
use kpatch::ops::OpError;
use kpatch::ops::build::{self, BuildOptions, Compression, ProducerChoice, Tarball};

use super::Examples;
use super::select_images::{Defaults, ImageArgs};
use crate::exit::Exit;
use crate::render;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch build --demo", "A small kernel that boots, in about two minutes"),
    ("kpatch build", "The newest kernel of the kit, for this machine's architecture"),
    ("kpatch build 6.6.13 --plain --debug --tools", "All images of one kernel"),
    ("kpatch build 6.6.x --arch arm64 --dry-run", "What would be built, how it would be called, and with what"),
    ("kpatch build --all --builder remote-{{.Arch}}-builder", "All kernels, on docker builders of their architectures"),
];

/// Build kernel images
///
/// Compiles kernels of the kit and makes images of them, with the tags that `kpatch tags` prints, in an OCI image layout below out/.
/// Nothing is pushed. Without arguments that is the newest kernel, plain, for the architecture of this machine; what is built is
/// shown first, and the last line on stdout is the reference to use in a YAML file.
///
/// The sources are a tarball (--source) or the tag of the linux tree; the patches of the series are applied without fuzz, and the
/// configuration has to be final, as config check has it. A kernel is compiled by a docker builder or by buildah in the image that
/// the kit names as its builder, or by the compiler of this machine; the same sources and compiler give the same image
/// whichever it is. What is done already is not done again, and an interrupted build goes on where it was.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
pub(crate) struct BuildArgs {
    #[command(flatten)]
    images: ImageArgs,
    /// A small kernel of the same sources that boots in qemu, to see it work
    #[arg(long, conflicts_with_all = ["all", "debug", "tools", "tool", "extra", "dockerfile"])]
    demo: bool,
    /// What compiles [default: what can, docker before buildah before this machine where the kit names a builder]
    #[arg(long, value_name = "WHAT", value_enum)]
    producer: Option<Producer>,
    /// The docker builder or context; {{.Arch}} in it is the architecture, such as amd64
    #[arg(long, value_name = "NAME")]
    builder: Option<String>,
    /// The image with the compiler: a reference, oci:DIR[:TAG], docker-archive:FILE, or a directory [default: what the kit says]
    #[arg(long, value_name = "IMAGE")]
    builder_image: Option<String>,
    /// Build with the kit's own Dockerfiles unchanged, or kernels with this one; it gets the sources by itself
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "", conflicts_with = "source")]
    dockerfile: Option<OsString>,
    /// An argument of that Dockerfile
    #[arg(long = "build-arg", value_name = "NAME=VALUE", requires = "dockerfile", value_parser = build_arg)]
    arguments: Vec<(String, String)>,
    #[command(flatten)]
    source: SourceArgs,
    /// Where everything goes [default: out/ in the top directory of the kit]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How many jobs make runs at a time [default: one for each processor]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// The sources of ZFS, for --tool zfs [default: those that zfs-dkms has installed]
    #[arg(long, value_name = "PATH")]
    zfs_source: Option<PathBuf>,
    /// How layers are compressed
    #[arg(long, value_name = "HOW", value_enum, default_value_t)]
    compression: LayerCompression,
    /// Leave the sources out of the image
    #[arg(long)]
    no_sources: bool,
    /// Build also what is there already
    #[arg(long)]
    force: bool,
    /// Show what would be built, and build nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

/// Where the sources of the kernel come from.
#[derive(Debug, Default, Args)]
pub(crate) struct SourceArgs {
    /// A tarball with the sources of the release, instead of the linux tree
    #[arg(long, value_name = "FILE")]
    source: Option<PathBuf>,
    /// The signed list of sums for the tarball [default: sha256sums.asc beside it]
    #[arg(long, value_name = "FILE", requires = "source")]
    sums: Option<PathBuf>,
    /// A file with PGP keys, in the place of kernel/keys.asc
    #[arg(long, value_name = "FILE", requires = "source")]
    keys: Option<PathBuf>,
    /// Refuse a tarball whose signature cannot be checked
    #[arg(long, requires = "source")]
    require_signature: bool,
}

/// What compiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Producer {
    /// The compiler of this machine
    Native,
    /// A docker daemon, or its builders
    Docker,
    /// Buildah, without a daemon
    Buildah,
}

/// How layers are compressed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LayerCompression {
    /// What every reader knows
    #[default]
    Gzip,
    /// Smaller and faster, for registries and readers that know it
    Zstd,
}

impl BuildArgs {
    fn options(&self, ui: &Ui) -> Result<BuildOptions, OpError> {
        let kinds = Kinds { plain: true, ..Kinds::default() };
        let defaults = Defaults { which: Which::Newest, kinds, archs: Arch::host().into_iter().collect() };
        Ok(BuildOptions {
            places: ui.places(),
            request: self.images.request(defaults),
            demo: self.demo,
            producer: self.producer.map(|producer| match producer {
                Producer::Native => ProducerChoice::Native,
                Producer::Docker => ProducerChoice::Docker,
                Producer::Buildah => ProducerChoice::Buildah,
            }),
            builder: self.builder.clone(),
            builder_image: self.builder_image.clone(),
            dockerfile: self.dockerfile.clone().map(PathBuf::from),
            build_args: self.arguments.clone(),
            source: self.source.tarball(),
            epoch: source_date_epoch()?,
            out: self.out.clone(),
            jobs: self.jobs.map(usize::from),
            zfs_source: self.zfs_source.clone(),
            compression: match self.compression {
                LayerCompression::Gzip => Compression::Gzip,
                LayerCompression::Zstd => Compression::Zstd,
            },
            with_sources: !self.no_sources,
            force: self.force,
            dry_run: self.dry_run,
        })
    }
}

impl SourceArgs {
    fn tarball(&self) -> Option<Tarball> {
        self.source.clone().map(|file| Tarball {
            file,
            sums: self.sums.clone(),
            signature: None,
            keys: self.keys.clone(),
            require_signature: self.require_signature,
        })
    }
}

/// Reads `NAME=VALUE`.
fn build_arg(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("it is NAME=VALUE")?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.is_empty() || !name.bytes().all(is_name) {
        return Err(format!("'{name}' is not the name of an argument"));
    }
    Ok((name.to_owned(), value.to_owned()))
}

/// What the environment says of all timestamps; <https://reproducible-builds.org/specs/source-date-epoch/>.
fn source_date_epoch() -> Result<Option<i64>, OpError> {
    let Some(said) = std::env::var_os("SOURCE_DATE_EPOCH").filter(|said| !said.is_empty()) else { return Ok(None) };
    let seconds = said.to_str().and_then(|said| said.parse().ok()).filter(|seconds| *seconds >= 0);
    seconds.map(Some).ok_or_else(|| {
        OpError::new("SOURCE_DATE_EPOCH is no number of seconds").hint("unset it, or let it be the seconds since 1970")
    })
}

/// Builds.
pub(super) fn run(args: &BuildArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let options = args.options(ui)?;
    let report = ui.working(|watch| build::build(&options, watch))?;
    ui.show("build", &[report], render::build::text)?;
    Ok(Exit::Done)
}
