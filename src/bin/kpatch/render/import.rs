//! The report of `import` as text.

use kpatch::ops::import::ImportReport;

use super::table::wrap;
use super::{Style, View, count, place, safe, short};

/// One line for each patch set.
pub(crate) fn text(reports: &[ImportReport], view: &View) -> String {
    if reports.is_empty() {
        return "nothing to import\n".to_owned();
    }
    reports.iter().map(|report| line(report, view)).collect()
}

fn line(report: &ImportReport, view: &View) -> String {
    let place = place(report.series.as_deref(), &report.base);
    let patches = count(report.patches, "patch", "patches");
    let change = match report.change {
        "dry-run" => "would be written",
        other => other,
    };
    let line = format!("{place}: {} {change} at {}, {patches}", safe(&report.branch), short(&report.commit));
    let (first, rest) = line.split_once(": ").unwrap_or((&line, ""));
    wrap(&format!("{}: {rest}", view.paint.paint(Style::Strong, first)), 0, 2, view)
}

#[cfg(test)]
mod tests {
    use super::super::{Detail, Paint};
    use super::*;

    #[test]
    fn a_branch_reads_so() {
        let report = ImportReport {
            series: Some("6.6.x".into()),
            base: "v6.6.13".into(),
            branch: "v6.6.13-linuxkit".into(),
            commit: "c".repeat(40),
            tree: "b".repeat(40),
            patches: 1,
            change: "created",
        };
        let view = View { width: 80, paint: Paint(false), detail: Detail::Usual };
        assert_eq!(text(&[report], &view), "6.6.x on v6.6.13: v6.6.13-linuxkit created at cccccccccccc, 1 patch\n");
        assert_eq!(text(&[], &view), "nothing to import\n");
    }
}
