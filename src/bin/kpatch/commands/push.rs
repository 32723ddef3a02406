//! `kpatch push`.

use std::path::PathBuf;

use clap::Args;

use kpatch::build::plan::{Kinds, Which};
use kpatch::ops::OpError;
use kpatch::ops::push::{self, PushOptions};

use super::Examples;
use super::select_images::{Defaults, ImageArgs};
use crate::exit::Exit;
use crate::render;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch push 6.6.13 --dry-run", "See what would be sent, and what becomes of each tag"),
    ("kpatch push 6.6.13", "Push everything of one kernel that is built"),
    ("kpatch push 6.6.13 --move", "Also let 6.6.13 name this build, where it names an older one"),
    ("kpatch push --org localhost:5000/linuxkit", "Push all that is built to a registry of this machine"),
];

/// Push images to their registry
///
/// The images that were built of the last commit are sent with the tags that the tags verb prints, for the architectures that are
/// built here; an index that is in the registry keeps the others. The tags with the hash come first, the plain ones after them. A plain
/// tag that names something else stays, unless --move says otherwise. The image that a kernel was compiled in gets the tag
/// VERSION-builder.
///
/// Nothing is pushed while kernel/ has changes that are not committed. What the registry has is not sent again, so that a push that
/// was interrupted goes on where it stopped. Credentials are those of docker login and podman login; certificates of private
/// authorities are looked for in /etc/docker/certs.d/HOST, and in the files that `SSL_CERT_FILE` and `KPATCH_CA_FILE` name.
#[derive(Debug, Args)]
pub(crate) struct PushArgs {
    #[command(flatten)]
    images: ImageArgs,
    /// Let plain tags that name something else name these images
    #[arg(long = "move")]
    move_tags: bool,
    /// Ask the registry what it has, and send nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Take any certificate, and plain http; registries of this machine may speak plain http without it
    #[arg(long)]
    insecure: bool,
    /// The directory of what was built [default: out in the kit]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Pushes and reports.
pub(super) fn run(args: &PushArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let defaults = Defaults { which: Which::All, kinds: Kinds::all(), archs: Vec::new() };
    let options = PushOptions {
        places: ui.places(),
        request: args.images.request(defaults),
        out: args.out.clone(),
        move_tags: args.move_tags,
        insecure: args.insecure,
        dry_run: args.dry_run,
    };
    let report = ui.working(|watch| push::push(&options, watch))?;
    ui.show("push", &[report], render::push::text)?;
    Ok(Exit::Done)
}
