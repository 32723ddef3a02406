//! What `lint` found, in all its formats, and its rules.

mod github;
pub(super) mod markdown;
pub(crate) mod rules;
#[cfg(test)]
mod sample;
pub(super) mod sarif;
#[cfg(test)]
mod schema_tests;
pub(super) mod text;

use std::collections::BTreeMap;

use serde::Serialize;

use kpatch::finding::{About, Finding, FixClass, Severity};
use kpatch::ops::OpError;
use kpatch::ops::lint::report::{LintCounts, LintReport, LintRun, WaiverReport};

pub(crate) use github::github;
pub(crate) use markdown::markdown;
pub(crate) use sarif::sarif;
pub(crate) use text::text;

use super::{count, json as pretty, safe};

/// The file with the waivers, for display.
const WAIVERS: &str = "kpatch.toml";

#[derive(Serialize)]
struct Envelope<'a> {
    schema: u32,
    verb: &'a str,
    reports: &'a [LintReport],
    waivers: &'a [WaiverReport],
}

/// Which verb found what is shown, and the rules that it has.
pub(crate) struct Tool {
    pub(crate) verb: &'static str,
    pub(crate) rules: Vec<About>,
}

impl Tool {
    fn lint() -> Self {
        Self { verb: "lint", rules: kpatch::lint::RULES.iter().map(|rule| rule.about).collect() }
    }
}

/// The run as `docs/lint.schema.json` describes it.
pub(crate) fn json(run: &LintRun) -> Result<String, OpError> {
    pretty::pretty(&Envelope { schema: pretty::SCHEMA, verb: "lint", reports: &run.reports, waivers: &run.waivers })
}

/// The command that mends what can be mended so.
fn way(class: FixClass) -> &'static str {
    match class {
        FixClass::Safe => "kpatch lint --fix",
        FixClass::Unsafe => "kpatch lint --fix --unsafe-fixes",
    }
}

/// `error`, `warning` or `note`: people read notes.
fn word(severity: Severity) -> &'static str {
    if severity == Severity::Info { "note" } else { severity.word() }
}

/// For example `2 errors`.
fn counted(number: usize, severity: Severity) -> String {
    count(number, word(severity), &format!("{}s", word(severity)))
}

/// `2 errors, 1 warning`, the worst first; empty if there is nothing.
fn kinds(counts: &LintCounts, wanted: impl Fn(Severity) -> bool) -> String {
    let all = Severity::ALL.into_iter().rev().filter(|severity| counts.of(*severity) > 0 && wanted(*severity));
    all.map(|severity| counted(counts.of(severity), severity)).collect::<Vec<_>>().join(", ")
}

/// What is in one report, or in several.
#[derive(Default)]
struct Total {
    counts: LintCounts,
    files: usize,
    safe: usize,
    risky: usize,
}

impl Total {
    fn of<'a>(reports: impl IntoIterator<Item = &'a LintReport>) -> Self {
        let mut total = Self::default();
        for report in reports {
            total.files += report.files;
            total.counts.error += report.counts.error;
            total.counts.warning += report.counts.warning;
            total.counts.info += report.counts.info;
            total.counts.waived += report.counts.waived;
            total.counts.baseline += report.counts.baseline;
            let open = || report.findings.iter().filter(|finding| finding.waived.is_none());
            total.safe += open().filter(|finding| finding.fix == Some(FixClass::Safe)).count();
            total.risky += open().filter(|finding| finding.fix == Some(FixClass::Unsafe)).count();
        }
        total
    }

    /// For example `3 errors in 223 files; 2 can be fixed with --fix; 5 waived`.
    fn words(&self) -> String {
        let kinds = kinds(&self.counts, |_| true);
        let kinds = if kinds.is_empty() { "nothing found".to_owned() } else { kinds };
        let mut words = vec![format!("{kinds} in {}", count(self.files, "file", "files"))];
        match (self.safe, self.risky) {
            (0, 0) => {}
            (safe, 0) => words.push(format!("{safe} can be fixed with --fix")),
            (0, risky) => words.push(format!("{risky} can be fixed with --fix --unsafe-fixes")),
            (safe, risky) => {
                words.push(format!("{safe} can be fixed with --fix, {risky} more with --unsafe-fixes"));
            }
        }
        if self.counts.waived > 0 {
            words.push(format!("{} waived", self.counts.waived));
        }
        if self.counts.baseline > 0 {
            words.push(format!("{} in the baseline", self.counts.baseline));
        }
        words.join("; ")
    }
}

/// The findings of all sets.
fn findings(run: &LintRun) -> impl Iterator<Item = &Finding> {
    run.reports.iter().flat_map(|report| &report.findings)
}

/// The directory of a set and what it is held to, for example `patches (profile debian, on v6.6.13)`.
fn name(report: &LintReport) -> String {
    if report.profile.is_empty() {
        return safe(&report.set);
    }
    let base = report.base.as_ref().map(|base| format!(", on {}", safe(base))).unwrap_or_default();
    format!("{} (profile {}{base})", safe(&report.set), safe(&report.profile))
}

/// `path:line`, as far as there is one.
fn place(finding: &Finding) -> String {
    let line = finding.line.map(|line| format!(":{line}")).unwrap_or_default();
    format!("{}{line}", safe(&finding.path))
}

/// Why rules were not checked in some set, and which.
fn not_checked(run: &LintRun) -> Vec<(String, Vec<String>)> {
    let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for not in run.reports.iter().flat_map(|report| &report.not_checked) {
        reasons.entry(&not.reason).or_default().extend(not.rules.iter().map(|rule| safe(rule)));
    }
    let sorted = |(reason, mut rules): (&str, Vec<String>)| {
        rules.sort();
        rules.dedup();
        (safe(reason), rules)
    };
    reasons.into_iter().map(sorted).collect()
}

/// What a waiver does wrong.
fn complaint(waiver: &WaiverReport) -> String {
    let why = match &*waiver.state {
        "unused" => "waives nothing".to_owned(),
        "expired" => "has expired".to_owned(),
        other => format!("is {}", safe(other)),
    };
    format!("the waiver of {} for '{}' {why}", safe(&waiver.rule), safe(&waiver.patch))
}
