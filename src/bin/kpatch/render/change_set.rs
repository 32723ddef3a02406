//! The reports of the verbs that change a set where it stands: `add`, `drop`, `reorder`, `edit`.

use kpatch::ops::change_set::{ChangeReport, SetFileReport};
use kpatch::ops::report::{OutcomeName, State};

use super::table::{Cell, table, wrap};
use super::{Detail, Style, View, bump, count, place, safe, short, summary};

/// All reports.
pub(crate) fn text(reports: &[ChangeReport], view: &View) -> String {
    let bodies: Vec<String> = reports.iter().map(|report| one(report, view)).collect();
    bodies.join("\n")
}

fn one(report: &ChangeReport, view: &View) -> String {
    let mut text = head(report, view);
    if view.detail == Detail::Head {
        return text;
    }
    for warning in &report.report.warnings {
        text += &view.paint.paint(Style::Warn, "warning: ");
        text += wrap(&safe(warning), "warning: ".len(), 2, view).trim_start();
    }
    text += &table(&changes(report, view), 2, view);
    for patch in summary::by_need(&report.report) {
        text.push('\n');
        text += &bump::details(patch, &report.report, view);
    }
    if report.is_unchanged() {
        return text;
    }
    text.push('\n');
    text + &facts(report, view)
}

fn head(report: &ChangeReport, view: &View) -> String {
    let place = view.paint.paint(Style::Strong, &place(report.report.series.as_deref(), &report.report.base.tag));
    let (style, ending) = match report.report.state {
        _ if report.is_unchanged() => (Style::Good, "nothing to change"),
        State::Landed => (Style::Good, "changed"),
        State::WouldLand => (Style::Good, "would change"),
        State::Stopped => (Style::Bad, "stopped; nothing was changed"),
        State::WouldStop => (Style::Bad, "would stop"),
    };
    let head = format!("{place}: {}", view.paint.paint(style, ending));
    wrap(&head, 0, 2, view) + &wrap(&summary::status_line(&report.report.counts), 0, 2, view)
}

/// What leaves, what comes, and which files get another name or other bytes.
fn changes(report: &ChangeReport, view: &View) -> Vec<Vec<Cell>> {
    let mut rows = Vec::new();
    for dropped in &report.dropped {
        let part = if dropped.part == 0 { String::new() } else { format!("#{}", dropped.part + 1) };
        let why = dropped.reason.clone().unwrap_or_else(|| dropped.subject.clone());
        rows.push(row(Style::Warn, "dropped", &format!("{}{part}", dropped.file), &why));
    }
    for added in &report.added {
        rows.push(row(Style::Good, "added", &added.file, &added.subject));
        let origin = added.origin.as_ref().map_or_else(String::new, |origin| format!(", Origin: {origin}"));
        rows.push(row(Style::Dim, "", "", &format!("{}{origin}", added.source)));
    }
    for file in report.set.iter().filter(|file| file.was.is_some()) {
        if view.detail == Detail::Full || file.change != "kept" {
            rows.push(row(Style::Plain, file.change, &file.file, &was(file)));
        }
    }
    rows
}

fn was(file: &SetFileReport) -> String {
    match &file.was {
        Some(was) if *was != file.file => format!("was {was}"),
        _ => String::new(),
    }
}

fn row(style: Style, what: &str, file: &str, more: &str) -> Vec<Cell> {
    vec![Cell(style, what.to_owned()), Cell::plain(safe(file)), Cell(Style::Dim, safe(more))]
}

/// The proof, and what was or would be written.
fn facts(report: &ChangeReport, view: &View) -> String {
    let mut text = String::new();
    let mut fact = |label: &str, words: &str| text += &wrap(&format!("{label}: {}", safe(words)), 0, 2, view);
    let carried = &report.report;
    let landed = carried.state == State::Landed;
    let Some(gate) = &carried.gate else {
        fact("gate", "not reached, nothing is proved");
        fact("next", &advice(report));
        return text;
    };
    fact("gate", &summary::gate(gate));
    if !gate.refreshed.is_empty() {
        fact("written anew, since patch would put a hunk elsewhere", &gate.refreshed.join(", "));
    }
    match (report.branch_change, &carried.commit) {
        ("moved", Some(commit)) => fact("branch", &format!("{} moved to {}", carried.branch, short(commit))),
        ("moved", None) => fact("branch", &format!("{} would move along", carried.branch)),
        _ => {}
    }
    if view.detail == Detail::Full {
        for file in &carried.files {
            fact(&file.change, &file.path);
        }
    } else {
        let verb = if landed { "changed" } else { "to change" };
        fact("kit", &format!("{} {verb}", count(carried.files.len(), "file", "files")));
    }
    text
}

/// The way on after a stop.
fn advice(report: &ChangeReport) -> String {
    let having = |outcome: OutcomeName| report.report.patches.iter().any(|patch| patch.outcome == outcome);
    let is_new = |file: &str| report.added.iter().any(|added| added.file == file);
    let bad = |outcome: OutcomeName| outcome == OutcomeName::BaseBad;
    if report.report.patches.iter().any(|patch| bad(patch.outcome) && is_new(&patch.file)) {
        return "add a version of the patch that is made for this tree; or kpatch import, git cherry-pick -x or git am \
                on the branch, and kpatch export"
            .into();
    }
    if having(OutcomeName::Conflict) || having(OutcomeName::Blocked) {
        "resolve the files that are named above, then kpatch continue; kpatch skip N leaves a patch out, kpatch abort gives it up"
            .into()
    } else if having(OutcomeName::BaseBad) {
        "mend the patch that does not apply, or drop it: kpatch edit, kpatch drop".into()
    } else if having(OutcomeName::Emptied) || having(OutcomeName::Partial) {
        "kpatch continue --accept N takes a result as it is, kpatch skip N leaves the patch out, kpatch abort gives it up"
            .into()
    } else {
        "choose an order that keeps the tree".into()
    }
}

#[cfg(test)]
mod tests {
    use kpatch::ops::change_set::{AddedReport, DroppedReport};

    use super::super::{Paint, sample};
    use super::*;

    fn sample() -> ChangeReport {
        ChangeReport {
            dropped: vec![DroppedReport {
                file: "0002-b.patch".into(),
                part: 0,
                subject: "b".into(),
                reason: Some("no longer \x1b[2Jneeded".into()),
            }],
            added: vec![AddedReport {
                file: "0003-d.patch".into(),
                subject: "d: new".into(),
                source: "d.mbox".into(),
                origin: Some("https://example.org/d".into()),
            }],
            edited: Vec::new(),
            set: vec![
                SetFileReport { file: "0001-a.patch".into(), was: Some("0001-a.patch".into()), change: "kept" },
                SetFileReport { file: "0002-c.patch".into(), was: Some("0003-c.patch".into()), change: "renamed" },
                SetFileReport { file: "0003-d.patch".into(), was: None, change: "new" },
            ],
            branch_change: "moved",
            report: sample::landing(),
        }
    }

    fn view(detail: Detail) -> View {
        View { width: 80, paint: Paint(false), detail }
    }

    #[test]
    fn a_change_reads_so() {
        assert_eq!(
            text(&[sample()], &view(Detail::Usual)),
            "\
6.6.x on v6.6.13: changed
1 kept (1 same) · 0 dropped · 0 conflicts
  dropped  0002-b.patch  no longer \\u{1b}[2Jneeded
  added    0003-d.patch  d: new
                         d.mbox, Origin: https://example.org/d
  renamed  0002-c.patch  was 0003-c.patch

gate: git am, patch -F0 and the branch give one tree, bbbbbbbbbbbb
branch: v6.6.14-linuxkit moved to cccccccccccc
kit: 1 file changed
"
        );
        assert_eq!(text(&[sample()], &view(Detail::Head)).lines().count(), 2);
    }

    #[test]
    fn a_stop_says_so_and_shows_the_conflict() {
        let report = ChangeReport { set: Vec::new(), report: sample::stopping(), ..sample() };
        let text = text(&[report], &view(Detail::Usual));
        assert!(text.starts_with("6.6.x on v6.6.13: stopped; nothing was changed\n"), "{text}");
        assert!(text.contains("proposal adjacency") && text.contains("gate: not reached"), "{text}");
        assert!(text.contains("next: resolve the files"), "{text}");
    }

    #[test]
    fn nothing_to_change_is_short() {
        let mut report = sample();
        report.report.files.clear();
        report.set.clear();
        report.dropped.clear();
        report.added.clear();
        assert!(text(&[report], &view(Detail::Usual)).starts_with("6.6.x on v6.6.13: nothing to change\n"));
    }
}
