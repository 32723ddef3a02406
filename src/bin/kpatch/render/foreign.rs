//! The report of `foreign` as text.

use std::fmt::Write as _;

use kpatch::ops::foreign::ForeignReport;

use super::table::wrap;
use super::{Detail, Style, View, count, safe};

/// What the image is made of; its reference is the last line.
pub(crate) fn text(reports: &[ForeignReport], view: &View) -> String {
    reports.iter().map(|report| one(report, view)).collect()
}

fn one(report: &ForeignReport, view: &View) -> String {
    let mut text = String::new();
    for warning in &report.warnings {
        text += &view.paint.paint(Style::Warn, "warning: ");
        text += wrap(&safe(warning), "warning: ".len(), 2, view).trim_start();
    }
    if view.detail > Detail::Head {
        let name = view.paint.paint(Style::Strong, &safe(&report.release));
        let modules = count(report.modules, "module", "modules");
        let _ = writeln!(text, "{name} for {}, {modules}, compiled by {}", report.arch, safe(&report.builder));
        for package in &report.packages {
            let _ = writeln!(text, "  {} {}", safe(&package.name), safe(&package.version));
        }
        let state = if report.changed { "written to" } else { "is as it was in" };
        let _ = writeln!(text, "  {} {state} {}", safe(&report.digest), safe(&report.layout));
    }
    let _ = writeln!(text, "{}", safe(&report.image));
    text
}

#[cfg(test)]
mod tests {
    use kpatch::build::foreign::ForeignPackage;

    use super::super::Paint;
    use super::*;

    #[test]
    fn an_image_of_packages_reads_so() {
        let package =
            ForeignPackage { name: "linux-image\x1b".into(), version: "6.1.192-2".into(), sha256: "0".into() };
        let report = ForeignReport {
            image: "linuxkit/kernel-debian:6.1.192-2".into(),
            reference: "linuxkit/kernel-debian:6.1.192-2-amd64".into(),
            digest: "sha256:0".into(),
            changed: true,
            layout: "out/images".into(),
            release: "6.1.0-56-amd64".into(),
            arch: "amd64",
            distribution: "debian".into(),
            version: "6.1.192-2".into(),
            builder: "debian/gcc-12".into(),
            packages: vec![package],
            modules: 1,
            warnings: vec!["no headers".into()],
        };
        let mut view = View { width: 80, paint: Paint(false), detail: Detail::Usual };
        assert_eq!(
            text(std::slice::from_ref(&report), &view),
            "warning: no headers
6.1.0-56-amd64 for amd64, 1 module, compiled by debian/gcc-12
  linux-image\\u{1b} 6.1.192-2
  sha256:0 written to out/images
linuxkit/kernel-debian:6.1.192-2
"
        );
        view.detail = Detail::Head;
        assert!(text(&[report], &view).ends_with("no headers\nlinuxkit/kernel-debian:6.1.192-2\n"));
    }
}
