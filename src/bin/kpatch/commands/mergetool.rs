//! `kpatch mergetool`.

use std::env;
use std::process::Command;

use clap::Args;

use kpatch::ops::OpError;
use kpatch::ops::mergetool::{self, Prepared};

use super::{Examples, StoppedArgs};
use crate::exit::Exit;
use crate::render::stopped::{MergetoolReport, resolved};
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch mergetool", "Resolve what is open with the merge tool that git is set up for"),
    ("kpatch mergetool 7 --tool meld", "The files of patch 7, with meld"),
];

/// Resolve conflicts with your merge tool
///
/// Starts git mergetool on the files to resolve of a stopped bump, with the base, the upstream and the patch's version of
/// each. The tool is the one that your git is set up for, or --tool. Afterwards, kpatch continue takes the files.
#[derive(Debug, Args)]
pub(crate) struct MergetoolArgs {
    /// The patch: number, file name, or a part of it [default: all that conflict]
    #[arg(value_name = "PATCH")]
    patch: Option<String>,
    /// The tool, as git mergetool knows it
    #[arg(short, long, value_name = "TOOL")]
    tool: Option<String>,
    #[command(flatten)]
    which: StoppedArgs,
}

/// Starts the tool on each patch, and says what is resolved now.
pub(super) fn run(args: &MergetoolArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let which = args.which.which(ui.places());
    let all = ui.working(|watch| mergetool::prepare(&which, args.patch.as_deref(), watch))?;
    let mut reports = Vec::new();
    for prepared in &all {
        start(prepared, args.tool.as_deref())?;
        reports.push(MergetoolReport { patch: prepared.patch.clone(), resolved: mergetool::is_resolved(prepared) });
    }
    ui.show("mergetool", &reports, resolved)?;
    Ok(if reports.iter().all(|report| report.resolved) { Exit::Done } else { Exit::Conflicts })
}

/// The user's own git with the user's own settings: this is the one place where they are wanted.
fn start(prepared: &Prepared, tool: Option<&str>) -> Result<(), OpError> {
    let mut command = Command::new("git");
    for (name, _) in env::vars_os().filter(|(name, _)| is_repository_variable(name)) {
        command.env_remove(name);
    }
    command
        .current_dir(&prepared.work_tree)
        .env("GIT_DIR", &prepared.git_dir)
        .env("GIT_WORK_TREE", &prepared.work_tree);
    command.args(["mergetool", "--no-prompt"]);
    command.args(tool.map(|tool| format!("--tool={tool}")));
    // How it went is told by the files, not by the exit code, which says whether the last file was resolved.
    command.status().map(drop).map_err(|error| OpError::because("cannot start git mergetool", error))
}

/// What would lead git to another repository.
fn is_repository_variable(name: &std::ffi::OsStr) -> bool {
    const NAMES: [&str; 6] =
        ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_PREFIX"];
    NAMES.iter().any(|known| name == *known)
}
