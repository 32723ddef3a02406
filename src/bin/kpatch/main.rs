//! The command line of kpatch: arguments in, the library's work, reports out.

mod ask;
mod choose;
mod cli;
mod commands;
mod editor;
mod exit;
mod manual;
mod names;
mod progress;
mod render;
mod signals;
mod ui;

use std::process::ExitCode;

use clap::FromArgMatches;

use exit::Exit;
use ui::Ui;

fn main() -> ExitCode {
    let parsed = cli::command().try_get_matches().and_then(|matches| cli::Cli::from_arg_matches(&matches));
    match parsed {
        Ok(cli) => run(&cli).into(),
        Err(refusal) => answer(&refusal).into(),
    }
}

/// Runs the verb; what it could not do is printed here and nowhere else.
fn run(cli: &cli::Cli) -> Exit {
    let mut ui = Ui::new(&cli.global);
    if let Err(error) = signals::install(ui.interrupt()) {
        ui.warn(&format!("Ctrl-C will not be held off while something lands: {error}"));
    }
    cli.command.run(&mut ui).unwrap_or_else(|error| ui.fail(&error))
}

/// Prints what clap has to say: help and version on stdout, a refusal on stderr.
fn answer(refusal: &clap::Error) -> Exit {
    // A reader that went away has read enough; for a broken stderr there is no place to complain.
    let _ = refusal.print();
    if refusal.use_stderr() { Exit::Failure } else { Exit::Done }
}
