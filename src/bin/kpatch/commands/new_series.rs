//! `kpatch new-series`.

use clap::Args;

use kpatch::ops::new_series::{self, NewSeriesOptions};
use kpatch::ops::report::State;
use kpatch::ops::{Accept, OpError, Places};

use super::Examples;
use crate::choose::choose;
use crate::exit::Exit;
use crate::render;
use crate::ui::{Ui, confirm};

pub(super) const EXAMPLES: Examples = &[
    ("kpatch new-series 7.0.5 --dry-run", "See everything that a new series would bring"),
    ("kpatch new-series 7.0.5", "Make 7.0.x from the newest series before it"),
    (
        "kpatch new-series 7.0.5 --from 6.6.x --arch x86_64,arm64",
        "Say which series it follows, and for what it is built",
    ),
    ("kpatch new-series 7.0.5 --skip-conflicts", "Leave out the patches that need a decision"),
];

/// Make a series from the one before it
///
/// The version is listed where the series before it is, its configurations are those of that series for the new release, and its
/// patches come along as bump carries them: what the new release has is dropped with proof, the rest is numbered anew. Test
/// cases are copied from those of the series before it, or made from templates; conditionals of the configuration checker and
/// references follow. All of it is put in place in one step. Patches that need a decision stop it, and then nothing changes.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
pub(crate) struct NewSeriesArgs {
    /// The first version of the series, such as 7.0.5; its tag has to be in the linux tree
    #[arg(value_name = "VERSION")]
    version: String,
    /// The series before it [default: the newest one below it that is not deprecated]
    #[arg(long, value_name = "SERIES")]
    from: Option<String>,
    /// The architectures [default: those of the series before it]
    #[arg(long, value_name = "ARCH,...", value_delimiter = ',')]
    arch: Vec<String>,
    /// Take along the fragments of variants, such as config-6.6.x-x86_64-rt
    #[arg(long)]
    variants: bool,
    /// Take no patches along
    #[arg(long, conflicts_with_all = ["accept", "skip_conflicts"])]
    no_patches: bool,
    /// Make no test cases, and leave the configuration checker as it is
    #[arg(long)]
    no_tests: bool,
    /// Let no references to kernel images follow
    #[arg(long)]
    keep_references: bool,
    /// Take the result or proposal that is shown for these patches
    #[arg(long, value_name = "N[=STRATEGY],...", value_delimiter = ',')]
    accept: Vec<Accept>,
    /// Leave out the patches that need a decision
    #[arg(long)]
    skip_conflicts: bool,
    /// Replace the branch of the new release if it is there and differs
    #[arg(long)]
    replace_branch: bool,
    /// Leave patch -F0 out of the proof, for sets with binary diffs
    #[arg(long)]
    skip_patch_utility: bool,
    /// Write nothing, and show everything that would be written
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Go on although kernel/ has changes that are not committed
    #[arg(long)]
    allow_dirty: bool,
    /// Ask nothing
    #[arg(short, long)]
    yes: bool,
}

/// Asks where somebody is there to answer, makes the series, and reports.
pub(super) fn run(args: &NewSeriesArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let mut options = args.options(ui.places());
    if ui.attended() && !args.yes && !args.dry_run && !agreed(&mut options, ui)? {
        ui.note("nothing was changed\n");
        return Ok(Exit::Interrupted);
    }
    let report = ui.working(|watch| new_series::new_series(&options, watch))?;
    let exit = Exit::from(report.state);
    ui.show("new-series", &[report], render::new_series::text)?;
    Ok(exit)
}

/// Lets a person choose, shows what would come, and asks. What would stop is not asked for.
fn agreed(options: &mut NewSeriesOptions, ui: &mut Ui) -> Result<bool, OpError> {
    let choices = new_series::choices(&options.places, &options.version)?;
    if !choose(&choices, options)? {
        return Ok(false);
    }
    let dry = NewSeriesOptions { dry_run: true, ..options.clone() };
    let mut report = ui.working(|watch| new_series::new_series(&dry, watch))?;
    if report.state != State::WouldLand {
        return Ok(true);
    }
    report.previews.clear();
    let text = render::new_series::text(&[report], &ui.err_view());
    ui.note(&text);
    confirm("make this series?")
}

impl NewSeriesArgs {
    fn options(&self, places: Places) -> NewSeriesOptions {
        NewSeriesOptions {
            places,
            version: self.version.clone(),
            from: self.from.clone(),
            archs: self.arch.clone(),
            variants: self.variants,
            no_patches: self.no_patches,
            no_tests: self.no_tests,
            keep_references: self.keep_references,
            accept: self.accept.clone(),
            skip_conflicts: self.skip_conflicts,
            skip_patch_utility: self.skip_patch_utility,
            replace_branch: self.replace_branch,
            dry_run: self.dry_run,
            allow_dirty: self.allow_dirty,
        }
    }
}
