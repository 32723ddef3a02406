//! The reports of `list` and `tags` as text.

use kpatch::ops::list::{ListReport, ListedKernel};
use kpatch::ops::tags::TagsReport;

use super::{View, safe};

/// The lists, as the Makefile of a kit prints them.
pub(crate) fn list(reports: &[ListReport], _: &View) -> String {
    let versions = |kernels: &[ListedKernel]| {
        let versions: Vec<String> = kernels.iter().map(|kernel| safe(&kernel.version)).collect();
        versions.join(" ")
    };
    let one = |report: &ListReport| {
        let rows = [
            ("Arch:", report.arch.clone()),
            ("Kernels:", versions(&report.kernels)),
            ("Deprecated:", versions(&report.deprecated)),
            ("Tools:", safe(&report.tools.join(" "))),
        ];
        rows.map(|(name, value)| format!("{name:<12}{value}").trim_end().to_owned() + "\n").concat()
    };
    reports.iter().map(one).collect()
}

/// One reference a line.
pub(crate) fn tags(reports: &[TagsReport], only_hashed: bool) -> String {
    let mut text = String::new();
    for report in reports {
        let all = report.references.iter().chain(&report.builder);
        let shown: Vec<&String> = if only_hashed { report.hashed.iter().collect() } else { all.collect() };
        for reference in shown {
            text += &safe(reference);
            text.push('\n');
        }
    }
    text
}
