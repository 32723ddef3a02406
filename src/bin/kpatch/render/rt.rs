//! The reports of `rt import` and `rt status`.

use std::fmt::Write as _;

use kpatch::ops::check::ReleasesReport;
use kpatch::ops::report::{CommonReport, State};
use kpatch::ops::rt::{RtImportReport, RtStatusReport};
use kpatch::patch_set::is_patch_name;

use super::table::wrap;
use super::{Detail, Style, View, count, diff, safe};

/// The reports of imports.
pub(crate) fn import(reports: &[RtImportReport], view: &View) -> String {
    reports.iter().map(|report| one_import(report, view)).collect()
}

fn one_import(report: &RtImportReport, view: &View) -> String {
    let ending = match (report.files.is_empty(), report.state) {
        (true, _) => "is there already; nothing to change",
        (_, State::Landed) => "imported",
        _ => "would be imported",
    };
    let name = view.paint.paint(Style::Strong, &safe(&report.series));
    let what = format!("{name}: {} on {}", safe(&report.release), safe(&report.base));
    let mut text = wrap(&format!("{what}, {}: {}", patches(report), view.paint.paint(Style::Good, ending)), 0, 2, view);
    if view.detail == Detail::Head {
        return text;
    }
    for warning in &report.warnings {
        text += &view.paint.paint(Style::Warn, "warning: ");
        text += wrap(&safe(warning), "warning: ".len(), 2, view).trim_start();
    }
    let mut say = |line: String| text += &wrap(&line, 0, 2, view);
    say(format!("set: {} ({})", safe(&report.source), if report.quilt { "quilt" } else { "numbered files" }));
    say(format!("origin: {}", safe(&report.origin)));
    say(format!("proof: {}", proof(report)));
    for note in &report.authenticity {
        say(format!("tarball: {}", safe(note)));
    }
    if let Some(from) = before(report) {
        say(format!("before: {from}"));
    }
    for local in &report.local {
        let ending = match &local.kept {
            Some(kept) => format!("kept as {}", safe(kept)),
            None => "left out".to_owned(),
        };
        say(format!("not of the project: {} ({}): {ending}", safe(&local.file), safe(&local.subject)));
    }
    say(mended(report));
    if view.detail == Detail::Full {
        for one in &report.mended {
            say(format!("mended: {} from {}: {}", safe(&one.file), safe(&one.name), one.what.join(", ")));
        }
    }
    let detail = if view.detail == Detail::Full { Detail::Usual } else { Detail::Head };
    text += &diff::text(&report.diff, &View { detail, paint: view.paint, width: view.width });
    let is_patch = |path: &str| path.rsplit('/').next().is_some_and(is_patch_name);
    for file in report.files.iter().filter(|file| view.detail == Detail::Full || !is_patch(&file.path)) {
        text += &wrap(&format!("{}: {}", file.change, safe(&file.path)), 0, 2, view);
    }
    for reference in &report.references {
        text += &wrap(&format!("reference: {}:{}", safe(&reference.file), reference.line), 0, 2, view);
    }
    if let Some(commit) = &report.kit_commit {
        let _ = writeln!(text, "commit: {}", super::short(commit));
    }
    text
}

fn patches(report: &RtImportReport) -> String {
    count(report.patches, "patch", "patches")
}

/// What the kit had before.
fn before(report: &RtImportReport) -> Option<String> {
    match (&report.from_release, &report.from_version) {
        (None, None) => None,
        (Some(release), None) => Some(safe(release)),
        (None, Some(version)) => Some(format!("version {}", safe(version))),
        (Some(release), Some(version)) => Some(format!("{}, version {}", safe(release), safe(version))),
    }
}

fn mended(report: &RtImportReport) -> String {
    match report.mended.len() {
        0 => "mended for git am: nothing".to_owned(),
        some => format!("mended for git am: {}; -v lists them", count(some, "patch", "patches")),
    }
}

/// The proof in one line; also that there is none.
fn proof(report: &RtImportReport) -> String {
    let Some(gate) = &report.gate else {
        let why = report.not_checked.as_deref().unwrap_or("there is no linux tree");
        return format!("not checked: {}", safe(why));
    };
    let own = format!("applies to {}, {}", safe(&report.base), super::short(&gate.branch));
    match &gate.common {
        Some(common) => format!("{own}; {}", stack(common)),
        None => own,
    }
}

fn stack(common: &CommonReport) -> String {
    let patches = count(common.patches, "common patch", "common patches");
    if common.holds { format!("{patches} on top") } else { format!("{patches} on top do not apply") }
}

/// The message of the commit that holds an import.
pub(crate) fn commit_message(report: &RtImportReport) -> String {
    let view = View { width: 72, paint: super::Paint(false), detail: Detail::Usual };
    let counts = &report.diff.counts;
    let changed = counts.message + counts.context + counts.changed;
    let mut text = format!("kernel: {} from {}\n\n", safe(&report.series), safe(&report.release));
    text += &wrap(
        &format!(
            "{} for {}: {} added, {} dropped, {changed} changed, {} the same.",
            patches(report),
            safe(&report.base),
            counts.added,
            counts.dropped,
            counts.same + counts.moved
        ),
        0,
        0,
        &view,
    );
    for local in &report.local {
        let ending = local.kept.as_ref().map_or("left out".to_owned(), |kept| format!("kept as {}", safe(kept)));
        text += &wrap(&format!("Not of the project: {}: {ending}.", safe(&local.file)), 0, 2, &view);
    }
    text.push('\n');
    text += &wrap(&format!("Proof: {}.", proof(report)), 0, 2, &view);
    text += &wrap(&format!("Set: {}", safe(&report.origin)), 0, 2, &view);
    text
}

/// The reports of `rt status`.
pub(crate) fn status(reports: &[RtStatusReport], view: &View) -> String {
    if reports.is_empty() {
        return "the kit has no -rt variant; kpatch rt import makes one\n".to_owned();
    }
    reports.iter().map(|report| one_status(report, view)).collect()
}

fn one_status(report: &RtStatusReport, view: &View) -> String {
    let name = view.paint.paint(Style::Strong, &safe(&report.series));
    let base = report.base.as_deref().map_or_else(|| "no base".to_owned(), |base| format!("on {}", safe(base)));
    let release = match (&report.release, report.release_from) {
        (Some(release), Some("origin")) => format!("{} (as its origins say)", safe(release)),
        (Some(release), _) => safe(release),
        (None, _) => "release of -rt not known".to_owned(),
    };
    let patches = count(report.patches, "patch", "patches");
    let retired = if report.deprecated { ", deprecated" } else { "" };
    let mut text = wrap(&format!("{name}: {release}, {patches} {base}{retired}"), 0, 2, view);
    if view.detail == Detail::Head {
        return text;
    }
    let detail = report.detail.as_deref().map(safe).unwrap_or_default();
    let applies = match report.applies {
        Some(true) => {
            let stack = report.common.as_ref().map_or_else(String::new, |common| format!(", {}", stack(common)));
            view.paint.paint(Style::Good, "applies") + &stack
        }
        Some(false) => format!("{}: {detail}", view.paint.paint(Style::Bad, "does not apply")),
        None => format!("not checked whether it applies: {detail}"),
    };
    text += &wrap(&applies, 2, 4, view);
    let newest = match (&report.newest_rt, report.rt_behind) {
        (Some(newest), Some(true)) => format!(
            "newest of -rt: {}; kpatch rt import {}",
            view.paint.paint(Style::Warn, &safe(newest)),
            safe(newest)
        ),
        (Some(newest), Some(false)) => format!("newest of -rt: {}, which it has", safe(newest)),
        (Some(newest), None) => format!("newest of -rt: {}", safe(newest)),
        (None, _) => format!("newest of -rt not known: {}", unknown(report.rt_unknown.as_deref())),
    };
    text += &wrap(&(newest + &aged(report.rt_list.as_ref())), 2, 4, view);
    let stable = match (&report.newest_stable, report.behind) {
        (Some(newest), Some(0)) => format!("newest stable: {}, its base", safe(newest)),
        (Some(newest), Some(behind)) => {
            format!("newest stable: {}, {} later", safe(newest), count(behind as usize, "release", "releases"))
        }
        (Some(newest), None) => format!("newest stable: {}", safe(newest)),
        (None, _) => format!("newest stable not known: {}", unknown(report.stable_unknown.as_deref())),
    };
    text + &wrap(&(stable + &aged(report.stable_list.as_ref())), 2, 4, view)
}

fn unknown(why: Option<&str>) -> String {
    why.map(safe).unwrap_or_default()
}

/// How old a list is, where that matters.
fn aged(list: Option<&ReleasesReport>) -> String {
    let Some(stale) = list.and_then(|list| Some((list.age, list.stale.as_ref()?))) else { return String::new() };
    let (age, why) = stale;
    let age = match age {
        0..=7199 => count(usize::try_from(age / 60).unwrap_or(0), "minute", "minutes"),
        7200..=172_799 => count(usize::try_from(age / 3600).unwrap_or(0), "hour", "hours"),
        _ => count(usize::try_from(age / 86_400).unwrap_or(0), "day", "days"),
    };
    format!(" (by a list of {age} ago: {})", safe(why))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status_report() -> RtStatusReport {
        RtStatusReport {
            series: "6.6.x-rt".into(),
            versions: vec!["6.6.14-rt".into()],
            deprecated: false,
            base: Some("v6.6.14".into()),
            release: Some("6.6.14-rt21".into()),
            release_from: Some("kpatch.toml"),
            patches: 192,
            newest_rt: Some("6.6.15-rt22".into()),
            rt_list: Some(ReleasesReport {
                source: "x".into(),
                age: 7300,
                stale: Some("the network is not to be used".into()),
            }),
            rt_unknown: None,
            rt_behind: Some(true),
            newest_stable: Some("6.6.16".into()),
            stable_list: None,
            stable_unknown: None,
            behind: Some(2),
            applies: Some(true),
            detail: None,
            common: Some(CommonReport { patches: 3, git_am: "a".repeat(40), patch: "a".repeat(40), holds: true }),
        }
    }

    #[test]
    fn a_variant_that_is_behind_says_so() {
        let view = View { width: 120, paint: super::super::Paint(false), detail: Detail::Usual };
        assert_eq!(
            status(&[status_report()], &view),
            "6.6.x-rt: 6.6.14-rt21, 192 patches on v6.6.14\n  applies, 3 common patches on top\n  \
             newest of -rt: 6.6.15-rt22; kpatch rt import 6.6.15-rt22 (by a list of 2 hours ago: the network is not to be used)\n  \
             newest stable: 6.6.16, 2 releases later\n"
        );
        let unknown = RtStatusReport {
            applies: None,
            detail: Some("the linux tree has no tag 'v6.6.14'".into()),
            newest_rt: None,
            rt_behind: None,
            rt_unknown: Some("x\u{1b}[2J".into()),
            rt_list: None,
            newest_stable: None,
            ..status_report()
        };
        let text = status(&[unknown], &view);
        assert!(text.contains("not checked whether it applies: the linux tree has no tag"), "{text}");
        assert!(text.contains("newest of -rt not known: x\\u{1b}[2J\n"), "{text}");
        assert!(status(&[], &view).contains("no -rt variant"));
    }
}
