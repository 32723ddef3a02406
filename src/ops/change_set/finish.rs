//! From the new stack to the report: it stops, or it is exported, proved and landed.

use super::change::Change;
use super::compute::{Changed, Lineage};
use super::setting::Setting;
use super::{AddedReport, ChangeReport, DroppedReport, SetFileReport};
use crate::carry::{Conflict, Outcome, Pick};
use crate::git::{Oid, RefUpdate};
use crate::ops::exported::{Exported, GateOptions, exported};
use crate::ops::jobs::Place;
use crate::ops::landing::{Landing, branch_update};
use crate::ops::new_set::{NewFile, Source, Style};
use crate::ops::proposals::Proposer;
use crate::ops::report::{BumpReport, OutcomeName, State};
use crate::ops::run::rewrite;
use crate::ops::stopped::Stopped;
use crate::ops::stopped::journal::{Decided, Journal, LandingMark, digest};
use crate::ops::whole::{self, Whole};
use crate::ops::{OpError, present, why};
use crate::patch_set::PatchSet;
use crate::text::visible;
use crate::upstream::prerequisites;

/// How many ancestors of a commit are looked through for what it builds on.
const ANCESTORS: usize = 10_000;

/// Ends a change that was computed: reports what needs a decision, and lands what does not.
pub(in crate::ops) fn finish(
    setting: &Setting<'_>,
    change: &Change,
    changed: &Changed,
    decided: Vec<Decided>,
    stopped: Option<Stopped>,
) -> Result<ChangeReport, OpError> {
    let mut report = begin(setting, change, changed, &decided)?;
    check_end(setting, change, changed, &mut report)?;
    if report.report.state == State::WouldStop {
        stop(setting, change, changed, decided, stopped, &mut report.report)?;
        return Ok(report);
    }
    let sources = sources(changed);
    let tree = setting.base().tree;
    let gate = GateOptions { skip_patch: setting.options.skip_patch_utility };
    let exported = exported(setting.store(), &setting.set, &sources, Style::default(), tree, gate)?;
    name_files(setting, changed, &exported, &mut report);
    let landing = match &setting.job.place {
        Place::Folder(folder) => Landing::folder(folder, folder, &setting.set, &exported.files)?,
        Place::Kit(kit, state) => Landing::directory(kit, state, &setting.job.from, &setting.set, &exported.files)?,
    };
    report.report.files = landing.files();
    report.report.gate = Some(exported.gate);
    stacks(setting, &exported.files, changed, &mut report)?;
    let updates = branch(setting, changed.computed.tip, &mut report)?;
    if setting.options.dry_run {
        return Ok(report);
    }
    if let Some(Stopped { folder, journal }) = &stopped {
        let files = exported.files.iter().map(|file| (file.name.clone(), file.bytes.clone())).collect();
        let set = PatchSet::read(files).ok().map(|set| digest(&set));
        let mark = LandingMark {
            branch: setting.job.place.branch(&setting.job.from),
            commit: changed.computed.tip.to_string(),
            set,
        };
        Journal { landing: Some(mark), ..journal.clone() }.write(folder)?;
    }
    if !report.report.files.is_empty() || !updates.is_empty() {
        land(setting, landing, changed.computed.tip, &updates, &log_line(setting.verb, &report))?;
    }
    if let Some(stopped) = &stopped {
        stopped.remove()?;
    }
    report.report.commit = Some(changed.computed.tip.to_string());
    report.report.state = State::Landed;
    Ok(report)
}

/// Says of a changed set which stacks of variants do not hold with it: its own, or those that it is the common part of.
fn stacks(
    setting: &Setting<'_>,
    files: &[NewFile],
    changed: &Changed,
    report: &mut ChangeReport,
) -> Result<(), OpError> {
    let Place::Kit(kit, state) = &setting.job.place else { return Ok(()) };
    let stack = Whole { store: setting.store(), kit, skip_patch: setting.options.skip_patch_utility };
    report.report.warnings.extend(stack.variants(state, &setting.job.from, files)?);
    let common = stack.on_top(state, &setting.job.from, changed.computed.carried.tip())?;
    if let Some(broken) = common.filter(|common| !common.holds) {
        let why = whole::why(&broken);
        report
            .report
            .warnings
            .push(format!("the common patches of the series, which are built on top, give no tree: {why}"));
    }
    Ok(())
}

/// Says what is open, and writes down what it takes to go on.
fn stop(
    setting: &Setting<'_>,
    change: &Change,
    changed: &Changed,
    decided: Vec<Decided>,
    stopped: Option<Stopped>,
    report: &mut BumpReport,
) -> Result<(), OpError> {
    let store = setting.store();
    Proposer::of(&setting.job.place)?.fill(store, &changed.computed, report)?;
    why::fill(store, &changed.patches, &changed.computed, report)?;
    missing(setting, change, changed, report)?;
    // Another tree in the end is nothing that a decision on a patch could mend.
    let is_open = changed.computed.carried.picks.iter().any(Pick::is_open);
    if setting.options.dry_run || !is_open {
        return Ok(());
    }
    let mut stopped = stopped.unwrap_or_else(|| {
        let place = &setting.job.place;
        let base = setting.job.from.as_str();
        let mut stopped = Stopped::new(store, place, base, base, &setting.set);
        setting.verb.clone_into(&mut stopped.journal.verb);
        stopped.journal.change = Some(change.clone());
        stopped.journal.settings.skip_patch_utility = setting.options.skip_patch_utility;
        stopped
    });
    stopped.journal.decisions = decided;
    stopped.keep(store, &changed.patches, &changed.computed)?;
    stopped.tell(&changed.patches, report);
    report.state = State::Stopped;
    Ok(())
}

/// Names what a commit that conflicts was built on, in its own tree, and that the set and its release lack.
fn missing(setting: &Setting<'_>, change: &Change, changed: &Changed, report: &mut BumpReport) -> Result<(), OpError> {
    let rows = report.patches.iter_mut().zip(&changed.from).zip(&changed.computed.carried.picks);
    for ((row, from), pick) in rows {
        let (Lineage::Added(at), Outcome::Conflict(Conflict::Merge(conflicts))) = (from, &pick.outcome) else {
            continue;
        };
        let id = change.added[*at].source.strip_prefix("commit ").and_then(|id| Oid::from_hex(id.as_bytes()).ok());
        let Some(id) = id else { continue };
        let found = prerequisites(setting.store(), id, setting.base().commit, conflicts, ANCESTORS)
            .map_err(|error| OpError::because("cannot read the linux tree", error))?;
        row.causes.extend(found.iter().map(why::cause));
    }
    Ok(())
}

/// The report before anything is exported.
fn begin(
    setting: &Setting<'_>,
    change: &Change,
    changed: &Changed,
    decided: &[Decided],
) -> Result<ChangeReport, OpError> {
    let mut report = present::report(setting.store(), &changed.patches, &changed.computed, decided);
    report.series = setting.job.place.series();
    report.branch = setting.job.place.branch(&setting.job.from);
    report.warnings.extend(setting.warnings.iter().cloned());
    let dropped = change.dropped.iter().filter_map(|dropped| {
        let patch = &setting.set.patches[dropped.patch.find(&setting.set)?];
        let subject = visible(&patch.message.subject);
        Some(DroppedReport { file: patch.file.clone(), part: patch.part, subject, reason: dropped.reason.clone() })
    });
    let mut added = Vec::new();
    for (patch, (from, row)) in changed.patches.iter().zip(changed.from.iter().zip(&report.patches)) {
        let Lineage::Added(at) = from else { continue };
        let said = &change.added[*at];
        if row.outcome == OutcomeName::Emptied {
            return Err(OpError::new(format!(
                "{} changes nothing: the set or {} has it",
                said.source,
                setting.base().tag
            )));
        }
        added.push(AddedReport {
            file: patch.file.clone(),
            subject: row.subject.clone(),
            source: said.source.clone(),
            origin: said.origin.clone(),
        });
    }
    Ok(ChangeReport {
        dropped: dropped.collect(),
        added,
        edited: change.edited.iter().map(|edited| edited.patch.file.clone()).collect(),
        set: Vec::new(),
        branch_change: "unchanged",
        report,
    })
}

/// Patches in another order have to give the tree that they gave before; if they do not, it stops.
fn check_end(
    setting: &Setting<'_>,
    change: &Change,
    changed: &Changed,
    report: &mut ChangeReport,
) -> Result<(), OpError> {
    let is_permutation =
        change.order.is_some() && change.dropped.is_empty() && change.edited.is_empty() && change.added.is_empty();
    let (old, new) = (setting.stack.tip(), changed.computed.carried.tip());
    if !is_permutation || report.report.needs_decision() || old == new {
        return Ok(());
    }
    let mut paths = Vec::new();
    setting
        .store()
        .diff_trees(Some(old), Some(new), &mut |walk| paths.push(visible(&walk.path)))
        .map_err(|error| OpError::because("cannot read the linux tree", error))?;
    report.report.warnings.push(format!("in this order the patches give another tree: {}", paths.join(", ")));
    report.report.state = State::WouldStop;
    Ok(())
}

/// The patches of the new set, in order.
fn sources(changed: &Changed) -> Vec<Source<'_>> {
    let picks = changed.computed.carried.picks.iter().zip(&changed.computed.commits);
    let rows = changed.patches.iter().zip(&changed.from).zip(picks);
    rows.filter_map(|((patch, from), (pick, commit))| {
        let same = pick.outcome.keeps_bytes() && !from.has_another_diff();
        let patch = (!matches!(from, Lineage::Added(_))).then_some(patch);
        Some(Source { patch, same, commit: (*commit)?, before: pick.before, after: pick.after })
    })
    .collect()
}

/// Says what became of each file, and gives the new patches the names that they have.
fn name_files(setting: &Setting<'_>, changed: &Changed, exported: &Exported, report: &mut ChangeReport) {
    let old: Vec<&str> = setting.set.files().map(|(name, _)| name).collect();
    let same_bytes = |file: &NewFile, was: &str| {
        let parts = setting.set.patches.iter().filter(|patch| patch.file == was);
        parts.flat_map(|patch| patch.bytes.iter()).eq(&file.bytes)
    };
    report.set = exported
        .files
        .iter()
        .map(|file| SetFileReport {
            file: file.name.clone(),
            was: file.was.clone(),
            change: match &file.was {
                None => "new",
                Some(_) if file.kept => "kept",
                Some(was) if old.contains(&was.as_str()) && same_bytes(file, was) => "renamed",
                Some(_) => "rewritten",
            },
        })
        .collect();
    let new: Vec<&str> =
        exported.files.iter().filter(|file| file.was.is_none()).map(|file| file.name.as_str()).collect();
    for (added, name) in report.added.iter_mut().zip(&new) {
        (*name).clone_into(&mut added.file);
    }
    let mut new = new.into_iter();
    let rows = report.report.patches.iter_mut().zip(&changed.from);
    for (at, (row, from)) in rows.filter(|(row, _)| row.commit.is_some()).enumerate() {
        if let Lineage::Added(_) = from {
            if let Some(name) = new.next() {
                name.clone_into(&mut row.file);
            }
            row.bytes_kept = Some(false);
            continue;
        }
        row.bytes_kept = Some(exported.untouched(at) && matches!(from, Lineage::Old(_)));
        row.rewrite = rewrite(&setting.set, exported, row);
    }
}

/// The update that moves `<tag>-linuxkit` along, if it holds the old set; what else it may hold stays.
fn branch(setting: &Setting<'_>, tip: Oid, report: &mut ChangeReport) -> Result<Vec<RefUpdate>, OpError> {
    let store = setting.store();
    let branch = setting.job.place.branch(&setting.job.from);
    let now = store
        .resolve(&format!("refs/heads/{branch}"))
        .map_err(|error| OpError::because("cannot read the linux tree", error))?;
    let why = match now {
        None => {
            report.branch_change = "absent";
            return Ok(Vec::new());
        }
        Some(now) if now == tip => return Ok(Vec::new()),
        Some(now) if setting.commit() != Some(now) => "has other commits than the set",
        Some(_) if store.is_checked_out(&branch) => "is checked out in a work tree",
        Some(_) => {
            report.branch_change = "moved";
            return branch_update(store, &branch, tip, true);
        }
    };
    report.branch_change = "left";
    report.report.warnings.push(format!("branch '{branch}' of the linux tree {why}; it stays where it is"));
    Ok(Vec::new())
}

fn land(
    setting: &Setting<'_>,
    landing: Landing,
    tip: Oid,
    updates: &[RefUpdate],
    message: &str,
) -> Result<(), OpError> {
    let store = setting.store();
    if setting.watch.interrupt.is_raised() {
        return Err(OpError::interrupted());
    }
    if updates.is_empty() {
        return landing.commit(store, updates, message);
    }
    let pack = store.pack(&[tip]).map_err(|error| OpError::because("cannot pack the commits", error))?;
    landing.land(store, pack, updates, message)
}

/// What the log of the branch says.
fn log_line(verb: &str, report: &ChangeReport) -> String {
    let names: Vec<&str> = match verb {
        "drop" => report.dropped.iter().map(|dropped| dropped.file.as_str()).collect(),
        "add" => report.added.iter().map(|added| added.file.as_str()).collect(),
        _ => report.edited.iter().map(String::as_str).collect(),
    };
    visible(format!("kpatch {verb}: {}", names.join(", ")).trim_end_matches([' ', ':']).as_bytes())
}
