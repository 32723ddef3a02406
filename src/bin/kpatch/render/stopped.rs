//! What `abort`, `undo` and `mergetool` say.

use kpatch::ops::report::FileReport;
use kpatch::ops::resume::AbortReport;
use kpatch::ops::undo::UndoReport;

use super::{View, safe};

/// The text of `abort`.
pub(crate) fn aborted(reports: &[AbortReport], _: &View) -> String {
    let line = |report: &AbortReport| {
        let set = report.series.as_deref().map_or_else(String::new, |series| format!("{}: ", safe(series)));
        format!("{set}the bump to {} was given up; the patches are on {}\n", safe(&report.target), safe(&report.base))
    };
    reports.iter().map(line).collect()
}

/// What a merge tool left of the conflicts of one patch.
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct MergetoolReport {
    /// The patch file.
    pub(crate) patch: String,
    /// True if no conflict marker is left.
    pub(crate) resolved: bool,
}

/// The text of `mergetool`.
pub(crate) fn resolved(reports: &[MergetoolReport], _: &View) -> String {
    let line = |report: &MergetoolReport| {
        let state = if report.resolved { "resolved" } else { "conflict markers are left" };
        format!("{}: {state}\n", safe(&report.patch))
    };
    let lines: String = reports.iter().map(line).collect();
    let next =
        if reports.iter().any(|report| report.resolved) { "kpatch continue takes what is resolved\n" } else { "" };
    lines + next
}

/// The text of `undo`.
pub(crate) fn undone(reports: &[UndoReport], _: &View) -> String {
    reports.iter().flat_map(undone_lines).map(|line| line + "\n").collect()
}

fn undone_lines(report: &UndoReport) -> Vec<String> {
    let file = |file: &FileReport| format!("  {} {}", file.change, safe(&file.path));
    let branch = |(branch, commit): &(String, Option<String>)| match commit {
        Some(commit) => format!("  branch {} at {} again", safe(branch), safe(commit)),
        None => format!("  branch {} removed", safe(branch)),
    };
    let mut lines = vec![format!("taken back: {}", safe(&report.what))];
    lines.extend(report.files.iter().map(file));
    lines.extend(report.branches.iter().map(branch));
    lines
}
