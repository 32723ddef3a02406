//! Several reports at a glance.

use kpatch::ops::report::{BumpReport, State};

use dialoguer::console::measure_text_width;

use super::summary;
use super::table::{Cell, table};
use super::{Style, View, safe};

/// Rows are what was carried, columns where to; a list where a matrix would be empty or does not fit.
pub(crate) fn text(reports: &[BumpReport], view: &View) -> String {
    let rows = grid(reports).into_iter().map(|row| row.into_iter().map(|cell| Cell(cell.0, safe(&cell.1))).collect());
    let rows: Vec<Vec<Cell>> = rows.collect();
    let columns = rows.first().map_or(0, Vec::len);
    let width = |at: usize| rows.iter().map(|row| measure_text_width(&row[at].1)).max().unwrap_or(0);
    let needed = (0..columns).map(width).sum::<usize>() + 2 * columns.saturating_sub(1);
    if needed <= view.width {
        return table(&rows, 0, view);
    }
    let list: Vec<Vec<Cell>> = reports.iter().map(line).collect();
    table(&list, 0, view)
}

/// The matrix with its heads; as a list if no row has two targets. Nothing is made harmless yet.
pub(super) fn grid(reports: &[BumpReport]) -> Vec<Vec<Cell>> {
    let mut from: Vec<String> = Vec::new();
    let mut to: Vec<&str> = Vec::new();
    for report in reports {
        let name = origin(report);
        if !from.contains(&name) {
            from.push(name);
        }
        if !to.contains(&report.target.tag.as_str()) {
            to.push(&report.target.tag);
        }
    }
    if from.len() == reports.len() {
        let mut rows = vec![["from", "to", "result", "patches"].map(|head| Cell(Style::Dim, head.into())).to_vec()];
        rows.extend(reports.iter().map(|report| {
            let (style, result) = result(report);
            vec![
                Cell::plain(origin(report)),
                Cell::plain(&*report.target.tag),
                Cell(style, result.into()),
                Cell::plain(summary::brief(&report.counts)),
            ]
        }));
        return rows;
    }
    let mut head = vec![Cell(Style::Dim, "from".into())];
    head.extend(to.iter().map(|tag| Cell(Style::Dim, (*tag).to_owned())));
    let mut rows = vec![head];
    for name in from {
        let mut row = vec![Cell::plain(name.clone())];
        for tag in &to {
            let found = reports.iter().find(|report| report.target.tag == *tag && origin(report) == name);
            row.push(found.map_or_else(
                || Cell::plain(""),
                |report| Cell(result(report).0, format!("{}: {}", result(report).1, summary::brief(&report.counts))),
            ));
        }
        rows.push(row);
    }
    rows
}

fn line(report: &BumpReport) -> Vec<Cell> {
    let (style, result) = result(report);
    vec![
        Cell::plain(safe(&format!("{} → {}", origin(report), report.target.tag))),
        Cell(style, result.into()),
        Cell::plain(summary::brief(&report.counts)),
    ]
}

fn origin(report: &BumpReport) -> String {
    report.series.as_ref().map_or_else(|| report.base.tag.clone(), |series| format!("{series} {}", report.base.tag))
}

fn result(report: &BumpReport) -> (Style, &'static str) {
    match report.state {
        State::Landed => (Style::Good, "landed"),
        State::WouldLand => (Style::Good, "lands"),
        State::Stopped => (Style::Bad, "stopped"),
        State::WouldStop => (Style::Bad, "stops"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Detail, Paint, sample};
    use super::*;

    fn view(width: usize) -> View {
        View { width, paint: Paint(false), detail: Detail::Usual }
    }

    fn plans() -> Vec<BumpReport> {
        let mut lands = sample::landing();
        lands.state = State::WouldLand;
        let mut stops = sample::stopping();
        stops.state = State::WouldStop;
        stops.target.tag = "v6.6.15".into();
        vec![lands, stops]
    }

    #[test]
    fn several_targets_make_a_matrix() {
        assert_eq!(
            text(&plans(), &view(80)),
            "\
from           v6.6.14        v6.6.15
6.6.x v6.6.13  lands: 1 kept  stops: 4 kept, 1 dropped, 3 open
"
        );
    }

    #[test]
    fn a_matrix_that_does_not_fit_is_a_list() {
        assert_eq!(
            text(&plans(), &view(60)),
            "\
6.6.x v6.6.13 → v6.6.14  lands  1 kept
6.6.x v6.6.13 → v6.6.15  stops  4 kept, 1 dropped, 3 open
"
        );
    }

    #[test]
    fn several_series_are_a_list() {
        let mut reports = plans();
        reports[1].series = Some("6.1.x\x1b".into());
        let text = text(&reports, &view(80));
        assert!(text.starts_with("from                 to       result  patches\n"), "{text}");
        assert!(text.contains("\n6.1.x\\u{1b} v6.6.13  v6.6.15  stops "), "{text}");
    }
}
