//! The report of `plan --matrix`: patch sets by releases, and patches by releases, as text and as markdown.

use std::fmt::Write as _;
use std::ops::Range;

use dialoguer::console::measure_text_width;

use kpatch::ops::matrix::{CellReport, MatrixPatch, MatrixReport};
use kpatch::ops::report::{Counts, OutcomeName, State};

use super::escape::{clipped, inline};
use super::markdown::{CELL, LIMIT, Part, assemble, cells};
use super::table::{Cell, table, wrap};
use super::{Detail, Style, View, count, letters, safe, summary};

/// Between columns.
const GAP: usize = 2;
/// What the signs of a cell mean.
const SIGNS: &str = "each cell: patches kept, -dropped because upstream has them, !waiting for a decision";

/// A table whose first column is repeated where the others do not fit side by side.
struct Grid {
    /// The columns that are repeated.
    fixed: usize,
    /// All rows, the heads first; nothing is made harmless yet.
    rows: Vec<Vec<Cell>>,
}

/// All sets.
pub(crate) fn text(reports: &[MatrixReport], view: &View) -> String {
    if reports.is_empty() {
        return "nothing to carry\n".to_owned();
    }
    let mut text: Vec<String> = alike(reports).map(|reports| laid_out(&sets(reports), view)).collect();
    if reports.iter().any(|report| report.cells.iter().any(|cell| cell.counts.is_some())) {
        text.push(view.paint.paint(Style::Dim, wrap(SIGNS, 0, 2, view).trim_end()) + "\n");
    }
    let failures: String = failures(reports)
        .iter()
        .map(|line| view.paint.paint(Style::Bad, wrap(&safe(line), 0, 2, view).trim_end()) + "\n")
        .collect();
    text.push(failures);
    if view.detail > Detail::Head {
        let all = view.detail == Detail::Full;
        let shown = reports.iter().filter(|report| !report.patches.is_empty());
        text.extend(shown.map(|report| patches_in_text(report, all, view)));
    }
    text.retain(|part| !part.is_empty());
    text.join("\n")
}

/// All sets, for a pull request or an issue; never longer than a forge takes.
pub(crate) fn markdown(reports: &[MatrixReport]) -> String {
    if reports.is_empty() {
        return "Nothing to carry.\n".to_owned();
    }
    let mut parts = Vec::new();
    for reports in alike(reports) {
        parts.extend([in_markdown(&sets(reports)), Part::Fixed("\n".to_owned())]);
    }
    parts.push(Part::Fixed(format!("{}\n", inline(SIGNS))));
    for line in failures(reports) {
        parts.push(Part::Fixed(format!("\n- {}\n", inline(&line))));
    }
    for report in reports.iter().filter(|report| !report.patches.is_empty()) {
        parts.push(Part::Fixed(format!("\n### {}\n\n", inline(&origin(report)))));
        let (changed, smooth) = sorted(report, false);
        if !changed.is_empty() {
            parts.push(in_markdown(&patches(report, &changed)));
            parts.push(Part::Fixed(format!("\n{}\n", inline(&legend(&changed)))));
        }
        if let Some(words) = unmoved(smooth) {
            parts.push(Part::Fixed(format!("\n{words}\n")));
        }
    }
    assemble(&parts, LIMIT)
}

/// Sets with the same targets, which make one table; only neighbours, so that the order stays.
fn alike(reports: &[MatrixReport]) -> impl Iterator<Item = &[MatrixReport]> {
    let targets = |report: &MatrixReport| report.cells.iter().map(|cell| cell.target.clone()).collect::<Vec<_>>();
    reports.chunk_by(move |left, right| targets(left) == targets(right))
}

/// Patch sets by releases.
fn sets(reports: &[MatrixReport]) -> Grid {
    let mut head = vec![Cell(Style::Dim, "from".into())];
    head.extend(reports[0].cells.iter().map(|cell| Cell(Style::Dim, cell.target.clone())));
    let mut rows = vec![head];
    for report in reports {
        let mut row = vec![Cell::plain(origin(report))];
        row.extend(report.cells.iter().map(set_cell));
        rows.push(row);
    }
    Grid { fixed: 1, rows }
}

fn set_cell(cell: &CellReport) -> Cell {
    match (&cell.counts, cell.state) {
        (Some(counts), Some(State::WouldStop)) => Cell(Style::Bad, signs(counts)),
        (Some(counts), _) => Cell(Style::Good, signs(counts)),
        (None, _) => Cell(Style::Bad, "failed".into()),
    }
}

/// For example `12 -1 !2`: twelve kept, one dropped, two open.
fn signs(counts: &Counts) -> String {
    let mut text = counts.kept().to_string();
    for (sign, number) in [("-", counts.upstreamed + counts.left_out), ("!", counts.open())] {
        if number > 0 {
            let _ = write!(text, " {sign}{number}");
        }
    }
    text
}

/// Patches by releases.
fn patches(report: &MatrixReport, shown: &[&MatrixPatch]) -> Grid {
    let mut head = vec![Cell(Style::Dim, "#".into()), Cell(Style::Dim, "patch".into())];
    head.extend(report.cells.iter().map(|cell| Cell(Style::Dim, cell.target.clone())));
    let mut rows = vec![head];
    for patch in shown {
        let number = summary::number_of(&patch.file, patch.part);
        let mut row = vec![Cell::plain(number), Cell::plain(patch.subject.clone())];
        row.extend(patch.outcomes.iter().map(|outcome| letters::cell(*outcome)));
        rows.push(row);
    }
    Grid { fixed: 2, rows }
}

fn patches_in_text(report: &MatrixReport, all: bool, view: &View) -> String {
    let mut text = view.paint.paint(Style::Strong, &safe(&origin(report))) + "\n";
    let (changed, smooth) = sorted(report, all);
    if !changed.is_empty() {
        text += &laid_out(&patches(report, &changed), view);
        text += &view.paint.paint(Style::Dim, wrap(&legend(&changed), 0, 2, view).trim_end());
        text.push('\n');
    }
    text + &unmoved(smooth).map(|words| wrap(&words, 0, 2, view)).unwrap_or_default()
}

/// The patches to show, and how many are not: those that stay as they are on every target.
fn sorted(report: &MatrixReport, all: bool) -> (Vec<&MatrixPatch>, usize) {
    let stays = |outcome: &Option<OutcomeName>| matches!(outcome, None | Some(OutcomeName::Same | OutcomeName::Offset));
    let changed: Vec<&MatrixPatch> =
        report.patches.iter().filter(|patch| all || !patch.outcomes.iter().all(stays)).collect();
    let smooth = report.patches.len() - changed.len();
    (changed, smooth)
}

fn unmoved(smooth: usize) -> Option<String> {
    (smooth > 0).then(|| format!("{} unchanged on every target", count(smooth, "patch stays", "patches stay")))
}

fn legend(shown: &[&MatrixPatch]) -> String {
    letters::legend(shown.iter().flat_map(|patch| patch.outcomes.iter().copied()))
}

/// One line for each thing that could not be computed.
fn failures(reports: &[MatrixReport]) -> Vec<String> {
    let mut lines = Vec::new();
    for report in reports {
        let cells = report.cells.iter().filter_map(|cell| Some((Some(&cell.target), cell.error.as_ref()?)));
        for (target, error) in report.error.iter().map(|error| (None, error)).chain(cells) {
            let to = target.map(|target| format!(" → {target}")).unwrap_or_default();
            lines.extend(error.lines().map(|line| format!("{}{to}: {line}", origin(report))));
        }
    }
    lines
}

fn origin(report: &MatrixReport) -> String {
    report.series.as_ref().map_or_else(|| report.base.clone(), |series| format!("{series} {}", report.base))
}

/// The grid as text, in as many blocks of columns as the width asks for.
fn laid_out(grid: &Grid, view: &View) -> String {
    let rows: Vec<Vec<Cell>> =
        grid.rows.iter().map(|row| row.iter().map(|cell| Cell(cell.0, safe(&cell.1))).collect()).collect();
    let widths: Vec<usize> =
        (0..rows[0].len()).map(|at| rows.iter().map(|row| measure_text_width(&row[at].1)).max().unwrap_or(0)).collect();
    let blocks = blocks(&widths, grid.fixed, view.width);
    let texts: Vec<String> = blocks
        .into_iter()
        .map(|block| {
            let part = |row: &Vec<Cell>| [&row[..grid.fixed], &row[block.clone()]].concat();
            table(&rows.iter().map(part).collect::<Vec<_>>(), 0, view)
        })
        .collect();
    texts.join("\n")
}

/// Which columns stand side by side: as many as fit beside the `fixed` ones, which take half of the width at most, and
/// always one.
fn blocks(widths: &[usize], fixed: usize, room: usize) -> Vec<Range<usize>> {
    let beside: usize = widths[..fixed].iter().map(|width| width + GAP).sum();
    let room = room.saturating_sub(beside.min(room / 2));
    let mut blocks = Vec::new();
    let (mut from, mut used) = (fixed, 0);
    for (at, width) in widths.iter().enumerate().skip(fixed) {
        if at > from && used + width > room {
            blocks.push(from..at);
            (from, used) = (at, 0);
        }
        used += width + GAP;
    }
    blocks.push(from..widths.len());
    blocks
}

fn in_markdown(grid: &Grid) -> Part {
    let mut rows = grid.rows.iter().map(|row| cells(row.iter().map(|cell| inline(&clipped(&cell.1, CELL)))));
    let head = rows.next().unwrap_or_default();
    let columns = "---|".repeat(grid.rows[0].len());
    Part::Table { head: format!("{head}|{columns}\n"), rows: rows.collect() }
}

#[cfg(test)]
#[path = "matrix_tests.rs"]
mod tests;
