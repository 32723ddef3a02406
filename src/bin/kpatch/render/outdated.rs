//! The reports of `outdated` and `source list` as text.

use kpatch::ops::outdated::{OutdatedReport, OutdatedSeries};

use super::check::list_of_releases;
use super::table::{Cell, table, wrap};
use super::{Detail, Style, View, count, safe};

/// One row for each series, then where the list is from.
pub(crate) fn text(reports: &[OutdatedReport], view: &View) -> String {
    reports.iter().map(|report| one(report, view)).collect()
}

fn one(report: &OutdatedReport, view: &View) -> String {
    let head = ["series", "newest", "", "kit", ""].map(|head| Cell(Style::Dim, head.into())).to_vec();
    let mut rows = vec![head];
    rows.extend(report.series.iter().map(row));
    let mut text = table(&rows, 0, view);
    if view.detail > Detail::Head {
        text += &wrap(&list_of_releases(&report.list), 0, 2, view);
    }
    text
}

fn row(series: &OutdatedSeries) -> Vec<Cell> {
    let dash = || "-".to_owned();
    let kind = if series.eol {
        Cell(Style::Warn, "end of life".into())
    } else {
        Cell::plain(series.moniker.as_deref().map_or_else(dash, safe))
    };
    let state = match series.behind {
        None => Cell::plain(String::new()),
        Some(0) => Cell(Style::Good, "newest".into()),
        Some(behind) => Cell(Style::Warn, format!("{} behind", count(behind as usize, "release", "releases"))),
    };
    vec![
        Cell::plain(safe(&series.series)),
        Cell::plain(series.newest.as_deref().map_or_else(dash, safe)),
        kind,
        Cell::plain(series.kit.as_deref().map_or_else(dash, safe)),
        state,
    ]
}

#[cfg(test)]
mod tests {
    use kpatch::ops::check::ReleasesReport;

    use super::super::Paint;
    use super::*;

    #[test]
    fn series_read_so() {
        let list = ReleasesReport { source: "https://example.org/releases.json".into(), age: 7200, stale: None };
        let row = |series: &str, newest: &str, eol, kit: Option<&str>, behind| OutdatedSeries {
            series: series.into(),
            newest: Some(newest.into()),
            moniker: Some("longterm".into()),
            eol,
            kit: kit.map(Into::into),
            behind,
        };
        let series = vec![
            row("6.12.x", "6.12.3", false, None, None),
            row("6.6.x", "6.6.16", false, Some("6.6.13"), Some(3)),
            row("5.15.x", "5.15.9", true, Some("5.15.9"), Some(0)),
        ];
        let view = View { width: 80, paint: Paint(false), detail: Detail::Usual };
        assert_eq!(
            text(&[OutdatedReport { list, series }], &view),
            "series  newest               kit
6.12.x  6.12.3  longterm     -
6.6.x   6.6.16  longterm     6.6.13  3 releases behind
5.15.x  5.15.9  end of life  5.15.9  newest
releases: https://example.org/releases.json, 2 hours old
"
        );
    }
}
