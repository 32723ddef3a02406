//! `kpatch check`: what in the kit has fallen out of step.

mod facts;
mod references;

use std::time::Duration;

use serde::Serialize;

use super::lint::report::{LintCounts, NotChecked};
use super::released::released;
use super::workspace::{self, kit_error};
use super::{OpError, Places, Watch};
use crate::drift::{self, Facts, Levels, RULES, ReleaseFacts, Rule, rules_of};
use crate::event::Event;
use crate::finding::{Finding, Level, Severity};
use crate::kit::Kit;
use crate::source::releases::Releases;
use crate::text::visible;

/// What to check.
#[derive(Debug, Clone, Default)]
pub struct CheckOptions {
    /// Where the kit is, and whether the network may be used.
    pub places: Places,
    /// The series, with their variants; all of them, and what is about none, if empty.
    pub series: Vec<String>,
    /// Run only these rules: ids, names, or beginnings of ids.
    pub select: Vec<String>,
    /// Leave these rules out.
    pub ignore: Vec<String>,
}

/// What was found. Paths are relative to the top of the kit.
#[derive(Debug, Clone, Serialize)]
pub struct CheckReport {
    /// The kit's top directory, for display.
    pub kit: String,
    /// The series that were looked at.
    pub series: Vec<String>,
    /// How many files were looked at.
    pub files: usize,
    /// How many findings there are of each kind.
    pub counts: LintCounts,
    /// The findings, by file, line and rule.
    pub findings: Vec<Finding>,
    /// Rules that were not checked.
    pub not_checked: Vec<NotChecked>,
    /// The list of releases that was used; absent where there was none, or nobody asked for it.
    pub releases: Option<ReleasesReport>,
}

/// A list of releases.
#[derive(Debug, Clone, Serialize)]
pub struct ReleasesReport {
    /// Where it is from, for display.
    pub source: String,
    /// How many seconds ago it was fetched.
    pub age: u64,
    /// Why it is not fresh, if it is not.
    pub stale: Option<String>,
}

/// Checks the kit; nothing is written but the copy of the list of releases in the cache.
pub fn check(options: &CheckOptions, watch: Watch<'_>) -> Result<CheckReport, OpError> {
    let kit = workspace::kit(&options.places)?;
    let levels = levels(options, &kit)?;
    watch.observer.event(&Event::Stage { name: "reading the kit".into(), total: None });
    let (mut facts, mut files) = facts::gather(&kit)?;
    for name in &options.series {
        if !facts.series.iter().any(|state| state.name == *name) {
            let known: Vec<&str> = facts.series.iter().map(|state| state.name.as_str()).collect();
            return Err(OpError::new(format!("the kit has no series '{}'", visible(name.as_bytes())))
                .hint(format!("it has {}", known.join(", "))));
        }
    }
    let mut not_checked = Vec::new();
    if rules_of("K2").into_iter().any(|rule| levels.is_on(rule)) {
        let read = references::read(&kit)?;
        files += read.files;
        facts.references = read.facts;
        not_checked.extend(read.unhashed.map(|reason| unchecked("K201", &levels, reason)));
        not_checked.extend(read.uncheckable.map(|reason| unchecked("K207", &levels, reason)));
        for warning in read.warnings {
            watch.observer.event(&Event::Warning(warning));
        }
    }
    let mut list = None;
    if rules_of("K3").into_iter().any(|rule| levels.is_on(rule)) {
        match released(Some(&kit), options.places.offline, watch)? {
            Ok(found) => {
                facts.releases = Some(of_series(&found, &facts));
                list = Some(ReleasesReport::from(&found));
            }
            Err(reason) => not_checked.push(unchecked("K3", &levels, reason)),
        }
    }
    let wanted = |name: &str| options.series.is_empty() || options.series.iter().any(|wanted| wanted == name);
    let findings = drift::run(&facts, &levels, (!options.series.is_empty()).then_some(&options.series));
    not_checked.retain(|row| !row.rules.is_empty());
    let series = facts.series.iter().map(|state| visible(state.name.as_bytes())).filter(|name| wanted(name));
    Ok(CheckReport {
        kit: visible(kit.top().as_os_str().as_encoded_bytes()),
        series: series.collect(),
        files,
        counts: counts(&findings),
        findings,
        not_checked,
        releases: list,
    })
}

fn counts(findings: &[Finding]) -> LintCounts {
    let of = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    LintCounts {
        error: of(Severity::Error),
        warning: of(Severity::Warning),
        info: of(Severity::Info),
        ..LintCounts::default()
    }
}

/// The rules that begin so and are on, as not checked.
fn unchecked(beginning: &str, levels: &Levels, reason: String) -> NotChecked {
    let rules = rules_of(beginning).into_iter().filter(|rule| levels.is_on(rule));
    NotChecked { rules: rules.map(|rule| rule.about.id.to_owned()).collect(), reason }
}

/// What `kpatch.toml` and the command line say of rules.
fn levels(options: &CheckOptions, kit: &Kit) -> Result<Levels, OpError> {
    let mut levels = Levels::default();
    for (name, level) in &kit.config().check.rules {
        let wrong = |reason| kit_error(kit.config().error(kit.top(), level.span().start, reason));
        let rules = rules_of(name);
        if rules.is_empty() {
            return Err(wrong(format!("'{}' is no rule", visible(name.as_bytes()))));
        }
        let level: Result<Level, ()> = level.as_ref().parse();
        let level = level.map_err(|()| wrong("a rule is off, or counts as info, warning or error".to_owned()))?;
        for rule in rules {
            levels.set(rule, level);
        }
    }
    let mut selected = Vec::new();
    for name in &options.select {
        selected.extend(named(name)?.into_iter().map(|rule| rule.about.id));
    }
    if !selected.is_empty() {
        for rule in RULES.iter().copied().filter(|rule| !selected.contains(&rule.about.id)) {
            levels.set(rule, Level::Off);
        }
    }
    for name in &options.ignore {
        for rule in named(name)? {
            levels.set(rule, Level::Off);
        }
    }
    Ok(levels)
}

/// The rules that a word on the command line stands for.
fn named(word: &str) -> Result<Vec<&'static Rule>, OpError> {
    let rules = rules_of(word);
    if rules.is_empty() {
        let error = OpError::new(format!("'{}' is no rule", visible(word.as_bytes())));
        return Err(error.hint("kpatch check --rules lists them; K1 stands for all that begin so"));
    }
    Ok(rules)
}

fn of_series(list: &Releases, facts: &Facts) -> Vec<ReleaseFacts> {
    let built = facts.series.iter().filter(|state| state.is_built());
    let fact = |series| ReleaseFacts {
        series,
        newest: list.newest(series).map(|release| release.version.clone()).filter(|newest| newest.rc().is_none()),
        is_eol: list.is_eol(series),
    };
    built.map(|state| fact(state.series)).collect()
}

impl From<&Releases> for ReleasesReport {
    fn from(list: &Releases) -> Self {
        Self { source: list.source.clone(), age: list.age.as_secs(), stale: list.stale.clone() }
    }
}

impl ReleasesReport {
    /// How old it is.
    pub fn age(&self) -> Duration {
        Duration::from_secs(self.age)
    }
}
