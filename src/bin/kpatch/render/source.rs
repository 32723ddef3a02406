//! The report of `source` as text.

use kpatch::ops::garbage::GcReport;
use kpatch::ops::source::SourceReport;

use super::push::size;
use super::table::{Cell, table, wrap};
use super::{Detail, Style, View, count, safe, short};

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
    let mut text = table(&reports.iter().map(row).collect::<Vec<_>>(), 0, view);
    for note in reports.iter().flat_map(|report| &report.notes) {
        text += &wrap(&safe(note), 0, 2, view);
    }
    text
}

/// What went from the cache; with `-v` also what stays.
pub(crate) fn gc(reports: &[GcReport], dry_run: bool, view: &View) -> String {
    let mut text = String::new();
    for report in reports {
        let shown = report.entries.iter().filter(|entry| entry.removed || view.detail == Detail::Full);
        let row = |entry: &kpatch::ops::garbage::GcEntry| {
            let (style, word) = match (entry.removed, dry_run) {
                (true, false) => (Style::Warn, "removed"),
                (true, true) => (Style::Warn, "would go"),
                (false, _) => (Style::Dim, "stays"),
            };
            let days = usize::try_from(entry.unused_days).unwrap_or(usize::MAX);
            vec![
                Cell(style, word.into()),
                Cell::plain(size(entry.bytes)),
                Cell::plain(format!("{} unused", count(days, "day", "days"))),
                Cell::plain(safe(&entry.path)),
            ]
        };
        if view.detail > Detail::Head {
            text += &table(&shown.map(row).collect::<Vec<_>>(), 0, view);
        }
        let verb = if dry_run { "would be freed" } else { "freed" };
        text += &wrap(
            &format!("{}: {} {verb}, {} kept", safe(&report.cache), size(report.freed), size(report.kept)),
            0,
            2,
            view,
        );
    }
    text
}
