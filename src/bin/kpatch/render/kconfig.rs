//! The report of `kconfig` as text.

use std::fmt::Write as _;

use kpatch::ops::kconfig::KconfigReport;

use super::{Detail, View, count, safe};

/// What is in the image and where it is, then its reference, alone on the last line.
pub(crate) fn text(reports: &[KconfigReport], view: &View) -> String {
    let mut text = String::new();
    for report in reports {
        if view.detail > Detail::Head {
            for kernel in &report.kernels {
                let patches = count(kernel.patches, "patch", "patches");
                let _ = writeln!(
                    text,
                    "{}: {patches}, configured for {}",
                    safe(&kernel.directory),
                    safe(&kernel.archs.join(", "))
                );
            }
            let _ = writeln!(text, "it is in {}", safe(&report.place));
        }
        text += &safe(&report.reference);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use kpatch::ops::kconfig::KconfigEntry;

    use super::super::Paint;
    use super::*;

    #[test]
    fn the_reference_is_the_last_line() {
        let report = KconfigReport {
            reference: "linuxkit/kconfig:6.6".into(),
            place: "buildah, on this machine".into(),
            kernels: vec![KconfigEntry {
                directory: "/linux-6.6.13".into(),
                archs: vec!["x86_64".into(), "aarch64".into()],
                patches: 1,
            }],
        };
        let view = View { width: 80, paint: Paint(false), detail: Detail::Usual };
        assert_eq!(
            text(&[report], &view),
            "/linux-6.6.13: 1 patch, configured for x86_64, aarch64\nit is in buildah, on this machine\nlinuxkit/kconfig:6.6\n"
        );
    }
}
