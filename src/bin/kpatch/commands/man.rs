//! `kpatch man`.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use kpatch::ops::OpError;
use kpatch::text::visible;

use super::Examples;
use crate::exit::Exit;
use crate::manual;
use crate::render::lint::rules;
use crate::ui::Ui;

pub(super) const EXAMPLES: Examples = &[
    ("kpatch man | man -l -", "Read the manual without installing it"),
    ("kpatch man --rules | man -l -", "Read what the rules of lint are"),
    ("kpatch man --dir /usr/local/share/man/man1", "Write all pages into a directory"),
];

/// Print the manual page, or write all pages
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// Write all pages into this directory; it is made if it does not exist
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Print kpatch-rules(7), the rules of lint
    #[arg(long, conflicts_with = "dir")]
    rules: bool,
    /// Print the help of all verbs as one markdown document.
    #[arg(long, hide = true, conflicts_with_all = ["dir", "rules"])]
    markdown: bool,
    /// Print the rules of lint as one markdown document.
    #[arg(long, hide = true, conflicts_with_all = ["dir", "rules", "markdown"])]
    rules_markdown: bool,
}

/// A page that was written.
#[derive(Serialize)]
struct Page {
    path: String,
}

/// Prints or writes the pages.
pub(super) fn run(args: &ManArgs, ui: &mut Ui) -> Result<Exit, OpError> {
    if args.markdown {
        ui.print(&manual::markdown())?;
        return Ok(Exit::Done);
    }
    if args.rules_markdown {
        ui.print(&rules::markdown())?;
        return Ok(Exit::Done);
    }
    let pages = manual::pages().map_err(|error| OpError::because("cannot write the manual", error))?;
    let Some(dir) = &args.dir else {
        if ui.json() {
            return Err(OpError::new("a manual page has no JSON form").hint("--dir writes the pages and lists them"));
        }
        let wanted = if args.rules { "kpatch-rules.7" } else { "kpatch.1" };
        let page = pages.iter().find(|(name, _)| name == wanted).map_or(&[][..], |(_, page)| page);
        ui.print_bytes(page)?;
        return Ok(Exit::Done);
    };
    let cannot = |path: &PathBuf, error| OpError::because(format!("cannot write '{}'", path.display()), error);
    fs::create_dir_all(dir).map_err(|error| cannot(dir, error))?;
    let mut written = Vec::new();
    for (name, page) in pages {
        let path = dir.join(name);
        fs::write(&path, page).map_err(|error| cannot(&path, error))?;
        written.push(Page { path: visible(path.as_os_str().as_encoded_bytes()) });
    }
    ui.show("man", &written, |pages, _| {
        let paths: Vec<&str> = pages.iter().map(|page| page.path.as_str()).collect();
        paths.join("\n") + "\n"
    })?;
    Ok(Exit::Done)
}
