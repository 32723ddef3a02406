//! The report of `config why` as text.

use kpatch::ops::config::{ValueReport, WhyReport};

use crate::render::{Detail, Style, View, safe, safe_code};

/// How many options that select one are named.
const NAMED: usize = 10;

/// What an option is, what it needs, and its values.
pub(crate) fn why(reports: &[WhyReport], view: &View) -> String {
    let mut text = String::new();
    for report in reports {
        let prompt = report.prompt.as_deref().map(|prompt| format!(" \"{}\"", safe(prompt))).unwrap_or_default();
        let kind = report.kind.as_deref().map(safe).unwrap_or_default();
        text += &[&*view.paint.paint(Style::Note, &safe(&report.option)), ": ", &kind, &prompt, "\n"].concat();
        text += &["    Linux ", &safe(&report.version), " for ", &safe(&report.arch), "\n"].concat();
        if view.detail > Detail::Head {
            if report.prompt.is_none() {
                text += "    no prompt: only others can set it\n";
            }
            text += &list("defined in", &report.places, view);
            text += &list("depends on", &report.depends, view);
            text += &list("default", &report.defaults, view);
            text += &list("selected by", &report.selected_by, view);
            text += &list("implied by", &report.implied_by, view);
            for line in report.help.iter().flat_map(|help| help.lines()) {
                text += ["      ", &safe_code(line)].concat().trim_end();
                text.push('\n');
            }
        }
        text += &report.values.iter().map(|value| line(value, view)).collect::<String>();
    }
    text
}

fn list(title: &str, entries: &[String], view: &View) -> String {
    let most = if view.detail == Detail::Full { entries.len() } else { NAMED };
    let mut text = String::new();
    for entry in entries.iter().take(most) {
        text += &["    ", title, " ", &safe(entry), "\n"].concat();
    }
    if entries.len() > most {
        text += &["    and ", &(entries.len() - most).to_string(), " more, shown with --verbose\n"].concat();
    }
    text
}

fn line(report: &ValueReport, view: &View) -> String {
    let value = report.value.as_deref().map_or("not there".to_owned(), safe);
    let style = if matches!(report.value.as_deref(), None | Some("n")) { Style::Dim } else { Style::Good };
    let mut words = [&safe(&report.config), ": ", &*view.paint.paint(style, &value)].concat();
    for (title, entries) in [("selected by", &report.selected_by), ("needs", &report.unmet)] {
        if !entries.is_empty() {
            let entries: Vec<String> = entries.iter().map(|entry| safe(entry)).collect();
            words += &["; ", title, " ", &entries.join(", ")].concat();
        }
    }
    words + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::Paint;

    #[test]
    fn an_option_with_its_values() {
        let report = WhyReport {
            option: "CONFIG_VETH".into(),
            version: "6.6.13".into(),
            arch: "x86_64".into(),
            kind: Some("tristate".into()),
            prompt: Some("Virtual ethernet pair device".into()),
            places: vec!["drivers/net/Kconfig:7".into()],
            help: Some("One\n\n  two".into()),
            depends: vec!["NET".into()],
            defaults: Vec::new(),
            selected_by: (0..12).map(|number| format!("CONFIG_A{number}")).collect(),
            implied_by: Vec::new(),
            values: vec![ValueReport {
                config: "6.6.x:x86_64".into(),
                value: None,
                selected_by: Vec::new(),
                unmet: vec!["NET".into()],
            }],
        };
        let view = View { width: 80, paint: Paint(false), detail: Detail::Usual };
        let text = why(&[report], &view);
        assert!(text.starts_with("CONFIG_VETH: tristate \"Virtual ethernet pair device\"\n    Linux 6.6.13"), "{text}");
        assert!(
            text.contains("    depends on NET\n") && text.contains("    and 2 more, shown with --verbose\n"),
            "{text}"
        );
        assert!(text.ends_with("      One\n\n        two\n6.6.x:x86_64: not there; needs NET\n"), "{text}");
    }
}
