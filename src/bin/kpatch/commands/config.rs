//! `kpatch config`.

mod change;
mod edit;
mod look;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use kpatch::ops::OpError;
use kpatch::ops::config::{self, Choice, SplitOptions};

use super::Examples;
use crate::exit::Exit;
use crate::render;
use crate::ui::Ui;

pub(super) use change::{REFRESH_EXAMPLES, SET_EXAMPLES};
pub(super) use edit::EDIT_EXAMPLES;
pub(super) use look::{CHECK_EXAMPLES, WHY_EXAMPLES};

pub(super) const EXAMPLES: Examples = &[
    ("kpatch config check", "See whether the build would leave every configuration as it is"),
    ("kpatch config refresh 6.6.x", "Bring the configurations of a series up to its version"),
    ("kpatch config set VETH=m --all", "Turn on an option everywhere"),
    ("kpatch config why CONFIG_VETH", "See what an option is, and what it needs"),
    ("kpatch config diff 6.6.x:x86_64 6.12.x:x86_64", "See what a newer series has otherwise"),
];
pub(super) const SPLIT_EXAMPLES: Examples = &[
    ("kpatch config split 6.6.x:x86_64 6.6.x:aarch64", "Write split-common and what each of the two adds"),
    (
        "kpatch config split --dir /tmp/split kernel/6.6.x/config-x86_64 kernel/6.12.x/config-x86_64",
        "The same with files, into another directory",
    ),
];
pub(super) const DIFF_EXAMPLES: Examples = &[
    ("kpatch config diff 6.6.x:x86_64 6.6.x:aarch64", "Compare two architectures of a series"),
    ("kpatch config diff old.config .config", "Compare two files"),
];

/// Kernel configurations: check, refresh and change them with the kernel's own tools, compare them
///
/// What an option becomes, only the kernel's own tools can say: check, refresh, set and edit run them on the Kconfig files and
/// scripts of the release, taken out of the linux tree into a private directory. They need make, gcc, flex and bison. These
/// scripts are the kernel's: use them only with a linux tree that you would build. split and diff read the files alone.
///
/// What a configuration says of its compiler stays as it is: the questions of the Kconfig files are answered with what the
/// configuration has recorded. So no compiler of another architecture is needed, and none of this machine gets in.
#[allow(clippy::doc_markdown, reason = "the text is help, in which backticks would be shown")]
#[derive(Debug, Args)]
#[command(subcommand_value_name = "VERB", subcommand_help_heading = "Verbs")]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    Check(look::CheckArgs),
    Refresh(change::RefreshArgs),
    Set(change::SetArgs),
    Edit(edit::EditArgs),
    Why(look::WhyArgs),
    Split(SplitArgs),
    Diff(DiffArgs),
}

/// Write what all configurations share to split-common, and what each adds to split-NAME
///
/// Both together are the configuration again. Files that are there already are not written over.
#[derive(Debug, Args)]
struct SplitArgs {
    /// Configurations: files, or SERIES:ARCH of the kit
    #[arg(value_name = "CONFIG", required = true, num_args = 2..)]
    configs: Vec<String>,
    /// Where the files go
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Write over files that are there
    #[arg(long)]
    force: bool,
}

/// Show the options in which two configurations differ; the exit code is 1 if there are any
#[derive(Debug, Args)]
struct DiffArgs {
    /// The old configuration: a file, or SERIES:ARCH of the kit
    #[arg(value_name = "OLD")]
    old: String,
    /// The new configuration
    #[arg(value_name = "NEW")]
    new: String,
}

/// Whose answers count where the Kconfig files ask the compiler.
#[derive(Debug, Args)]
struct ToolchainArgs {
    /// What the programs of the compiler begin with, such as aarch64-linux-gnu- [default: the usual prefix of the
    /// architecture]
    #[arg(long, value_name = "PREFIX")]
    cross_compile: Option<String>,
}

/// A compiler, for `refresh`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Toolchain {
    /// The answers that the configuration has recorded
    #[default]
    Recorded,
    /// The compiler of this machine for the architecture
    Host,
    /// The kernel's dummy tools, which can do everything
    Dummy,
}

impl From<Toolchain> for Choice {
    fn from(toolchain: Toolchain) -> Self {
        match toolchain {
            Toolchain::Recorded => Self::Recorded,
            Toolchain::Host => Self::Host,
            Toolchain::Dummy => Self::Dummy,
        }
    }
}

/// Does what was asked for, and reports.
pub(super) fn run(args: &ConfigArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    match &args.command {
        ConfigCommand::Check(args) => look::check(args, ui),
        ConfigCommand::Refresh(args) => change::refresh(args, ui),
        ConfigCommand::Set(args) => change::set(args, ui),
        ConfigCommand::Edit(args) => edit::edit(args, ui),
        ConfigCommand::Why(args) => look::why(args, ui),
        ConfigCommand::Split(SplitArgs { configs, dir, force }) => {
            let options =
                SplitOptions { places: ui.places(), configs: configs.clone(), dir: dir.clone(), force: *force };
            let report = config::split(&options)?;
            ui.show("config split", &[report], render::config::split)?;
            Ok(Exit::Done)
        }
        ConfigCommand::Diff(DiffArgs { old, new }) => {
            let report = config::diff(&ui.places(), old, new)?;
            let is_same = report.options.is_empty();
            ui.show("config diff", &[report], render::config::diff)?;
            Ok(if is_same { Exit::Done } else { Exit::Findings })
        }
    }
}
