//! The report of `new-series`.

use kpatch::ops::new_series::NewSeriesReport;
use kpatch::ops::report::State;

use super::table::wrap;
use super::{Detail, Style, View, bump, question, safe, short, summary};

/// All reports.
pub(crate) fn text(reports: &[NewSeriesReport], view: &View) -> String {
    let bodies: Vec<String> = reports.iter().map(|report| one(report, view)).collect();
    bodies.join("\n")
}

fn one(report: &NewSeriesReport, view: &View) -> String {
    let (style, ending) = match report.state {
        State::Landed => (Style::Good, "made"),
        State::WouldLand => (Style::Good, "would be made"),
        State::Stopped => (Style::Bad, "stopped; nothing was changed"),
        State::WouldStop => (Style::Bad, "would stop"),
    };
    let title = format!("{} at {}, after {} at {}", report.series, report.version, report.from, report.from_version);
    let mut text = wrap(
        &format!("{}: {}", view.paint.paint(Style::Strong, &safe(&title)), view.paint.paint(style, ending)),
        0,
        2,
        view,
    );
    if let Some(patches) = &report.patches {
        text += &wrap(&format!("patches: {}", summary::status_line(&patches.counts)), 0, 2, view);
    }
    if view.detail == Detail::Head {
        return text;
    }
    for warning in &report.warnings {
        text += &view.paint.paint(Style::Warn, "warning: ");
        text += wrap(&safe(warning), "warning: ".len(), 2, view).trim_start();
    }
    if let Some(patches) = &report.patches {
        for patch in summary::by_need(patches) {
            text.push('\n');
            text += &bump::details(patch, patches, view);
        }
    }
    text.push('\n');
    text += &facts(report, view);
    for preview in &report.previews {
        text.push('\n');
        text += &wrap(&view.paint.paint(Style::Strong, &safe(&preview.path)), 0, 2, view);
        text += &question::diff(&preview.diff, view);
    }
    text + &next(report, view)
}

/// What was, or would be, made.
fn facts(report: &NewSeriesReport, view: &View) -> String {
    let mut text = String::new();
    let mut fact = |label: &str, words: &str| text += &wrap(&format!("{label}: {}", safe(words)), 0, 2, view);
    if matches!(report.state, State::Stopped | State::WouldStop) {
        return text;
    }
    if let Some(gate) = report.patches.as_ref().and_then(|patches| patches.gate.as_ref()) {
        fact("gate", &summary::gate(gate));
    }
    match (&report.branch, &report.commit) {
        (Some(branch), Some(commit)) => fact("branch", &format!("{branch} at {}", short(commit))),
        (Some(branch), None) => fact("branch", &format!("{branch} would be written")),
        _ => {}
    }
    let archs: Vec<&str> = report.configs.iter().map(|config| config.arch.as_str()).collect();
    if !archs.is_empty() {
        fact("configurations", &archs.join(", "));
    }
    for group in &report.tests {
        match &group.from {
            Some(from) => fact("tests", &format!("{} from {from}", group.path)),
            None => fact("tests", &format!("{} from a template", group.path)),
        }
    }
    for edit in &report.checker {
        fact("checker", &format!("line {}: {}", edit.line, edit.what));
    }
    for row in &report.references {
        let new = row.new.as_deref().unwrap_or_default();
        fact("reference", &format!("{}:{}: {} → {new}", row.file, row.line, row.old));
    }
    for file in &report.files {
        fact(&file.change, &file.path);
    }
    text
}

/// What a person can do about patches that are open.
fn next(report: &NewSeriesReport, view: &View) -> String {
    if !matches!(report.state, State::Stopped | State::WouldStop) {
        return String::new();
    }
    let mut text = format!("{}\n", view.paint.paint(Style::Strong, "what to do next"));
    for step in [
        "- take results or proposals that are shown: --accept N[=STRATEGY]",
        "- leave out the patches that need a decision, and bring them back later with kpatch add: --skip-conflicts",
        "- take no patches along: --no-patches",
    ] {
        text += &wrap(step, 2, 4, view);
    }
    text
}
