//! `kpatch continue`, `skip`, `drop` and `abort`: what a person does with a bump that stopped.

use std::path::PathBuf;

use serde::Serialize;

use super::compute::Computed;
use super::jobs::{self, Job, Place, find_series};
use super::proposals::Proposer;
use super::report::BumpReport;
use super::run::{Run, Settled, accepted};
use super::select::{select, select_all};
use super::stopped::journal::{Decided, DecidedKind, digest};
use super::stopped::questions::question;
use super::stopped::scratch::{self, Answer, Question};
use super::stopped::{self, Stopped, open};
use super::workspace::{self, Linux};
use super::{Accept, OpError, Places, Watch, change_set, last_report, why};
use crate::carry::question as question_id;
use crate::git::GitError;
use crate::kit::Kit;
use crate::patch_set::PatchSet;

/// Which stopped bump is meant.
#[derive(Debug, Clone, Default)]
pub struct Which {
    /// Where the kit and the linux tree are.
    pub places: Places,
    /// The bare directory of patches that the bump was started with.
    pub patches: Option<PathBuf>,
    /// The series; the only one that is stopped if absent.
    pub series: Option<String>,
}

/// What to do with a stopped bump.
#[derive(Debug, Clone, Default)]
pub struct ResumeOptions {
    /// Which one.
    pub which: Which,
    /// What was decided.
    pub action: Action,
    /// Replace the target's branch if it is there and differs.
    pub replace_branch: bool,
    /// Skip the `patch -F0` leg of the gate, for sets with binary diffs.
    pub skip_patch_utility: bool,
}

impl Default for Action {
    fn default() -> Self {
        Self::Continue { accept: Vec::new() }
    }
}

/// What a person decided.
#[derive(Debug, Clone)]
pub enum Action {
    /// The resolved files are taken, and these results and proposals.
    Continue {
        /// Results and proposals.
        accept: Vec<Accept>,
    },
    /// The new set goes without these patches.
    LeaveOut {
        /// Numbers, files, or parts of names; the only open patch if empty.
        patches: Vec<String>,
        /// Why; a patch that is left out without a reason was skipped, one with a reason was dropped.
        reason: Option<String>,
    },
}

/// True if a bump, or a change, of the set that is meant is stopped.
pub fn is_stopped(which: &Which, watch: Watch<'_>) -> Result<bool, OpError> {
    let kit = which.kit()?;
    let linux = workspace::linux(&which.places, kit.as_ref(), &[], watch)?;
    let waiting = stopped::waiting(&linux.store, kit.as_ref(), which.patches.as_deref())?;
    Ok(waiting.iter().any(|stopped| which.means(stopped)))
}

/// A bump that was given up.
#[derive(Debug, Clone, Serialize)]
pub struct AbortReport {
    /// The series; absent for a bare patch directory.
    pub series: Option<String>,
    /// Where the patches still apply.
    pub base: String,
    /// Where they were to go.
    pub target: String,
    /// How many patches were open.
    pub open: usize,
}

/// Goes on with a stopped bump: it lands if nothing is open any more, and stops again otherwise.
///
/// A file with markers left in it is an error that names file and line; then nothing of this call counts.
pub fn resume(options: &ResumeOptions, watch: Watch<'_>) -> Result<BumpReport, OpError> {
    let kit = options.which.kit()?;
    let _lock = kit.as_ref().map(|kit| workspace::lock_kit(kit, "continue", watch)).transpose()?;
    let mut linux = workspace::linux(&options.which.places, kit.as_ref(), &[], watch)?;
    let _linux_lock = workspace::lock_linux(&linux, "continue")?;
    let stopped = options.which.find(&linux, kit.as_ref())?;
    linux.outside.ask(stopped.journal.settings.changelogs.as_deref());
    let place = place(&stopped, kit.as_ref())?;
    let _folder_lock = match &place {
        Place::Folder(folder) => {
            let lands_in = stopped.journal.settings.out.as_ref().unwrap_or(folder);
            Some(workspace::lock_folder(lands_in, "continue", watch)?)
        }
        Place::Kit(..) => None,
    };
    let job = Job { from: jobs::tag(&stopped.journal.base)?, to: None, place };
    let mut report = Resumption { options, linux: &linux, job: &job, watch }.go_on(stopped)?;
    if let Err(error) = last_report::keep(&linux, &job.place, &report) {
        // What has landed has landed.
        report.warnings.push(error.to_string());
    }
    Ok(report)
}

/// Gives a stopped bump up. Nothing of it stays; kit and linux tree are as they were before it.
pub fn abort(which: &Which, watch: Watch<'_>) -> Result<AbortReport, OpError> {
    let kit = which.kit()?;
    let _lock = kit.as_ref().map(|kit| workspace::lock_kit(kit, "abort", watch)).transpose()?;
    let linux = workspace::linux(&which.places, kit.as_ref(), &[], watch)?;
    let _linux_lock = workspace::lock_linux(&linux, "abort")?;
    let stopped = which.find(&linux, kit.as_ref())?;
    stopped.remove()?;
    let journal = stopped.journal;
    Ok(AbortReport { series: journal.series, base: journal.base, target: journal.target, open: journal.open.len() })
}

impl Which {
    /// The kit, unless a bare patch directory was named or there is none.
    pub(super) fn kit(&self) -> Result<Option<Kit>, OpError> {
        if self.patches.is_some() {
            return Ok(None);
        }
        match workspace::kit(&self.places) {
            Ok(kit) => Ok(Some(kit)),
            Err(error) if self.series.is_some() || self.places.kit.is_some() => Err(error),
            Err(_) => Ok(None),
        }
    }

    /// True if that stopped bump is of the series that was named, or none was named.
    pub(super) fn means(&self, stopped: &Stopped) -> bool {
        let known = stopped.journal.series.as_deref().unwrap_or_default();
        self.series.as_ref().is_none_or(|series| known == series || known.replacen(".x", "", 1) == *series)
    }

    /// The stopped bump that is meant.
    pub(super) fn find(&self, linux: &Linux, kit: Option<&Kit>) -> Result<Stopped, OpError> {
        let (mut all, landed) = stopped::waiting_and_landed(&linux.store, kit, self.patches.as_deref())?;
        for stopped in &landed {
            stopped.remove()?;
        }
        if let (Some(kit), Some(series)) = (kit, &self.series) {
            let name = find_series(kit, series)?.name();
            all.retain(|stopped| stopped.journal.series.as_ref() == Some(&name));
        }
        // In a kit its own bumps come first.
        if kit.is_some() && all.iter().any(|stopped| stopped.journal.series.is_some()) {
            all.retain(|stopped| stopped.journal.series.is_some());
        }
        match all.len() {
            0 => Err(OpError::new("no bump is stopped here").hint("kpatch status shows where every series stands")),
            1 => Ok(all.remove(0)),
            _ => {
                let names: Vec<String> = all.iter().map(Stopped::name).collect();
                Err(OpError::new(format!("several bumps are stopped: {}", names.join(", ")))
                    .hint("name the series, or the directory with --patches"))
            }
        }
    }
}

/// Where the patch set of a stopped bump lives.
pub(super) fn place<'k>(stopped: &Stopped, kit: Option<&'k Kit>) -> Result<Place<'k>, OpError> {
    match (&stopped.journal.series, kit) {
        (Some(series), Some(kit)) => Ok(Place::Kit(kit, find_series(kit, series)?)),
        (Some(_), None) => Err(OpError::new(format!("the kit '{}' is not here", stopped.journal.home.display()))
            .hint("name it: --kit DIR")),
        (None, _) => Ok(Place::Folder(stopped.journal.home.clone())),
    }
}

/// Going on with one stopped bump, or change of a set.
struct Resumption<'a> {
    options: &'a ResumeOptions,
    linux: &'a Linux,
    job: &'a Job<'a>,
    watch: Watch<'a>,
}

impl Resumption<'_> {
    fn go_on(&self, mut stopped: Stopped) -> Result<BumpReport, OpError> {
        let set = self.job.place.read()?;
        if digest(&set) != stopped.journal.set {
            let folder = self.job.place.patches_dir().display();
            return Err(OpError::new(format!("the patches in '{folder}' have changed since"))
                .hint("put them back as they were, or give it up: kpatch abort"));
        }
        stopped.journal.settings.replace_branch |= self.options.replace_branch;
        stopped.journal.settings.skip_patch_utility |= self.options.skip_patch_utility;
        if stopped.journal.change.is_some() {
            return change_set::resume(self.options, self.linux, self.job, set, stopped, self.watch);
        }
        self.bump(set, stopped)
    }

    fn bump(&self, set: PatchSet, mut stopped: Stopped) -> Result<BumpReport, OpError> {
        let store = &self.linux.store;
        let to = jobs::tag(&stopped.journal.target)?;
        let run = Run {
            linux: self.linux,
            place: &self.job.place,
            from: &self.job.from,
            to: &to,
            settings: stopped.journal.settings.clone(),
            proposer: Proposer::of(&self.job.place)?,
            writes: true,
            watch: self.watch,
        };
        stopped.restore(store)?;
        let settled = run.settle(set, stopped.journal.decisions.clone(), &[])?;
        // What an earlier call could not finish.
        stopped.keep(store, &settled.set.patches, &settled.computed)?;
        let asker = Asker { linux: self.linux, proposer: &run.proposer, options: self.options };
        let new = asker.answers(&stopped, &settled.set, &settled.computed)?;
        stopped.journal.decisions.extend(new);
        stopped.write_decisions(store)?;
        let Settled { set, computed, .. } = settled;
        let settled = run.again(set, computed, stopped.journal.decisions.clone(), asker.accept())?;
        run.end(settled, Some(stopped))
    }
}

/// Reads what a person answers, in files or in words.
pub(super) struct Asker<'a> {
    pub(super) linux: &'a Linux,
    pub(super) proposer: &'a Proposer,
    pub(super) options: &'a ResumeOptions,
}

impl Asker<'_> {
    /// The results and proposals that are accepted.
    pub(super) fn accept(&self) -> &[Accept] {
        match &self.options.action {
            Action::Continue { accept } => accept,
            Action::LeaveOut { .. } => &[],
        }
    }

    /// The new decisions.
    pub(super) fn answers(
        &self,
        stopped: &Stopped,
        set: &PatchSet,
        computed: &Computed,
    ) -> Result<Vec<Decided>, OpError> {
        match &self.options.action {
            Action::Continue { .. } => self.taken(stopped, set, computed),
            Action::LeaveOut { patches, reason } => left_out(set, computed, patches, reason.as_deref()),
        }
    }

    /// The decisions that accepted results and resolved files make.
    fn taken(&self, stopped: &Stopped, set: &PatchSet, computed: &Computed) -> Result<Vec<Decided>, OpError> {
        let accept = self.accept();
        let mut new = accepted(&self.linux.store, self.proposer, set, computed, accept)?;
        for accept in accept {
            let patch = &set.patches[select(set, &accept.patch)?];
            if !new.iter().any(|decided| decided.patch == patch.file && decided.part == patch.part) {
                let what = accept.strategy.as_deref().map_or_else(String::new, |strategy| format!(" by '{strategy}'"));
                return Err(OpError::new(format!("{} has no result{what} to accept", patch.file))
                    .hint("kpatch status says what waits; kpatch bump shows it once more"));
            }
        }
        self.files(stopped, set, computed, &mut new)?;
        if new.is_empty() && !stopped.journal.open.is_empty() {
            return Err(undecided(computed, set));
        }
        Ok(new)
    }

    /// Adds the decisions that resolved files make to those in words.
    fn files(
        &self,
        stopped: &Stopped,
        set: &PatchSet,
        computed: &Computed,
        new: &mut Vec<Decided>,
    ) -> Result<(), OpError> {
        let store = &self.linux.store;
        let failed = |error: GitError| OpError::because("cannot read the linux tree", error);
        let (mut left, mut untouched) = (Vec::new(), Vec::new());
        let why = why::of(store, &set.patches, computed).map_err(failed)?;
        for ((patch, pick), why) in set.patches.iter().zip(&computed.carried.picks).zip(why) {
            if !pick.is_open() {
                continue;
            }
            if new.iter().any(|decided| decided.patch == patch.file && decided.part == patch.part) {
                continue;
            }
            let Some(asked) = question(store, patch, pick, computed, why).map_err(failed)? else { continue };
            match scratch::read(store, &stopped.resolve(), &asked)? {
                Answer::Untouched => untouched.extend(asked.markers()),
                Answer::Leftover(lines) => {
                    left.extend(lines.into_iter().map(|(path, line)| (asked.name.clone(), path, line)));
                }
                Answer::Files(files) => {
                    let question = question_id(store, pick).map_err(failed)?;
                    let mut decided = Decided { question, ..Decided::plain(patch, DecidedKind::Resolved) };
                    decided.set_files(&files);
                    new.push(decided);
                }
            }
        }
        if !left.is_empty() {
            return Err(scratch::leftover(&stopped.resolve(), &left));
        }
        if new.is_empty() && !untouched.is_empty() {
            return Err(scratch::leftover(&stopped.resolve(), &untouched));
        }
        Ok(())
    }
}

impl Question {
    /// The first marker of each file.
    fn markers(&self) -> impl Iterator<Item = (String, bstr::BString, usize)> {
        let first = self.files.iter().filter_map(|file| Some((file, file.first_marker()?)));
        first.map(|(file, line)| (self.name.clone(), file.path.clone(), line))
    }
}

/// Nothing was decided, and nothing could have been by files.
fn undecided(computed: &Computed, set: &PatchSet) -> OpError {
    let open: Vec<String> = open(&set.patches, &computed.carried.picks).map(|(patch, _)| patch.file.clone()).collect();
    OpError::new(format!("nothing was decided yet on {}", open.join(", ")))
        .hint("kpatch continue --accept N takes a result as it is; kpatch skip N and kpatch drop N --reason TEXT leave a patch out")
}

/// The decisions that leave patches out.
fn left_out(
    set: &PatchSet,
    computed: &Computed,
    wanted: &[String],
    reason: Option<&str>,
) -> Result<Vec<Decided>, OpError> {
    let patches = &set.patches;
    let mut chosen = select_all(set, wanted)?;
    if chosen.is_empty() {
        let waits = |at: &usize| computed.carried.picks[*at].is_open();
        let all: Vec<usize> = (0..patches.len()).filter(waits).collect();
        let [one] = all.as_slice() else {
            let names: Vec<&str> = all.iter().map(|at| patches[*at].file.as_str()).collect();
            return Err(OpError::new(format!("{} patches wait: {}", all.len(), names.join(", "))).hint("name one"));
        };
        chosen.push(*one);
    }
    let kind = if reason.is_some() { DecidedKind::Dropped } else { DecidedKind::Skipped };
    let decided = |at: &usize| Decided { reason: reason.map(str::to_owned), ..Decided::plain(&patches[*at], kind) };
    Ok(chosen.iter().map(decided).collect())
}
