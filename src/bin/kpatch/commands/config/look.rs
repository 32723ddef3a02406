//! `kpatch config check` and `why`: they write nothing.

use clap::{Args, ValueEnum};

use kpatch::ops::OpError;
use kpatch::ops::config::{self, CheckOptions, Choice, WhyOptions};

use super::ToolchainArgs;
use crate::commands::Examples;
use crate::exit::Exit;
use crate::names;
use crate::render;
use crate::ui::Ui;

pub(in crate::commands) const CHECK_EXAMPLES: Examples = &[
    ("kpatch config check", "Check the configurations of every series"),
    ("kpatch config check 6.6.x:aarch64 --verbose", "One of them, with all that only another compiler changes"),
    ("kpatch config check --toolchain host --strict", "In the image that builds the kernels: every difference counts"),
];
pub(in crate::commands) const WHY_EXAMPLES: Examples = &[
    ("kpatch config why CONFIG_VETH", "In the newest series, and its value in each of its configurations"),
    ("kpatch config why NF_TABLES 6.6.x:aarch64", "For another architecture"),
    ("kpatch config why BPF_JIT --tag v6.12.1 --arch riscv64", "In a release, without a kit"),
];

/// Check that the build would leave the configurations as they are; the exit code is 1 if not
///
/// Each configuration is put in the place of the architecture's defaults and evaluated with make defconfig on its release,
/// with the patches of the kit that change Kconfig files. Once with the answers of its own compiler, as it has recorded them:
/// what differs then is real, and the build will stop on it. And once with a compiler of this machine, if it has one for the
/// architecture, else with the kernel's dummy tools: what only that one changes are versions of tools, and options that depend
/// on what a compiler can do. An option that goes this way is shown, as it may be a protection that gets lost.
///
/// Then the fragments of the variants and of the debug kernel are appended as the build does it: an option of a fragment that
/// does not have its value in the result is an error.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// SERIES or SERIES:ARCH [default: every series that is not deprecated]
    #[arg(value_name = "CONFIG")]
    configs: Vec<String>,
    /// Which compiler is asked beside the recorded answers
    #[arg(long, value_name = "WHICH", value_enum, default_value_t)]
    toolchain: Compiler,
    #[command(flatten)]
    which: ToolchainArgs,
    /// Differences that only another compiler makes count as well
    #[arg(long)]
    strict: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Compiler {
    /// That of this machine where there is one, else the kernel's dummy tools
    #[default]
    Auto,
    /// The compiler of this machine for the architecture
    Host,
    /// The kernel's dummy tools, which can do everything
    Dummy,
}

/// Say what an option is, what it needs, who selects it, and its value in each configuration
#[derive(Debug, Args)]
pub(super) struct WhyArgs {
    /// The option, with or without CONFIG_
    #[arg(value_name = "OPTION")]
    option: String,
    /// SERIES or SERIES:ARCH [default: the newest series]
    #[arg(value_name = "CONFIG", conflicts_with = "tag")]
    config: Option<String>,
    /// A release instead of a series of the kit
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// The architecture [default: that of this machine]
    #[arg(long, value_name = "ARCH")]
    arch: Option<String>,
}

/// Checks, and reports.
pub(super) fn check(args: &CheckArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let toolchain = match args.toolchain {
        Compiler::Auto => Choice::Recorded,
        Compiler::Host => Choice::Host,
        Compiler::Dummy => Choice::Dummy,
    };
    let options = CheckOptions {
        places: ui.places(),
        configs: args.configs.clone(),
        toolchain,
        cross_compile: args.which.cross_compile.clone(),
    };
    let reports = ui.working(|watch| config::check(&options, watch))?;
    let found = reports.iter().any(|report| report.is_finding(args.strict));
    ui.show("config check", &reports, render::config::check)?;
    Ok(if found { Exit::Findings } else { Exit::Done })
}

/// Explains, and reports.
pub(super) fn why(args: &WhyArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let options = WhyOptions {
        places: ui.places(),
        option: args.option.clone(),
        config: args.config.clone(),
        tag: args.tag.as_deref().map(names::tag),
        arch: args.arch.clone(),
    };
    let report = ui.working(|watch| config::why(&options, watch))?;
    ui.show("config why", &[report], render::config::why)?;
    Ok(Exit::Done)
}
