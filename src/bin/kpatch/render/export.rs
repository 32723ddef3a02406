//! The report of `export` as text.

use std::fmt::Write as _;

use kpatch::ops::export::ExportReport;

use super::table::wrap;
use super::{Detail, Style, View, count, place, safe, summary};

/// All reports.
pub(crate) fn text(reports: &[ExportReport], view: &View) -> String {
    if reports.is_empty() {
        return "nothing to export\n".to_owned();
    }
    let bodies: Vec<String> = reports.iter().map(|report| one(report, view)).collect();
    bodies.join(if view.detail == Detail::Head { "" } else { "\n" })
}

fn one(report: &ExportReport, view: &View) -> String {
    let having = |wanted: &str| report.patches.iter().filter(|(_, became)| *became == wanted).count();
    let mut counts = vec![format!("{} kept", having("kept"))];
    for became in ["rewritten", "new"] {
        if having(became) > 0 {
            counts.push(format!("{} {became}", having(became)));
        }
    }
    if !report.removed.is_empty() {
        counts.push(format!("{} removed", report.removed.len()));
    }
    let place = view.paint.paint(Style::Strong, &place(report.series.as_deref(), &report.base));
    let mut text = wrap(&format!("{place}: {} exported, {}", safe(&report.branch), counts.join(", ")), 0, 2, view);
    if view.detail == Detail::Head {
        return text;
    }
    for (file, became) in &report.patches {
        if view.detail == Detail::Full || *became != "kept" {
            let _ = writeln!(text, "  {became:<9}  {}", safe(file));
        }
    }
    for file in &report.removed {
        let _ = writeln!(text, "  removed    {}", safe(file));
    }
    text += &wrap(&format!("gate: {}", safe(&summary::gate(&report.gate))), 0, 2, view);
    if !report.files.is_empty() {
        let _ = writeln!(text, "kit: {}", count(report.files.len(), "file", "files"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::{Paint, sample};
    use super::*;

    #[test]
    fn an_export_reads_so() {
        let report = ExportReport {
            series: None,
            base: "v6.6.14".into(),
            branch: "v6.6.14-linuxkit".into(),
            patches: vec![("0001-a.patch".into(), "kept"), ("0002-\x1bb.patch".into(), "rewritten")],
            removed: vec!["0003-c.patch".into()],
            files: Vec::new(),
            gate: sample::landing().gate.expect("the sample has a gate"),
        };
        let view = View { width: 80, paint: Paint(false), detail: Detail::Usual };
        assert_eq!(
            text(&[report], &view),
            "\
patches on v6.6.14: v6.6.14-linuxkit exported, 1 kept, 1 rewritten, 1 removed
  rewritten  0002-\\u{1b}b.patch
  removed    0003-c.patch
gate: git am, patch -F0 and the branch give one tree, bbbbbbbbbbbb
"
        );
    }
}
