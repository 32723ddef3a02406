//! The reports of `config split` and `config diff` as text.

use kpatch::ops::config::{ConfigDiffReport, SplitFile, SplitReport};

use super::option_line;
use crate::render::{Detail, View, count, safe};

/// The files that were written.
pub(crate) fn split(reports: &[SplitReport], _: &View) -> String {
    let line = |file: &SplitFile| format!("{}: {}\n", safe(&file.path), count(file.options, "option", "options"));
    reports.iter().flat_map(|report| std::iter::once(&report.common).chain(&report.rest)).map(line).collect()
}

/// The options that differ, one a line: `-` goes, `+` comes, the others change.
pub(crate) fn diff(reports: &[ConfigDiffReport], view: &View) -> String {
    let mut text = String::new();
    for report in reports {
        for option in report.options.iter().filter(|_| view.detail > Detail::Head) {
            text += &option_line(option, view);
            text.push('\n');
        }
        let (old, new) = (safe(&report.old), safe(&report.new));
        let how = match report.options.len() {
            0 => "say the same".to_owned(),
            number => format!("differ in {}", count(number, "option", "options")),
        };
        text += &[&old, " and ", &new, " ", &how, "\n"].concat();
    }
    text
}

#[cfg(test)]
mod tests {
    use kpatch::ops::config::OptionReport;

    use super::*;
    use crate::render::Paint;

    #[test]
    fn options_that_go_change_and_come() {
        let option = |name: &str, old: Option<&str>, new: Option<&str>| OptionReport {
            name: name.into(),
            old: old.map(Into::into),
            new: new.map(Into::into),
        };
        let options = vec![
            option("CONFIG_A", Some("y"), None),
            option("CONFIG_B", Some("n"), Some("m")),
            option("CONFIG_C", None, Some("\"\x1b\"")),
        ];
        let report = ConfigDiffReport { old: "a".into(), new: "b".into(), options };
        let view = View { width: 80, paint: Paint(false), detail: Detail::Usual };
        assert_eq!(
            diff(&[report], &view),
            "-CONFIG_A y\n CONFIG_B n -> m\n+CONFIG_C \"\\u{1b}\"\na and b differ in 3 options\n"
        );
    }
}
