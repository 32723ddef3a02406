//! Single files of a kit that are to change together.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::OpError;
use super::proposals::unified_diff;
use super::report::FileReport;
use crate::files::Change;
use crate::kit::{FileChange, Kit};
use crate::text::visible;

/// Changes that are collected before they land.
#[derive(Debug)]
pub(super) struct FileChanges {
    top: PathBuf,
    changes: Vec<Change>,
}

/// What a file becomes.
#[derive(Debug, Clone, Serialize)]
pub struct FilePreview {
    /// The file, relative to the top of the kit.
    pub path: String,
    /// From what it is, or was made from, to what it will be: a unified diff decoded for display.
    pub diff: String,
}

impl FileChanges {
    pub(super) fn of(kit: &Kit) -> Self {
        Self { top: kit.top().to_owned(), changes: Vec::new() }
    }

    /// These, whose targets are relative to the top of the kit.
    pub(super) fn all_of(kit: &Kit, changes: Vec<Change>) -> Self {
        Self { changes, ..Self::of(kit) }
    }

    /// Adds one; what changes nothing is left out.
    pub(super) fn add(&mut self, change: FileChange, executable: bool) -> Result<(), OpError> {
        let FileChange { path, old, new } = change;
        if old == new {
            return Ok(());
        }
        let outside = |_| OpError::new(format!("'{}' is outside of the kit '{}'", path.display(), self.top.display()));
        let target = path.strip_prefix(&self.top).map_err(outside)?.to_owned();
        self.changes.push(Change::File { target, old, new, executable });
        Ok(())
    }

    /// Adds the removal of a file with these bytes.
    pub(super) fn remove(&mut self, path: PathBuf, old: Vec<u8>) -> Result<(), OpError> {
        if self.touches(&path) {
            return Ok(());
        }
        self.add(FileChange { path, old: Some(old), new: None }, false)
    }

    /// Whether a file is among them.
    pub(super) fn touches(&self, path: &Path) -> bool {
        self.changes.iter().any(|change| matches!(change, Change::File { target, .. } if self.top.join(target) == path))
    }

    /// What a file that is text now will be; `None` if it goes, or is no text any more.
    pub(super) fn text_of(&self, path: &Path, now: String) -> Option<String> {
        let is_it = |change: &&Change| self.top.join(target(change)) == path;
        match self.changes.iter().find(is_it) {
            Some(Change::File { new: Some(new), .. }) => String::from_utf8(new.clone()).ok(),
            Some(_) => None,
            None => Some(now),
        }
    }

    /// Changes what the files will be, where they are text and `edit` has something else for them.
    pub(super) fn edit_texts(&mut self, edit: impl Fn(&str) -> Option<String>) {
        for change in &mut self.changes {
            if let Change::File { new: Some(new), .. } = change
                && let Some(text) = std::str::from_utf8(new).ok().and_then(&edit)
            {
                *new = text.into_bytes();
            }
        }
    }

    pub(super) fn all(&self) -> &[Change] {
        &self.changes
    }

    /// All of them, in the order of their paths.
    pub(super) fn into_changes(mut self) -> Vec<Change> {
        self.changes.sort_by(|a, b| target(a).cmp(target(b)));
        self.changes
    }

    /// For the report, in the order of their paths.
    pub(super) fn reports(&self) -> Vec<FileReport> {
        let mut reports: Vec<FileReport> = self.changes.iter().map(report).collect();
        reports.sort_by(|a, b| a.path.cmp(&b.path));
        reports
    }

    /// What the files become, in the order of their paths; `from` has the file that a new one was made from.
    pub(super) fn previews(&self, from: impl Fn(&Path) -> Option<Vec<u8>>) -> Vec<FilePreview> {
        let preview = |change: &Change| {
            let Change::File { target, old, new: Some(new), .. } = change else { return None };
            let old = old.clone().or_else(|| from(&self.top.join(target))).unwrap_or_default();
            let path = visible(target.as_os_str().as_encoded_bytes());
            let diff = unified_diff(&old, new, &path, &path);
            Some(FilePreview { path, diff })
        };
        let mut previews: Vec<FilePreview> = self.changes.iter().filter_map(preview).collect();
        previews.sort_by(|a, b| a.path.cmp(&b.path));
        previews
    }
}

fn target(change: &Change) -> &Path {
    match change {
        Change::Dir { target, .. } | Change::File { target, .. } => target,
    }
}

/// How a change of a file is reported.
pub(super) fn report(change: &Change) -> FileReport {
    let word = match change {
        Change::File { old: None, .. } | Change::Dir { .. } => "written",
        Change::File { new: None, .. } => "removed",
        Change::File { .. } => "edited",
    };
    FileReport { path: visible(target(change).as_os_str().as_encoded_bytes()), change: word.into() }
}
