//! Mends files: applies the fixes of findings, and takes none whose result is not what it promises.

use std::collections::BTreeSet;
use std::ops::Range;

use super::note::FixKind;
use super::run::{FileLint, Judged, Subject, file};
use super::settings::Settings;
use crate::diff::{Content, FileDiff};
use crate::finding::{Finding, FixClass, Severity};
use crate::patch::Draft;

/// A rule that never comes to an end must not hang.
const MOST: usize = 2_000;

/// What may be mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowed {
    /// The most that may be risked.
    pub class: FixClass,
    /// Findings milder than this are left as they are.
    pub from: Severity,
}

impl Allowed {
    /// True if the finding may be mended.
    pub fn allows(&self, judged: &Judged) -> bool {
        let class = judged.fix.as_ref().is_some_and(|fix| fix.class <= self.class);
        class && judged.finding.severity >= self.from && judged.finding.waived.is_none()
    }
}

/// A file after its fixes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFix {
    /// Its bytes now.
    pub bytes: Vec<u8>,
    /// The findings that were mended, in the order in which that was done.
    pub fixed: Vec<Finding>,
    /// Findings whose fix would have changed what the patch does, or broken something else, and was not taken.
    pub refused: Vec<Finding>,
}

/// Applies the fixes that edit a file, one after the other, each on what the one before left, until no more is to be
/// done. `wanted` says which findings to mend besides what `allowed` says.
pub fn fix_file(
    subject: Subject<'_>,
    bytes: &[u8],
    settings: &Settings,
    allowed: Allowed,
    wanted: &dyn Fn(&Finding) -> bool,
) -> FileFix {
    let mut result = FileFix { bytes: bytes.to_vec(), fixed: Vec::new(), refused: Vec::new() };
    let mut refused: BTreeSet<String> = BTreeSet::new();
    let mut now = file(subject, bytes, settings);
    for _ in 0..MOST {
        let open = |judged: &&Judged| {
            let is_edit = judged.fix.as_ref().is_some_and(|fix| matches!(fix.kind, FixKind::Edit(_)));
            is_edit && allowed.allows(judged) && wanted(&judged.finding) && !refused.contains(&key(&judged.finding))
        };
        let Some(judged) = now.judged.iter().find(open) else { break };
        let edited = edited(&result.bytes, judged);
        let then = edited.as_deref().map(|bytes| file(subject, bytes, settings));
        match (edited, then) {
            (Some(bytes), Some(then)) if keeps(judged, &now, &then) => {
                result.fixed.push(judged.finding.clone());
                result.bytes = bytes;
                now = then;
            }
            _ => {
                refused.insert(key(&judged.finding));
                result.refused.push(judged.finding.clone());
            }
        }
    }
    result
}

/// Applies the edits of fixes that a linux tree has asked for; `judged` are findings of the file as it is. They are not
/// asked again: whoever has the tree has to look whether a safe one left it as it was, since hunks may name other lines.
pub fn fix_for_tree(subject: Subject<'_>, bytes: &[u8], settings: &Settings, judged: &[&Judged]) -> FileFix {
    let mut result = FileFix { bytes: bytes.to_vec(), fixed: Vec::new(), refused: Vec::new() };
    let mut now = file(subject, bytes, settings);
    // From the end on, so that the places of the others stay what they are.
    let mut judged = judged.to_vec();
    judged.sort_by_key(|judged| std::cmp::Reverse(first_edit(judged)));
    for judged in judged {
        let edited = edited(&result.bytes, judged);
        let then = edited.as_deref().map(|bytes| file(subject, bytes, settings));
        let is_safe = judged.fix.as_ref().is_some_and(|fix| fix.class == FixClass::Safe);
        match (edited, then) {
            (Some(bytes), Some(then))
                if errors(&then) <= errors(&now) && (!is_safe || same_change(&now.drafts, &then.drafts, anywhere)) =>
            {
                result.fixed.push(judged.finding.clone());
                result.bytes = bytes;
                now = then;
            }
            _ => result.refused.push(judged.finding.clone()),
        }
    }
    result
}

fn first_edit(judged: &Judged) -> usize {
    match judged.fix.as_ref().map(|fix| &fix.kind) {
        Some(FixKind::Edit(edits)) => judged.base + edits.first().map_or(0, |(range, _)| range.start),
        _ => 0,
    }
}

fn errors(lint: &FileLint) -> usize {
    lint.judged.iter().filter(|judged| judged.finding.severity == Severity::Error).count()
}

fn key(finding: &Finding) -> String {
    format!("{}/{}", finding.rule, finding.fingerprint)
}

/// The file with the edits of one fix; `None` if they do not fit.
fn edited(bytes: &[u8], judged: &Judged) -> Option<Vec<u8>> {
    let FixKind::Edit(edits) = &judged.fix.as_ref()?.kind else { return None };
    let mut out = Vec::with_capacity(bytes.len() + 256);
    let mut at = 0;
    for (range, new) in edits {
        let Range { start, end } = range.start + judged.base..range.end + judged.base;
        out.extend_from_slice(bytes.get(at..start)?);
        out.extend_from_slice(new);
        at = end;
    }
    out.extend_from_slice(bytes.get(at..)?);
    (out != bytes).then_some(out)
}

/// Whether a fix does what it promises: the finding is gone, no error came, and a safe one leaves every diff, author
/// and date as it was.
fn keeps(judged: &Judged, before: &FileLint, after: &FileLint) -> bool {
    let count = |lint: &FileLint| lint.judged.iter().filter(|j| j.finding.rule == judged.finding.rule).count();
    if count(after) >= count(before) || errors(after) > errors(before) {
        return false;
    }
    let class = judged.fix.as_ref().map(|fix| fix.class);
    class != Some(FixClass::Safe) || same_change(&before.drafts, &after.drafts, unplaced)
}

/// True if two files make the same commits, messages aside; `what` is what counts of their diffs.
fn same_change(before: &[Draft], after: &[Draft], what: fn(&[FileDiff]) -> Vec<FileDiff>) -> bool {
    let same = |(before, after): (&Draft, &Draft)| {
        let diffs = match (&before.diff, &after.diff) {
            (Ok(before), Ok(after)) => what(before) == what(after),
            (Err(_), Err(_)) => before.text()[before.layout.head.end..] == after.text()[after.layout.head.end..],
            _ => false,
        };
        let (a, b) = (&before.message, &after.message);
        let author = a.author.is_err() || a.author == b.author;
        diffs && author && (a.date.is_err() || a.date == b.date)
    };
    before.len() == after.len() && before.iter().zip(after).all(same)
}

/// Diffs without where they stand, and without the lines that their hunks name.
fn anywhere(diffs: &[FileDiff]) -> Vec<FileDiff> {
    let mut diffs = unplaced(diffs);
    for diff in &mut diffs {
        if let Content::Text(hunks) = &mut diff.content {
            for hunk in hunks {
                (hunk.old_start, hunk.new_start) = (0, 0);
            }
        }
    }
    diffs
}

/// Diffs without where they stand.
fn unplaced(diffs: &[FileDiff]) -> Vec<FileDiff> {
    diffs.iter().map(|diff| FileDiff { span: 0..0, ..diff.clone() }).collect()
}
