//! What `abort` says.

use kpatch::ops::resume::AbortReport;

use super::{View, safe};

/// The text of `abort`.
pub(crate) fn aborted(reports: &[AbortReport], _: &View) -> String {
    let line = |report: &AbortReport| {
        let set = report.series.as_deref().map_or_else(String::new, |series| format!("{}: ", safe(series)));
        format!("{set}the bump to {} was given up; the patches are on {}\n", safe(&report.target), safe(&report.base))
    };
    reports.iter().map(line).collect()
}
