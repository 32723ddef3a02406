//! What is known of releases beside the linux tree: their ChangeLogs, and the flaws that the kernel's CVE team publishes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::report::{ChangeLogsReport, MissingReport};
use super::{OpError, Places, Watch, workspace};
use crate::changelog::Logged;
use crate::event::{Event, Interrupt};
use crate::kit::Kit;
use crate::source::cache_dir;
use crate::source::changelogs::{ChangeLogs, Error};
use crate::source::proof::Evidence;
use crate::source::vulns::{self, Vulns};
use crate::source::{mirror, releases};
use crate::text::{visible, with_causes};
use crate::upstream::History;
use crate::version::{KernelVersion, Series, Tag};

/// How the server of the linux tree is called where ChangeLogs are asked for.
const SERVER: &str = "git";
/// No series has more releases than this.
const MOST_RELEASES: u32 = 1_000;

/// The commits of a release, or why they are not known.
type Read = Arc<Result<Vec<Logged>, String>>;

/// Where it comes from, and what was read of it.
pub(super) struct Outside {
    /// The ChangeLogs; absent where nobody asked for them.
    logs: Option<ChangeLogs>,
    /// Where they are if somebody asks and does not say where.
    usual: String,
    /// What the linux tree is called: its server has the commits, if it has one.
    linux: String,
    /// What those of a mirror have to prove.
    evidence: Evidence,
    offline: bool,
    /// The list of releases, as `check` knows it.
    list: String,
    read: Mutex<HashMap<KernelVersion, Read>>,
    /// Why the mirror cannot be reached; it is not tried again.
    unreachable: OnceLock<String>,
    flaws_dir: Option<PathBuf>,
    flaws: OnceLock<Result<Vulns, String>>,
}

/// What ChangeLogs tell of a stretch of releases.
pub(super) struct Told {
    /// The commits; absent if none of the ChangeLogs could be read.
    pub(super) history: Option<History>,
    pub(super) report: ChangeLogsReport,
}

impl Outside {
    /// What the user, the environment and the kit's `kpatch.toml` say; `linux` is what the linux tree is called.
    pub(super) fn new(places: &Places, kit: Option<&Kit>, linux: &str) -> Self {
        let around = if kit.is_none() { workspace::kit(places).ok() } else { None };
        let kit = kit.or(around.as_ref());
        let sources = kit.map(|kit| &kit.config().sources);
        let top = kit.map_or(Path::new("."), Kit::top);
        let setting = sources.and_then(|sources| sources.mirror.as_ref()).map(|mirror| mirror.get_ref().as_str());
        let named = mirror::named(setting, top);
        // Where the tree is from kernel.org, its ChangeLogs are from the same place.
        let asked = places.changelogs.clone().or_else(|| (named.is_some() || is_kernel_org(linux)).then(String::new));
        let mut outside = Self {
            logs: None,
            usual: named.unwrap_or_else(|| mirror::URL.to_owned()),
            linux: linux.to_owned(),
            evidence: kit.map_or_else(Evidence::without_kit, Evidence::of_kit),
            offline: places.offline,
            list: releases::place(kit.and_then(|kit| kit.config().releases.as_deref()), top),
            read: Mutex::default(),
            unreachable: OnceLock::new(),
            flaws_dir: vulns::named(sources.and_then(|sources| sources.vulns.as_deref()), top),
            flaws: OnceLock::new(),
        };
        outside.ask(asked.as_deref());
        outside
    }

    /// Asks for ChangeLogs, as an earlier run did, unless they are asked for already; an empty place is the usual one, and `git` the server of the
    /// linux tree.
    pub(super) fn ask(&mut self, place: Option<&str>) {
        if let (None, Some(place)) = (&self.logs, place) {
            let cache = cache_dir();
            let logs = match place {
                SERVER => ChangeLogs::of_server(&self.linux, cache.as_deref(), self.offline),
                "" => ChangeLogs::new(&self.usual, cache.as_deref(), self.offline),
                place => ChangeLogs::new(place, cache.as_deref(), self.offline),
            };
            self.logs = Some(logs.held_to(&self.evidence, cache.as_deref()));
        }
    }

    /// True if ChangeLogs serve where there is no history.
    pub(super) fn has_changelogs(&self) -> bool {
        self.logs.is_some()
    }

    /// What ChangeLogs tell of the releases after `base` up to `target`; `None` where nobody asked for them, and where the two
    /// are not a way up within one series.
    pub(super) fn between(&self, base: &str, target: &str, watch: Watch<'_>) -> Result<Option<Told>, OpError> {
        let version = |tag: &str| Tag::parse(tag).ok()?.version().filter(|version| version.rc().is_none());
        match (version(base), version(target)) {
            (Some(base), Some(target)) => self.tell(&releases_between(&base, &target), watch),
            _ => Ok(None),
        }
    }

    /// What the ChangeLogs of these releases tell, newest first.
    pub(super) fn tell(&self, releases: &[KernelVersion], watch: Watch<'_>) -> Result<Option<Told>, OpError> {
        self.logs.as_ref().map_or(Ok(None), |logs| self.tell_by(logs, releases, watch))
    }

    /// The same without what would have to be fetched.
    pub(super) fn tell_of_known(&self, releases: &[KernelVersion], watch: Watch<'_>) -> Result<Option<Told>, OpError> {
        let known = self.logs.as_ref().map(ChangeLogs::without_network);
        known.map_or(Ok(None), |logs| self.tell_by(&logs, releases, watch))
    }

    fn tell_by(
        &self,
        logs: &ChangeLogs,
        releases: &[KernelVersion],
        watch: Watch<'_>,
    ) -> Result<Option<Told>, OpError> {
        if releases.is_empty() {
            return Ok(None);
        }
        watch.observer.event(&Event::Stage { name: "reading ChangeLogs".into(), total: Some(releases.len()) });
        let mut history = History::default();
        let mut missing = Vec::new();
        for release in releases {
            match &*self.one(logs, release, watch.interrupt)? {
                Ok(commits) => history.add_changelog(&release.to_string(), commits),
                Err(reason) => missing.push(MissingReport { release: release.to_string(), reason: reason.clone() }),
            }
            watch.observer.event(&Event::Step);
        }
        missing.reverse();
        let read = history.changelogs().iter().rev().cloned().collect();
        let report = ChangeLogsReport { source: logs.place(), releases: read, missing };
        Ok(Some(Told { history: Some(history).filter(|history| !history.knows_changes()), report }))
    }

    /// One ChangeLog, which is read once.
    fn one(&self, logs: &ChangeLogs, release: &KernelVersion, interrupt: &Interrupt) -> Result<Read, OpError> {
        let known = || self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(read) = known().get(release) {
            return Ok(Arc::clone(read));
        }
        if interrupt.is_raised() {
            return Err(OpError::interrupted());
        }
        // What is in the cache needs nobody to answer.
        let silent = self.unreachable.get().map(|_| logs.without_network());
        let mut is_final = true;
        let read = match silent.as_ref().unwrap_or(logs).read(release, interrupt) {
            Ok(commits) => Ok(commits),
            Err(error) if error.is_interrupted() => return Err(OpError::interrupted()),
            Err(error) => {
                is_final = !matches!(error, Error::Offline { .. });
                let reason = match (&error, self.unreachable.get()) {
                    (Error::Offline { .. }, Some(reason)) => format!("not tried, since {reason}"),
                    _ => with_causes(&error),
                };
                if error.is_network() {
                    let _ = self.unreachable.set(reason.clone());
                }
                Err(reason)
            }
        };
        let read = Arc::new(read);
        // Somebody else may be willing to fetch it.
        if is_final {
            known().insert(release.clone(), Arc::clone(&read));
        }
        Ok(read)
    }

    /// The releases of a series that are newer than `base` and have ChangeLogs, newest first, as far as anybody knows of them:
    /// `tagged` are those that the linux tree has. Also why there may be more.
    pub(super) fn newer(
        &self,
        base: &KernelVersion,
        tagged: &[KernelVersion],
        watch: Watch<'_>,
    ) -> Result<(Vec<KernelVersion>, Option<String>), OpError> {
        let series = base.series();
        let mut newest: Vec<KernelVersion> =
            tagged.iter().filter(|version| version.series() == series && version.rc().is_none()).cloned().collect();
        let mut candidate = None;
        let mut unknown = None;
        match self.logs.as_ref().map(|logs| logs.in_directory(series)) {
            Some(Some(there)) => {
                if there.is_empty() {
                    unknown = Some("the directory has no ChangeLog of the series".to_owned());
                }
                candidate = there.iter().filter(|version| version.rc().is_some()).max().cloned();
                newest.extend(there.into_iter().filter(|version| version.rc().is_none()));
            }
            Some(None) => match self.listed(series, watch)? {
                Ok(listed) => newest.extend(listed),
                Err(reason) => unknown = Some(reason),
            },
            None => {}
        }
        let mut all = newest.iter().max().map(|newest| releases_between(base, newest)).unwrap_or_default();
        let is_next = |candidate: &KernelVersion| *candidate > *all.first().unwrap_or(base);
        if let Some(candidate) = candidate.filter(is_next) {
            all.insert(0, candidate);
        }
        Ok((all, unknown))
    }

    /// The newest release of a series by the list of kernel.org, or why it is not known.
    fn listed(&self, series: Series, watch: Watch<'_>) -> Result<Result<Option<KernelVersion>, String>, OpError> {
        let found = releases::releases(&self.list, cache_dir().as_deref(), self.offline, watch.interrupt);
        if watch.interrupt.is_raised() {
            return Err(OpError::interrupted());
        }
        let newest = |list: &releases::Releases| list.newest(series).map(|release| release.version.clone());
        Ok(match found {
            Ok(list) => Ok(newest(&list).filter(|version| version.rc().is_none())),
            Err(error) => Err(with_causes(&error)),
        })
    }

    /// The published flaws, which are read once; `None` where nobody said where they are, an inner error where they cannot be
    /// read.
    pub(super) fn flaws(&self, watch: Watch<'_>) -> Result<Option<&Result<Vulns, String>>, OpError> {
        let Some(dir) = &self.flaws_dir else { return Ok(None) };
        let flaws = self.flaws.get_or_init(|| {
            watch.observer.event(&Event::Stage { name: "reading the published CVEs".into(), total: None });
            Vulns::read(dir, watch.interrupt).map_err(|error| with_causes(&error))
        });
        if watch.interrupt.is_raised() { Err(OpError::interrupted()) } else { Ok(Some(flaws)) }
    }

    /// Where the published flaws are, for display.
    pub(super) fn flaws_place(&self) -> Option<String> {
        self.flaws_dir.as_ref().map(|dir| visible(dir.as_os_str().as_encoded_bytes()))
    }
}

/// The releases of one series after `base` up to `target`, newest first; none across series.
pub(super) fn releases_between(base: &KernelVersion, target: &KernelVersion) -> Vec<KernelVersion> {
    let Series { major, minor } = target.series();
    if base.series() != target.series() {
        return Vec::new();
    }
    let last = target.patch().min(base.patch().saturating_add(MOST_RELEASES));
    // A release that comes after a candidate of its own is among them.
    let first = if base.rc().is_some() { base.patch().max(1) } else { base.patch() + 1 };
    (first..=last).rev().filter_map(|patch| format!("{major}.{minor}.{patch}").parse().ok()).collect()
}

/// True for addresses of kernel.org's own machines.
fn is_kernel_org(linux: &str) -> bool {
    let rest = linux.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default().split(':').next().unwrap_or_default();
    host == "kernel.org" || host.ends_with(".kernel.org")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_way_up_within_a_series_has_changelogs() {
        let between = |base: &str, target: &str| {
            let version = |text: &str| text.parse().expect("a version");
            releases_between(&version(base), &version(target)).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(between("6.6.13", "6.6.15"), ["6.6.15", "6.6.14"]);
        assert_eq!(between("6.6", "6.6.1"), ["6.6.1"]);
        assert!(between("6.6.14", "6.6.14").is_empty() && between("6.6.15", "6.6.14").is_empty());
        assert!(between("6.6.13", "6.7.2").is_empty());
    }

    #[test]
    fn only_a_tree_of_kernel_org_asks_kernel_org() {
        for (linux, is_it) in [
            ("https://git.kernel.org/pub/scm/linux/kernel/git/stable/linux.git", true),
            ("git://me@git.kernel.org:9418/x", true),
            ("https://kernel.org.example.org/x", false),
            ("https://example.org/git.kernel.org/x", false),
            ("https://git.kernel.org@example.org/x", false),
            ("file:///srv/git.kernel.org", false),
            ("/srv/linux", false),
        ] {
            assert_eq!(is_kernel_org(linux), is_it, "{linux}");
        }
    }
}
