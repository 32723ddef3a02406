//! All that is known of one patch, folded.

use kpatch::ops::report::{BumpReport, ConflictReport, OutcomeName, PatchReport, ProposalReport, State};

use super::super::advice::quoted;
use super::super::markers::{self, Piece};
use super::super::summary;
use super::markup::Markup;
use super::{anchor, badge, side_by_side};

/// The patch; what waits for a decision is unfolded.
pub(super) fn show(patch: &PatchReport, at: usize, report: &BumpReport, which: usize, html: &mut Markup) {
    let id = anchor(which, at);
    let folded = [("class", "patch"), ("id", id.as_str())];
    let unfolded = [("class", "patch"), ("id", id.as_str()), ("open", "")];
    html.element("details", if summary::is_open(patch) { &unfolded } else { &folded }, |html| {
        html.element("summary", &[], |html| {
            badge(patch, html);
            html.line("span", "file", &patch.file);
            if patch.part > 0 {
                html.line("span", "part", &format!("patch {} of the file", patch.part + 1));
            }
            html.line("span", "subject", &patch.subject);
        });
        facts(patch, report, html);
        for conflict in &patch.conflicts {
            conflicting(patch, conflict, html);
        }
        explanations(patch, html);
        for proposal in &patch.proposals {
            proposed(patch, proposal, report, html);
        }
        if let Some(rewrite) = &patch.rewrite {
            html.line("h4", "", "the patch file, before and after");
            side_by_side::table(rewrite, html);
        }
        offsets(patch, html);
    });
}

fn facts(patch: &PatchReport, report: &BumpReport, html: &mut Markup) {
    html.element("dl", &[], |html| {
        let mut fact = |name: &str, text: &str| {
            if !text.is_empty() {
                html.line("dt", "", name);
                html.line("dd", "", text);
            }
        };
        fact("why", &patch.detail);
        fact("decided", &patch.decision.as_ref().map_or_else(String::new, summary::decision));
        fact("waits for", patch.blocked_by.as_deref().unwrap_or_default());
        fact("proof", patch.proof.as_ref().map_or("", |proof| summary::proof(&proof.kind)));
        let upstream = format!("in {}", report.target.tag);
        fact(&upstream, &patch.evidence.as_ref().map_or_else(String::new, summary::evidence));
        fact(
            "patch file",
            match patch.bytes_kept {
                Some(true) => "stays as it is, byte for byte",
                Some(false) => "is written anew",
                None if is_gone(patch) => "leaves the set",
                None => "",
            },
        );
        fact("files to resolve", patch.resolve.as_deref().unwrap_or_default());
        fact("commit", patch.commit.as_deref().unwrap_or_default());
        fact("tree", &patch.tree);
    });
}

/// True if the patch is no longer in the set, and nobody has to decide on that.
fn is_gone(patch: &PatchReport) -> bool {
    let dropped = matches!(patch.outcome, OutcomeName::Upstreamed | OutcomeName::LeftOut);
    dropped || (patch.outcome == OutcomeName::Emptied && patch.decision.is_some())
}

/// Causes, notes and hazards.
fn explanations(patch: &PatchReport, html: &mut Markup) {
    let mut list = |class: &'static str, name: &str, lines: Vec<(String, &str)>| {
        if lines.is_empty() {
            return;
        }
        html.line("h4", class, name);
        html.element("ul", &[("class", class)], |html| {
            for (line, code) in lines {
                html.element("li", &[], |html| {
                    html.text(&line);
                    if !code.is_empty() {
                        html.lines([code]);
                    }
                });
            }
        });
    };
    list("hazards", "hazards", patch.hazards.iter().map(|it| (summary::hazard(it), it.text.as_str())).collect());
    list("causes", "commits that explain it", patch.causes.iter().map(|it| (summary::cause(it), "")).collect());
    list("notes", "notes", patch.notes.iter().map(|it| (it.clone(), "")).collect());
}

fn conflicting(patch: &PatchReport, conflict: &ConflictReport, html: &mut Markup) {
    let lines = summary::stretches(&conflict.stretches);
    html.line("h4", "conflict", &format!("{}: {}{lines}", conflict.path, conflict.kind));
    let files = patch.proposals.iter().flat_map(|proposal| &proposal.files);
    let in_proposals = files.into_iter().any(|file| file.path == conflict.path && !file.stretches.is_empty());
    // Where a proposal shows the versions, they are not shown twice.
    let Some(text) = conflict.markers.as_ref().filter(|_| !in_proposals) else { return };
    for piece in markers::pieces(text) {
        match piece {
            Piece::Around(lines) => html.element("div", &[("class", "around")], |html| html.lines(lines)),
            Piece::Gap => html.line("p", "gap", "…"),
            Piece::Sides { base, ours, theirs } => {
                versions(&[("base", base), ("upstream", ours), ("patch", theirs)], html);
            }
        }
    }
}

/// The versions of a stretch beside each other, each with its name.
fn versions(versions: &[(&'static str, Vec<&str>)], html: &mut Markup) {
    html.element("div", &[("class", "versions")], |html| {
        for (name, lines) in versions {
            html.element("figure", &[("class", name)], |html| {
                html.line("figcaption", "", name);
                if lines.is_empty() {
                    html.line("p", "gap", "no lines");
                } else {
                    html.lines(lines.iter().copied());
                }
            });
        }
    });
}

fn proposed(patch: &PatchReport, proposal: &ProposalReport, report: &BumpReport, html: &mut Markup) {
    html.element("section", &[("class", "proposal")], |html| {
        html.element("h4", &[], |html| {
            html.text("proposal ");
            html.line("span", "strategy", &proposal.strategy);
            html.text(&format!(": {}", proposal.summary));
        });
        if report.state == State::Stopped {
            let accept = quoted(&format!("{}={}", summary::selector(patch), proposal.strategy));
            html.element("p", &[], |html| html.line("code", "", &format!("kpatch continue --accept {accept}")));
        }
        for file in &proposal.files {
            if file.blob.is_none() {
                html.line("p", "", &format!("{}: there is no such file any more", file.path));
            }
            for stretch in &file.stretches {
                html.line("p", "place", &format!("{} at line {}", file.path, stretch.line));
                let all: [(&str, &str); 4] = [
                    ("base", &stretch.base),
                    ("upstream", &stretch.ours),
                    ("patch", &stretch.theirs),
                    ("proposed", &stretch.proposed),
                ];
                versions(&all.map(|(name, text)| (name, text.lines().collect())), html);
            }
            if !file.diff.is_empty() {
                html.element("details", &[], |html| {
                    html.line("summary", "", &format!("{}: the target's file and the proposed one", file.path));
                    side_by_side::table(&file.diff, html);
                });
            }
        }
    });
}

/// How far each hunk is from the line that it names.
fn offsets(patch: &PatchReport, html: &mut Markup) {
    if patch.offsets.iter().all(|file| file.lines.iter().all(|line| *line == 0)) {
        return;
    }
    html.line("h4", "", "offsets of the hunks, in lines");
    html.element("table", &[("class", "offsets")], |html| {
        for file in &patch.offsets {
            html.element("tr", &[], |html| {
                html.line("td", "file", &file.path);
                let lines: Vec<String> = file.lines.iter().map(|line| format!("{line:+}")).collect();
                html.line("td", "", &lines.join(" "));
            });
        }
    });
}
