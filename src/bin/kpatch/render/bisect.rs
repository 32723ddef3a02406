//! The report of `bisect` as text.

use kpatch::ops::bisect::{BisectReport, End, ProbeReport};
use kpatch::ops::report::OutcomeName;

use super::table::{Cell, table, wrap};
use super::{Detail, Style, View, count, letters, safe, short};

/// The report; there is one.
pub(crate) fn text(reports: &[BisectReport], view: &View) -> String {
    reports.iter().map(|report| one(report, view)).collect()
}

fn one(report: &BisectReport, view: &View) -> String {
    let mut text = wrap(&verdict(report, view), 0, 2, view);
    if view.detail == Detail::Head {
        return text;
    }
    for line in remarks(report) {
        text += &wrap(&safe(&line), 2, 4, view);
    }
    if report.probes.len() == report.releases && report.releases > 1 {
        text.push('\n');
        text += &every(report, view);
    } else if view.detail == Detail::Full {
        text.push('\n');
        text += &table(&report.probes.iter().map(|probe| row(&probe.release, probe)).collect::<Vec<_>>(), 2, view);
    }
    text
}

/// The answer in a sentence.
fn verdict(report: &BisectReport, view: &View) -> String {
    let part = if report.part == 0 { String::new() } else { format!(" (patch {} of it)", report.part + 1) };
    let name = view.paint.paint(Style::Strong, &safe(&report.file)) + &part;
    let seen = |release: &Option<String>| release.as_deref().and_then(|release| report.probe(release));
    let carries = |probe: &ProbeReport| {
        let outcome = view.paint.paint(letters::style(probe.end.outcome), probe.end.outcome.as_str());
        format!("{name} carries up to {} ({outcome})", safe(&probe.release))
    };
    let Some(bad) = seen(&report.first_bad) else {
        let last = report.probes.last().map_or_else(|| name.clone(), carries);
        return format!("{last}, the last release of the search");
    };
    let how = view.paint.paint(letters::style(bad.end.outcome), &safe(&in_words(&bad.end)));
    let commit = report
        .commit
        .as_ref()
        .map_or_else(String::new, |commit| format!(" (commit {} \"{}\")", short(&commit.commit), safe(&commit.title)));
    match seen(&report.last_good) {
        Some(good) => format!("{}; from {} on {how}{commit}", carries(good), safe(&bad.release)),
        None => {
            format!("{name} stops with {}, the first release that was looked at: {how}{commit}", safe(&bad.release))
        }
    }
}

/// What becomes of the patch, as the rest of a sentence.
fn in_words(end: &End) -> String {
    let paths = if end.paths.is_empty() { String::new() } else { format!(" in {}", end.paths.join(", ")) };
    match (end.outcome, &end.blocked_by) {
        (OutcomeName::Conflict, _) => format!("it conflicts{paths}"),
        (OutcomeName::Blocked, Some(by)) => format!("it waits for {by}, which does not carry{paths}"),
        (OutcomeName::Upstreamed, _) => "upstream has it".to_owned(),
        (OutcomeName::Emptied, _) => "nothing is left of it".to_owned(),
        (OutcomeName::Partial, _) => "only a part of it is left".to_owned(),
        (other, _) => format!("it is {}", other.as_str()),
    }
}

/// What belongs to the answer. Nothing is made harmless yet.
fn remarks(report: &BisectReport) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(bad) = report.first_bad.as_deref().and_then(|bad| report.probe(bad)) {
        if !bad.end.detail.is_empty() {
            lines.push(format!("{}: {}", bad.release, bad.end.detail));
        }
        let causes = bad.end.causes.iter().filter(|_| report.commit.is_none());
        lines
            .extend(causes.map(|cause| format!("commit {} \"{}\", {}", short(&cause.commit), cause.title, cause.path)));
    }
    if let Some(commit) = &report.commit {
        let among = count(commit.of, "commit", "commits");
        let first = format!("of {among} on the way there, {} is the first that ends it", short(&commit.commit));
        let bad = report.first_bad.as_deref().and_then(|bad| report.probe(bad));
        // On the way it may end otherwise than on the release.
        let otherwise = bad.is_none_or(|bad| in_words(&bad.end) != in_words(&commit.end));
        lines.push(if otherwise { format!("{first}: {}", in_words(&commit.end)) } else { first });
    }
    if let Some(why) = report.no_commit {
        lines.push(format!("no commit can be named: {why}"));
    }
    if let Some(after) = report.after() {
        let words = if after.end.stops { "there too" } else { "but there it carries again" };
        lines.push(format!("{}, the next release: {words} ({})", after.release, after.end.outcome.as_str()));
    }
    if report.probes.len() < report.releases {
        let of = count(report.releases, "release", "releases");
        lines.push(format!("{} of {of} looked at by halves; --all looks at every one", report.probes.len()));
    }
    lines
}

/// A line of letters, and a row for each stretch of releases with the same outcome.
fn every(report: &BisectReport, view: &View) -> String {
    let outcomes = || report.probes.iter().map(|probe| Some(probe.end.outcome));
    let line: String = outcomes().map(letters::letter).collect();
    let mut text = wrap(&format!("{line} ({})", letters::legend(outcomes())), 2, 2, view);
    let runs = report.probes.chunk_by(|left, right| left.end.outcome == right.end.outcome);
    let rows: Vec<Vec<Cell>> = runs
        .map(|run| match run {
            [one] => row(&one.release, one),
            [first, .., last] => row(&format!("{} to {}", first.release, last.release), first),
            [] => Vec::new(),
        })
        .collect();
    text += &table(&rows, 2, view);
    text
}

fn row(release: &str, probe: &ProbeReport) -> Vec<Cell> {
    vec![
        Cell::plain(safe(release)),
        Cell(letters::style(probe.end.outcome), probe.end.outcome.as_str().to_owned()),
        Cell(Style::Dim, safe(&probe.end.detail)),
    ]
}

#[cfg(test)]
#[path = "bisect_tests.rs"]
mod tests;
