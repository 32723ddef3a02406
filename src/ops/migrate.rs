//! `kpatch kit migrate`: a flat kit becomes one with a directory per series.

use std::path::Path;

use serde::Serialize;

use super::file_changes::{self, FileChanges};
use super::landing::Landing;
use super::report::FileReport;
use super::workspace::{self, kit_error};
use super::{OpError, Places, Watch};
use crate::event::Event;
use crate::kit::{Left, Migration};
use crate::text::visible;

/// What undo and the journal call it.
const MESSAGE: &str = "kpatch kit migrate";

/// How to migrate.
#[derive(Debug, Clone, Default)]
pub struct MigrateOptions {
    /// Where the kit is, and the linux tree that undo keeps its records in.
    pub places: Places,
    /// Write nothing.
    pub dry_run: bool,
    /// Go on although `kernel/` has changes that are not committed.
    pub allow_dirty: bool,
}

/// What became of the kit. Paths are relative to its top.
#[derive(Debug, Clone, Serialize)]
pub struct MigrateReport {
    /// `landed`, `would-land`, or `per-series` for a kit with nothing to migrate.
    pub state: &'static str,
    /// Each file that moves, with its bytes and permissions unless it is among the edited ones, too.
    pub moves: Vec<MoveReport>,
    /// All that happens to files: those that moved are `removed` and `written`.
    pub files: Vec<FileReport>,
    /// The files with other contents than before, by their new names.
    pub edited: Vec<String>,
    /// What still names the old places and is left to a person.
    pub left: Vec<LeftReport>,
    /// The commit with all of it, if one was asked for.
    pub kit_commit: Option<String>,
}

/// A file that moves.
#[derive(Debug, Clone, Serialize)]
pub struct MoveReport {
    /// Where it was.
    pub from: String,
    /// Where it is.
    pub to: String,
}

/// A place that is left to a person.
#[derive(Debug, Clone, Serialize)]
pub struct LeftReport {
    /// The file, by its new name.
    pub path: String,
    /// The line, from 1; absent if the file itself is meant.
    pub line: Option<usize>,
    /// The line itself, or what is to be seen to; fit for display.
    pub what: String,
}

/// Migrates the kit, all of it or nothing; a kit that is per-series already is left alone.
///
/// # Errors
/// A dirty kit, and whatever [`Kit::migration`](crate::kit::Kit::migration) cannot take apart; then nothing has changed.
pub fn migrate(options: &MigrateOptions, watch: Watch<'_>) -> Result<MigrateReport, OpError> {
    let kit = workspace::kit(&options.places)?;
    if options.dry_run {
        let migration = kit.migration().map_err(kit_error)?;
        return Ok(report(&migration, "would-land"));
    }
    let _lock = workspace::lock_kit(&kit, "kit migrate", watch)?;
    let migration = kit.migration().map_err(kit_error)?;
    if migration.changes.is_empty() {
        return Ok(report(&migration, "per-series"));
    }
    if !options.allow_dirty
        && let Some(warning) = workspace::refuse_dirty(&kit)?
    {
        watch.observer.event(&Event::Warning(warning));
    }
    let linux = workspace::undo_tree(&options.places, &kit, watch);
    let changes = FileChanges::all_of(&kit, migration.changes.clone());
    Landing::of_files(&kit, None, changes).commit_files(linux.as_ref(), "kit migrate", MESSAGE)?;
    Ok(report(&migration, "landed"))
}

fn report(migration: &Migration, state: &'static str) -> MigrateReport {
    let shown = |path: &Path| visible(path.as_os_str().as_encoded_bytes());
    let left = |left: &Left| LeftReport { path: shown(&left.path), line: left.line, what: left.what.clone() };
    let moves = migration.moves.iter().map(|(from, to)| MoveReport { from: shown(from), to: shown(to) });
    MigrateReport {
        state: if migration.changes.is_empty() { "per-series" } else { state },
        moves: moves.collect(),
        files: migration.changes.iter().map(file_changes::report).collect(),
        edited: migration.edited.iter().map(|path| shown(path)).collect(),
        left: migration.left.iter().map(left).collect(),
        kit_commit: None,
    }
}
