//! The report of `retire`.

use kpatch::ops::report::State;
use kpatch::ops::retire::RetireReport;

use super::table::wrap;
use super::{Detail, Style, View, count, safe};

/// All reports.
pub(crate) fn text(reports: &[RetireReport], view: &View) -> String {
    reports.iter().map(|report| one(report, view)).collect()
}

fn one(report: &RetireReport, view: &View) -> String {
    let ending = match (report.files.is_empty(), report.removed, report.state) {
        (true, _, _) => "retired already; nothing to change",
        (_, true, State::Landed) => "removed",
        (_, true, _) => "would be removed",
        (_, false, State::Landed) => "retired",
        (_, false, _) => "would be retired",
    };
    let name = view.paint.paint(Style::Strong, &safe(&report.series));
    let mut text = wrap(&format!("{name}: {}", view.paint.paint(Style::Good, ending)), 0, 2, view);
    if view.detail == Detail::Head {
        return text;
    }
    for warning in &report.warnings {
        text += &view.paint.paint(Style::Warn, "warning: ");
        text += wrap(&safe(warning), "warning: ".len(), 2, view).trim_start();
    }
    for file in &report.files {
        text += &wrap(&format!("{}: {}", file.change, safe(&file.path)), 0, 2, view);
    }
    if !report.left.is_empty() {
        text += &wrap(
            &format!("{} to its images:", count(report.left.len(), "reference is left", "references are left")),
            0,
            2,
            view,
        );
        for left in &report.left {
            text += &wrap(&safe(&format!("{}:{}: {}", left.path, left.line, left.reference)), 2, 4, view);
        }
    }
    text
}
