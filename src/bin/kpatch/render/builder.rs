//! The report of `builder create` as text.

use std::fmt::Write as _;

use kpatch::ops::builder::BuilderReport;

use super::{Detail, View, safe};

/// How the image is named, alone on its line; before it, where it was asked for, what it is.
pub(crate) fn text(reports: &[BuilderReport], view: &View) -> String {
    let mut text = String::new();
    for report in reports {
        if view.detail == Detail::Full {
            let _ =
                writeln!(text, "Debian {} on {}, {}", safe(&report.suite), safe(&report.arch), safe(&report.digest));
        }
        text += &safe(&report.reference);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::Paint;
    use super::*;

    #[test]
    fn the_reference_stands_alone() {
        let report = BuilderReport {
            reference: "oci:/b:bookworm-amd64-0\x1b".into(),
            tag: "bookworm-amd64-0".into(),
            digest: "sha256:0".into(),
            suite: "bookworm".into(),
            arch: "amd64".into(),
        };
        let view = |detail| View { width: 80, paint: Paint(false), detail };
        assert_eq!(text(std::slice::from_ref(&report), &view(Detail::Usual)), "oci:/b:bookworm-amd64-0\\u{1b}\n");
        assert!(text(&[report], &view(Detail::Full)).starts_with("Debian bookworm on amd64, sha256:0\n"));
    }
}
