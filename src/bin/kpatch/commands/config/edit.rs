//! `kpatch config edit`.

use std::process::Command;

use clap::{Args, ValueEnum};

use kpatch::ops::OpError;
use kpatch::ops::config::{self, EditOptions, Editing, Editor};

use crate::commands::Examples;
use crate::exit::Exit;
use crate::render;
use crate::ui::Ui;

pub(in crate::commands) const EDIT_EXAMPLES: Examples = &[
    ("kpatch config edit 6.6.x:x86_64", "The kernel's menus on one configuration"),
    ("kpatch config edit 6.6.x:riscv64 --with nconfig", "Another program, for another architecture than the machine's"),
];

/// Variables that would lead the kernel's tools elsewhere than to the directory that was made for them.
const VARIABLES: [&str; 14] = [
    "ARCH",
    "CC",
    "CROSS_COMPILE",
    "KCONFIG_ALLCONFIG",
    "KCONFIG_AUTOCONFIG",
    "KCONFIG_CONFIG",
    "KBUILD_EXTMOD",
    "KBUILD_OUTPUT",
    "LD",
    "LLVM",
    "LLVM_IAS",
    "MAKEFLAGS",
    "MFLAGS",
    "srctree",
];

/// Change a configuration in the kernel's own menus, and save it in its place
///
/// Needs a terminal, and for the menus the ncurses library (Debian: libncurses-dev). Works for every architecture, whatever
/// the machine's is. Leaving without saving changes nothing.
#[allow(clippy::doc_markdown, reason = "the text is help, in which backticks would be shown")]
#[derive(Debug, Args)]
pub(super) struct EditArgs {
    /// SERIES:ARCH, such as 6.6.x:x86_64
    #[arg(value_name = "CONFIG")]
    config: String,
    /// The program that asks
    #[arg(long = "with", value_name = "PROGRAM", value_enum, default_value_t)]
    editor: Program,
    /// Go on although kernel/ has changes that are not committed
    #[arg(long)]
    allow_dirty: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Program {
    /// Menus
    #[default]
    Menuconfig,
    /// Newer menus
    Nconfig,
    /// One question after another
    Config,
    /// Questions about new options only
    Oldconfig,
}

/// Lets the user edit, and reports.
pub(super) fn edit(args: &EditArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    if !ui.attended() {
        return Err(OpError::new("config edit needs a terminal").hint("kpatch config set changes options without one"));
    }
    let editor = match args.editor {
        Program::Menuconfig => Editor::Menuconfig,
        Program::Nconfig => Editor::Nconfig,
        Program::Config => Editor::Config,
        Program::Oldconfig => Editor::Oldconfig,
    };
    let options =
        EditOptions { places: ui.places(), config: args.config.clone(), editor, allow_dirty: args.allow_dirty };
    let editing = ui.working(|watch| config::begin(&options, watch))?;
    start(&editing, editor)?;
    let report = ui.working(|watch| editing.finish(watch))?;
    ui.show("config edit", &[report], |reports, view| render::config::refresh(reports, false, view))?;
    Ok(Exit::Done)
}

/// The program has the terminal, so it also has the user's own environment.
fn start(editing: &Editing, editor: Editor) -> Result<(), OpError> {
    let mut command = Command::new("make");
    for name in VARIABLES {
        command.env_remove(name);
    }
    let status = command.current_dir(editing.dir()).args(editing.arguments()).status();
    let status = status.map_err(|error| OpError::because("cannot start make", error))?;
    if status.success() {
        return Ok(());
    }
    let error = OpError::new(format!("the kernel's {} failed; nothing was changed", editor.target()));
    Err(match editor {
        Editor::Menuconfig | Editor::Nconfig => {
            error.hint("its menus need ncurses, on Debian: apt-get install libncurses-dev; --with config needs none")
        }
        _ => error,
    })
}
