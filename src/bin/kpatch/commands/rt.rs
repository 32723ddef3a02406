//! `kpatch rt`.

use clap::{Args, Subcommand};

use kpatch::ops::OpError;
use kpatch::ops::report::{FileReport, State};
use kpatch::ops::rt::{self, RtImportOptions, RtStatusReport};

use super::Examples;
use super::commit::CommitArgs;
use crate::exit::Exit;
use crate::names;
use crate::render;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch rt status", "See where the -rt variants stand"),
    ("kpatch rt import 6.6.14-rt21", "Take a set of the -rt project into the kit"),
];
pub(super) const IMPORT_EXAMPLES: Examples = &[
    ("kpatch rt import 6.6.14-rt21", "Fetch a release and make it the variant 6.6.x-rt"),
    ("kpatch rt import 6.6.15-rt22 --dry-run", "See what a newer one would add, drop and change"),
    ("kpatch rt import patches-6.6.14-rt21.tar.xz --commit", "From a file, and commit the change of the kit"),
    ("kpatch rt import rt/patches --version 6.6.14-rt21", "From a directory of quilt"),
    ("kpatch rt import patches-6.1.158-rt58.tar.xz --base v6.1.170", "A set that was carried on to another release"),
];
pub(super) const STATUS_EXAMPLES: Examples = &[
    ("kpatch rt status", "Where they stand, and what there is that is newer"),
    ("kpatch rt status --offline", "The same from copies of the lists, which say their age"),
];

/// Take sets of the -rt project into the kit, and see where they stand
#[derive(Debug, Args)]
#[command(subcommand_value_name = "VERB", subcommand_help_heading = "Verbs")]
pub(crate) struct RtArgs {
    #[command(subcommand)]
    command: RtCommand,
}

#[derive(Debug, Subcommand)]
enum RtCommand {
    Import(ImportArgs),
    /// Show where the -rt variants of the kit stand
    ///
    /// For each: the release of the -rt project that its patches are from, its base, whether they apply there with the common
    /// patches of the series on top, the newest release of the project, and how far the base is behind the newest stable
    /// release. Lists are kept in the cache for an hour, and used with their age where the network is not. Ends with 1 if a
    /// variant does not apply.
    Status,
}

/// Make a set of the -rt project the variant of a series
///
/// The set is a release of the project, which is fetched, or a tarball or directory: a quilt series, or numbered files. Its
/// patches land in the kit as the variant -rt of their series, by number, in the format of git am, with one Origin line for the
/// whole set; the kit lists the version of the base, such as 6.6.14-rt, and kpatch.toml the release. A patch without an author,
/// a subject or a diff is refused; a missing line of the mbox or before the diffstat is added, and a header that git does not
/// read is written as that of a mail. Author, date, message and diff stay as they are.
///
/// The set has to apply to its base without fuzz, and the common patches of the series on top of it, as images are built; where
/// the linux tree lacks the base, the report says that this was not checked.
///
/// A newer set replaces an older one. Patches in the old set that are not of the project (no Origin of it, and no counterpart in
/// the new set) are kept behind the new ones if they apply there; if they do not, nothing is changed, and --drop-local leaves
/// them out.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
struct ImportArgs {
    /// A tarball, a directory, or a release such as 6.6.14-rt21
    #[arg(value_name = "FILE|RELEASE")]
    what: String,
    /// The release, where the name of the file does not tell it
    #[arg(long, value_name = "RELEASE")]
    version: Option<String>,
    /// The tag that the set applies to [default: that of the release]
    #[arg(long, value_name = "TAG")]
    base: Option<String>,
    /// What the Origin lines say [default: origin in kpatch.toml, or the page of the release]
    #[arg(long, value_name = "URL")]
    origin: Option<String>,
    /// Leave out the patches of the old set that are not of the project
    #[arg(long)]
    drop_local: bool,
    /// Leave the common patches of the series out of the proof
    #[arg(long)]
    skip_common: bool,
    /// Leave patch -F0 out of the proof, for sets with binary diffs
    #[arg(long)]
    skip_patch_utility: bool,
    /// Leave the image references as they are
    #[arg(long)]
    keep_references: bool,
    /// Write nothing
    #[arg(short = 'n', long, conflicts_with = "commit")]
    dry_run: bool,
    /// Go on although kernel/ has changes that are not committed
    #[arg(long, conflicts_with = "commit")]
    allow_dirty: bool,
    #[command(flatten)]
    commit: CommitArgs,
}

/// Imports or looks, and reports.
pub(super) fn run(args: &RtArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    match &args.command {
        RtCommand::Import(args) => import(args, ui),
        RtCommand::Status => {
            let places = ui.places();
            let reports = ui.working(|watch| rt::status(&places, watch))?;
            ui.show("rt status", &reports, render::rt::status)?;
            Ok(if reports.iter().any(RtStatusReport::is_broken) { Exit::Findings } else { Exit::Done })
        }
    }
}

fn import(args: &ImportArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let options = RtImportOptions {
        places: ui.places(),
        what: args.what.clone(),
        version: args.version.clone(),
        base: args.base.as_deref().map(names::tag),
        origin: args.origin.clone(),
        drop_local: args.drop_local,
        skip_common: args.skip_common,
        skip_patch_utility: args.skip_patch_utility,
        keep_references: args.keep_references,
        dry_run: args.dry_run,
        allow_dirty: args.allow_dirty,
    };
    let ready = args.commit.prepare(&options.places)?;
    let mut report = ui.working(|watch| rt::import(&options, watch))?;
    let files: Vec<&FileReport> = report.files.iter().collect();
    let committed = if report.state == State::Landed && !files.is_empty() {
        args.commit.commit_files(ready.as_ref(), &files, &render::rt::commit_message(&report), ui)
    } else {
        Ok(None)
    };
    if let Ok(commit) = &committed {
        report.kit_commit.clone_from(commit);
    }
    ui.show("rt import", &[report], render::rt::import)?;
    committed.map(|_| Exit::Done)
}
