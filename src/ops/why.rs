//! Asks, for every patch that waits for a person, what made it wait.

use bstr::ByteSlice as _;

use super::OpError;
use super::compute::Computed;
use super::report::{BumpReport, CauseReport};
use crate::apply::Release;
use crate::carry::{Conflict, Hazard, HazardKind, Outcome, claim_of};
use crate::diff::merge::Chunk;
use crate::git::{ConflictKind, GitError, PathConflict, Store, Walk};
use crate::patch::Patch;
use crate::text::visible;
use crate::upstream::{Cause, Deed, Inquiry, Releases, Why};

/// Characters of a commit's title in a marker.
const TITLE: usize = 60;

/// Puts causes and notes into the report, for every patch that waits for a person.
pub(super) fn fill(
    store: &Store,
    patches: &[Patch],
    computed: &Computed,
    report: &mut BumpReport,
) -> Result<(), OpError> {
    let answers =
        of(store, patches, computed).map_err(|error| OpError::because("cannot read the linux tree", error))?;
    for (row, why) in report.patches.iter_mut().zip(answers) {
        row.causes = why.causes.iter().map(cause).collect();
        row.notes.extend(why.notes.iter().cloned());
    }
    Ok(())
}

/// The answers, which are worked out once.
pub(super) fn of<'c>(store: &Store, patches: &[Patch], computed: &'c Computed) -> Result<&'c [Why], GitError> {
    if let Some(known) = computed.why.get() {
        return Ok(known);
    }
    let answers = explain(store, patches, computed)?;
    Ok(computed.why.get_or_init(|| answers))
}

/// Names the first of the commits that changed a conflicting path behind the release's name in its markers.
pub(super) fn name_commit(content: &[u8], target: &str, causes: &[Cause], path: &[u8]) -> Vec<u8> {
    let plain = format!("<<<<<<< upstream {target}\n");
    let changed = causes.iter().find(|cause| cause.deed == Deed::Changed && cause.path == path);
    let Some(cause) = changed else { return content.to_vec() };
    let title: String = visible(&cause.title).chars().take(TITLE).collect();
    let named = format!("<<<<<<< upstream {target} ({} {title})\n", cause.commit.to_hex_with_len(12));
    content.replace(plain, named)
}

/// One answer for each patch of the stack; an empty one where nothing is open.
fn explain(store: &Store, patches: &[Patch], computed: &Computed) -> Result<Vec<Why>, GitError> {
    let Computed { stack, carried, history, .. } = computed;
    let (base, target) = (&stack.base, &carried.target);
    let releases = Releases { base: base.tree, target: target.tree };
    let inquiry = Inquiry::new(store, history.as_ref(), releases, [&base.tag, &target.tag], &carried.renames);
    let mut answers = Vec::with_capacity(patches.len());
    for ((patch, step), pick) in patches.iter().zip(&stack.steps).zip(&carried.picks) {
        let changes: &[Walk] = step.result.as_ref().map_or(&[], |placed| &placed.changes);
        answers.push(match &pick.outcome {
            Outcome::Conflict(Conflict::Merge(paths)) => inquiry.why(&claim_of(patch), changes, paths)?,
            Outcome::Conflict(Conflict::Hazard { hazards, .. }) => {
                // What the notes say of conflicts does not hold where nothing conflicts.
                let why = inquiry.why(&claim_of(patch), changes, &places(store, target, hazards)?)?;
                Why { causes: why.causes, notes: Vec::new() }
            }
            Outcome::Blocked { paths, .. } => Why { causes: Vec::new(), notes: inquiry.notes(changes, paths)? },
            _ => Why::default(),
        });
    }
    Ok(answers)
}

/// The lines of the target that hazards are about, as if they conflicted: who put them there is asked the same way.
fn places(store: &Store, target: &Release, hazards: &[Hazard]) -> Result<Vec<PathConflict>, GitError> {
    let mut conflicts = Vec::new();
    for hazard in hazards {
        let entry = store.entry(target.tree, hazard.path.as_bstr())?;
        let content = store.content(entry)?;
        let count = match hazard.kind {
            HazardKind::AddedTwice { lines } => lines,
            HazardKind::LineLeft | HazardKind::NameLeft { .. } => 1,
        };
        let lines = content.lines_with_terminator().skip(hazard.line as usize - 1);
        let ours: Vec<u8> = lines.take(count).flatten().copied().collect();
        let ours_lines = hazard.line..hazard.line + count as u32;
        let chunk = Chunk::Conflict { base: Vec::new(), ours, theirs: Vec::new(), ours_lines };
        conflicts.push(PathConflict {
            path: hazard.path.clone(),
            kind: ConflictKind::Content,
            base: None,
            ours: entry,
            theirs: None,
            chunks: vec![chunk],
        });
    }
    Ok(conflicts)
}

/// A cause as it stands in a report.
pub(super) fn cause(cause: &Cause) -> CauseReport {
    CauseReport {
        commit: cause.commit.to_string(),
        title: visible(&cause.title),
        path: visible(&cause.path),
        how: match cause.deed {
            Deed::Changed => "changed".into(),
            Deed::Moved => "moved".into(),
            Deed::Deleted => "deleted".into(),
            Deed::AnotherForm => "another-form".into(),
            Deed::Named => "named".into(),
            Deed::Prerequisite => "prerequisite".into(),
        },
    }
}
