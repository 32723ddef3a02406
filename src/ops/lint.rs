//! `kpatch lint`: the rules over patch sets, offline or with a linux tree.

mod baseline;
mod changed;
mod config;
mod ground;
mod inputs;
mod mend;
pub mod report;
pub(super) mod tree;

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use chrono::NaiveDate;

use super::parallel::{self, Limits};
use super::workspace::{self, Linux};
use super::{OpError, Places, Watch};
use crate::event::Event;
use crate::finding::{Finding, FixClass, Severity};
use crate::kit::Kit;
use crate::lint::{self, FileLint, Group, Judged, Member, Subject};
use baseline::Baseline;
use changed::Changed;
use config::Configured;
use inputs::{Set, SetFile};
use report::{LintCounts, LintReport, LintRun, NotChecked};

/// What to lint, and how.
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
pub struct LintOptions {
    /// Where the kit and the linux tree are.
    pub places: Places,
    /// Series of the kit, directories, files, `-` for stdin; every series that is not deprecated if empty.
    pub paths: Vec<PathBuf>,
    /// What came on stdin.
    pub stdin: Option<Vec<u8>>,
    /// The tag that the patches are for, instead of the version in the kit.
    pub base: Option<String>,
    /// Leave the linux tree alone although one is known.
    pub files_only: bool,
    /// The profile, instead of that of the kit.
    pub profile: Option<String>,
    /// Run only these rules: ids, names, or beginnings of ids.
    pub select: Vec<String>,
    /// Leave these rules out.
    pub ignore: Vec<String>,
    /// Look only at files that differ from where the current branch left this revision.
    pub changed_since: Option<String>,
    /// The file with the findings that were there before, instead of that of the kit.
    pub baseline: Option<PathBuf>,
    /// Take no baseline into account.
    pub no_baseline: bool,
    /// Mend what can be mended.
    pub fix: Option<FixOptions>,
    /// The day on which waivers are judged; none of them expires without it.
    pub today: Option<NaiveDate>,
}

/// How to mend.
#[derive(Debug, Clone, Copy)]
pub struct FixOptions {
    /// The most that may be risked.
    pub class: FixClass,
    /// Findings milder than this are left as they are.
    pub from: Severity,
    /// Write the files; else only say what would be written.
    pub write: bool,
    /// Show the changes as diffs.
    pub show: bool,
}

/// Lints. Nothing is written unless `fix` says so.
pub fn lint(options: &LintOptions, watch: Watch<'_>) -> Result<LintRun, OpError> {
    let kit = match workspace::kit(&options.places) {
        Ok(kit) => Some(kit),
        // Without a kit there are directories and files, unless the user named one.
        Err(error) if options.paths.is_empty() || options.places.kit.is_some() => return Err(error),
        Err(_) => None,
    };
    let configured = Configured::new(options, kit.as_ref())?;
    let mut sets = inputs::sets(options, kit.as_ref(), &configured)?;
    let _locks = match options.fix {
        Some(FixOptions { write: true, .. }) => {
            let locks = mend::lock(kit.as_ref(), &sets, watch)?;
            sets = inputs::sets(options, kit.as_ref(), &configured)?;
            locks
        }
        _ => Vec::new(),
    };
    let wanted = wanted(options, &mut sets)?;
    let linux = ground::open(options, kit.as_ref(), &sets, watch)?;
    let ground = mend::Ground { kit: kit.as_ref(), linux: linux.as_ref().ok(), watch };
    let baseline = known_before(options, kit.as_ref())?;
    let judge = |finding: &mut Finding| {
        configured.waive(finding);
        baseline.knows(finding)
    };
    let mended = match options.fix {
        Some(fix) => {
            let may = |set: usize, finding: &Finding| {
                let mut finding = finding.clone();
                let is_old = judge(&mut finding);
                !is_old && finding.waived.is_none() && counts(wanted.as_ref(), set, &sets[set], &finding)
            };
            let asked = asked_for(linux.as_ref(), &sets, watch)?;
            let (mended, changes) = mend::mend(&ground, &sets, &asked, fix, &may)?;
            ground.take(&mut sets, &mended)?;
            Some((mended, changes))
        }
        None => None,
    };
    let looked = look(linux.as_ref(), &sets, watch)?;
    let mut reports = Vec::with_capacity(sets.len());
    for (at, (set, looked)) in sets.iter().zip(looked).enumerate() {
        let wanted = |finding: &Finding| counts(wanted.as_ref(), at, set, finding);
        let mut report = report_of(set, looked, wanted, judge);
        if let Some((mended, _)) = &mended {
            report.fixed.clone_from(&mended[at].fixed);
            report.changes.clone_from(&mended[at].changes);
        }
        reports.push(report);
    }
    if let (Some((_, changes)), Some(FixOptions { write: true, .. })) = (mended, options.fix) {
        ground.land(changes)?;
    }
    let whole = options.paths.is_empty() && options.changed_since.is_none() && options.select.is_empty();
    Ok(LintRun { waivers: configured.idle(whole), reports })
}

/// The findings of each set that only the linux tree can make.
fn asked_for(linux: Result<&Linux, &String>, sets: &[Set], watch: Watch<'_>) -> Result<Vec<Vec<Judged>>, OpError> {
    if linux.is_err() {
        return Ok(Vec::new());
    }
    let of_tree = |judged: &Judged| lint::rule(&judged.finding.rule).is_some_and(|rule| rule.check.needs_tree());
    let looked = look(linux, sets, watch)?;
    Ok(looked.into_iter().map(|looked| looked.judged.into_iter().filter(of_tree).collect()).collect())
}

/// The baseline that counts.
fn known_before(options: &LintOptions, kit: Option<&Kit>) -> Result<Baseline, OpError> {
    let own = kit.and_then(|kit| kit.config().lint.baseline.as_ref().map(|path| kit.top().join(path)));
    match options.baseline.clone().or(own).filter(|_| !options.no_baseline) {
        Some(path) => Baseline::read(&path),
        None => Ok(Baseline::default()),
    }
}

/// Writes the findings of a run as a baseline; returns how many there are.
pub fn write_baseline(path: &std::path::Path, run: &LintRun) -> Result<usize, OpError> {
    baseline::write(path, run)
}

/// The files that changed, for each set; sets in which nothing did are taken out. `None` if all files count.
fn wanted(options: &LintOptions, sets: &mut Vec<Set>) -> Result<Option<Vec<BTreeSet<String>>>, OpError> {
    let Some(revision) = &options.changed_since else { return Ok(None) };
    let mut changed = Changed::since(revision);
    let mut kept = Vec::new();
    let mut wanted = Vec::new();
    for set in sets.drain(..) {
        if let Some(files) = changed.of(&set)? {
            wanted.push(files);
            kept.push(set);
        }
    }
    *sets = kept;
    Ok(Some(wanted))
}

/// Whether a finding is about something that was asked for: the directory itself always is.
fn counts(wanted: Option<&Vec<BTreeSet<String>>>, at: usize, set: &Set, finding: &Finding) -> bool {
    wanted.is_none_or(|wanted| finding.path == set.shown || wanted[at].contains(&finding.path))
}

/// What was found in one set.
#[derive(Debug, Default)]
struct Looked {
    judged: Vec<Judged>,
    members: Vec<Member>,
    base: Option<String>,
    not_checked: Vec<NotChecked>,
}

/// Looks at each set, its files in parallel, then at all sets together. Of one set no more is kept than its findings and
/// what the rules for sets need.
fn look(linux: Result<&Linux, &String>, sets: &[Set], watch: Watch<'_>) -> Result<Vec<Looked>, OpError> {
    let total = sets.iter().map(|set| set.files.len()).sum();
    watch.observer.event(&Event::Stage { name: "linting".into(), total: Some(total) });
    let mut looked = sets.iter().map(|set| look_at(set, linux, watch)).collect::<Result<Vec<_>, _>>()?;
    let groups: Vec<Group<'_>> = sets.iter().zip(&looked).map(|(set, looked)| group(set, &looked.members)).collect();
    let across = lint::sets(&groups);
    for (set, judged) in across {
        looked[set].judged.push(judged);
    }
    Ok(looked)
}

fn look_at(set: &Set, linux: Result<&Linux, &String>, watch: Watch<'_>) -> Result<Looked, OpError> {
    let work = |file: &SetFile| {
        let bytes = file.read()?;
        let mut lint = lint::file(Subject { name: &file.name, path: &file.shown }, &bytes, &set.settings);
        if linux.is_err() {
            lint.drafts.clear();
        }
        Ok::<_, OpError>(lint)
    };
    let go_on = || !watch.interrupt.is_raised();
    let done = || watch.observer.event(&Event::Step);
    let results = parallel::map(&set.files, Limits::of_machine().threads, go_on, work, done);
    let mut looked = Looked::default();
    let mut drafts = Vec::new();
    for (file, result) in set.files.iter().zip(results) {
        let FileLint { judged, members, drafts: read } = result.ok_or_else(OpError::interrupted)??;
        looked.judged.extend(judged);
        looked.members.extend(members);
        drafts.extend(read.into_iter().map(|draft| (draft, file)));
    }
    let known = ground::ask(set, linux, &drafts, watch)?;
    let found = lint::set(&group(set, &looked.members), known.set.as_ref());
    looked.judged.extend(found.into_iter().chain(known.judged));
    looked.base = known.base;
    looked.not_checked = known.not_checked;
    Ok(looked)
}

fn group<'a>(set: &'a Set, members: &'a [Member]) -> Group<'a> {
    Group { path: &set.shown, members, entries: &set.entries, is_whole: set.is_whole, settings: &set.settings }
}

/// Sorts and counts what was found.
fn report_of(
    set: &Set,
    looked: Looked,
    wanted: impl Fn(&Finding) -> bool,
    judge: impl Fn(&mut Finding) -> bool,
) -> LintReport {
    let ranks: HashMap<&str, usize> =
        set.files.iter().enumerate().map(|(at, file)| (file.shown.as_str(), at + 1)).collect();
    let mut counts = LintCounts::default();
    let mut findings = Vec::new();
    for Judged { mut finding, .. } in looked.judged {
        if !wanted(&finding) {
            continue;
        }
        if judge(&mut finding) {
            counts.baseline += 1;
            continue;
        }
        *match (&finding.waived, finding.severity) {
            (Some(_), _) => &mut counts.waived,
            (None, Severity::Error) => &mut counts.error,
            (None, Severity::Warning) => &mut counts.warning,
            (None, Severity::Info) => &mut counts.info,
        } += 1;
        findings.push(finding);
    }
    findings.sort_by(|a, b| {
        let key = |finding: &Finding| {
            let rank = ranks.get(finding.path.as_str()).copied();
            // What is in the directory and no patch comes last, the directory itself first.
            (rank.unwrap_or(if finding.path == set.shown { 0 } else { usize::MAX }), finding.line, finding.column)
        };
        (key(a), &a.path, &a.rule, &a.fingerprint).cmp(&(key(b), &b.path, &b.rule, &b.fingerprint))
    });
    LintReport {
        set: set.shown.clone(),
        series: set.series.clone(),
        profile: set.settings.profile.name.to_owned(),
        base: looked.base,
        files: set.files.len(),
        patches: looked.members.len(),
        counts,
        findings,
        not_checked: looked.not_checked.into_iter().filter(|row| !row.rules.is_empty()).collect(),
        fixed: Vec::new(),
        changes: Vec::new(),
    }
}

/// A file's bytes shared with whoever needs them.
type Bytes = Arc<[u8]>;
