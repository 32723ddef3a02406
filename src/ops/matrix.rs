//! `kpatch plan --matrix`: which patches go where, at a glance.

use std::error::Error as _;

use serde::Serialize;

use super::cells::{Cell, Filler, Row};
use super::parallel::Limits;
use super::plan::{PlanOptions, asked, kit, report, rows, tags};
use super::report::{BumpReport, Counts, OutcomeName, State};
use super::workspace::Linux;
use super::{OpError, Watch, workspace};
use crate::event::Event;
use crate::kit::Kit;
use crate::source::fetch;

/// One patch set and what would become of it on each of its targets.
#[derive(Debug, Clone, Serialize)]
pub struct MatrixReport {
    /// The series in the kit, for example `6.6.x`; absent for a bare patch directory.
    pub series: Option<String>,
    /// The tag below the set.
    pub base: String,
    /// Why the set is of no use: a file that cannot be read, a base that is not there. Then no cell has a result.
    pub error: Option<String>,
    /// One for each target, in the order that was asked for.
    pub cells: Vec<CellReport>,
    /// One for each patch, in the order of the set; none if the set is of no use or no cell has a result.
    pub patches: Vec<MatrixPatch>,
}

/// A patch set on one target.
#[derive(Debug, Clone, Serialize)]
pub struct CellReport {
    /// The target's tag.
    pub target: String,
    /// Its commit, 40 hex digits; absent if there is no result.
    pub commit: Option<String>,
    /// Whether a bump would land there; absent if there is no result.
    pub state: Option<State>,
    /// How many patches had each outcome; absent if there is no result.
    pub counts: Option<Counts>,
    /// Why there is no result; absent if there is one, and where the whole set is of no use.
    pub error: Option<String>,
}

/// A patch and what would become of it.
#[derive(Debug, Clone, Serialize)]
pub struct MatrixPatch {
    /// The patch file.
    pub file: String,
    /// Which patch of that file, from 0.
    pub part: usize,
    /// Its subject, decoded for display.
    pub subject: String,
    /// The outcome in each cell, in their order; absent where the cell has no result.
    pub outcomes: Vec<Option<OutcomeName>>,
}

impl MatrixReport {
    /// True if something could not be computed.
    pub fn has_failed(&self) -> bool {
        self.error.is_some() || self.cells.iter().any(|cell| cell.error.is_some())
    }

    /// True if a bump to one of the targets would wait for decisions.
    pub fn would_stop(&self) -> bool {
        self.cells.iter().any(|cell| cell.state == Some(State::WouldStop))
    }
}

/// Computes every cell, several at a time; nothing is written. One report for each set.
///
/// What cannot be computed, an unknown tag or an unreadable set, is said in its place, and the rest goes on.
pub fn matrix(options: &PlanOptions, watch: Watch<'_>) -> Result<Vec<MatrixReport>, OpError> {
    let kit = kit(options)?;
    let asked = asked(options, kit.as_ref(), watch)?;
    let tags = tags(options, &asked)?;
    let open = || open_known(options, kit.as_ref(), tags.clone(), watch);
    let linux = open()?;
    let rows = rows(options, asked, &linux.store, watch)?;
    let filler = Filler { reopen: &open, limits: Limits::of_machine(), watch };
    let cells = filler.fill(linux, &rows, |cell: &Cell<'_>| Summary::of(report(cell)))?;
    Ok(rows.iter().zip(cells).map(|(row, cells)| row_report(row, cells)).collect())
}

/// Opens the linux tree; a tag that its server does not have is left to the cells that want it.
fn open_known(
    options: &PlanOptions,
    kit: Option<&Kit>,
    mut tags: Vec<String>,
    watch: Watch<'_>,
) -> Result<Linux, OpError> {
    loop {
        let error = match workspace::linux(&options.places, kit, &tags, watch) {
            Ok(linux) => return Ok(linux),
            Err(error) => error,
        };
        let unknown = match error.source().and_then(|source| source.downcast_ref()) {
            Some(fetch::Error::UnknownTag { tag, .. }) => tags.iter().position(|known| known == tag),
            _ => None,
        };
        let Some(at) = unknown else { return Err(error) };
        watch.observer.event(&Event::Warning(error_in_words(&error)));
        tags.remove(at);
    }
}

/// What a cell keeps of its report: the markers and the ids of many would fill the memory.
struct Summary {
    commit: String,
    state: State,
    counts: Counts,
    /// File, part, subject and outcome.
    patches: Vec<(String, usize, String, OutcomeName)>,
}

impl Summary {
    fn of(report: BumpReport) -> Self {
        let patches = report.patches.into_iter();
        Self {
            commit: report.target.commit,
            state: report.state,
            counts: report.counts,
            patches: patches.map(|patch| (patch.file, patch.part, patch.subject, patch.outcome)).collect(),
        }
    }
}

fn row_report(row: &Row<'_>, filled: super::cells::Filled<Summary>) -> MatrixReport {
    let blank = |tag: &crate::version::Tag| CellReport {
        target: tag.to_string(),
        commit: None,
        state: None,
        counts: None,
        error: None,
    };
    let mut report = MatrixReport {
        series: row.place.series(),
        base: row.from.to_string(),
        error: None,
        cells: row.targets.iter().map(blank).collect(),
        patches: Vec::new(),
    };
    let summaries = match filled {
        Ok(summaries) => summaries,
        Err(error) => {
            report.error = Some(error_in_words(&error));
            return report;
        }
    };
    for (at, summary) in summaries.into_iter().enumerate() {
        let cell = &mut report.cells[at];
        match summary {
            Err(error) => cell.error = Some(error_in_words(&error)),
            Ok(summary) => {
                cell.commit = Some(summary.commit);
                cell.state = Some(summary.state);
                cell.counts = Some(summary.counts);
                note_outcomes(&mut report.patches, at, row.targets.len(), summary.patches);
            }
        }
    }
    report
}

/// Adds a column to the patches; the first one names them.
fn note_outcomes(
    patches: &mut Vec<MatrixPatch>,
    column: usize,
    columns: usize,
    outcomes: Vec<(String, usize, String, OutcomeName)>,
) {
    let first = patches.is_empty();
    for (at, (file, part, subject, outcome)) in outcomes.into_iter().enumerate() {
        if first {
            patches.push(MatrixPatch { file, part, subject, outcomes: vec![None; columns] });
        }
        patches[at].outcomes[column] = Some(outcome);
    }
}

/// The message, and the causes that add words.
fn error_in_words(error: &OpError) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        let more = source.to_string();
        if !words.contains(&more) {
            words = format!("{words}: {more}");
        }
        cause = source.source();
    }
    words
}
