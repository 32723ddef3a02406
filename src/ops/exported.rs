//! The new set with its proof.

use std::collections::HashSet;
use std::path::Path;

use super::OpError;
use super::gate::{first_difference, gate, replay};
use super::jobs::unreadable;
use super::new_set::{NewFile, Source, Style, new_set};
use super::report::GateReport;
use crate::apply::Engine;
use crate::git::{Oid, Store};
use crate::patch_set::PatchSet;

/// What the gate leaves out.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct GateOptions {
    /// The `patch -F0` leg.
    pub(super) skip_patch: bool,
}

/// Files that passed the gate.
#[derive(Debug)]
pub(super) struct Exported {
    pub(super) files: Vec<NewFile>,
    pub(super) gate: GateReport,
    /// For each source: whether its bytes are the old ones.
    same: Vec<bool>,
}

impl Exported {
    /// True if the bytes of the source at that index are the old ones.
    pub(super) fn untouched(&self, source: usize) -> bool {
        self.same.get(source).copied().unwrap_or(false)
    }
}

/// Writes the new set and proves it. A patch whose old bytes `patch` would put elsewhere than git is written anew.
pub(super) fn exported(
    store: &Store,
    old: &PatchSet,
    sources: &[Source<'_>],
    style: Style,
    base: Oid,
    options: GateOptions,
) -> Result<Exported, OpError> {
    let trees: Vec<Oid> = sources.iter().map(|source| source.after).collect();
    let tip = trees.last().copied().unwrap_or(base);
    let mut rewritten = HashSet::new();
    loop {
        let files = new_set(store, old, sources, style, &rewritten)?;
        let set = PatchSet::read(files.iter().map(|file| (file.name.clone(), file.bytes.clone())).collect())
            .map_err(|errors| unreadable(Path::new("the exported set"), &errors))?;
        let mut report = gate(store, base, tip, &set, options.skip_patch)?;
        if !report.holds {
            let mut engines = vec![Engine::Git];
            engines.extend((!options.skip_patch).then_some(Engine::PatchUtility));
            let mut culprit = None;
            for engine in engines {
                culprit = culprit.or(first_difference(&replay(store, base, &set, engine)?, &trees));
            }
            let fresh = culprit.as_ref().is_some_and(|(at, _)| *at < sources.len() && rewritten.insert(*at));
            if fresh && !style.refresh {
                continue;
            }
            return Err(refused(&report, culprit.map(|(_, reason)| reason)));
        }
        report.refreshed = sources
            .iter()
            .enumerate()
            .filter(|(at, source)| rewritten.contains(at) && source.same)
            .filter_map(|(_, source)| source.patch.map(|patch| patch.file.clone()))
            .collect();
        report.refreshed.sort_unstable();
        let same = sources
            .iter()
            .enumerate()
            .map(|(at, source)| source.same && !style.refresh && !rewritten.contains(&at))
            .collect();
        return Ok(Exported { files, gate: report, same });
    }
}

fn refused(report: &GateReport, reason: Option<String>) -> OpError {
    let GateReport { git_am, patch, branch, .. } = report;
    let why = reason.map_or_else(String::new, |reason| format!(": {reason}"));
    let error = OpError::new(format!("the gate does not hold, nothing was changed{why}"))
        .hint(format!("git am gives {git_am}, patch gives {patch}, the branch is {branch}"));
    if patch.contains("binary") {
        error.hint("a set with binary diffs cannot be built with patch(1); --skip-patch-utility leaves that leg out")
    } else {
        error
    }
}
