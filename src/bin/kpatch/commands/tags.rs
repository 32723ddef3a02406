//! `kpatch tags`.

use clap::Args;

use kpatch::build::plan::{Kinds, Which};
use kpatch::ops::OpError;
use kpatch::ops::tags::{self, TagsOptions};

use super::Examples;
use super::select_images::{Defaults, ImageArgs};
use crate::exit::Exit;
use crate::render;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch tags 6.6.13", "All references to the images of one kernel"),
    ("kpatch tags --hashed --plain", "One reference for each kernel, with its hash"),
    ("kpatch tags 6.6.13 --debug --arch arm64", "Those of the debug kernel for one architecture"),
];

/// Print how the images of kernels are called
///
/// Each image has a plain tag and one with the hash of the files that it is built from, as an index for all architectures and
/// for each of them: 6.6.13, 6.6.13-HASH, 6.6.13-amd64, 6.6.13-HASH-amd64. The image that a kernel is compiled in has the tag
/// 6.6.13-builder. -dirty is added to a hash while kernel/ has changes that no commit holds.
#[derive(Debug, Args)]
pub(crate) struct TagsArgs {
    #[command(flatten)]
    images: ImageArgs,
    /// Only the reference of the index with the hash
    #[arg(long)]
    hashed: bool,
}

/// Names.
pub(super) fn run(args: &TagsArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let defaults = Defaults { which: Which::All, kinds: Kinds::all(), archs: Vec::new() };
    let options = TagsOptions { places: ui.places(), request: args.images.request(defaults) };
    let reports = tags::tags(&options)?;
    ui.show("tags", &reports, |reports, _| render::images::tags(reports, args.hashed))?;
    Ok(Exit::Done)
}
