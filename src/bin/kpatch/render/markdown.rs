//! The report of `bump` and `plan` as the text of a pull request.

use std::fmt::Write as _;

use kpatch::ops::config::OptionReport;
use kpatch::ops::report::{BumpReport, PatchReport, ProposalReport, ReferenceReport, UpstreamFinding};

use super::escape::{clipped, fence, inline};
use super::three_way::{self, Versions};
use super::{Detail, Paint, View, advice, count, markers, overview, releases, safe, safe_code, summary};

/// What a forge takes, in bytes; a little stays free for what a person adds.
pub(super) const LIMIT: usize = 65_536 - 512;
/// So many CVEs are named before the list that is folded.
const MOST_CVES: usize = 10;
/// Characters of a cell that comes from a patch.
pub(super) const CELL: usize = 100;
/// Stands at the end of a part that was cut.
const CUT: &str = "_The rest is cut off here; other formats have it._";
/// Room for the words about folded parts that are left out as a whole.
const NOTE: usize = 160;
/// How the versions of a stretch look in a block of code.
const CODE: View = View { width: usize::MAX, paint: Paint(false), detail: Detail::Full };

/// A piece of the document.
pub(super) enum Part {
    /// Stays as it is.
    Fixed(String),
    /// Stays too, unless the tables alone are too long; then its last rows go.
    Table { head: String, rows: Vec<String> },
    /// Folded, and cut where room is short.
    Folded { summary: String, lines: Vec<String>, code: bool },
}

/// All reports as one document, never longer than a forge takes.
pub(crate) fn document(reports: &[BumpReport]) -> String {
    let mut parts = Vec::new();
    if reports.is_empty() {
        parts.push(Part::Fixed("Nothing to carry.\n".to_owned()));
    }
    if reports.len() > 1 {
        parts.push(overview(reports));
    }
    for report in reports {
        one(report, &mut parts);
    }
    assemble(&parts, LIMIT)
}

fn overview(reports: &[BumpReport]) -> Part {
    let mut rows = overview::grid(reports).into_iter().map(|row| cells(row.into_iter().map(|cell| inline(&cell.1))));
    let first = rows.next().unwrap_or_default();
    let columns = first.matches(" | ").count() + 1;
    Part::Table { head: format!("{first}|{}\n", "---|".repeat(columns)), rows: rows.collect() }
}

/// A row of a table.
pub(super) fn cells(cells: impl Iterator<Item = String>) -> String {
    format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
}

fn one(report: &BumpReport, parts: &mut Vec<Part>) {
    let (_, ending) = summary::ending(report.state);
    let title = inline(&summary::title(report));
    parts.push(Part::Fixed(format!("\n## {title}: {ending}\n\n{}\n", summary::status_line(&report.counts))));
    for warning in &report.warnings {
        parts.push(Part::Fixed(format!("\n> **warning:** {}\n", inline(warning))));
    }
    let patches = summary::by_need(report);
    if !patches.is_empty() {
        let head = "\n| # | outcome | patch | why |\n|---|---|---|---|\n".to_owned();
        parts.push(Part::Table { head, rows: patches.iter().map(|patch| row(patch)).collect() });
    }
    decisions(report, parts);
    upstream(report, parts);
    for patch in &patches {
        fold_patch(patch, report, parts);
    }
    fold_lists(report, parts);
    parts.push(Part::Fixed(facts(report)));
    parts.push(Part::Fixed(next(report)));
}

fn row(patch: &PatchReport) -> String {
    let cell = |text: &str| inline(&clipped(text, CELL));
    let row = [summary::number(patch), summary::outcome(patch), patch.subject.clone(), summary::why(patch)];
    cells(row.iter().map(|text| cell(text)))
}

/// What persons decided; it counts as a part of the table.
fn decisions(report: &BumpReport, parts: &mut Vec<Part>) {
    let row = |patch: &PatchReport| {
        let decision = patch.decision.as_ref()?;
        let kind = if decision.kind == "resolved" { "resolved by hand" } else { &*decision.kind };
        let strategy = decision.strategy.as_deref().unwrap_or_default();
        let reason = decision.reason.as_deref().unwrap_or_default();
        let row = [&summary::number(patch), &patch.subject, kind, strategy, reason];
        Some(cells(row.iter().map(|text| inline(&clipped(text, CELL)))))
    };
    let rows: Vec<String> = report.patches.iter().filter_map(row).collect();
    if !rows.is_empty() {
        let head = "\n**Decided by hand**\n\n| # | patch | decision | strategy | reason |\n|---|---|---|---|---|\n";
        parts.push(Part::Table { head: head.to_owned(), rows });
    }
}

/// What upstream says of the patches; it counts as a part of the table.
fn upstream(report: &BumpReport, parts: &mut Vec<Part>) {
    let row = |found: &UpstreamFinding| {
        let words = releases::finding(found);
        let row = [&summary::number_of(&found.file, found.part), &found.subject, &words];
        cells(row.iter().map(|text| inline(&clipped(text, 2 * CELL))))
    };
    let rows: Vec<String> = report.upstream.iter().map(row).collect();
    if !rows.is_empty() {
        let head = "\n**What upstream says**\n\n| # | patch | upstream |\n|---|---|---|\n";
        parts.push(Part::Table { head: head.to_owned(), rows });
    }
}

/// What is to be said of one patch, a line each.
fn lines(patch: &PatchReport, report: &BumpReport) -> Vec<String> {
    let mut lines = Vec::new();
    let mut say = |text: &str| lines.push(format!("- {}", inline(text)));
    if !patch.detail.is_empty() {
        say(&patch.detail);
    }
    if let Some(decision) = &patch.decision {
        say(&format!("decided: {}", summary::decision(decision)));
    }
    if let Some(by) = &patch.blocked_by {
        say(&format!("waits for {by}"));
    }
    if let Some(proof) = &patch.proof {
        say(&format!("proof: {}", summary::proof(&proof.kind)));
    }
    if let Some(found) = &patch.evidence {
        say(&format!("in {}: {}", report.target.tag, summary::evidence(found)));
    }
    for conflict in &patch.conflicts {
        say(&format!("{}: {}{}", conflict.path, conflict.kind, summary::stretches(&conflict.stretches)));
    }
    for cause in &patch.causes {
        say(&format!("cause: {}", summary::cause(cause)));
    }
    for note in &patch.notes {
        say(&format!("note: {note}"));
    }
    for hazard in &patch.hazards {
        say(&format!("hazard: {}: {}", summary::hazard(hazard), hazard.text.trim()));
    }
    for proposal in &patch.proposals {
        say(&format!("proposal {}: {}", proposal.strategy, proposal.summary));
    }
    lines
}

/// What a reader needs to judge one patch; a conflict shows its versions or its markers.
fn fold_patch(patch: &PatchReport, report: &BumpReport, parts: &mut Vec<Part>) {
    let name = inline(&format!("{}: {}", patch.file, summary::outcome(patch)));
    let lines = lines(patch, report);
    if !lines.is_empty() {
        parts.push(Part::Folded { summary: name.clone(), lines, code: false });
    }
    for proposal in &patch.proposals {
        let summary = format!("{name}, proposal {}", inline(&proposal.strategy));
        parts.push(Part::Folded { summary, lines: proposed(proposal), code: true });
    }
    for conflict in &patch.conflicts {
        let Some(file) = &conflict.markers else { continue };
        let lines: Vec<String> =
            markers::lines(file).into_iter().map(|line| line.map_or_else(|| "…".to_owned(), safe_code)).collect();
        parts.push(Part::Folded { summary: format!("{name}, {}", inline(&conflict.path)), lines, code: true });
    }
    if let Some(rewrite) = &patch.rewrite {
        let lines = rewrite.lines().map(safe_code).collect();
        parts.push(Part::Folded { summary: format!("{name}, the file before and after"), lines, code: true });
    }
}

/// The versions of each stretch, or the diff where there are none.
fn proposed(proposal: &ProposalReport) -> Vec<String> {
    let mut lines = Vec::new();
    for file in &proposal.files {
        for stretch in &file.stretches {
            lines.push(safe(&format!("{} at line {}", file.path, stretch.line)));
            lines.extend(three_way::text(stretch, Versions::All, &CODE).lines().map(str::to_owned));
        }
        if file.stretches.is_empty() {
            lines.extend(file.diff.lines().map(safe_code));
        }
    }
    lines
}

/// What stays as it is, and the files of the kit.
fn fold_lists(report: &BumpReport, parts: &mut Vec<Part>) {
    let unchanged = summary::unchanged(report);
    if !unchanged.is_empty() {
        let line = |patch: &&PatchReport| match patch.max_offset {
            0 => format!("- {}", inline(&patch.file)),
            offset => format!("- {}, up to {offset} lines away", inline(&patch.file)),
        };
        let lines = unchanged.iter().map(line).collect();
        parts.push(Part::Folded { summary: format!("{} unchanged", unchanged.len()), lines, code: false });
    }
    if !report.configs.is_empty() {
        let mut lines = Vec::new();
        for config in &report.configs {
            lines.push(format!("- {}", inline(&summary::config(config))));
            lines.extend(config.options.iter().map(option));
        }
        parts.push(Part::Folded { summary: format!("{} configurations", report.configs.len()), lines, code: false });
    }
    if !report.references.is_empty() {
        let line = |row: &ReferenceReport| {
            let new = row.new.as_deref().unwrap_or_default();
            format!("- {}: {} → {}", inline(&row.file), inline(&row.old), inline(new))
        };
        let lines = report.references.iter().map(line).collect();
        parts.push(Part::Folded { summary: format!("{} references", report.references.len()), lines, code: false });
    }
    if let Some(cves) = report.cves.as_ref().filter(|cves| !cves.found.is_empty()) {
        let lines = cves.found.iter().map(|cve| format!("- {}", inline(&releases::cve(cve)))).collect();
        let summary = format!("{} fixed", count(cves.found.len(), "CVE", "CVEs"));
        parts.push(Part::Folded { summary, lines, code: false });
    }
    if !report.files.is_empty() {
        let lines = report.files.iter().map(|file| format!("- {}: {}", file.change, inline(&file.path))).collect();
        parts.push(Part::Folded { summary: format!("{} files of the kit", report.files.len()), lines, code: false });
    }
    if !report.renames.is_empty() {
        let lines = report
            .renames
            .iter()
            .map(|rename| format!("- {} → {}", inline(&rename.from), inline(&rename.to)))
            .collect();
        parts.push(Part::Folded {
            summary: format!("{} files moved upstream", report.renames.len()),
            lines,
            code: false,
        });
    }
}

/// An option that goes, changes or comes.
fn option(option: &OptionReport) -> String {
    let value = |value: &Option<String>| value.as_deref().map_or_else(|| "—".to_owned(), inline);
    format!("  - {}: {} → {}", inline(&option.name), value(&option.old), value(&option.new))
}

fn facts(report: &BumpReport) -> String {
    let gate = match &report.gate {
        Some(gate) => inline(&summary::gate(gate)),
        None => "not reached, nothing is proved".to_owned(),
    };
    let anew = match &report.gate {
        Some(gate) if !gate.refreshed.is_empty() => {
            let names = clipped(&gate.refreshed.join(", "), 10 * CELL);
            format!("- written anew, since patch would put a hunk elsewhere: {}\n", inline(&names))
        }
        _ => String::new(),
    };
    let mut text = format!("\n- gate: {gate}\n{anew}- history: {}\n", summary::history(report));
    if let Some(cves) = releases::fixed(report) {
        let _ = writeln!(text, "- CVEs: {}", inline(&releases::cves(cves, "fixed", MOST_CVES)));
    }
    for words in summary::not_checked(report) {
        let _ = writeln!(text, "- not checked: {}", inline(&words));
    }
    for (name, release) in [("base", &report.base), ("target", &report.target)] {
        let _ = writeln!(text, "- {name}: {} {}", inline(&release.tag), inline(&release.commit));
    }
    let _ = writeln!(text, "- tree: {}", inline(&report.tree));
    let logs: Vec<String> =
        summary::changelogs(report).iter().map(|(version, url)| format!("[{version}]({url})")).collect();
    if !logs.is_empty() {
        let _ = writeln!(text, "- what the releases hold: {}", logs.join(", "));
    }
    let _ = writeln!(text, "- with kpatch {}, to see it again:\n", env!("CARGO_PKG_VERSION"));
    text + &shell(&[advice::again(report)])
}

/// Commands in a block of code that belongs to a list.
fn shell(commands: &[String]) -> String {
    let run: Vec<String> = commands.iter().map(|line| safe(line)).collect();
    let fence = fence(&run);
    let mut text = format!("  {fence}sh\n");
    for line in run {
        let _ = writeln!(text, "  {line}");
    }
    let _ = writeln!(text, "  {fence}");
    text
}

fn next(report: &BumpReport) -> String {
    let mut text = String::from("\n**What to do next**\n\n");
    for step in advice::next(report) {
        let _ = writeln!(text, "- {}", inline(&step.say));
        if !step.run.is_empty() {
            text += &shell(&step.run);
        }
    }
    text
}

/// Puts the parts together within `limit` bytes: first what is folded gives way, then the ends of the tables.
pub(super) fn assemble(parts: &[Part], limit: usize) -> String {
    let fixed: usize = parts
        .iter()
        .map(|part| match part {
            Part::Fixed(text) => text.len(),
            Part::Table { head, .. } => head.len(),
            Part::Folded { .. } => 0,
        })
        .sum();
    let mut room = limit.saturating_sub(fixed + NOTE);
    let mut left_out = 0;
    let tables: Vec<String> = parts.iter().map(|part| table_rows(part, &mut room)).collect();
    let mut text = String::new();
    for (part, rows) in parts.iter().zip(tables) {
        match part {
            Part::Fixed(fixed) => text += fixed,
            Part::Table { head, .. } => text.extend([head.as_str(), &rows]),
            Part::Folded { summary, lines, code } => match folded(summary, lines, *code, &mut room) {
                Some(part) => text += &part,
                None => left_out += 1,
            },
        }
    }
    if left_out > 0 {
        let parts = count(left_out, "folded part is", "folded parts are");
        let _ = writeln!(text, "\n_{parts} left out for want of room; other formats have all._");
    }
    // Only reports by the hundred get here, with titles alone beyond the limit.
    cut_lines(&text, limit)
}

/// The rows of a table that there is room for; a cut is a row of its own.
fn table_rows(part: &Part, room: &mut usize) -> String {
    let Part::Table { rows, .. } = part else { return String::new() };
    let all: usize = rows.iter().map(String::len).sum();
    if all <= *room {
        *room -= all;
        return rows.concat();
    }
    let note = |left: usize| format!("| … | {left} more; other formats have them |\n");
    let mut kept = String::new();
    let reserve = note(rows.len()).len();
    let mut used = 0;
    for row in rows {
        if kept.len() + row.len() + reserve > *room {
            break;
        }
        kept += row;
        used += 1;
    }
    kept += &note(rows.len() - used);
    *room = room.saturating_sub(kept.len());
    kept
}

/// A folded part with as many lines as there is room for; `None` if there is none for any.
fn folded(summary: &str, lines: &[String], code: bool, room: &mut usize) -> Option<String> {
    let fence = if code { fence(lines) } else { String::new() };
    let first = if code { format!("{fence}\n") } else { String::new() };
    let open = format!("\n<details><summary>{summary}</summary>\n\n{first}");
    let close = if code { format!("{fence}\n\n</details>\n") } else { "\n</details>\n".to_owned() };
    let mut left = room.checked_sub(open.len() + close.len() + CUT.len() + 2)?;
    if lines.first().is_some_and(|line| line.len() >= left) {
        return None;
    }
    let mut body = String::new();
    let mut cut = "";
    for line in lines {
        if line.len() + 1 > left {
            cut = CUT;
            break;
        }
        left -= line.len() + 1;
        body += line;
        body.push('\n');
    }
    let cut = if cut.is_empty() { String::new() } else { format!("\n{cut}\n") };
    // The words about the cut belong outside of the code.
    let text = if code {
        format!("{open}{body}{fence}\n{cut}\n</details>\n")
    } else {
        format!("{open}{body}{cut}\n</details>\n")
    };
    *room = room.saturating_sub(text.len());
    Some(text)
}

fn cut_lines(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        if end + line.len() + CUT.len() + 2 > limit {
            break;
        }
        end += line.len();
    }
    format!("{}\n{CUT}\n", &text[..end])
}

#[cfg(test)]
#[path = "markdown_tests.rs"]
mod tests;
