//! `kpatch config refresh` and `set`: they write configurations, all or none.

use clap::Args;

use kpatch::ops::OpError;
use kpatch::ops::config::{self, RefreshOptions, SetOptions};

use super::{Toolchain, ToolchainArgs};
use crate::commands::Examples;
use crate::exit::Exit;
use crate::render;
use crate::ui::Ui;

pub(in crate::commands) const REFRESH_EXAMPLES: Examples = &[
    ("kpatch config refresh", "Refresh the configurations of every series"),
    ("kpatch config refresh 6.6.x --dry-run", "Show what would change in one series"),
    ("kpatch config refresh --toolchain host", "In the image that builds the kernels, after a change of the compiler"),
];
pub(in crate::commands) const SET_EXAMPLES: Examples = &[
    ("kpatch config set VETH=m --all", "Turn on an option in every series, for every architecture"),
    ("kpatch config set CONFIG_KVM=y CONFIG_KVM_INTEL=m 6.6.x:x86_64 --dry-run", "See what two options bring along"),
];

/// Write configurations anew, as the kernel's own tools do it for the version of their series
///
/// All of them are written, or none. One that is final already is not touched.
#[derive(Debug, Args)]
pub(super) struct RefreshArgs {
    /// SERIES or SERIES:ARCH [default: every series that is not deprecated]
    #[arg(value_name = "CONFIG")]
    configs: Vec<String>,
    /// Whose answers count where the Kconfig files ask the compiler
    #[arg(long, value_name = "WHICH", value_enum, default_value_t)]
    toolchain: Toolchain,
    #[command(flatten)]
    which: ToolchainArgs,
    #[command(flatten)]
    write: WriteArgs,
}

/// Set options in configurations of the kit, and show what changes with them
///
/// The kernel's own tools decide: an option may bring others along, and one whose dependencies are not met does not get its
/// value. Then the report says what is missing, and no configuration is written.
#[allow(clippy::doc_markdown, reason = "the text is help, in which backticks would be shown")]
#[derive(Debug, Args)]
pub(super) struct SetArgs {
    /// Options such as CONFIG_VETH=m, VETH=n or HZ=250, and the configurations: SERIES or SERIES:ARCH
    #[arg(value_name = "OPTION=VALUE|CONFIG", required = true)]
    words: Vec<String>,
    /// Every configuration of every series that is not deprecated
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    write: WriteArgs,
}

#[derive(Debug, Args)]
struct WriteArgs {
    /// Write nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Go on although kernel/ has changes that are not committed
    #[arg(long)]
    allow_dirty: bool,
}

/// Refreshes, and reports.
pub(super) fn refresh(args: &RefreshArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let options = RefreshOptions {
        places: ui.places(),
        configs: args.configs.clone(),
        toolchain: args.toolchain.into(),
        cross_compile: args.which.cross_compile.clone(),
        dry_run: args.write.dry_run,
        allow_dirty: args.write.allow_dirty,
    };
    let reports = ui.working(|watch| config::refresh(&options, watch))?;
    ui.show("config refresh", &reports, |reports, view| render::config::refresh(reports, options.dry_run, view))?;
    Ok(Exit::Done)
}

/// Sets, and reports.
pub(super) fn set(args: &SetArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let (settings, configs): (Vec<String>, Vec<String>) =
        args.words.iter().cloned().partition(|word| word.contains('='));
    if settings.is_empty() {
        return Err(OpError::new("no option is named").hint("for example: kpatch config set VETH=m 6.6.x"));
    }
    if configs.is_empty() != args.all {
        let wrong = if args.all { "--all and a configuration are named" } else { "no configuration is named" };
        return Err(OpError::new(wrong).hint("name SERIES or SERIES:ARCH, or say --all"));
    }
    let options = SetOptions {
        places: ui.places(),
        settings,
        configs,
        dry_run: args.write.dry_run,
        allow_dirty: args.write.allow_dirty,
    };
    let reports = ui.working(|watch| config::set(&options, watch))?;
    let holds = reports.iter().all(|report| report.holds);
    ui.show("config set", &reports, |reports, view| render::config::set(reports, options.dry_run, view))?;
    Ok(if holds { Exit::Done } else { Exit::Failure })
}
