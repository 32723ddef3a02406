//! The report of `kit migrate` as text.

use std::collections::BTreeMap;
use std::path::Path;

use kpatch::ops::migrate::MigrateReport;

use super::table::wrap;
use super::{Detail, Paint, Style, View, count, safe};

/// Columns of a commit message; what git's own manual advises.
const WIDTH: usize = 72;

/// What moves, a line for each directory, or for each file where all is asked for; then what is left to do.
pub(crate) fn migrate(reports: &[MigrateReport], view: &View) -> String {
    let mut text = String::new();
    for report in reports {
        if view.detail > Detail::Head {
            text += &moves(report, view);
            text += &left(report, view);
        }
        text += &view.paint.paint(Style::Strong, &summary(report));
        text.push('\n');
    }
    text
}

fn summary(report: &MigrateReport) -> String {
    let words = match report.state {
        "per-series" => return "the kit is per-series already; nothing to migrate".to_owned(),
        "would-land" => "would migrate",
        _ => "migrated",
    };
    let moved = count(report.moves.len(), "file moves", "files move");
    let others = report.files.len() - 2 * report.moves.len();
    let new = report.files.iter().filter(|file| &*file.change == "written").count() - report.moves.len();
    let edited = report.edited.len();
    let commit = report.kit_commit.as_ref().map(|id| format!("; commit {}", super::short(id))).unwrap_or_default();
    debug_assert!(new <= others);
    format!("{words}: {moved}, {new} new, {edited} edited, {} left to look at{commit}", report.left.len())
}

fn moves(report: &MigrateReport, view: &View) -> String {
    let mut lines = String::new();
    let folder = |path: &str| Path::new(path).parent().map(|dir| dir.display().to_string()).unwrap_or_default();
    let mut folders: BTreeMap<(String, String), usize> = BTreeMap::new();
    for one in &report.moves {
        // What has a directory of its own is shown by that.
        let own = one.from.matches('/').count() > 1 && view.detail < Detail::Full;
        if own {
            *folders.entry((folder(&one.from), folder(&one.to))).or_default() += 1;
        } else {
            lines.extend([&safe(&one.from), " -> ", &safe(&one.to), "\n"]);
        }
    }
    for ((from, to), number) in folders {
        lines.extend([&safe(&from), "/ -> ", &safe(&to), "/ (", &count(number, "file", "files"), ")\n"]);
    }
    let to = |path: &String| report.moves.iter().any(|one| one.to == *path);
    for file in report.files.iter().filter(|file| &*file.change == "written" && !to(&file.path)) {
        lines.extend(["new: ", &safe(&file.path), "\n"]);
    }
    for path in &report.edited {
        lines.extend(["edited: ", &safe(path), "\n"]);
    }
    lines
}

fn left(report: &MigrateReport, view: &View) -> String {
    let mut text = String::new();
    for left in &report.left {
        let line = left.line.map(|line| format!(":{line}")).unwrap_or_default();
        let words = format!("left to look at: {}{line}: {}", safe(&left.path), safe(&left.what));
        text += &view.paint.paint(Style::Warn, wrap(&words, 0, 2, view).trim_end());
        text.push('\n');
    }
    text
}

/// The message of the commit.
pub(crate) fn message(report: &MigrateReport) -> String {
    let view = View { width: WIDTH, paint: Paint(false), detail: Detail::Usual };
    let words = "Configurations, patches and versions move to the directories of their series, and what all of them share to \
                 common/. The lists of the Makefile are computed from there.";
    let mut text = format!("kernel: give each series a directory\n\n{}", wrap(words, 0, 0, &view));
    if !report.left.is_empty() {
        text += "\nTo be looked at:\n";
        for left in &report.left {
            let line = left.line.map(|line| format!(":{line}")).unwrap_or_default();
            text += &wrap(&format!("{}{line}", safe(&left.path)), 2, 4, &view);
        }
    }
    text
}
