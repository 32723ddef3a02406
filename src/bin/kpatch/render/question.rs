//! What there is to decide on one patch: the conflict, what explains it, and what is proposed.

use std::collections::HashSet;
use std::fmt::Write as _;

use kpatch::ops::report::{BumpReport, ConflictReport, PatchReport, ProposalReport, ProposedFileReport, State};

use super::advice::quoted;
use super::table::wrap;
use super::three_way::{self, Versions};
use super::{Detail, Style, View, count, markers, safe, safe_code, summary};

/// Lines of conflict markers or of a diff that are shown of one file unless all are asked for.
const LINES: usize = 40;

/// One patch's open question, for a report and for a prompt that asks it.
pub(crate) fn question(patch: &PatchReport, report: &BumpReport, view: &View) -> String {
    heading(patch, view) + &body(patch, report, view)
}

/// The name of the patch, what became of it, and its subject.
fn heading(patch: &PatchReport, view: &View) -> String {
    let part = if patch.part == 0 { String::new() } else { format!(", patch {} of the file", patch.part + 1) };
    let name = view.paint.paint(Style::Strong, &format!("{}{part}", safe(&patch.file)));
    let outcome = view.paint.paint(summary::style(patch), &safe(&summary::outcome(patch)));
    let mut text = wrap(&format!("{name}: {outcome}"), 0, 2, view);
    text += &wrap(&safe(&patch.subject), 2, 4, view);
    if !patch.detail.is_empty() {
        text += &wrap(&safe(&patch.detail), 2, 4, view);
    }
    text
}

/// Conflicts, causes, notes, hazards and proposals, and where the files to resolve lie.
fn body(patch: &PatchReport, report: &BumpReport, view: &View) -> String {
    let mut text = String::new();
    if let Some(by) = &patch.blocked_by {
        text += &wrap(&safe(&format!("waits for {by}")), 2, 4, view);
    }
    for conflict in &patch.conflicts {
        text += &conflicting(conflict, is_shown_in_three(patch, conflict), view);
    }
    for cause in &patch.causes {
        text += &labelled("cause", Style::Note, &summary::cause(cause), view);
    }
    for note in &patch.notes {
        text += &labelled("note", Style::Plain, note, view);
    }
    for hazard in &patch.hazards {
        text += &labelled("hazard", Style::Warn, &summary::hazard(hazard), view);
        if !hazard.text.is_empty() {
            let _ = writeln!(text, "    {}", safe_code(&hazard.text));
        }
    }
    let mut shown = HashSet::new();
    for proposal in &patch.proposals {
        text += &wrap(&proposal_in_words(proposal, view), 2, 4, view);
        if report.state == State::Stopped {
            let accept = format!("{}={}", summary::selector(patch), proposal.strategy);
            text += &wrap(&format!("takes it: kpatch continue --accept {}", safe(&quoted(&accept))), 4, 6, view);
        }
        for file in &proposal.files {
            text += &proposed_file(file, &mut shown, view);
        }
    }
    if let Some(folder) = &patch.resolve {
        text += &wrap(&safe(&format!("files to resolve: {folder}")), 2, 4, view);
    }
    if !patch.proposals.is_empty() && report.needs_decision() {
        text += &wrap(&view.paint.paint(Style::Dim, "none of the proposals is taken unasked"), 2, 4, view);
    }
    text
}

fn labelled(label: &str, style: Style, words: &str, view: &View) -> String {
    wrap(&format!("{} {}", view.paint.paint(style, &format!("{label}:")), safe(words)), 2, 4, view)
}

/// Whether a proposal shows the versions of this conflict, so that markers would only say it again.
fn is_shown_in_three(patch: &PatchReport, conflict: &ConflictReport) -> bool {
    let files = patch.proposals.iter().flat_map(|proposal| &proposal.files);
    files.into_iter().any(|file| file.path == conflict.path && !file.stretches.is_empty())
}

fn conflicting(conflict: &ConflictReport, in_three: bool, view: &View) -> String {
    let place = format!("{}: {}{}", conflict.path, conflict.kind, summary::stretches(&conflict.stretches));
    let mut text = wrap(&safe(&place), 2, 4, view);
    if let Some(file) = conflict.markers.as_ref().filter(|_| !in_three) {
        let lines = markers::lines(file);
        let shown = lines.iter().map(|line| line.map_or_else(|| "…".to_owned(), |line| coloured(line, view)));
        text += &clipped(shown, lines.len(), view);
    }
    text
}

fn proposal_in_words(proposal: &ProposalReport, view: &View) -> String {
    let name = view.paint.paint(Style::Strong, &safe(&proposal.strategy));
    format!("proposal {name}: {}", safe(&proposal.summary))
}

/// A file of a proposal. Versions of stretches that stand in `shown` are not shown again.
fn proposed_file<'a>(file: &'a ProposedFileReport, shown: &mut HashSet<(&'a str, u32)>, view: &View) -> String {
    let mut text = String::new();
    if file.blob.is_none() {
        text += &wrap(&safe(&format!("{}: there is no such file any more", file.path)), 4, 6, view);
    }
    for stretch in &file.stretches {
        text += &wrap(&safe(&format!("{} at line {}", file.path, stretch.line)), 4, 6, view);
        let fresh = shown.insert((file.path.as_str(), stretch.line));
        text += &three_way::text(stretch, if fresh { Versions::All } else { Versions::Proposed }, view);
    }
    if file.stretches.is_empty() && !file.diff.is_empty() {
        text += &wrap(&safe(&format!("{}:", file.path)), 4, 6, view);
        text += &diff(&file.diff, view);
    }
    text
}

/// A unified diff, coloured and cut.
pub(super) fn diff(diff: &str, view: &View) -> String {
    let line = |line: &str| {
        let style = match line.as_bytes().first() {
            Some(b'+') => Style::Good,
            Some(b'-') => Style::Bad,
            Some(b'@') => Style::Note,
            _ => Style::Plain,
        };
        view.paint.paint(style, &safe_code(line))
    };
    clipped(diff.lines().map(line), diff.lines().count(), view)
}

/// Indented lines, the first of them unless all are asked for.
fn clipped(lines: impl Iterator<Item = String>, total: usize, view: &View) -> String {
    let most = if view.detail == Detail::Full { total } else { LINES };
    let mut text = String::new();
    for line in lines.take(most) {
        let _ = writeln!(text, "    {line}");
    }
    if total > most {
        let more = format!("    … {} more, -v shows them", count(total - most, "line", "lines"));
        text += &view.paint.paint(Style::Dim, &more);
        text.push('\n');
    }
    text
}

fn coloured(line: &str, view: &View) -> String {
    let marker = ["<<<<<<<", "|||||||", "=======", ">>>>>>>"].iter().any(|marker| line.starts_with(marker));
    view.paint.paint(if marker { Style::Note } else { Style::Plain }, &safe_code(line))
}

#[cfg(test)]
mod tests {
    use super::super::{Paint, sample};
    use super::*;

    fn asked(patch: usize) -> String {
        let report = sample::hazardous();
        question(&report.patches[patch], &report, &View { width: 80, paint: Paint(false), detail: Detail::Usual })
    }

    #[test]
    fn a_question_reads_so() {
        assert_eq!(
            asked(2),
            "\
0003-c.patch: conflict
  subject of 0003-c.patch
  drivers/a.c: content at lines 2-3
  cause: eeeeeeeeeeee net: count it (changed these lines of drivers/a.c)
  note: 1 of 3 hunks is in v6.6.14 already
  proposal adjacency: both sides changed neighbouring lines
    takes it: kpatch continue --accept 3=adjacency
    drivers/a.c at line 2
      base     │ base
      upstream │ ours
      patch    │ theirs
      proposed │ ours
               │ theirs
  proposal token: both sides changed parts of one line
    takes it: kpatch continue --accept 3=token
    drivers/a.c at line 2
      proposed │ ours theirs
  files to resolve: /linux/kpatch/resolve/0003-c
  none of the proposals is taken unasked
"
        );
    }

    #[test]
    fn a_hazard_names_its_line() {
        let text = asked(7);
        assert!(
            text.contains(
                "  hazard: drivers/e.c:30: the patch adds these lines, and they are there already\n    \tif (!dev)\n"
            ),
            "{text}"
        );
    }

    #[test]
    fn without_a_proposal_there_are_markers() {
        let mut report = sample::stopping();
        report.patches[2].proposals.clear();
        let view = View { width: 80, paint: Paint(false), detail: Detail::Usual };
        let text = question(&report.patches[2], &report, &view);
        assert!(text.contains("\n    <<<<<<< v6.6.14\n    ours\n"), "{text}");
        assert!(!text.contains("unasked"), "{text}");
    }
}
