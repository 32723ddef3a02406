//! The reports of `config refresh`, `edit` and `set` as text.

use kpatch::ops::config::{ConfigChangeReport, SetReport};

use super::{assumed, option_line};
use crate::render::{Detail, Style, View, count, safe};

/// A line for each configuration, and the options that differ below it.
pub(crate) fn refresh(reports: &[ConfigChangeReport], dry_run: bool, view: &View) -> String {
    reports.iter().map(|report| one(report, dry_run, true, view, |_| None)).collect()
}

/// As [`refresh`], with what was asked for and why others changed.
pub(crate) fn set(reports: &[SetReport], dry_run: bool, view: &View) -> String {
    let holds = reports.iter().all(|report| report.holds);
    let mut text = String::new();
    for report in reports {
        let cause = |name: &str| {
            let mut causes = report.causes.iter();
            causes.find(|cause| cause.name == name).map(|cause| safe(&cause.cause))
        };
        text += &one(&report.change, dry_run, holds, view, cause);
        for row in report.rows.iter().filter(|row| row.got != row.wanted) {
            let words =
                format!("    {} does not become {}: it is {}", safe(&row.name), safe(&row.wanted), safe(&row.got));
            let why = row.why.as_deref().map(|why| format!("; {}", safe(why))).unwrap_or_default();
            text += &[&*view.paint.paint(Style::Bad, &words), &why, "\n"].concat();
        }
    }
    if !holds {
        text += "nothing was written\n";
    }
    text
}

fn one(
    report: &ConfigChangeReport,
    dry_run: bool,
    lands: bool,
    view: &View,
    cause: impl Fn(&str) -> Option<String>,
) -> String {
    let options = count(report.options.len(), "option", "options");
    let words = match (report.changed, lands, dry_run) {
        (false, ..) => "stays as it is".to_owned(),
        (true, false, _) => format!("would change, {options}"),
        (true, true, true) => format!("would be written, {options}"),
        (true, true, false) => format!("written, {options}"),
    };
    let unchecked = if report.evaluated { "" } else { "; its options were not checked" };
    let mut text = [&safe(&report.config), ": ", &words, unchecked, "\n"].concat();
    if view.detail == Detail::Head {
        return text;
    }
    for option in &report.options {
        let why = cause(&option.name).map(|cause| format!("; {cause}")).unwrap_or_default();
        text += &["   ", &option_line(option, view), &why, "\n"].concat();
    }
    text + &assumed(&report.assumed, view)
}

#[cfg(test)]
mod tests {
    use kpatch::ops::config::{CauseReport, OptionReport, SetRow};

    use super::*;
    use crate::render::Paint;

    const VIEW: View = View { width: 80, paint: Paint(false), detail: Detail::Usual };

    fn change() -> ConfigChangeReport {
        let option = |name: &str, old: Option<&str>, new: &str| OptionReport {
            name: name.into(),
            old: old.map(Into::into),
            new: Some(new.into()),
        };
        ConfigChangeReport {
            config: "6.6.x:x86_64".into(),
            path: "kernel/6.6.x/config-x86_64".into(),
            changed: true,
            evaluated: true,
            options: vec![option("CONFIG_A", Some("n"), "y"), option("CONFIG_B", None, "y")],
            assumed: Vec::new(),
        }
    }

    #[test]
    fn what_changes_and_why() {
        let lines = "    CONFIG_A n -> y\n   +CONFIG_B y\n";
        assert_eq!(refresh(&[change()], false, &VIEW), format!("6.6.x:x86_64: written, 2 options\n{lines}"));
        let rows = vec![SetRow { name: "CONFIG_A".into(), wanted: "y".into(), got: "y".into(), why: None }];
        let causes = vec![CauseReport { name: "CONFIG_B".into(), cause: "selected by CONFIG_A".into() }];
        let mut report = SetReport { change: change(), rows, causes, holds: true };
        let text = set(std::slice::from_ref(&report), true, &VIEW);
        assert!(text.contains("would be written") && text.contains("+CONFIG_B y; selected by CONFIG_A\n"), "{text}");
        report.rows[0].got = "n".into();
        report.rows[0].why = Some("needs NET".into());
        report.holds = false;
        let text = set(&[report], false, &VIEW);
        assert!(text.ends_with("CONFIG_A does not become y: it is n; needs NET\nnothing was written\n"), "{text}");
    }
}
