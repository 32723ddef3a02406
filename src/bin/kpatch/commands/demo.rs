//! `kpatch demo`.

use std::path::PathBuf;

use clap::Args;

use kpatch::ops::OpError;
use kpatch::ops::demo;

use super::Examples;
use crate::exit::Exit;
use crate::render;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch demo", "Make the demo in a temporary directory that stays"),
    ("kpatch demo --dir /tmp/kpatch-demo", "Make it in a directory of your own"),
];

/// Make a small kit with a linux tree of its own, and bump it
///
/// One series lands, another stops on a conflict. Needs neither a kit nor a clone of Linux nor the network.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Make it here; must be absent or empty [default: a new temporary directory]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Makes the demo. That a part of it stops is what it shows, so it is no reason for another exit code.
pub(super) fn run(args: &DemoArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    let demo = ui.working(|watch| demo::demo(args.dir.clone(), watch))?;
    let text = if ui.json() { render::demo::json(&demo)? } else { render::demo::text(&demo, ui.view()) };
    ui.print(&text)?;
    Ok(Exit::Done)
}
