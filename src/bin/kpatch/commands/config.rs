//! `kpatch config`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use kpatch::ops::OpError;
use kpatch::ops::config::{self, SplitOptions};

use super::Examples;
use crate::exit::Exit;
use crate::render;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch config split 6.6.x:x86_64 6.6.x:aarch64", "Take two configurations of the kit apart"),
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

/// Kernel configurations side by side
///
/// A configuration is a file, or a series and an architecture of the kit, such as 6.6.x:x86_64. Nothing is evaluated: what an
/// option becomes, only the kernel's own tools can say.
#[allow(clippy::doc_markdown, reason = "the text is help, in which backticks would be shown")]
#[derive(Debug, Args)]
#[command(subcommand_value_name = "VERB", subcommand_help_heading = "Verbs")]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Write what all configurations share to split-common, and what each adds to split-NAME
    ///
    /// Both together are the configuration again. Files that are there already are not written over.
    Split {
        /// Configurations: files, or SERIES:ARCH of the kit
        #[arg(value_name = "CONFIG", required = true, num_args = 2..)]
        configs: Vec<String>,
        /// Where the files go
        #[arg(long, value_name = "DIR", default_value = ".")]
        dir: PathBuf,
        /// Write over files that are there
        #[arg(long)]
        force: bool,
    },
    /// Show the options in which two configurations differ; the exit code is 1 if there are any
    Diff {
        /// The old configuration: a file, or SERIES:ARCH of the kit
        #[arg(value_name = "OLD")]
        old: String,
        /// The new configuration
        #[arg(value_name = "NEW")]
        new: String,
    },
}

/// Splits or compares, and reports.
pub(super) fn run(args: &ConfigArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let places = ui.places();
    match &args.command {
        ConfigCommand::Split { configs, dir, force } => {
            let options = SplitOptions { places, configs: configs.clone(), dir: dir.clone(), force: *force };
            let report = config::split(&options)?;
            ui.show("config split", &[report], render::config::split)?;
            Ok(Exit::Done)
        }
        ConfigCommand::Diff { old, new } => {
            let report = config::diff(&places, old, new)?;
            let is_same = report.options.is_empty();
            ui.show("config diff", &[report], render::config::diff)?;
            Ok(if is_same { Exit::Done } else { Exit::Findings })
        }
    }
}
