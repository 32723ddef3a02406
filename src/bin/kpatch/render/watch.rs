//! The report of `watch` as text.

use kpatch::ops::report::{ChangeLogsReport, CvesReport};
use kpatch::ops::watch::WatchReport;

use super::table::{Cell, table, wrap};
use super::{Detail, Style, View, count, place, releases, safe, short, summary};

/// So many CVEs are shown, unless all are asked for.
const MOST_CVES: usize = 20;

/// All reports.
pub(crate) fn text(reports: &[WatchReport], view: &View) -> String {
    if reports.is_empty() {
        return "nothing to watch\n".to_owned();
    }
    let reports: Vec<String> = reports.iter().map(|report| one(report, view)).collect();
    reports.join(if view.detail == Detail::Head { "" } else { "\n" })
}

fn one(report: &WatchReport, view: &View) -> String {
    let lacking = report.cves.as_ref().map_or(0, |cves| cves.found.len());
    let mut found = vec![count(report.findings.len(), "finding", "findings")];
    if report.cves.is_some() {
        found.push(count(lacking, "CVE", "CVEs"));
    }
    let style = match (&report.source, report.has_findings()) {
        (_, true) => Style::Warn,
        (Some(_), false) => Style::Good,
        (None, false) => Style::Bad,
    };
    let verdict = match &report.source {
        None if !report.has_findings() => "not checked".to_owned(),
        _ => found.join(", "),
    };
    let head = format!(
        "{}: {}, {} of them copies of a commit: {}",
        view.paint.paint(Style::Strong, &place(report.series.as_deref(), &report.base)),
        count(report.patches, "patch", "patches"),
        report.named,
        view.paint.paint(style, &verdict),
    );
    let mut text = wrap(&head, 0, 2, view);
    if view.detail == Detail::Head {
        return text;
    }
    let rows: Vec<Vec<Cell>> = report
        .findings
        .iter()
        .map(|finding| {
            let release = finding.release.as_deref().unwrap_or("-");
            vec![
                Cell::plain(safe(&summary::number_of(&finding.file, finding.part))),
                Cell(Style::Warn, finding.kind.to_string()),
                Cell::plain(safe(release)),
                Cell::plain(short(&finding.commit)),
                Cell::plain(safe(&finding.title)),
            ]
        })
        .collect();
    text += &table(&rows, 2, view);
    if let Some(cves) = &report.cves {
        text += &flaws(cves, &report.base, view);
    }
    text + &looked(report, view)
}

/// The flaws that the kernel has.
fn flaws(cves: &CvesReport, base: &str, view: &View) -> String {
    let most = if view.detail == Detail::Full { usize::MAX } else { MOST_CVES };
    let mut text = String::new();
    for cve in cves.found.iter().take(most) {
        text += &wrap(&format!("{} lacks {}", safe(base), safe(&releases::cve(cve))), 2, 4, view);
    }
    match cves.found.len().saturating_sub(most) {
        0 => {}
        more => text += &wrap(&format!("{more} CVEs more, -v shows them"), 2, 4, view),
    }
    if let Some(reason) = &cves.not_known {
        text += &wrap(&format!("CVEs: {}", safe(reason)), 2, 4, view);
    }
    text
}

/// What was looked through, and what not.
fn looked(report: &WatchReport, view: &View) -> String {
    let mut text = String::new();
    let mut say = |words: &str| text += &wrap(&safe(words), 2, 4, view);
    let until = if report.until.is_empty() { String::new() } else { format!(" up to {}", report.until.join(" and ")) };
    match (report.source.as_deref(), &report.changelogs) {
        (Some("changelogs"), Some(logs)) => say(&format!("looked through {}{until}", releases::changelogs(logs))),
        (Some(_), _) => say(&format!("looked through the history{until}")),
        (None, _) => {}
    }
    let missing = report.changelogs.iter().flat_map(|logs: &ChangeLogsReport| releases::missing(logs));
    for words in report.not_checked.iter().cloned().chain(missing) {
        say(&format!("not checked: {words}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use kpatch::ops::report::{CveReport, MissingReport, UpstreamFinding};

    use super::super::Paint;
    use super::*;

    fn view(width: usize, detail: Detail) -> View {
        View { width, paint: Paint(false), detail }
    }

    fn report() -> WatchReport {
        let finding = |kind: &'static str, title: &str, release: Option<&str>| UpstreamFinding {
            file: "0003-c.patch".into(),
            part: 0,
            subject: "c".into(),
            kind: kind.into(),
            commit: "e".repeat(40),
            title: title.into(),
            release: release.map(str::to_owned),
            how: "reverts it".into(),
        };
        let cve = |number: usize| CveReport {
            id: format!("CVE-2024-{number}"),
            commit: None,
            title: String::new(),
            upstream: Some("a".repeat(40)),
            release: Some("v6.6.15".into()),
            how: "published".into(),
            patch: None,
        };
        WatchReport {
            series: Some("6.6.x".into()),
            base: "v6.6.13".into(),
            until: vec!["v6.6.16".into()],
            source: Some("changelogs".into()),
            changelogs: Some(ChangeLogsReport {
                source: "https://example.org/k".into(),
                releases: vec!["6.6.14".into(), "6.6.16".into()],
                missing: vec![MissingReport {
                    release: "6.6.15".into(),
                    reason: "cannot fetch the ChangeLog of 6.6.15".into(),
                }],
            }),
            patches: 13,
            named: 4,
            findings: vec![finding("reverted", "Revert \"c\"", Some("v6.6.14")), finding("fixed", "c: \x1b[2J", None)],
            cves: Some(CvesReport {
                found: (1000..1022).map(cve).collect(),
                source: Some("../vulns".into()),
                not_known: Some("of 7 published CVEs it is not known whether 6.6.13 has them".into()),
            }),
            not_checked: vec!["ChangeLogs tell of the series alone, not of mainline".into()],
        }
    }

    #[test]
    fn findings_read_so() {
        let text = text(&[report()], &view(100, Detail::Usual));
        let (head, rest) = text.split_once("  v6.6.13 lacks CVE-2024-1001").expect("more than one");
        assert_eq!(
            head,
            "\
6.6.x on v6.6.13: 13 patches, 4 of them copies of a commit: 2 findings, 22 CVEs
  0003  reverted  v6.6.14  eeeeeeeeeeee  Revert \"c\"
  0003  fixed     -        eeeeeeeeeeee  c: \\u{1b}[2J
  v6.6.13 lacks CVE-2024-1000: aaaaaaaaaaaa (v6.6.15)
"
        );
        let end = rest.split_once("  2 CVEs more, -v shows them\n").expect("a cut").1;
        assert_eq!(
            end,
            "\
\x20 CVEs: of 7 published CVEs it is not known whether 6.6.13 has them
  looked through 2 ChangeLogs from 6.6.14 to 6.6.16, https://example.org/k up to v6.6.16
  not checked: ChangeLogs tell of the series alone, not of mainline
  not checked: the ChangeLog of 6.6.15: cannot fetch the ChangeLog of it
"
        );
    }

    #[test]
    fn what_was_not_looked_at_is_no_good_news() {
        let mut report = report();
        (report.source, report.cves, report.changelogs) = (None, None, None);
        report.findings.clear();
        report.until.clear();
        report.not_checked = vec!["the linux tree is a shallow clone".into()];
        assert_eq!(
            text(&[report], &view(100, Detail::Usual)),
            "6.6.x on v6.6.13: 13 patches, 4 of them copies of a commit: not checked\n  \
             not checked: the linux tree is a shallow clone\n"
        );
    }

    #[test]
    fn the_head_is_one_line_and_everything_is_shown_if_asked_for() {
        assert_eq!(text(&[report(), report()], &view(100, Detail::Head)).lines().count(), 2);
        assert!(text(&[report()], &view(100, Detail::Full)).contains("CVE-2024-1021"));
    }
}
