//! The flaws that a bump fixes, and those that a kernel still has: by what the kernel's CVE team publishes and by what the
//! messages of commits say. What neither says for certain is not known.

use std::collections::{BTreeMap, HashMap};

use super::outside::Outside;
use super::report::{CveReport, CvesReport};
use super::{OpError, Watch};
use crate::cve::{CveId, Pair, Standing, standing};
use crate::source::vulns::{Flaw, Vulns};
use crate::text::visible;
use crate::upstream::{History, Named};
use crate::version::{KernelVersion, Tag};

/// Why messages alone do not name all flaws.
const ONLY_MESSAGES: &str = "nobody said where the published CVEs are; only those that messages name are known";

/// What the patches of a set are copies of: the ids that they name, each with the file that does.
pub(super) type Carried = HashMap<String, String>;

/// The flaws that the releases after `base` up to `target` fix, and that the base has as far as that is known. `None` where
/// neither history nor a list is at hand.
pub(super) fn gained(
    outside: &Outside,
    history: Option<&History>,
    [base, target]: [&str; 2],
    carried: &Carried,
    watch: Watch<'_>,
) -> Result<Option<CvesReport>, OpError> {
    let flaws = outside.flaws(watch)?;
    let published = flaws.and_then(|flaws| flaws.as_ref().ok());
    if history.is_none() && flaws.is_none() {
        return Ok(None);
    }
    let version = |tag: &str| Tag::parse(tag).ok().and_then(|tag| tag.version());
    let releases = version(base).zip(version(target));
    let mut rows = Rows { published, carried, found: BTreeMap::new() };
    if let Some(history) = history {
        rows.of_history(history, releases.as_ref().map(|(base, _)| base));
    }
    if let (Some(vulns), Some((base, target))) = (published, &releases) {
        for (id, flaw) in vulns.all() {
            if let Standing::Lacks(pair) = standing(&flaw.pairs, base)
                && pair.fixed.as_ref().is_some_and(|fixed| fixed <= target && fixed.series() == target.series())
            {
                rows.add_pair(id, flaw, pair);
            }
        }
    }
    let not_known = match (flaws, history) {
        (None, _) => Some(ONLY_MESSAGES.to_owned()),
        (Some(Err(reason)), _) => Some(reason.clone()),
        (Some(Ok(_)), None) => {
            Some("there is no history of the releases, so only what the list says of them is known".into())
        }
        (Some(Ok(_)), Some(_)) => None,
    };
    Ok(Some(CvesReport { found: rows.found.into_values().collect(), source: outside.flaws_place(), not_known }))
}

/// The flaws whose fix `base` lacks for certain, and that the set does not have either. `below` is the history of its series up
/// to it, `newer` what came after.
pub(super) fn lacking(
    outside: &Outside,
    [below, newer]: [Option<&History>; 2],
    base: &KernelVersion,
    carried: &Carried,
    watch: Watch<'_>,
) -> Result<Option<CvesReport>, OpError> {
    let (source, vulns) = match outside.flaws(watch)? {
        None => return Ok(None),
        Some(Err(reason)) => {
            let not_known = Some(reason.clone());
            return Ok(Some(CvesReport { found: Vec::new(), source: outside.flaws_place(), not_known }));
        }
        Some(Ok(vulns)) => (outside.flaws_place(), vulns),
    };
    let mut rows = Rows { published: Some(vulns), carried, found: BTreeMap::new() };
    let mut unknown = 0;
    for (id, flaw) in vulns.all() {
        let is_ours = flaw.commits.iter().any(|commit| carried.contains_key(commit));
        match standing(&flaw.pairs, base) {
            _ if is_ours => {}
            Standing::Safe => {}
            Standing::Lacks(pair) => rows.add_pair(id, flaw, pair),
            // A fix that comes to the series later was not in it before.
            Standing::NotKnown => {
                let has = |history: Option<&History>, id: &String| history.is_some_and(|history| history.has(id));
                let later = flaw.commits.iter().find(|commit| has(newer, commit) && !has(below, commit));
                let fix = later.and_then(|commit| {
                    let newer = newer.filter(|newer| below.is_some() && newer.revert_of(commit).is_none())?;
                    newer.backports_of(commit).last()
                });
                match fix {
                    Some(fix) => rows.add(id, &fix, "published"),
                    None => unknown += usize::from(!flaw.commits.iter().any(|commit| has(below, commit))),
                }
            }
        }
    }
    let not_known =
        (unknown > 0).then(|| format!("of {unknown} published CVEs it is not known whether {base} has them"));
    Ok(Some(CvesReport { found: rows.found.into_values().collect(), source, not_known }))
}

/// The rows of a report.
struct Rows<'a> {
    published: Option<&'a Vulns>,
    carried: &'a Carried,
    found: BTreeMap<CveId, CveReport>,
}

impl Rows<'_> {
    /// What the commits of a history fix, by the list and by their messages. What was taken back fixes nothing.
    fn of_history(&mut self, history: &History, base: Option<&KernelVersion>) {
        let stands = |commit: &Named<'_>| history.revert_of(&commit.commit.to_string()).is_none();
        for commit in history.all() {
            let own = commit.commit.to_string();
            let ids = commit.claims.iter().chain([&own]);
            let fixed: Vec<CveId> = self
                .published
                .iter()
                .flat_map(|vulns| ids.clone().flat_map(|id| vulns.fixed_by(id)))
                .copied()
                .collect();
            for id in fixed.into_iter().filter(|_| stands(&commit)) {
                // What came after the base was never in it.
                let flaw = self.published.and_then(|vulns| vulns.flaw(id));
                if !flaw.zip(base).is_some_and(|(flaw, base)| standing(&flaw.pairs, base) == Standing::Safe) {
                    self.add(id, &commit, "published");
                }
            }
        }
        for (id, commit) in history.cves() {
            let is_revert = commit.title.starts_with(b"Revert ");
            let is_listed = self.published.is_some_and(|vulns| vulns.flaw(id).is_some());
            if !is_revert && !is_listed && stands(&commit) {
                self.add(id, &commit, "message");
            }
        }
    }

    /// A flaw that a commit fixes; of several commits the oldest counts, which comes last.
    fn add(&mut self, id: CveId, commit: &Named<'_>, how: &'static str) {
        let flaw = self.published.and_then(|vulns| vulns.flaw(id));
        let upstream = commit.claims.first().or_else(|| flaw.and_then(|flaw| flaw.commits.first()));
        let patch = commit.claims.iter().find_map(|claim| self.carried.get(claim));
        let row = CveReport {
            id: id.to_string(),
            commit: Some(commit.commit.to_string()),
            title: visible(commit.title),
            upstream: upstream.cloned(),
            release: commit.release.map(|release| format!("v{release}")),
            how: how.into(),
            patch: patch.cloned(),
        };
        self.found.insert(id, row);
    }

    /// A flaw of which the list says the release that fixes it.
    fn add_pair(&mut self, id: CveId, flaw: &Flaw, pair: &Pair) {
        let release = pair.fixed.as_ref().map(|fixed| fixed.tag().to_string());
        let patch = flaw.commits.iter().find_map(|commit| self.carried.get(commit)).cloned();
        let row = self.found.entry(id).or_insert_with(|| CveReport {
            id: id.to_string(),
            commit: pair.commit.clone(),
            title: String::new(),
            upstream: flaw.commits.first().cloned(),
            release: None,
            how: "published".into(),
            patch,
        });
        row.release = release;
    }
}
