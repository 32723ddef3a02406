//! What upstream says of a set and of the releases that it crosses, in words. Nothing here is made harmless yet.

use kpatch::ops::report::{BumpReport, ChangeLogsReport, CveReport, CvesReport, UpstreamFinding};

use super::{count, short};

/// What is said of one patch: `reverted by 0123456789ab Revert "x" (v6.6.14)`.
pub(super) fn finding(finding: &UpstreamFinding) -> String {
    let commit = short(&finding.commit);
    let release = finding.release.as_ref().map(|release| format!(" ({release})")).unwrap_or_default();
    let verb = match &*finding.kind {
        "reverted" => "reverted by",
        "fixed" => "fixed later by",
        "released" => "released as",
        "candidate" => "to be released as",
        other => other,
    };
    format!("{verb} {commit} {}{release}", finding.title)
}

/// What upstream says of the patches of a bump, a line each.
pub(super) fn findings(report: &BumpReport) -> Vec<String> {
    report.upstream.iter().map(|found| format!("{}: {}", found.file, finding(found))).collect()
}

/// A flaw and its fix: `CVE-2024-26581: 0123456789ab netfilter: x (v6.6.14)`.
pub(super) fn cve(cve: &CveReport) -> String {
    let commit = cve.commit.as_ref().or(cve.upstream.as_ref()).map(|commit| format!(" {}", short(commit)));
    let title = if cve.title.is_empty() { String::new() } else { format!(" {}", cve.title) };
    let release = cve.release.as_ref().map(|release| format!(" ({release})")).unwrap_or_default();
    let message = if cve.how == "message" { ", by its message" } else { "" };
    let patch = cve.patch.as_ref().map(|patch| format!("; {patch} had it before")).unwrap_or_default();
    format!("{}:{}{title}{release}{message}{patch}", cve.id, commit.unwrap_or_default())
}

/// The ids in one line, as many as there is room for: `3 fixed: CVE-2024-26581, …`.
pub(super) fn cves(cves: &CvesReport, verb: &str, most: usize) -> String {
    let list = ids(cves, most).map(|ids| format!(": {ids}")).unwrap_or_default();
    let unknown = cves.not_known.as_ref().map(|reason| format!("; {reason}")).unwrap_or_default();
    format!("{} {verb}{list}{unknown}", cves.found.len())
}

/// The ids, as many as there is room for; `None` if there are none.
pub(super) fn ids(cves: &CvesReport, most: usize) -> Option<String> {
    let ids: Vec<&str> = cves.found.iter().take(most).map(|cve| cve.id.as_str()).collect();
    let more = match cves.found.len().saturating_sub(most) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!ids.is_empty()).then(|| format!("{}{more}", ids.join(", ")))
}

/// The flaws that a bump fixes, where there is something to say of them.
pub(super) fn fixed(report: &BumpReport) -> Option<&CvesReport> {
    // Messages that name none say nothing of flaws.
    report.cves.as_ref().filter(|cves| !cves.found.is_empty() || cves.source.is_some())
}

/// Which ChangeLogs were read: `the ChangeLogs of 6.6.14 to 6.6.20, https://…`.
pub(super) fn changelogs(logs: &ChangeLogsReport) -> String {
    let which = match logs.releases.as_slice() {
        [] => "no ChangeLog could be read".to_owned(),
        [one] => format!("the ChangeLog of {one}"),
        [first, .., last] if logs.missing.is_empty() => format!("the ChangeLogs of {first} to {last}"),
        many => {
            format!("{} from {} to {}", count(many.len(), "ChangeLog", "ChangeLogs"), many[0], many[many.len() - 1])
        }
    };
    format!("{which}, {}", logs.source)
}

/// The ChangeLogs that are not known, a line each; of many for one reason the first.
pub(super) fn missing(logs: &ChangeLogsReport) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut rest = logs.missing.as_slice();
    while let [first, ..] = rest {
        let reason = |reason: &str| reason.replace(&first.release, "it");
        let alike = rest.iter().take_while(|other| other.reason == first.reason).count();
        let more = if alike > 1 { format!(" and {} more", alike - 1) } else { String::new() };
        lines.push(format!("the ChangeLog of {}{more}: {}", first.release, reason(&first.reason)));
        rest = &rest[alike..];
    }
    lines
}

#[cfg(test)]
mod tests {
    use kpatch::ops::report::MissingReport;

    use super::super::{Detail, Paint, View, bump, commit_message, html, markdown, sample};
    use super::*;

    fn report() -> BumpReport {
        let missing =
            |release: &str| MissingReport { release: release.into(), reason: format!("cannot fetch {release}: 404") };
        let cve = |id: &str, title: &str| CveReport {
            id: id.into(),
            commit: Some("d".repeat(40)),
            title: title.into(),
            upstream: None,
            release: Some("v6.6.14".into()),
            how: "message".into(),
            patch: None,
        };
        BumpReport {
            changelogs: Some(ChangeLogsReport {
                source: "https://example.org/k".into(),
                releases: vec!["6.6.14".into()],
                missing: vec![missing("6.6.15"), missing("6.6.16")],
            }),
            upstream: vec![UpstreamFinding {
                file: "0001-a.patch".into(),
                part: 0,
                subject: "a".into(),
                kind: "fixed".into(),
                commit: "e".repeat(40),
                title: "<b>\x1b[2J | @you".into(),
                release: Some("v6.6.14".into()),
                how: "says that it fixes it".into(),
            }],
            cves: Some(CvesReport {
                found: vec![cve("CVE-2024-1001", "<i>\u{202e}")],
                source: None,
                not_known: Some("only messages were read".into()),
            }),
            ..sample::landing()
        }
    }

    #[test]
    fn every_form_says_what_upstream_says() {
        let view = View { width: 100, paint: Paint(false), detail: Detail::Usual };
        let reports = [report()];
        let texts = [bump::text(&reports, &view), markdown::document(&reports), html::page(&reports)];
        for text in &texts {
            for words in
                ["fixed later by eeeeeeeeeeee", "CVE-2024-1001", "512 commits searched by name alone", "6.6.15"]
            {
                assert!(text.contains(words), "{words}: {text}");
            }
            assert!(
                !text.contains(['\x1b', '\u{202e}']) && !text.contains("<b>") || text.starts_with("kernel: "),
                "{text}"
            );
        }
        assert!(!texts[1].contains(" @you"), "{}", texts[1]);
        let message = commit_message::message(&[&reports[0]]);
        assert!(message.contains("\nCVEs fixed: CVE-2024-1001.\n"), "{message}");
    }

    #[test]
    fn what_is_missing_for_one_reason_is_said_once() {
        let mut logs = report().changelogs.expect("some");
        assert_eq!(missing(&logs).len(), 2);
        for missing in &mut logs.missing {
            missing.reason = "not tried".into();
        }
        assert_eq!(missing(&logs), ["the ChangeLog of 6.6.15 and 1 more: not tried"]);
    }
}
