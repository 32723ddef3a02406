//! The report of `update-yaml` as text.

use std::fmt::Write as _;

use kpatch::ops::report::{ReferenceReport, ReferenceState};
use kpatch::ops::update_yaml::UpdateYamlReport;

use super::table::wrap;
use super::{Detail, Style, View, count, safe, safe_code};

/// The references that change or need eyes, file by file; with `-v` also those that are as they should be.
pub(crate) fn text(reports: &[UpdateYamlReport], view: &View) -> String {
    reports.iter().map(|report| one(report, view)).collect()
}

fn one(report: &UpdateYamlReport, view: &View) -> String {
    let mut text = String::new();
    for warning in &report.warnings {
        text += &view.paint.paint(Style::Warn, "warning: ");
        text += wrap(&safe(warning), "warning: ".len(), 2, view).trim_start();
    }
    let mut file = "";
    for row in report.references.iter().filter(|row| is_shown(row, view.detail)) {
        if row.file != file {
            file = &row.file;
            let _ = writeln!(text, "{}", view.paint.paint(Style::Strong, &safe(file)));
        }
        let _ = writeln!(text, "  {}: {}", row.line, line(row, view));
    }
    for file in &report.files {
        for line in file.diff.iter().flat_map(|diff| diff.lines()) {
            let style = match line.as_bytes().first() {
                Some(b'+') => Style::Good,
                Some(b'-') => Style::Bad,
                Some(b'@') => Style::Note,
                _ => Style::Plain,
            };
            let _ = writeln!(text, "{}", view.paint.paint(style, &safe_code(line)));
        }
    }
    text + &summary(report)
}

fn is_shown(row: &ReferenceReport, detail: Detail) -> bool {
    match detail {
        Detail::Head => false,
        Detail::Usual => row.state != ReferenceState::Same && row.state != ReferenceState::Pinned,
        Detail::Full => true,
    }
}

fn line(row: &ReferenceReport, view: &View) -> String {
    let old = safe(&row.old);
    match row.state {
        ReferenceState::Updated => {
            let new = row.new.as_deref().map(safe).unwrap_or_default();
            format!("{old} -> {}", view.paint.paint(Style::Good, &new))
        }
        ReferenceState::Same => view.paint.paint(Style::Dim, &format!("{old} stays")),
        ReferenceState::Unknown => {
            format!("{} names no kernel that the kit supports, and stays", view.paint.paint(Style::Warn, &old))
        }
        ReferenceState::Pinned => view.paint.paint(Style::Dim, &format!("{old} is pinned, and stays")),
        ReferenceState::Unhashed => {
            format!("{} stays, since the hash of its series is not known", view.paint.paint(Style::Warn, &old))
        }
    }
}

fn summary(report: &UpdateYamlReport) -> String {
    let number = |state| report.references.iter().filter(|row| row.state == state).count();
    let updated = number(ReferenceState::Updated);
    let mut parts = match (updated, report.written) {
        (0, _) => vec!["no reference has to change".to_owned()],
        (_, true) => vec![updated_in("updated", updated, report.files.len())],
        (_, false) => vec![updated_in("out of date", updated, report.files.len())],
    };
    for (state, word) in [
        (ReferenceState::Same, "as it should be"),
        (ReferenceState::Pinned, "pinned"),
        (ReferenceState::Unknown, "unknown"),
        (ReferenceState::Unhashed, "without a known hash"),
    ] {
        if number(state) > 0 {
            parts.push(format!("{} {word}", number(state)));
        }
    }
    parts.join(", ") + "\n"
}

fn updated_in(word: &str, references: usize, files: usize) -> String {
    format!("{} {word} in {}", count(references, "reference", "references"), count(files, "file", "files"))
}

#[cfg(test)]
mod tests {
    use kpatch::ops::update_yaml::UpdatedFile;

    use super::super::Paint;
    use super::*;

    fn row(line: usize, old: &str, new: Option<&str>, state: ReferenceState) -> ReferenceReport {
        ReferenceReport { file: "a\x1b.yml".into(), line, old: old.into(), new: new.map(Into::into), state }
    }

    #[test]
    fn an_update_reads_so() {
        let report = UpdateYamlReport {
            written: true,
            references: vec![
                row(2, "k:6.6.13", Some("k:6.6.14"), ReferenceState::Updated),
                row(3, "k:6.6.14", Some("k:6.6.14"), ReferenceState::Same),
                row(4, "k:5.4.1-rt", None, ReferenceState::Unknown),
                row(5, "k@sha256:0", None, ReferenceState::Pinned),
                row(6, "k:6.6.1-0", None, ReferenceState::Unhashed),
            ],
            files: vec![UpdatedFile { path: "a.yml".into(), diff: Some("--- a/a.yml\n+x\x1b\n".into()) }],
            warnings: vec!["nothing is committed".into()],
        };
        let view = |detail| View { width: 80, paint: Paint(false), detail };
        assert_eq!(
            text(std::slice::from_ref(&report), &view(Detail::Usual)),
            "\
warning: nothing is committed
a\\u{1b}.yml
  2: k:6.6.13 -> k:6.6.14
  4: k:5.4.1-rt names no kernel that the kit supports, and stays
  6: k:6.6.1-0 stays, since the hash of its series is not known
--- a/a.yml
+x\\u{1b}
1 reference updated in 1 file, 1 as it should be, 1 pinned, 1 unknown, 1 without a known hash
"
        );
        let full = text(std::slice::from_ref(&report), &view(Detail::Full));
        assert!(full.contains("  3: k:6.6.14 stays\n") && full.contains("  5: k@sha256:0 is pinned, and stays\n"));
        let dry = UpdateYamlReport { written: false, files: Vec::new(), references: Vec::new(), warnings: Vec::new() };
        assert_eq!(text(&[dry], &view(Detail::Usual)), "no reference has to change\n");
    }
}
