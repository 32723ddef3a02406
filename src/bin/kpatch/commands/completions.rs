//! `kpatch completions`.

use clap::Args;
use clap_complete::Shell;

use kpatch::ops::OpError;

use super::Examples;
use crate::cli;
use crate::exit::Exit;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch completions bash > ~/.local/share/bash-completion/completions/kpatch", "For bash"),
    ("kpatch completions fish > ~/.config/fish/completions/kpatch.fish", "For fish"),
];

/// Print the completion script of a shell
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script.
pub(super) fn run(args: &CompletionsArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    if ui.json() {
        return Err(OpError::new("a completion script has no JSON form"));
    }
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut cli::command(), "kpatch", &mut script);
    ui.print_bytes(&script)?;
    Ok(Exit::Done)
}
