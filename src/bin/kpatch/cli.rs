//! The shape of the command line: the global options and the verbs.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, ValueEnum, value_parser};

use kpatch::ops::Places;

use crate::commands::{self, Command};

/// Carry a kernel's patch sets from one stable release to the next
///
/// A kit is a repository with a directory kernel/ that holds, for each kernel series, configs and an ordered set of
/// patch files. kpatch carries such a set to another release by true three-way merges of each patch against its own
/// parent, proves that the new files give the carried tree, and only then writes: the patch files and the version in
/// the kit, and a branch in the linux tree.
///
/// A patch that conflicts is reported and left to a person; the kit stays as it is until nothing is open. No patch is
/// dropped without a proof that the target has it, and none is applied with fuzz.
#[derive(Debug, Parser)]
#[command(
    name = "kpatch",
    version,
    max_term_width = 100,
    subcommand_value_name = "VERB",
    subcommand_help_heading = "Verbs"
)]
pub(crate) struct Cli {
    /// What every verb takes.
    #[command(flatten)]
    pub(crate) global: Global,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The options that every verb takes.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
pub(crate) struct Global {
    /// The kit, or a directory in it [default: the current directory]
    // An empty variable in the environment means the same as none, so the parser must let it pass.
    #[arg(long, value_name = "DIR", env = "KITSRC", hide_env_values = true, global = true, value_parser = value_parser!(OsString))]
    kit: Option<OsString>,
    /// The linux tree with the release tags: a path, or a git URL [default: what kpatch.toml says]
    #[arg(long, value_name = "PATH|URL", env = "LINUXSRC", hide_env_values = true, global = true)]
    linux: Option<String>,
    /// Never touch the network
    #[arg(long, global = true)]
    offline: bool,
    /// Print the result as JSON on stdout
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print no progress, and of a report only its head
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Report also the patches that stay as they are, and conflicts in full
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// When to use colour; auto is on a terminal where the environment does not forbid it
    #[arg(long, value_name = "WHEN", value_enum, default_value_t, global = true)]
    pub(crate) color: Color,
}

/// When to use colour.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the names say it")]
pub(crate) enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

impl Global {
    /// Where the kit and the linux tree are.
    pub(crate) fn places(&self) -> Places {
        Places {
            kit: self.kit.as_ref().filter(|kit| !kit.is_empty()).map(PathBuf::from),
            linux: self.linux.clone().filter(|linux| !linux.is_empty()),
            offline: self.offline,
            changelogs: None,
        }
    }
}

/// The command line as clap knows it, with the examples of each verb.
pub(crate) fn command() -> clap::Command {
    with_examples(Cli::command(), "kpatch")
}

fn with_examples(command: clap::Command, name: &str) -> clap::Command {
    let verbs: Vec<String> = command.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    let command = verbs.iter().fold(command, |command, verb| {
        let name = format!("{name} {verb}");
        command.mut_subcommand(verb, |verb| with_examples(verb, &name))
    });
    let examples = commands::examples(name);
    if examples.is_empty() {
        return command;
    }
    let mut text = "Examples:".to_owned();
    for (line, purpose) in examples {
        let _ = write!(text, "\n  {line}\n      {purpose}");
    }
    command.after_long_help(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        command().debug_assert();
    }

    #[test]
    fn every_example_is_accepted() {
        fn check(command: &clap::Command, name: &str) {
            let examples = commands::examples(name);
            assert!(!examples.is_empty(), "{name} has no example");
            for (line, _) in examples {
                let kpatch = line.split_once('|').or(line.split_once('>')).map_or(*line, |(kpatch, _)| kpatch);
                let parsed = super::command().try_get_matches_from(kpatch.split_whitespace());
                assert!(parsed.is_ok(), "{line}: {parsed:?}");
            }
            for verb in command.get_subcommands() {
                check(verb, &format!("{name} {}", verb.get_name()));
            }
        }
        check(&command(), "kpatch");
    }

    #[test]
    fn an_empty_place_is_no_place() {
        let parsed = Cli::parse_from(["kpatch", "--kit", "", "--linux", "", "status"]);
        let places = parsed.global.places();
        assert!(places.kit.is_none() && places.linux.is_none());
    }
}
