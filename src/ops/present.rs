//! Turns what was computed into the report.

use super::compute::Computed;
use super::hazards;
use super::report::{
    BumpReport, ConflictReport, Counts, DecisionReport, EvidenceReport, OffsetReport, OutcomeName, PatchReport,
    ProofReport, ReleaseReport, RenameReport, State,
};
use super::stopped::journal::{Decided, last_on};
use crate::apply::{Release, max_offset};
use crate::carry::{Conflict, Outcome, Pick, Proof, TreeProof};
use crate::diff::merge::{Chunk, Labels, with_markers};
use crate::git::{ConflictKind, Oid, PathConflict, Store, Walk};
use crate::patch::Patch;
use crate::text::visible;
use crate::upstream::{Evidence, History, How};

/// The version of the report's structure.
pub(super) const SCHEMA: u32 = 1;

/// The report of a bump that has not written anything yet.
pub(super) fn report(store: &Store, patches: &[Patch], computed: &Computed, decided: &[Decided]) -> BumpReport {
    let Computed { stack, carried, commits, .. } = computed;
    let rows: Vec<PatchReport> = patches
        .iter()
        .zip(&carried.picks)
        .zip(commits)
        .map(|((patch, pick), commit)| {
            let row = Row { store, patches, patch, pick, releases: [&stack.base, &carried.target] };
            row.report(*commit, decided)
        })
        .collect();
    let stops = carried.picks.iter().any(Pick::is_open);
    BumpReport {
        schema: SCHEMA,
        series: None,
        base: release(&stack.base),
        target: release(&carried.target),
        state: if stops { State::WouldStop } else { State::WouldLand },
        counts: count(&rows),
        patches: rows,
        renames: carried
            .renames
            .iter()
            .map(|(from, to)| RenameReport { from: visible(from), to: visible(to) })
            .collect(),
        tree: carried.tip().to_string(),
        commit: None,
        kit_commit: None,
        branch: format!("{}-linuxkit", carried.target.tag),
        gate: None,
        files: Vec::new(),
        configs: Vec::new(),
        references: Vec::new(),
        history: computed.history.as_ref().map(History::len),
        changelogs: computed.told.clone(),
        upstream: Vec::new(),
        cves: None,
        record: None,
        warnings: Vec::new(),
    }
}

fn release(release: &Release) -> ReleaseReport {
    ReleaseReport { tag: release.tag.clone(), commit: release.commit.to_string(), tree: release.tree.to_string() }
}

fn count(rows: &[PatchReport]) -> Counts {
    let mut counts = Counts { total: rows.len(), ..Counts::default() };
    for row in rows {
        let field = match row.outcome {
            OutcomeName::Same => &mut counts.same,
            OutcomeName::Offset => &mut counts.offset,
            OutcomeName::Refreshed => &mut counts.refreshed,
            OutcomeName::Upstreamed => &mut counts.upstreamed,
            OutcomeName::Emptied => &mut counts.emptied,
            OutcomeName::Partial => &mut counts.partial,
            OutcomeName::Conflict => &mut counts.conflict,
            OutcomeName::Blocked => &mut counts.blocked,
            OutcomeName::Resolved => &mut counts.resolved,
            OutcomeName::BaseBad => &mut counts.base_bad,
            OutcomeName::LeftOut => &mut counts.left_out,
        };
        *field += 1;
    }
    counts
}

/// One row of the table.
struct Row<'a> {
    store: &'a Store,
    patches: &'a [Patch],
    patch: &'a Patch,
    pick: &'a Pick,
    /// Base and target.
    releases: [&'a Release; 2],
}

impl Row<'_> {
    fn report(&self, commit: Option<Oid>, decided: &[Decided]) -> PatchReport {
        let Self { patch, pick, .. } = self;
        let outcome = name(&pick.outcome);
        let decision = last_on(decided, patch).filter(|_| pick.decided);
        PatchReport {
            file: patch.file.clone(),
            part: patch.part,
            subject: visible(&patch.message.subject),
            outcome,
            detail: self.detail(),
            bytes_kept: pick.outcome.is_kept().then(|| pick.outcome.keeps_bytes()),
            max_offset: max_offset(&pick.offsets),
            offsets: pick
                .offsets
                .iter()
                .map(|file| OffsetReport { path: visible(&file.path), lines: file.offsets.clone() })
                .collect(),
            proof: match &pick.outcome {
                Outcome::Upstreamed(proof) => Some(ProofReport { kind: proof_kind(proof).into() }),
                _ => None,
            },
            evidence: pick.evidence.as_ref().map(evidence),
            blocked_by: match pick.outcome {
                Outcome::Blocked { by, .. } => Some(self.patches[by].file.clone()),
                _ => None,
            },
            conflicts: self.conflicts(),
            rewrite: None,
            commit: commit.map(|commit| commit.to_string()),
            tree: pick.after.to_string(),
            decision: decision.map(|decided| DecisionReport {
                kind: decided.kind.as_str().into(),
                strategy: decided.strategy.clone(),
                reason: decided.reason.clone(),
            }),
            proposals: Vec::new(),
            causes: Vec::new(),
            // What is read for them was just made here, so it cannot fail; if it did, the detail line says enough.
            hazards: hazards::reports(self.store, &pick.outcome).unwrap_or_default(),
            notes: Vec::new(),
            resolve: None,
        }
    }

    fn detail(&self) -> String {
        match &self.pick.outcome {
            Outcome::Same => String::new(),
            Outcome::Offset { lines } => format!("hunks moved by up to {lines} lines"),
            Outcome::Refreshed { reason } => format!("as it was: {reason}"),
            Outcome::Upstreamed(proof) => match (proof.tree, &self.pick.evidence) {
                (_, Some(evidence)) => format!("{} {}", evidence.commit.to_hex_with_len(12), visible(&evidence.title)),
                (Some(TreeProof::Empty), None) => "merging it changes nothing".into(),
                _ => format!("{} contains it: taken out and put back, the same tree", self.releases[1].tag),
            },
            Outcome::Emptied => "nothing is left of it, and no commit or tree proves why".into(),
            Outcome::Partial { left, of } => format!("{left} of {of} changed lines are left"),
            Outcome::Conflict(Conflict::Merge(paths)) => paths_in_words(paths),
            Outcome::Conflict(Conflict::Disagreement { .. }) => {
                "applying it and merging it give different trees".into()
            }
            Outcome::Conflict(Conflict::Hazard { hazards, .. }) => hazards::in_words(hazards),
            Outcome::Blocked { by, paths } => {
                format!("needs {}: {}", self.patches[*by].file, paths_in_words(paths))
            }
            Outcome::Resolved { paths } if paths.is_empty() => "a person decided".into(),
            Outcome::Resolved { paths } => format!("a person decided: {}", paths_in_words(paths)),
            Outcome::LeftOut => "a person left it out".into(),
            Outcome::BaseBad(reason) => format!("does not apply to {}: {reason}", self.releases[0].tag),
        }
    }

    fn conflicts(&self) -> Vec<ConflictReport> {
        match &self.pick.outcome {
            Outcome::Conflict(Conflict::Merge(paths))
            | Outcome::Blocked { paths, .. }
            | Outcome::Resolved { paths } => paths.iter().map(|path| self.conflict(path)).collect(),
            Outcome::Conflict(Conflict::Disagreement { strict, merged }) => self.disagreement(*strict, *merged),
            _ => Vec::new(),
        }
    }

    fn conflict(&self, conflict: &PathConflict) -> ConflictReport {
        let id = |entry: Option<crate::git::Entry>| entry.map(|entry| entry.id.to_string());
        let shown = !conflict.chunks.is_empty();
        ConflictReport {
            path: visible(&conflict.path),
            kind: kind(conflict.kind).into(),
            base: id(conflict.base),
            ours: id(conflict.ours),
            theirs: id(conflict.theirs),
            stretches: conflict.chunks.iter().filter_map(stretch).collect(),
            markers: shown.then(|| String::from_utf8_lossy(&self.markers(conflict)).into_owned()),
        }
    }

    fn markers(&self, conflict: &PathConflict) -> Vec<u8> {
        markers(conflict, self.releases, &self.patch.file)
    }

    /// The paths on which the strict application and the merge give different files.
    fn disagreement(&self, strict: Oid, merged: Oid) -> Vec<ConflictReport> {
        let mut rows = Vec::new();
        let mut note = |walk: Walk| {
            rows.push(ConflictReport {
                path: visible(&walk.path),
                kind: "disagreement".into(),
                base: None,
                ours: walk.new.map(|entry| entry.id.to_string()),
                theirs: walk.old.map(|entry| entry.id.to_string()),
                stretches: Vec::new(),
                markers: None,
            });
        };
        // Both trees were just made here, so reading them cannot fail; if it did, the detail line says enough.
        let _ = self.store.diff_trees(Some(strict), Some(merged), &mut note);
        rows
    }
}

/// The file of a conflict with zdiff3 markers, labelled with the releases and the patch.
pub(super) fn markers(conflict: &PathConflict, [base, target]: [&Release; 2], file: &str) -> Vec<u8> {
    let ours = format!("upstream {}", target.tag);
    let base = format!("base {}", base.tag);
    let theirs = format!("patch {file}");
    with_markers(&conflict.chunks, &Labels { base: &base, ours: &ours, theirs: &theirs })
}

fn stretch(chunk: &Chunk) -> Option<(u32, u32)> {
    match chunk {
        Chunk::Conflict { ours_lines, .. } => Some((ours_lines.start, ours_lines.len() as u32)),
        Chunk::Clean(_) => None,
    }
}

fn paths_in_words(paths: &[PathConflict]) -> String {
    let first = paths.first().map_or_else(String::new, |conflict| {
        let path = visible(&conflict.path);
        match conflict.kind {
            ConflictKind::Content => format!("{path}: both sides changed the same lines"),
            ConflictKind::Binary => format!("{path}: both sides changed a file that has no lines"),
            ConflictKind::AddAdd => format!("{path}: upstream has another file of that name"),
            ConflictKind::DeletedByUs => format!("{path}: gone upstream"),
            ConflictKind::DeletedByPatch => format!("{path}: changed upstream, deleted by the patch"),
            ConflictKind::Mode => format!("{path}: both sides changed the mode"),
            ConflictKind::InTheWay => format!("{path}: a file and a directory want the same name"),
            ConflictKind::RenameRename => format!("{path}: moved to different places"),
        }
    });
    match paths.len() {
        0 | 1 => first,
        more => format!("{first}, and {} more", more - 1),
    }
}

fn kind(kind: ConflictKind) -> &'static str {
    match kind {
        ConflictKind::Content => "content",
        ConflictKind::Binary => "binary",
        ConflictKind::AddAdd => "add-add",
        ConflictKind::DeletedByUs => "deleted-upstream",
        ConflictKind::DeletedByPatch => "deleted-by-patch",
        ConflictKind::Mode => "mode",
        ConflictKind::InTheWay => "in-the-way",
        ConflictKind::RenameRename => "rename-rename",
    }
}

pub(super) fn name(outcome: &Outcome) -> OutcomeName {
    match outcome {
        Outcome::Same => OutcomeName::Same,
        Outcome::Offset { .. } => OutcomeName::Offset,
        Outcome::Refreshed { .. } => OutcomeName::Refreshed,
        Outcome::Upstreamed(_) => OutcomeName::Upstreamed,
        Outcome::Emptied => OutcomeName::Emptied,
        Outcome::Partial { .. } => OutcomeName::Partial,
        Outcome::Conflict(_) => OutcomeName::Conflict,
        Outcome::Blocked { .. } => OutcomeName::Blocked,
        Outcome::Resolved { .. } => OutcomeName::Resolved,
        Outcome::BaseBad(_) => OutcomeName::BaseBad,
        Outcome::LeftOut => OutcomeName::LeftOut,
    }
}

fn proof_kind(proof: &Proof) -> &'static str {
    match proof.tree {
        Some(TreeProof::Peeled) => "peeled",
        Some(TreeProof::Empty) => "empty",
        None => "patch-id",
    }
}

fn evidence(evidence: &Evidence) -> EvidenceReport {
    EvidenceReport {
        commit: evidence.commit.to_string(),
        title: visible(&evidence.title),
        how: match evidence.how {
            How::Id => "id",
            How::Claim => "claim",
            How::PatchId => "patch-id",
            How::Title => "title",
        }
        .into(),
        reverted_by: evidence.reverted_by.map(|id| id.to_string()),
        upstream: evidence.upstream.clone(),
        release: evidence.release.clone(),
    }
}
