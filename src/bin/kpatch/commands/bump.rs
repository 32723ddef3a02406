//! `kpatch bump`.

use std::path::PathBuf;

use clap::Args;

use kpatch::ops::bump::{self, BumpOptions, What};
use kpatch::ops::report::State;
use kpatch::ops::{Accept, OpError, Places};

use super::commit::CommitArgs;
use super::{ChangeLogArgs, Examples, FormatArgs, Writer, show_bumps};
use crate::ask::ask_all;
use crate::exit::Exit;
use crate::names;
use crate::render;
use crate::ui::{Ui, confirm};

pub(super) const EXAMPLES: Examples = &[
    ("kpatch bump v6.6.13 v6.6.14", "Carry the patch set of 6.6.x from one release to another"),
    ("kpatch bump 6.6.x", "The same from the kit's version to the newest release of the series"),
    ("kpatch bump --all --dry-run", "See what a bump of every series would do"),
    ("kpatch bump 6.6.13 6.6.14 --patches old --out new", "Carry a bare directory of patches, without a kit"),
    ("kpatch bump 6.6.x --accept 3,7", "Take patches 3 and 7 as they came out, after a look at the report"),
    ("kpatch bump 6.6.x --commit --signoff", "Commit the change of the kit too"),
];

/// Carry a patch set to another release and land it
///
/// The patches are carried one by one by three-way merges; where nothing is left to decide, the new files are applied
/// to the target once more, as git am does and as patch -F0 does, and if all give one tree, the new files, the new
/// version, the kernel configurations that the new release makes of the old ones, the image references that come to name
/// the new version and the branch <NEWTAG>-linuxkit are put in place in one step. Otherwise nothing of the kit changes.
#[derive(Debug, Args)]
#[command(override_usage = "kpatch bump <CURTAG> <NEWTAG> [OPTIONS]
       kpatch bump <SERIES> [--to <TAG>] [OPTIONS]
       kpatch bump --all [OPTIONS]
       kpatch bump <CURTAG> <NEWTAG> --patches <DIR> [--out <DIR>] [OPTIONS]")]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
pub(crate) struct BumpArgs {
    /// Two tags, CURTAG and NEWTAG (6.6.13 means v6.6.13), or one series such as 6.6.x
    #[arg(value_name = "CURTAG|SERIES", num_args = 1..=2, required_unless_present = "all", conflicts_with = "all")]
    releases: Vec<String>,
    /// Carry the series to this release [default: the newest one in the linux tree]
    #[arg(long, value_name = "TAG", conflicts_with = "all")]
    to: Option<String>,
    /// Carry every series that is not deprecated, each to its newest release
    #[arg(long)]
    all: bool,
    /// Do not ask before several series land
    #[arg(short, long)]
    yes: bool,
    /// Carry the patches of this directory instead of a kit's
    #[arg(long, value_name = "DIR", conflicts_with_all = ["all", "to", "commit"])]
    patches: Option<PathBuf>,
    /// Write the new patches into this directory, which must be absent or empty
    #[arg(long, value_name = "DIR", requires = "patches")]
    out: Option<PathBuf>,
    /// Write every patch anew, as git format-patch does, also those that could stay as they are
    #[arg(long)]
    refresh: bool,
    /// Close the gaps that dropped patches leave in the numbers
    #[arg(long)]
    renumber: bool,
    /// Write nothing at all
    #[arg(short = 'n', long, conflicts_with = "commit")]
    dry_run: bool,
    /// Go on although kernel/ has changes that are not committed
    #[arg(long, conflicts_with = "commit")]
    allow_dirty: bool,
    /// Replace the branch of the target if it is there and differs
    #[arg(long)]
    replace_branch: bool,
    /// Take the result or proposal that is shown for these patches
    #[arg(long, value_name = "N[=STRATEGY],...", value_delimiter = ',')]
    accept: Vec<Accept>,
    /// Leave the kernel configurations as they are
    #[arg(long)]
    keep_configs: bool,
    /// Leave the image references as they are
    #[arg(long)]
    keep_references: bool,
    #[command(flatten)]
    commit: CommitArgs,
    /// Leave patch -F0 out of the proof, for sets with binary diffs
    #[arg(long)]
    skip_patch_utility: bool,
    /// Leave the common patches of the series, which the build puts on top of those of a variant, out of the proof
    #[arg(long)]
    skip_common: bool,
    /// Which tool writes the patch files
    #[arg(long, value_name = "WRITER", value_enum, default_value_t)]
    export: Writer,
    #[command(flatten)]
    changelogs: ChangeLogArgs,
    #[command(flatten)]
    format: FormatArgs,
}

/// Carries, asks once before several series land, and reports.
pub(super) fn run(args: &BumpArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let options = options(args, args.changelogs.places(ui))?;
    if args.all && !args.yes && !args.dry_run && !agreed(&options, ui)? {
        ui.note("nothing was changed\n");
        return Ok(Exit::Interrupted);
    }
    let ready = args.commit.prepare(&options.places)?;
    let mut reports = ui.working(|watch| bump::bump(&options, watch))?;
    ask_all(&mut reports, &options.places, options.patches.as_deref(), ui)?;
    let committed = args.commit.commit(ready.as_ref(), &mut reports, ui);
    show_bumps("bump", &reports, &args.format, ui).and_then(|exit| committed.map(|()| exit))
}

fn options(args: &BumpArgs, places: Places) -> Result<BumpOptions, OpError> {
    Ok(BumpOptions {
        places,
        patches: args.patches.clone(),
        out: args.out.clone(),
        what: what(args)?,
        refresh: args.refresh,
        renumber: args.renumber,
        dry_run: args.dry_run,
        allow_dirty: args.allow_dirty,
        replace_branch: args.replace_branch,
        accept: args.accept.clone(),
        skip_patch_utility: args.skip_patch_utility,
        skip_common: args.skip_common,
        export_with_git: args.export == Writer::Git,
        keep_configs: args.keep_configs,
        keep_references: args.keep_references,
    })
}

fn what(args: &BumpArgs) -> Result<What, OpError> {
    let to = args.to.as_deref().map(names::tag);
    match (args.releases.as_slice(), to) {
        ([], _) => Ok(What::All),
        ([series], _) if names::is_series(series) && args.patches.is_some() => {
            Err(OpError::new("a directory of patches has no series").hint("kpatch bump CURTAG NEWTAG --patches DIR"))
        }
        ([series], to) if names::is_series(series) => Ok(What::Series { series: series.clone(), to }),
        ([series, tag], None) if names::is_series(series) && args.patches.is_none() => {
            Ok(What::Series { series: series.clone(), to: Some(names::tag(tag)) })
        }
        ([from], Some(to)) => Ok(What::Tags { from: names::tag(from), to }),
        ([from, to, ..], None) => Ok(What::Tags { from: names::tag(from), to: names::tag(to) }),
        ([from], None) => Err(names::lonely_tag(from, "bump")),
        ([..], Some(_)) => Err(OpError::new("the target is named twice").hint("leave --to out")),
    }
}

/// Shows what would land and asks, if somebody is there to answer and more than one series would land.
fn agreed(options: &BumpOptions, ui: &mut Ui) -> Result<bool, OpError> {
    if !ui.attended() {
        return Ok(true);
    }
    let dry = BumpOptions { dry_run: true, ..options.clone() };
    let reports = ui.working(|watch| bump::bump(&dry, watch))?;
    let landing = reports.iter().filter(|report| report.state == State::WouldLand).count();
    if landing < 2 {
        return Ok(true);
    }
    let matrix = render::overview::text(&reports, &ui.err_view());
    ui.note(&matrix);
    confirm(&format!("land these {landing} series?"))
}
