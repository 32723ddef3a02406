//! The report of `bump` and `plan` as text.

use std::fmt::Write as _;

use kpatch::ops::report::{BumpReport, PatchReport, State};

use super::table::{Cell, table, wrap};
use super::{Detail, Style, View, advice, count, overview, question, releases, safe, short, summary};

/// So many CVEs are named, unless all are asked for.
const MOST_CVES: usize = 10;
/// From this width on the table has room for the reasons.
const ROOMY: usize = 100;

/// All reports; several begin with a matrix.
pub(crate) fn text(reports: &[BumpReport], view: &View) -> String {
    if reports.is_empty() {
        return "nothing to carry\n".to_owned();
    }
    let mut text = String::new();
    if reports.len() > 1 {
        text += &overview::text(reports, view);
        if view.detail == Detail::Head {
            return text;
        }
        text.push('\n');
    }
    let worth = |report: &&BumpReport| reports.len() == 1 || view.detail == Detail::Full || is_worth_a_body(report);
    let bodies: Vec<String> = reports.iter().filter(worth).map(|report| one(report, view)).collect();
    text += &bodies.join("\n");
    text.trim_end().to_owned() + "\n"
}

/// Of a smooth plan among several, the matrix says it all.
fn is_worth_a_body(report: &BumpReport) -> bool {
    report.state != State::WouldLand || !report.warnings.is_empty() || !summary::by_need(report).is_empty()
}

fn one(report: &BumpReport, view: &View) -> String {
    let mut text = head(report, view);
    if view.detail == Detail::Head {
        return text;
    }
    for warning in &report.warnings {
        text += &view.paint.paint(Style::Warn, "warning: ");
        text += wrap(&safe(warning), "warning: ".len(), 2, view).trim_start();
    }
    let rows = rows(report, view);
    if !rows.is_empty() {
        text.push('\n');
        text += &table(&rows, 2, view);
    }
    for patch in summary::by_need(report) {
        text.push('\n');
        text += &details(patch, report, view);
    }
    text.push('\n');
    text += &facts(report, view);
    text += &next(report, view);
    text
}

fn head(report: &BumpReport, view: &View) -> String {
    let (style, ending) = summary::ending(report.state);
    let title = safe(&summary::title(report));
    let head = format!("{}: {}", view.paint.paint(Style::Strong, &title), view.paint.paint(style, ending));
    wrap(&head, 0, 2, view) + &wrap(&summary::status_line(&report.counts), 0, 2, view)
}

/// The table: what needs eyes, and the rest only if everything is asked for.
fn rows(report: &BumpReport, view: &View) -> Vec<Vec<Cell>> {
    let mut patches = summary::by_need(report);
    if view.detail == Detail::Full {
        patches.extend(summary::unchanged(report));
    }
    let row = |patch: &PatchReport| {
        let mut row = vec![
            Cell::plain(safe(&summary::number(patch))),
            Cell(summary::style(patch), summary::outcome(patch)),
            Cell::plain(safe(&patch.subject)),
        ];
        if view.width >= ROOMY {
            row.push(Cell(Style::Dim, safe(&summary::why(patch))));
        }
        row
    };
    patches.into_iter().map(row).collect()
}

/// What a reader needs to judge one patch.
pub(super) fn details(patch: &PatchReport, report: &BumpReport, view: &View) -> String {
    let mut text = question::question(patch, report, view);
    let mut say = |words: &str| text += &wrap(&safe(words), 2, 4, view);
    if let Some(decision) = &patch.decision {
        say(&format!("decided: {}", summary::decision(decision)));
    }
    if let Some(proof) = &patch.proof {
        say(&format!("proof: {}", summary::proof(&proof.kind)));
    }
    if let Some(found) = &patch.evidence {
        say(&format!("{}: {}", report.target.tag, summary::evidence(found)));
    }
    if let Some(rewrite) = &patch.rewrite {
        text += &wrap("the patch file changes:", 2, 4, view);
        text += &question::diff(rewrite, view);
    }
    text
}

/// The proof, and what was or would be written.
fn facts(report: &BumpReport, view: &View) -> String {
    let mut text = String::new();
    let mut fact = |label: &str, words: &str| {
        text += &wrap(&format!("{label}: {}", safe(words)), 0, 2, view);
    };
    match &report.gate {
        Some(gate) => {
            fact("gate", &summary::gate(gate));
            if !gate.refreshed.is_empty() {
                fact("written anew, since patch would put a hunk elsewhere", &gate.refreshed.join(", "));
            }
        }
        None => fact("gate", "not reached, nothing is proved"),
    }
    fact("history", &summary::history(report));
    for words in releases::findings(report) {
        fact("upstream", &words);
    }
    if let Some(cves) = releases::fixed(report) {
        let most = if view.detail == Detail::Full { usize::MAX } else { MOST_CVES };
        fact("CVEs", &releases::cves(cves, "fixed", most));
    }
    for words in report.changelogs.iter().flat_map(releases::missing) {
        fact("not checked", &words);
    }
    for rename in &report.renames {
        fact("moved upstream", &format!("{} → {}", rename.from, rename.to));
    }
    match &report.commit {
        Some(commit) => fact("branch", &format!("{} at {}", report.branch, short(commit))),
        None if report.state == State::WouldLand => fact("branch", &format!("{} would be written", report.branch)),
        None => {}
    }
    if let Some(commit) = &report.kit_commit {
        fact("committed", &format!("{} in the kit", short(commit)));
    }
    for config in &report.configs {
        fact("config", &summary::config(config));
    }
    if !report.references.is_empty() {
        fact("references", &summary::references(&report.references));
    }
    if view.detail == Detail::Full {
        for file in &report.files {
            fact(&file.change, &file.path);
        }
    } else if !report.files.is_empty() {
        let verb = if report.state == State::Landed { "changed" } else { "to change" };
        fact("kit", &format!("{} {verb}", count(report.files.len(), "file", "files")));
    }
    text
}

fn next(report: &BumpReport, view: &View) -> String {
    let steps = advice::next(report);
    if steps.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{}\n", view.paint.paint(Style::Strong, "what to do next"));
    for step in steps {
        text += &wrap(&format!("- {}", safe(&step.say)), 2, 4, view);
        for line in step.run {
            let _ = writeln!(text, "      {}", view.paint.paint(Style::Note, &safe(&line)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use dialoguer::console::measure_text_width;

    use super::super::{Paint, sample};
    use super::*;

    fn view(width: usize, detail: Detail) -> View {
        View { width, paint: Paint(false), detail }
    }

    #[test]
    fn a_landing_reads_so() {
        assert_eq!(
            text(&[sample::landing()], &view(80, Detail::Usual)),
            "\
kernel: 6.6.x v6.6.13 → v6.6.14: landed
1 kept (1 same) · 0 dropped · 0 conflicts

gate: git am, patch -F0 and the branch give one tree, bbbbbbbbbbbb
history: 512 commits searched for the patches
branch: v6.6.14-linuxkit at cccccccccccc
kit: 1 file changed

what to do next
  - build and test the kernels: kpatch has compared trees and built nothing
  - commit the change of the kit
      git add -A kernel
      kpatch pr-body 6.6.x --commit-message | git commit -F -
"
        );
    }

    #[test]
    fn a_stop_reads_so() {
        let text = text(&[sample::stopping()], &view(80, Detail::Usual));
        let (table, rest) = text.split_once("\n\n0003-c.patch: conflict\n").expect("details follow the table");
        assert_eq!(
            table,
            "\
kernel: 6.6.x v6.6.13 → v6.6.14: stopped; nothing was changed
4 kept (1 same, 1 offset, 1 refreshed, 1 partial) · 1 dropped (upstream) · 1
  conflict · 1 blocked

  0003  conflict    subject of 0003-c.patch
  0004  partial     subject of 0004-d.patch
  0005  blocked     subject of 0005-e.patch
  0006  refreshed   subject of 0006-f.patch
  0007  upstreamed  subject of 0007-g.patch"
        );
        assert!(rest.starts_with(
            "  subject of 0003-c.patch\n  drivers/a.c: content at lines 2-3\n  cause: eeeeeeeeeeee net: count it"
        ));
        assert!(rest.contains("  proof: taking it out of the target and putting it back gives the target again\n"));
        assert!(rest.contains("gate: not reached, nothing is proved\n"));
    }

    #[test]
    fn every_width_is_kept_and_hostile_text_cannot_break_out() {
        for report in [sample::landing(), sample::stopping(), sample::hostile()] {
            for width in [40, 80, 200] {
                let text = text(&[report.clone(), report.clone()], &view(width, Detail::Full));
                assert!(!text.contains(['\x1b', '\u{202e}', '\u{7}', '\r']), "{text}");
                for line in text.lines() {
                    let prose = !line.starts_with("    ");
                    let breakable = line.trim().contains("  ") || line.trim().split(' ').count() > 3;
                    assert!(!prose || !breakable || measure_text_width(line) <= width, "{width}: {line}");
                }
            }
        }
    }

    #[test]
    fn a_row_of_the_table_is_never_forged() {
        let text = text(&[sample::hostile()], &view(80, Detail::Usual));
        assert_eq!(text.lines().filter(|line| line.starts_with("  0001")).count(), 1, "{text}");
        assert!(!text.lines().any(|line| line.starts_with("kernel: forged")));
    }

    #[test]
    fn the_head_alone_is_two_lines() {
        assert_eq!(text(&[sample::landing()], &view(80, Detail::Head)).lines().count(), 2);
    }

    #[test]
    fn long_conflicts_are_cut_unless_asked_for() {
        let mut report = sample::stopping();
        let patch = report.patches.iter_mut().find(|patch| !patch.conflicts.is_empty()).expect("a conflict");
        patch.proposals.clear();
        let body = "ours\n".repeat(100);
        patch.conflicts[0].markers = Some(format!("<<<<<<< a\n{body}=======\n>>>>>>> b\n"));
        assert!(text(&[report.clone()], &view(80, Detail::Usual)).contains("    … 63 lines more, -v shows them\n"));
        assert!(!text(&[report], &view(80, Detail::Full)).contains("-v shows them"));
    }
}
