//! What `check` found, as `lint` shows what it finds; and its rules.

use std::fmt::Write as _;
use std::time::Duration;

use clap_mangen::roff::{Roff, roman};

use kpatch::drift::{RULES, Rule};
use kpatch::finding::Severity;
use kpatch::ops::OpError;
use kpatch::ops::check::{CheckReport, ReleasesReport};
use kpatch::ops::lint::report::{LintReport, LintRun};

use super::about::{self, Facts};
use super::lint::{self, Tool};
use super::table::{table, wrap};
use super::{Detail, View, count, safe};

fn tool() -> Tool {
    Tool { verb: "check", rules: RULES.iter().map(|rule| rule.about).collect() }
}

/// The report in the form that findings are shown from.
fn as_run(report: &CheckReport) -> LintRun {
    let set = LintReport {
        set: "the kit".to_owned(),
        series: None,
        profile: String::new(),
        base: None,
        files: report.files,
        patches: 0,
        counts: report.counts,
        findings: report.findings.clone(),
        not_checked: report.not_checked.clone(),
        fixed: Vec::new(),
        changes: Vec::new(),
    };
    LintRun { reports: vec![set], waivers: Vec::new() }
}

/// For a terminal.
pub(crate) fn text(report: &CheckReport, from: Severity, view: &View) -> String {
    let mut text = lint::text::of(&tool(), &as_run(report), from, view);
    if let Some(words) = releases(report).filter(|_| view.detail > Detail::Head) {
        text += &wrap(&words, 0, 2, view);
    }
    text
}

/// SARIF 2.1.0.
pub(crate) fn sarif(report: &CheckReport) -> Result<String, OpError> {
    lint::sarif::of(&tool(), &as_run(report))
}

/// Annotations.
pub(crate) fn github(report: &CheckReport, from: Severity) -> String {
    lint::github(&as_run(report), from)
}

/// For a pull request.
pub(crate) fn markdown(report: &CheckReport, from: Severity) -> String {
    let text = lint::markdown::of(&tool(), &as_run(report), from);
    let words = releases(report).map(|words| format!("\n{}\n", super::escape::inline(&words)));
    text + &words.unwrap_or_default()
}

/// Which list of releases was used, where it is not as new as it can be.
fn releases(report: &CheckReport) -> Option<String> {
    report.releases.as_ref().map(list_of_releases)
}

/// Where a list of releases is from, and how old it is.
pub(crate) fn list_of_releases(list: &ReleasesReport) -> String {
    let age = ago(list.age());
    let stale = list.stale.as_ref().map(|reason| format!(", since {}", safe(reason)));
    format!("releases: {}, {age}{}", safe(&list.source), stale.unwrap_or_default())
}

/// `3 hours old`.
fn ago(age: Duration) -> String {
    let seconds = usize::try_from(age.as_secs()).unwrap_or(usize::MAX);
    let (number, one, many) = match seconds {
        0..60 => return "just fetched".to_owned(),
        60..3600 => (seconds / 60, "minute", "minutes"),
        3600..172_800 => (seconds / 3600, "hour", "hours"),
        _ => (seconds / 86_400, "day", "days"),
    };
    format!("{} old", count(number, one, many))
}

/// All rules, a line each.
pub(crate) fn list(view: &View) -> String {
    table(&RULES.iter().map(|rule| about::row(&rule.about, None)).collect::<Vec<_>>(), 0, view)
}

fn facts(rule: &Rule) -> Facts {
    let facts = [
        ("severity", rule.about.severity.word()),
        ("way out", rule.help),
        ("source", rule.about.source),
        ("good", rule.good),
        ("bad", rule.bad),
    ];
    facts.map(|(key, words)| (key, words.to_owned())).into()
}

/// All that there is to know of one rule.
pub(crate) fn explain(rule: &Rule, view: &View) -> String {
    about::explain(&rule.about, &facts(rule), view)
}

/// The part of `docs/rules.md` that is about them.
pub(crate) fn rules_markdown() -> String {
    let mut text = "\n# The rules of kpatch check\n\nWhat kpatch check holds a kit to. `[check.rules]` in kpatch.toml says what counts, \
                    in the form of `[lint.rules]`; K1 stands for all rules whose ids begin so.\n\n\
                    | id | name | severity | what it checks |\n|---|---|---|---|\n"
        .to_owned();
    for rule in RULES.iter() {
        let about = &rule.about;
        let (anchor, severity, summary) = (about::anchor(about), about.severity.word(), about::prose(about.summary));
        let _ = writeln!(text, "| [{}](#{anchor}) | {} | {severity} | {summary} |", about.id, about.name);
    }
    RULES.iter().for_each(|rule| text += &about::section(&rule.about, &facts(rule)));
    text
}

/// The part of kpatch-rules(7) that is about them.
pub(crate) fn rules_page(roff: &mut Roff) {
    roff.control("SH", ["RULES OF CHECK"]);
    roff.text([roman("What kpatch check holds a kit to. [check.rules] in kpatch.toml says what counts.")]);
    RULES.iter().for_each(|rule| about::describe(roff, &rule.about, &facts(rule)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_said_in_the_unit_that_fits() {
        let said = [0, 59, 60, 7199, 7200, 172_799, 172_800].map(|seconds| ago(Duration::from_secs(seconds)));
        assert_eq!(
            said,
            ["just fetched", "just fetched", "1 minute old", "1 hour old", "2 hours old", "47 hours old", "2 days old"]
        );
    }

    #[test]
    fn every_rule_is_listed_and_explained() {
        let view = View { width: 100, paint: super::super::Paint(false), detail: Detail::Usual };
        let (list, page) = (list(&view), rules_markdown());
        for rule in RULES.iter() {
            assert!(list.contains(rule.about.name) && page.contains(&format!("### {} ", rule.about.id)));
            assert!(explain(rule, &view).contains("way out: "));
        }
    }
}
