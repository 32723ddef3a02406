//! `kpatch watch`: what upstream says of the commits that a kit carries.

mod kept;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cves::{self, Carried};
use super::jobs::{self, Job, Place, Which};
use super::lint::tree::{Looked, Reach, ToldSpans, claim, looked_up, no_history};
use super::news::first_release;
use super::outside::{Told, releases_between};
use super::report::{ChangeLogsReport, CvesReport, UpstreamFinding, Word};
use super::workspace::{self, Linux};
use super::{OpError, Places, Watch, compute};
use crate::apply::Release;
use crate::lint::{Found, Mail, PROFILES, Settings, UpstreamFacts};
use crate::patch::{Draft, examine};
use crate::text::visible;
use crate::upstream::History;
use crate::version::{Series, Tag};

pub(super) use kept::last;

/// Stretches of more commits are not looked through; from one long-term series to the newest mainline there are about as many.
const MOST_COMMITS: usize = 400_000;

/// What to watch.
#[derive(Debug, Clone, Default)]
pub struct WatchOptions {
    /// Where the kit and the linux tree are, and where ChangeLogs are read from.
    pub places: Places,
    /// One series; every one that is not deprecated if absent.
    pub series: Option<String>,
    /// A bare directory of patches instead of a kit.
    pub patches: Option<std::path::PathBuf>,
    /// The tag that the patches are on, instead of the version in the kit.
    pub base: Option<String>,
}

/// What upstream says of one patch set.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WatchReport {
    /// The series in the kit; absent for a bare patch directory.
    pub series: Option<String>,
    /// The tag that the patches are on.
    pub base: String,
    /// The newest tags that were looked up to: of the series, and of all.
    pub until: Vec<String>,
    /// What was looked through: `history` of the linux tree, or `changelogs`; absent if there was neither.
    pub source: Option<Word>,
    /// The ChangeLogs that were asked in the place of history.
    pub changelogs: Option<ChangeLogsReport>,
    /// How many patches the set has.
    pub patches: usize,
    /// How many of them name a commit that they are a copy of.
    pub named: usize,
    /// What was found, in the order of the set.
    pub findings: Vec<UpstreamFinding>,
    /// The flaws whose fix the kernel lacks; absent where nobody said where the published ones are.
    pub cves: Option<CvesReport>,
    /// What was not looked at, and why, one phrase each.
    pub not_checked: Vec<String>,
}

impl WatchReport {
    /// True if there is something to do.
    pub fn has_findings(&self) -> bool {
        !self.findings.is_empty() || self.cves.as_ref().is_some_and(|cves| !cves.found.is_empty())
    }
}

/// Looks; nothing of the kit or of the linux tree changes. What was found is kept beside the linux tree for `status`.
///
/// # Errors
/// Where there is neither history nor anything in its place, so that nothing at all was looked at.
pub fn watch(options: &WatchOptions, watch: Watch<'_>) -> Result<Vec<WatchReport>, OpError> {
    let kit = if options.patches.is_some() { None } else { Some(workspace::kit(&options.places)?) };
    let which = Which { folder: options.patches.as_deref(), series: options.series.as_deref() };
    let sets = jobs::on_base(kit.as_ref(), which, options.base.as_deref(), watch.observer)?;
    let tags: Vec<String> = sets.iter().map(|job| job.from.to_string()).collect();
    let linux = workspace::linux(&options.places, kit.as_ref(), &tags, watch)?;
    let mut reports = Vec::with_capacity(sets.len());
    for job in &sets {
        reports.push(Set { linux: &linux, job, watch }.report()?);
    }
    if let Some(first) = reports.first()
        && reports.iter().all(|report| report.source.is_none() && report.cves.is_none())
    {
        let reason = first.not_checked.join("; ");
        let mut error = OpError::new(format!("nothing was looked at: {reason}"));
        if !linux.outside.has_changelogs() {
            error = error.hint("kpatch watch --changelogs reads the ChangeLogs of kernel.org instead");
        }
        return Err(error.hint("or name a clone of the stable tree with its history: --linux"));
    }
    for (job, report) in sets.iter().zip(&reports) {
        kept::keep(&linux, &job.place, report);
    }
    Ok(reports)
}

/// One patch set.
struct Set<'a> {
    linux: &'a Linux,
    job: &'a Job<'a>,
    watch: Watch<'a>,
}

/// What was read in the place of history.
#[derive(Default)]
struct Read {
    spans: Option<ToldSpans>,
    changelogs: Option<ChangeLogsReport>,
    not_checked: Vec<String>,
}

impl Set<'_> {
    fn report(&self) -> Result<WatchReport, OpError> {
        let store = &self.linux.store;
        let base = compute::release(store, self.job.from.as_str())?;
        let drafts = drafts(&self.job.place)?;
        let settings = Settings::new(&PROFILES[0]);
        let mails: Vec<Mail<'_>> = drafts.iter().map(|draft| Mail::new(draft, &settings)).collect();
        let Read { spans, changelogs, mut not_checked } = self.read(&base)?;
        let source: Word = if spans.is_some() { "changelogs" } else { "history" }.into();
        let reach = Reach { limit: MOST_COMMITS, candidates: true, told: spans };
        let looked = looked_up(store, &base, &mails, reach, self.watch)?;
        let mut report = WatchReport {
            series: self.job.place.series(),
            base: base.tag.clone(),
            until: Vec::new(),
            source: None,
            changelogs,
            patches: mails.len(),
            named: 0,
            findings: Vec::new(),
            cves: None,
            not_checked: Vec::new(),
        };
        let mut carried = Carried::new();
        for (draft, mail) in drafts.iter().zip(&mails) {
            let ids = claim(mail).ids;
            report.named += usize::from(!ids.is_empty());
            carried.extend(ids.into_iter().map(|id| (id, draft.file.clone())));
        }
        let mut histories = [None, None];
        match looked {
            Ok(looked) => {
                for ((draft, mail), facts) in drafts.iter().zip(&mails).zip(&looked.facts) {
                    report.findings.extend(self.findings(draft, mail, facts, &source)?);
                }
                let Looked { until, too_far, below, newer, .. } = looked;
                report.until = until.into_iter().flatten().collect();
                if report.until.is_empty() && too_far.is_empty() {
                    // There is nothing newer.
                    report.until.push(base.tag.clone());
                }
                not_checked.extend(too_far.iter().map(|tag| format!("{tag}: more than {MOST_COMMITS} commits away")));
                if source == "changelogs" {
                    not_checked.push("ChangeLogs tell of the series alone, not of mainline".to_owned());
                }
                report.source = Some(source);
                histories = [below, newer];
            }
            Err(reason) => not_checked.insert(0, reason),
        }
        report.cves = self.cves(&histories, &carried)?;
        report.not_checked = not_checked;
        Ok(report)
    }

    fn cves(&self, histories: &[Option<History>; 2], carried: &Carried) -> Result<Option<CvesReport>, OpError> {
        let Some(base) = self.job.from.version() else { return Ok(None) };
        let histories = [histories[0].as_ref(), histories[1].as_ref()];
        let mut cves = cves::lacking(&self.linux.outside, histories, &base, carried, self.watch)?;
        // The commits of the linux tree say where they came in.
        let is_history = histories[1].is_some_and(History::knows_changes);
        for row in cves.iter_mut().flat_map(|cves| &mut cves.found).filter(|row| is_history && row.release.is_none()) {
            if let Some(commit) = &row.commit {
                row.release = first_release(&self.linux.store, commit, Some(base.series()))?
                    .map(|version| version.tag().to_string());
            }
        }
        Ok(cves)
    }

    /// Reads ChangeLogs where the linux tree has no history.
    fn read(&self, base: &Release) -> Result<Read, OpError> {
        let outside = &self.linux.outside;
        let version = self.job.from.version().filter(|version| version.rc().is_none());
        let Some(version) = version.filter(|_| outside.has_changelogs()) else { return Ok(Read::default()) };
        if no_history(&self.linux.store, base)?.is_none() {
            return Ok(Read::default());
        }
        let Series { major, minor } = version.series();
        let Ok(first) = format!("{major}.{minor}").parse() else { return Ok(Read::default()) };
        let (releases, unknown) = outside.newer(&version, &jobs::releases(&self.linux.store)?, self.watch)?;
        let newer = outside.tell(&releases, self.watch)?;
        // Those up to the base tell little that is new: they are taken where they are at hand.
        let below = outside.tell_of_known(&releases_between(&first, &version), self.watch)?;
        let is_read = newer.as_ref().map_or(releases.is_empty() && unknown.is_none(), |told| told.history.is_some());
        let mut not_checked: Vec<String> =
            unknown.into_iter().map(|reason| format!("releases that the linux tree has not: {reason}")).collect();
        let changelogs = newer.as_ref().map(|told| told.report.clone());
        if let Some(missing) = changelogs.iter().flat_map(|logs| &logs.missing).next().filter(|_| !is_read) {
            not_checked.insert(0, missing.reason.clone());
        }
        let span = |told: Told| told.history.map(|history| (format!("v{}", history.changelogs()[0]), history));
        let spans = ToldSpans { below: below.and_then(span), newer: newer.and_then(span) };
        Ok(Read { spans: is_read.then_some(spans), changelogs, not_checked })
    }

    /// What is to be said of one patch.
    fn findings(
        &self,
        draft: &Draft,
        mail: &Mail<'_>,
        facts: &UpstreamFacts,
        source: &str,
    ) -> Result<Vec<UpstreamFinding>, OpError> {
        let series = self.job.from.version().map(|version| version.series());
        let newer = facts.in_newer.as_ref().filter(|found| found.how != Found::SAME_TITLE);
        let all = facts.reverted_by.iter().map(|found| ("reverted", found));
        let all = all.chain(facts.fixed_by.iter().map(|found| ("fixed", found)));
        let mut findings = Vec::new();
        for (kind, found) in all.chain(newer.map(|found| ("released", found))) {
            let release = if source == "changelogs" {
                Tag::parse(&found.until).ok().and_then(|tag| tag.version())
            } else {
                first_release(&self.linux.store, &found.commit, series)?
            };
            let is_candidate = release.as_ref().is_some_and(|release| release.rc().is_some());
            findings.push(UpstreamFinding {
                file: draft.file.clone(),
                part: draft.part,
                subject: visible(mail.subject()),
                kind: if kind == "released" && is_candidate { "candidate" } else { kind }.into(),
                commit: found.commit.clone(),
                title: found.title.clone(),
                release: release.map(|release| release.tag().to_string()),
                how: found.how.into(),
            });
        }
        Ok(findings)
    }
}

/// The patches whose diffs can be read, in order.
fn drafts(place: &Place<'_>) -> Result<Vec<Draft>, OpError> {
    let mut drafts = Vec::new();
    for (name, bytes) in place.files()? {
        let read = examine(&name, &bytes).unwrap_or_default();
        drafts.extend(read.into_iter().filter(|draft| draft.diff.is_ok()));
    }
    Ok(drafts)
}

/// How many findings there are of each kind, in the order of their names.
pub fn kinds(report: &WatchReport) -> BTreeMap<&str, usize> {
    let mut kinds = BTreeMap::new();
    for finding in &report.findings {
        *kinds.entry(&*finding.kind).or_default() += 1;
    }
    kinds
}
