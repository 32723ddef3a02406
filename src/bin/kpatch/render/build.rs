//! The report of `build` as text.

use std::fmt::Write as _;

use kpatch::ops::build::{BuildReport, BuildState, BuiltImage};

use super::table::wrap;
use super::{Detail, Style, View, count, safe};

/// What was built, and on the last line how to refer to it.
pub(crate) fn text(reports: &[BuildReport], view: &View) -> String {
    reports.iter().map(|report| one(report, view)).collect()
}

fn one(report: &BuildReport, view: &View) -> String {
    let mut text = String::new();
    for warning in &report.warnings {
        text += &view.paint.paint(Style::Warn, "warning: ");
        text += wrap(&safe(warning), "warning: ".len(), 2, view).trim_start();
    }
    let is_plan = report.images.iter().any(|image| image.state == BuildState::WouldBuild);
    if view.detail != Detail::Head {
        for image in &report.images {
            text += &row(image, view);
        }
        if is_plan {
            text += &estimate(report);
        }
    }
    let done = report.images.iter().filter(|image| image.state != BuildState::Unchanged).count();
    let verb = if is_plan { "would be built" } else { "built" };
    let unchanged = report.images.len() - done;
    let summary = match (done, unchanged) {
        (0, _) => format!("nothing to do: {} as before", count(unchanged, "image is", "images are")),
        (_, 0) => format!("{} {verb}", count(done, "image", "images")),
        _ => format!("{} {verb}, {} as before", count(done, "image", "images"), unchanged),
    };
    let _ = writeln!(text, "{summary}, in {}", safe(&report.out));
    if let Some(reference) = &report.reference {
        let _ = writeln!(text, "{}", view.paint.paint(Style::Strong, &safe(reference)));
    }
    text
}

fn row(image: &BuiltImage, view: &View) -> String {
    let content = if image.content == "kernel" { "kernel" } else { &image.content };
    let version = format!("{}{}", image.version, if image.debug { "-dbg" } else { "" });
    let (state, style) = match image.state {
        BuildState::Built => ("built", Style::Good),
        BuildState::Unchanged => ("unchanged", Style::Dim),
        BuildState::WouldBuild => ("would be built", Style::Note),
    };
    let mut text =
        format!("{} {} {}: {}\n", safe(content), safe(&version), safe(&image.arch), view.paint.paint(style, state));
    for reference in &image.references {
        let _ = writeln!(text, "  {}", safe(reference));
    }
    if view.detail == Detail::Full {
        let lines = [("digest", &image.digest), ("builder", &image.builder)];
        for (name, value) in lines.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
            let _ = writeln!(text, "  {name} {}", safe(value));
        }
    }
    text
}

fn estimate(report: &BuildReport) -> String {
    let mut text = format!("by {}: {}\n", safe(&report.producer), safe(&report.reason));
    if let (Some(disk), Some(minutes)) = (report.disk_estimate, report.minutes_estimate) {
        let _ = writeln!(
            text,
            "about {} GB of disk, and about {} of compiling",
            disk.div_ceil(1_000_000_000),
            count(minutes as usize, "minute", "minutes")
        );
    }
    text
}
