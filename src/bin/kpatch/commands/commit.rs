//! Committing what landed, for every verb that can land a bump.

use clap::Args;

use kpatch::ops::commit::{self, Ready};
use kpatch::ops::report::{BumpReport, FileReport, State};
use kpatch::ops::{OpError, Places};

use crate::render;
use crate::ui::Ui;

/// Whether to commit, and how.
#[derive(Debug, Args)]
pub(super) struct CommitArgs {
    /// Commit what changed in the kit, and nothing else, with a message that lists it
    #[arg(long)]
    commit: bool,
    /// Sign the commit off
    #[arg(long, requires = "commit")]
    signoff: bool,
}

impl CommitArgs {
    /// Looks whether a commit can be made, before anything lands; `None` if none is asked for.
    pub(super) fn prepare(&self, places: &Places) -> Result<Option<Ready>, OpError> {
        self.commit.then(|| commit::prepare(places)).transpose()
    }

    /// Commits the files of everything that landed, in one commit, and notes it in the reports, which the caller
    /// shows also where this fails.
    pub(super) fn commit(&self, ready: Option<&Ready>, reports: &mut [BumpReport], ui: &Ui) -> Result<(), OpError> {
        let landed: Vec<&BumpReport> = reports.iter().filter(|report| report.state == State::Landed).collect();
        let (Some(ready), false) = (ready, landed.is_empty()) else { return Ok(()) };
        let files: Vec<&FileReport> = landed.iter().flat_map(|report| &report.files).collect();
        let message = render::commit_message::message(&landed);
        let commit = self.commit_files(Some(ready), &files, &message, ui)?;
        for report in reports.iter_mut().filter(|report| report.state == State::Landed) {
            report.kit_commit.clone_from(&commit);
        }
        Ok(())
    }

    /// Commits files that landed, if a commit is asked for; returns its id.
    pub(super) fn commit_files(
        &self,
        ready: Option<&Ready>,
        files: &[&FileReport],
        message: &str,
        ui: &Ui,
    ) -> Result<Option<String>, OpError> {
        let Some(ready) = ready else { return Ok(None) };
        ui.working(|watch| ready.commit(files, message, self.signoff, watch))
    }
}
