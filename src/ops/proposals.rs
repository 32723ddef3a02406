//! Proposals for what conflicts, and the resolutions that a kit keeps.

use bstr::{BString, ByteSlice as _};

use super::OpError;
use super::compute::Computed;
use super::jobs::Place;
use super::report::{BumpReport, ProposalReport, ProposedFileReport, StretchReport};
use super::stopped::journal::{Decided, DecidedKind};
use crate::carry::{Conflict, Outcome, question as question_id};
use crate::git::{Entry, GitError, Store};
use crate::kit::Kit;
use crate::patch::Patch;
use crate::propose::{Mergiraf, Proposal, Question, Resolution, ResolutionError, Resolutions, propose};
use crate::text::visible;

/// The resolutions of a kit, below its work directory.
pub(super) const FOLDER: &str = "resolutions";

/// Makes proposals.
pub(super) struct Proposer {
    recorded: Resolutions,
    mergiraf: Option<Mergiraf>,
}

impl Proposer {
    /// With the resolutions of the kit, if it is one, and with mergiraf, if it is installed.
    pub(super) fn of(place: &Place<'_>) -> Result<Self, OpError> {
        let recorded = match place {
            Place::Kit(kit, _) => recorded(kit)?,
            Place::Folder(_) => Resolutions::default(),
        };
        let mergiraf = std::env::var_os("PATH").and_then(|path| Mergiraf::find(&path));
        Ok(Self { recorded, mergiraf })
    }

    /// The proposals for the patch at that index, the best first; none if it does not conflict by itself.
    pub(super) fn proposals(&self, store: &Store, computed: &Computed, at: usize) -> Result<Vec<Proposal>, OpError> {
        let pick = &computed.carried.picks[at];
        let (Outcome::Conflict(Conflict::Merge(conflicts)), Ok(placed)) =
            (&pick.outcome, &computed.stack.steps[at].result)
        else {
            return Ok(Vec::new());
        };
        let question = Question {
            store,
            tip: pick.before,
            base: computed.stack.base.tree,
            target: computed.carried.target.tree,
            changes: &placed.changes,
            conflicts,
            recorded: &self.recorded,
            mergiraf: self.mergiraf.as_ref(),
        };
        propose(&question).map_err(failed)
    }

    /// The decision that takes the proposal of that strategy, or the first one; `None` if there is no such proposal.
    pub(super) fn taken(
        &self,
        store: &Store,
        patch: &Patch,
        computed: &Computed,
        at: usize,
        strategy: Option<&str>,
    ) -> Result<Option<Decided>, OpError> {
        let proposals = self.proposals(store, computed, at)?;
        let is_meant = |proposal: &&Proposal| strategy.is_none_or(|name| proposal.strategy.as_str() == name);
        let Some(proposal) = proposals.iter().find(is_meant) else { return Ok(None) };
        let question = question_id(store, &computed.carried.picks[at]).map_err(failed)?;
        let strategy = Some(proposal.strategy.as_str().to_owned());
        let mut decided = Decided { strategy, question, ..Decided::plain(patch, DecidedKind::Accepted) };
        let files: Vec<(BString, Option<Entry>)> =
            proposal.files.iter().map(|file| (file.path.clone(), file.entry)).collect();
        decided.set_files(&files);
        Ok(Some(decided))
    }

    /// Puts the proposals into the report.
    pub(super) fn fill(&self, store: &Store, computed: &Computed, report: &mut BumpReport) -> Result<(), OpError> {
        for (at, row) in report.patches.iter_mut().enumerate() {
            let below = computed.carried.picks[at].before;
            for proposal in self.proposals(store, computed, at)? {
                let mut files = Vec::new();
                for file in &proposal.files {
                    let now = store.entry(below, file.path.as_bstr()).map_err(failed)?;
                    let (old, new) = (store.content(now).map_err(failed)?, store.content(file.entry).map_err(failed)?);
                    let path = visible(&file.path);
                    files.push(ProposedFileReport {
                        blob: file.entry.map(|entry| entry.id.to_string()),
                        stretches: file.stretches.iter().map(stretch).collect(),
                        diff: unified_diff(&old, &new, &path, &path),
                        path,
                    });
                }
                let strategy = proposal.strategy.as_str().to_owned();
                row.proposals.push(ProposalReport { strategy, summary: proposal.summary.clone(), files });
            }
        }
        Ok(())
    }
}

fn stretch(stretch: &crate::propose::Stretch) -> StretchReport {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    StretchReport {
        line: stretch.line,
        base: text(&stretch.base),
        ours: text(&stretch.ours),
        theirs: text(&stretch.theirs),
        proposed: text(&stretch.proposed),
    }
}

/// A unified diff for display; empty if nothing differs.
pub(super) fn unified_diff(old: &[u8], new: &[u8], old_name: &str, new_name: &str) -> String {
    if old == new {
        return String::new();
    }
    let diff = similar::TextDiff::from_lines(old, new);
    let mut out = Vec::new();
    // Writing to memory does not fail.
    let _ = diff.unified_diff().context_radius(3).header(old_name, new_name).to_writer(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

fn recorded(kit: &Kit) -> Result<Resolutions, OpError> {
    Resolutions::read(&kit.work_dir().join(FOLDER)).map_err(|error| match error {
        error @ ResolutionError::File { .. } => OpError::new(error.to_string())
            .hint("mend it, take an older state of it from git, or remove it: it is only a memory"),
        error => OpError::because("cannot read the recorded resolutions", error),
    })
}

/// What persons resolved in this run, stretch by stretch, for the next one.
pub(super) fn resolutions(store: &Store, patches: &[Patch], computed: &Computed) -> Result<Vec<Resolution>, OpError> {
    let mut all = Vec::new();
    for (patch, pick) in patches.iter().zip(&computed.carried.picks) {
        let Outcome::Resolved { paths } = &pick.outcome else { continue };
        for conflict in paths.iter().filter(|conflict| !conflict.chunks.is_empty()) {
            let Some(entry) = store.entry(pick.after, conflict.path.as_bstr()).map_err(failed)? else { continue };
            let content = store.content(Some(entry)).map_err(failed)?;
            all.extend(Resolution::from_file(conflict, &content, &patch.message.subject));
        }
    }
    Ok(all)
}

fn failed(error: GitError) -> OpError {
    OpError::because("cannot read the linux tree", error)
}
