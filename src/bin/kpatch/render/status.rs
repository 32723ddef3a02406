//! The report of `status` as text.

use kpatch::ops::status::{SeriesStatus, StatusReport, StoppedStatus};

use super::check::list_of_releases;
use super::table::{Cell, table, wrap};
use super::{Detail, Style, View, count, safe};

/// The report; there is one.
pub(crate) fn text(reports: &[StatusReport], view: &View) -> String {
    reports.iter().map(|report| one(report, view)).collect()
}

fn one(report: &StatusReport, view: &View) -> String {
    let linux = report
        .linux
        .as_ref()
        .map_or_else(|| "no linux tree is known".to_owned(), |linux| format!("linux tree {}", safe(linux)));
    let kit = report.kit.as_ref().map_or_else(|| "no kit".to_owned(), |kit| format!("kit {}", safe(kit)));
    let mut text = wrap(&format!("{kit}, {linux}"), 0, 2, view);
    match report.recovered {
        Some("completed") => text += "a landing that was cut off has been completed\n",
        Some("rolled-back") => text += "a landing that was cut off has been taken back\n",
        Some(other) => text += &wrap(&format!("a landing that was cut off: {}", safe(other)), 0, 2, view),
        None => {}
    }
    let shown =
        |series: &&SeriesStatus| view.detail != Detail::Head || !series.stopped.is_empty() || newer(series).is_some();
    let series: Vec<&SeriesStatus> = report.series.iter().filter(shown).collect();
    if !series.is_empty() {
        let head =
            ["series", "version", "patches", "newer", "branch"].map(|head| Cell(Style::Dim, head.into())).to_vec();
        let mut rows = vec![head];
        rows.extend(series.iter().map(|series| row(series)));
        text.push('\n');
        text += &table(&rows, 0, view);
    }
    if let Some(list) = report.releases.as_ref().filter(|_| view.detail > Detail::Head) {
        text += &wrap(&list_of_releases(list), 0, 2, view);
    }
    let mut remarks: String = series.iter().map(|series| remarks(series, view)).collect();
    for stopped in &report.stopped {
        remarks += &waiting(&safe(&stopped.home), stopped, view);
    }
    if !remarks.is_empty() {
        text.push('\n');
        text += &remarks;
    }
    text
}

/// The newest tag that the linux tree has, or that the list of releases tells of: what was released is in the tree later.
fn newer(series: &SeriesStatus) -> Option<String> {
    series.released.as_ref().map(|version| format!("v{version}")).or_else(|| series.newer.clone())
}

fn row(series: &SeriesStatus) -> Vec<Cell> {
    let plain = if series.deprecated { Style::Dim } else { Style::Plain };
    vec![
        Cell(plain, safe(&series.series)),
        Cell(plain, safe(&series.versions.join(", "))),
        Cell(plain, series.patches.to_string()),
        Cell(Style::Good, newer(series).as_deref().map_or_else(|| "-".to_owned(), safe)),
        Cell(plain, series.branch.as_deref().map_or_else(|| "-".to_owned(), safe)),
    ]
}

/// What the table cannot say.
fn remarks(series: &SeriesStatus, view: &View) -> String {
    let name = safe(&series.series);
    let mut text = String::new();
    for stopped in &series.stopped {
        text += &waiting(&name, stopped, view);
    }
    if let Some(newer) = newer(series).filter(|_| !series.deprecated && series.stopped.is_empty()) {
        text += &wrap(&format!("{name}: kpatch bump {name} carries it to {}", safe(&newer)), 0, 2, view);
    }
    if series.eol == Some(true) && !series.deprecated {
        text += &wrap(&format!("{name}: past its end, no more releases are to come"), 0, 2, view);
    }
    if let Some(watch) = series.watch.as_ref().filter(|watch| watch.findings + watch.cves.unwrap_or(0) > 0) {
        let mut found = vec![count(watch.findings, "finding", "findings")];
        found.extend(watch.cves.map(|cves| count(cves, "CVE", "CVEs")));
        let until =
            if watch.until.is_empty() { String::new() } else { format!(" up to {}", watch.until.join(" and ")) };
        let line =
            format!("{name}: {} when it was last watched{}; kpatch watch {name}", found.join(", "), safe(&until));
        text += &wrap(&line, 0, 2, view);
    }
    if series.tag_known == Some(false) {
        let line = format!("{name}: the linux tree has no tag of its version; kpatch source brings it");
        text += &wrap(&line, 0, 2, view);
    }
    if series.deprecated {
        text += &wrap(&format!("{name}: deprecated, not carried by --all"), 0, 2, view);
    }
    text
}

/// A stopped bump: what is open, and what to type next.
fn waiting(name: &str, stopped: &StoppedStatus, view: &View) -> String {
    let open = count(stopped.open.len(), "patch waits", "patches wait");
    let mut text =
        wrap(&format!("{name}: bump to {} stopped, {open} for a decision", safe(&stopped.target)), 0, 2, view);
    for open in &stopped.open {
        let place = open.resolve.as_ref().map_or_else(String::new, |folder| format!(", in {}", safe(folder)));
        text += &wrap(&format!("{}: {}{place}", safe(&open.patch), safe(&open.outcome)), 2, 4, view);
    }
    let next = match (stopped.open.is_empty(), stopped.open.iter().any(|open| open.resolve.is_some())) {
        (true, _) => "kpatch continue lands it",
        (_, true) => "resolve the files there, or kpatch mergetool; then kpatch continue",
        (_, false) => "kpatch continue --accept N takes a result as it is",
    };
    text += &wrap(next, 2, 4, view);
    text += &wrap(
        "kpatch skip N or kpatch drop N --reason TEXT leaves a patch out; kpatch abort gives the bump up",
        2,
        4,
        view,
    );
    text
}

#[cfg(test)]
mod tests {
    use kpatch::ops::check::ReleasesReport;
    use kpatch::ops::status::{OpenStatus, WatchStatus};

    use super::super::Paint;
    use super::*;

    #[test]
    fn a_kit_reads_so() {
        let current = SeriesStatus {
            series: "6.6.x".into(),
            versions: vec!["6.6.13".into()],
            deprecated: false,
            patches: 13,
            tag_known: Some(true),
            branch: Some("v6.6.13-linuxkit".into()),
            newer: Some("v6.6.14".into()),
            released: None,
            eol: None,
            watch: Some(WatchStatus { findings: 2, cves: None, until: vec!["v6.6.14".into()] }),
            stopped: Vec::new(),
        };
        let open = |patch: &str, resolve: Option<&str>| OpenStatus {
            patch: patch.into(),
            part: 0,
            outcome: "conflict".into(),
            resolve: resolve.map(str::to_owned),
        };
        let stopped = StoppedStatus {
            home: "/kit".into(),
            base: "v6.1.79".into(),
            target: "v6.1.80".into(),
            open: vec![open("0001-a.patch", Some("/tmp/\x1brecord/0001-a")), open("0002-b.patch", None)],
            decided: 0,
            record: "/tmp/record".into(),
        };
        let waiting = SeriesStatus {
            series: "6.1.x".into(),
            branch: None,
            newer: None,
            eol: Some(true),
            watch: None,
            stopped: vec![stopped],
            ..current.clone()
        };
        let report = StatusReport {
            kit: Some("/kit".into()),
            linux: None,
            recovered: Some("completed"),
            releases: None,
            series: vec![current, waiting],
            stopped: Vec::new(),
        };
        let view = View { width: 100, paint: Paint(false), detail: Detail::Usual };
        assert_eq!(
            text(&[report], &view),
            "\
kit /kit, no linux tree is known
a landing that was cut off has been completed

series  version  patches  newer    branch
6.6.x   6.6.13   13       v6.6.14  v6.6.13-linuxkit
6.1.x   6.6.13   13       -        -

6.6.x: kpatch bump 6.6.x carries it to v6.6.14
6.6.x: 2 findings when it was last watched up to v6.6.14; kpatch watch 6.6.x
6.1.x: bump to v6.1.80 stopped, 2 patches wait for a decision
  0001-a.patch: conflict, in /tmp/\\u{1b}record/0001-a
  0002-b.patch: conflict
  resolve the files there, or kpatch mergetool; then kpatch continue
  kpatch skip N or kpatch drop N --reason TEXT leaves a patch out; kpatch abort gives the bump up
6.1.x: past its end, no more releases are to come
"
        );
    }

    #[test]
    fn a_list_of_releases_tells_more_than_the_tree() {
        let row = SeriesStatus {
            series: "6.6.x".into(),
            versions: vec!["6.6.13".into()],
            deprecated: false,
            patches: 1,
            tag_known: Some(true),
            branch: None,
            newer: Some("v6.6.14".into()),
            released: Some("6.6.20".into()),
            eol: Some(false),
            watch: None,
            stopped: Vec::new(),
        };
        let list = ReleasesReport { source: "https://example.org/releases.json".into(), age: 7200, stale: None };
        let report = StatusReport {
            kit: Some("/kit".into()),
            linux: Some("/linux".into()),
            recovered: None,
            releases: Some(list),
            series: vec![row],
            stopped: Vec::new(),
        };
        let text = text(&[report], &View { width: 100, paint: Paint(false), detail: Detail::Usual });
        assert!(text.contains("v6.6.20") && !text.contains("v6.6.14"), "{text}");
        assert!(text.contains("https://example.org/releases.json"), "{text}");
    }
}
