//! Hazards of clean merges in words.

use bstr::ByteSlice as _;

use super::report::HazardReport;
use crate::carry::{Conflict, Hazard, HazardKind, Outcome};
use crate::git::{GitError, Oid, Store, Walk};
use crate::text::visible;

/// What stopped a patch although its merge is clean; empty for any other outcome.
pub(super) fn reports(store: &Store, outcome: &Outcome) -> Result<Vec<HazardReport>, GitError> {
    match outcome {
        Outcome::Conflict(Conflict::Hazard { hazards, .. }) => Ok(hazards.iter().map(report).collect()),
        Outcome::Conflict(Conflict::Disagreement { strict, merged }) => disagreement(store, *strict, *merged),
        _ => Ok(Vec::new()),
    }
}

/// The first of several hazards in one line, for the patch's own row.
pub(super) fn in_words(hazards: &[Hazard]) -> String {
    let Some(first) = hazards.first() else { return String::new() };
    let words = format!("{}:{}: {}", visible(&first.path), first.line, detail(&first.kind));
    match hazards.len() {
        1 => words,
        more => format!("{words}, and {} more", more - 1),
    }
}

fn report(hazard: &Hazard) -> HazardReport {
    HazardReport {
        kind: match hazard.kind {
            HazardKind::AddedTwice { .. } => "added-twice".into(),
            HazardKind::LineLeft | HazardKind::NameLeft { .. } => "incomplete".into(),
        },
        path: visible(&hazard.path),
        line: hazard.line,
        text: visible(&hazard.text),
        detail: detail(&hazard.kind),
    }
}

fn detail(kind: &HazardKind) -> String {
    match kind {
        HazardKind::AddedTwice { lines: 1 } => {
            "upstream added the line that the patch adds; it would be there twice".into()
        }
        HazardKind::AddedTwice { lines } => {
            format!("upstream added the {lines} lines that the patch adds; they would be there twice")
        }
        HazardKind::LineLeft => "upstream added a line like those that the patch removes; it would stay".into(),
        HazardKind::NameLeft { old, new } => {
            format!("the patch makes {} of every {}; upstream added one that would stay", visible(new), visible(old))
        }
    }
}

/// The files that the strict application and the merge make different, each with the first line that differs.
fn disagreement(store: &Store, strict: Oid, merged: Oid) -> Result<Vec<HazardReport>, GitError> {
    let mut walks: Vec<Walk> = Vec::new();
    store.diff_trees(Some(strict), Some(merged), &mut |walk| walks.push(walk))?;
    let mut rows = Vec::new();
    for walk in walks {
        let (strict, merged) = (store.content(walk.old)?, store.content(walk.new)?);
        let same = strict.lines().zip(merged.lines()).take_while(|(a, b)| a == b).count();
        let shown = merged.lines().nth(same);
        rows.push(HazardReport {
            kind: "disagreement".into(),
            path: visible(&walk.path),
            line: shown.map_or(0, |_| same as u32 + 1),
            text: visible(shown.unwrap_or_default().trim()),
            detail: "applying the patch as it stands gives another line here than merging it".into(),
        });
    }
    Ok(rows)
}
