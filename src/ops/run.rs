//! One patch set on its way to one target: computed, then stopped for a person or landed.

use super::compute::{self, Computed};
use super::exported::{Exported, GateOptions, exported};
use super::follow::Followed;
use super::jobs::Place;
use super::landing::{Landing, branch_update};
use super::new_set::{Source, Style};
use super::proposals::{Proposer, resolutions, unified_diff};
use super::renames::Memory;
use super::report::{BumpReport, PatchReport, State};
use super::select::select;
use super::stopped::journal::{Decided, DecidedKind, Journal, LandingMark, Settings, digest};
use super::stopped::{self, Stopped, decisions};
use super::whole::Whole;
use super::workspace::Linux;
use super::{Accept, OpError, Watch, news, present, why};
use crate::carry::{Conflict, Outcome};
use crate::git::Store;
use crate::kit::{Kit, SeriesState};
use crate::patch_set::PatchSet;
use crate::version::Tag;

/// A patch set on its way.
pub(super) struct Run<'a> {
    pub(super) linux: &'a Linux,
    pub(super) place: &'a Place<'a>,
    pub(super) from: &'a Tag,
    pub(super) to: &'a Tag,
    pub(super) settings: Settings,
    pub(super) proposer: Proposer,
    /// Whether anything is written at all.
    pub(super) writes: bool,
    pub(super) watch: Watch<'a>,
}

/// What a run computed, and what led to it.
pub(super) struct Settled {
    pub(super) set: PatchSet,
    pub(super) computed: Computed,
    pub(super) decided: Vec<Decided>,
}

impl Run<'_> {
    /// Carries the set. What was decided on the same bump before still counts, and so does what is accepted now.
    pub(super) fn start(self, accept: &[Accept]) -> Result<BumpReport, OpError> {
        let set = self.place.read()?;
        for accept in accept {
            select(&set, &accept.patch)?;
        }
        let stopped = self.earlier(&set)?;
        let decided = stopped.as_ref().map(|stopped| stopped.journal.decisions.clone()).unwrap_or_default();
        let settled = self.settle(set, decided, accept)?;
        self.end(settled, stopped)
    }

    /// The stopped bump of this set to this target, if there is one to go on with.
    fn earlier(&self, set: &PatchSet) -> Result<Option<Stopped>, OpError> {
        let store = &self.linux.store;
        let Some(mut stopped) = Stopped::read(stopped::folder(store, self.place, self.to.as_str()))? else {
            return Ok(None);
        };
        let journal = &mut stopped.journal;
        let known = journal.set == digest(set) && journal.base == self.from.as_str();
        if !known && (journal.home != stopped::home(self.place) || !journal.decisions.is_empty()) {
            let (home, target) = (journal.home.display(), &journal.target);
            return Err(OpError::new(format!("a bump of other patches to {target} is stopped, in '{home}'"))
                .hint("give it up first: kpatch abort"));
        }
        (journal.set, journal.base) = (digest(set), self.from.as_str().to_owned());
        stopped.restore(store)?;
        Ok(Some(stopped))
    }

    /// Computes everything, with the decisions; what is accepted becomes one as soon as it is open.
    pub(super) fn settle(&self, set: PatchSet, decided: Vec<Decided>, accept: &[Accept]) -> Result<Settled, OpError> {
        let store = &self.linux.store;
        // Wrong tags are said before any work is done.
        let base = compute::release(store, self.from.as_str())?;
        let target = compute::release(store, self.to.as_str())?;
        let stack = compute::stack(store, &set.patches, base, self.watch)?;
        let mut memory = Memory::default();
        let now = decisions(&set.patches, &decided)?;
        let computed = compute::onto(self.linux, &set.patches, stack, target, &now, &mut memory, self.watch)?;
        if self.writes {
            memory.keep();
        }
        if accept.is_empty() {
            return Ok(Settled { set, computed, decided });
        }
        self.again(set, computed, decided, accept)
    }

    /// Carries again with `decided`; what is accepted becomes a decision as soon as it is open.
    pub(super) fn again(
        &self,
        set: PatchSet,
        mut computed: Computed,
        mut decided: Vec<Decided>,
        accept: &[Accept],
    ) -> Result<Settled, OpError> {
        let store = &self.linux.store;
        loop {
            let now = decisions(&set.patches, &decided)?;
            computed = compute::again(store, &set.patches, computed.into(), &now, self.watch)?;
            // A patch that waited for an accepted one may be open now.
            let new = accepted(store, &self.proposer, &set, &computed, accept)?;
            if new.is_empty() {
                return Ok(Settled { set, computed, decided });
            }
            decided.extend(new);
        }
    }

    /// Lands what is settled, or stops where something is open.
    pub(super) fn end(&self, settled: Settled, stopped: Option<Stopped>) -> Result<BumpReport, OpError> {
        let Settled { set, computed, decided } = settled;
        let store = &self.linux.store;
        let mut report = present::report(store, &set.patches, &computed, &decided);
        report.series = self.place.series();
        report.branch = self.place.branch(self.to);
        news::fill(self.linux, &set.patches, &computed, &mut report, self.watch)?;
        if report.state != State::WouldStop {
            return self.finish(&set, &computed, report, stopped.as_ref());
        }
        self.proposer.fill(store, &computed, &mut report)?;
        why::fill(store, &set.patches, &computed, &mut report)?;
        if !self.writes {
            return Ok(report);
        }
        let new = || Stopped::new(store, self.place, self.from.as_str(), self.to.as_str(), &set);
        let mut stopped = stopped.unwrap_or_else(new);
        stopped.journal.decisions = decided;
        stopped.journal.settings = self.settings.clone();
        stopped.keep(store, &set.patches, &computed)?;
        stopped.tell(&set.patches, &mut report);
        report.state = State::Stopped;
        Ok(report)
    }

    /// Exports, passes the gate, and lands.
    fn finish(
        &self,
        set: &PatchSet,
        computed: &Computed,
        mut report: BumpReport,
        stopped: Option<&Stopped>,
    ) -> Result<BumpReport, OpError> {
        let store = &self.linux.store;
        let sources = sources(set, computed);
        let Settings { refresh, renumber, export_with_git: with_git, .. } = self.settings;
        let style = Style { refresh, renumber, with_git };
        let gate = GateOptions { skip_patch: self.settings.skip_patch_utility };
        let target = computed.carried.target.tree;
        // Deflating takes as long as the gate, and needs nothing of it.
        let (exported, pack) = std::thread::scope(|scope| {
            let pack = self.writes.then(|| scope.spawn(|| store.pack(&[computed.tip])));
            let exported = exported(store, set, &sources, style, target, gate);
            (exported, pack.map(|pack| pack.join().expect("deflating does not panic")))
        });
        let exported = exported?;
        for (row, at) in report.patches.iter_mut().filter(|row| row.commit.is_some()).zip(0..) {
            row.bytes_kept = Some(exported.untouched(at));
            row.rewrite = if refresh { None } else { rewrite(set, &exported, row) };
        }
        let out = self.settings.out.as_deref();
        let mut landing = Landing::plan(out, self.place, self.from, self.to, set, &exported.files)?;
        let mut gate = exported.gate;
        if let Place::Kit(kit, state) = self.place {
            let whole = Whole { store, kit, skip_patch: self.settings.skip_patch_utility };
            if !self.settings.skip_common {
                gate.common = whole.common(state, self.to, computed.carried.tip())?;
            }
            report.warnings.extend(whole.variants(state, self.to, &exported.files)?);
            landing.add_resolutions(kit, &resolutions(store, &set.patches, computed)?)?;
            self.follow(kit, state, computed, &mut landing, &mut report)?;
        }
        report.files = landing.files();
        report.gate = Some(gate);
        let Some(pack) = pack else { return Ok(report) };
        if self.watch.interrupt.is_raised() {
            return Err(OpError::interrupted());
        }
        let pack = pack.map_err(|error| OpError::because("cannot pack the carried commits", error))?;
        let updates = branch_update(store, &report.branch, computed.tip, self.settings.replace_branch)?;
        if let Some(Stopped { folder, journal }) = stopped {
            let mark = LandingMark { branch: report.branch.clone(), commit: computed.tip.to_string(), set: None };
            Journal { landing: Some(mark), ..journal.clone() }.write(folder)?;
        }
        landing.land(store, pack, &updates, &format!("kpatch bump: {} to {}", self.from, self.to))?;
        if let Some(stopped) = stopped {
            stopped.remove()?;
        }
        report.commit = Some(computed.tip.to_string());
        report.state = State::Landed;
        Ok(report)
    }

    /// Adds what follows the new version: configurations and references.
    fn follow(
        &self,
        kit: &Kit,
        state: &SeriesState,
        computed: &Computed,
        landing: &mut Landing,
        report: &mut BumpReport,
    ) -> Result<(), OpError> {
        let (Some(from), Some(to)) = (state.version_at(self.from), state.version_at(self.to)) else { return Ok(()) };
        if !state.versions.contains(&from) || from == to {
            return Ok(());
        }
        let followed = Followed { kit, state, from: &from, to: &to, watch: self.watch };
        if !self.settings.keep_configs {
            let (old, new) = (computed.stack.tip(), computed.carried.tip());
            let (configs, warnings) = followed.configs(&self.linux.store, old, new, landing)?;
            report.configs = configs;
            report.warnings.extend(warnings);
        }
        if !self.settings.keep_references {
            let (references, warnings) = followed.references(landing)?;
            report.references = references;
            report.warnings.extend(warnings);
        }
        Ok(())
    }
}

/// The decisions that `accept` makes of what is open.
pub(super) fn accepted(
    store: &Store,
    proposer: &Proposer,
    set: &PatchSet,
    computed: &Computed,
    accept: &[Accept],
) -> Result<Vec<Decided>, OpError> {
    let mut new = Vec::new();
    for accept in accept {
        let at = select(set, &accept.patch)?;
        let (patch, pick) = (&set.patches[at], &computed.carried.picks[at]);
        let strategy = accept.strategy.as_deref();
        match (&pick.outcome, strategy) {
            _ if !pick.is_open() => {}
            (Outcome::Emptied | Outcome::Partial { .. }, None)
            | (Outcome::Conflict(Conflict::Hazard { .. }), None | Some("merged"))
            | (Outcome::Conflict(Conflict::Disagreement { .. }), Some("strict" | "merged")) => {
                let strategy = accept.strategy.clone();
                new.push(Decided { strategy, ..Decided::plain(patch, DecidedKind::Accepted) });
            }
            _ => new.extend(proposer.taken(store, patch, computed, at, strategy)?),
        }
    }
    Ok(new)
}

/// What changed in the file of a patch that was written anew.
pub(super) fn rewrite(set: &PatchSet, exported: &Exported, row: &PatchReport) -> Option<String> {
    let new = exported.files.iter().find(|file| !file.kept && file.was.as_ref() == Some(&row.file))?;
    let (_, parts) = set.files().find(|(name, _)| *name == row.file)?;
    let old: Vec<u8> = parts.iter().flat_map(|part| part.bytes.iter().copied()).collect();
    if old == new.bytes {
        return None;
    }
    Some(unified_diff(&old, &new.bytes, &row.file, &new.name))
}

/// The patches of the new set, in order.
pub(super) fn sources<'a>(set: &'a PatchSet, computed: &Computed) -> Vec<Source<'a>> {
    let picks = set.patches.iter().zip(&computed.carried.picks).zip(&computed.commits);
    picks
        .filter_map(|((patch, pick), commit)| {
            Some(Source {
                patch: Some(patch),
                same: pick.outcome.keeps_bytes(),
                commit: (*commit)?,
                before: pick.before,
                after: pick.after,
            })
        })
        .collect()
}
