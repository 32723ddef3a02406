//! The report of `source` as text.

use kpatch::ops::source::SourceReport;

use super::table::{Cell, table};
use super::{Style, View, safe, short};

/// One row for each release.
pub(crate) fn text(reports: &[SourceReport], view: &View) -> String {
    if reports.is_empty() {
        return "nothing to bring\n".to_owned();
    }
    let row = |report: &SourceReport| {
        let news =
            if report.new { Cell(Style::Good, "new".into()) } else { Cell(Style::Dim, "was there already".into()) };
        vec![Cell::plain(safe(&report.tag)), Cell::plain(short(&report.commit)), news]
    };
    table(&reports.iter().map(row).collect::<Vec<_>>(), 0, view)
}
