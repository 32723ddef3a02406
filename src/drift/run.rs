//! Runs the rules, and makes findings of what they say.

use std::collections::BTreeMap;

use super::{Facts, Note, Notes, RULES, Rule};
use crate::finding::{Finding, Level, fingerprint, number_equals};
use crate::text::visible;

/// What somebody said of single rules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Levels(BTreeMap<&'static str, Level>);

impl Levels {
    /// Says what to make of a rule; the last word counts.
    pub fn set(&mut self, rule: &'static Rule, level: Level) {
        self.0.insert(rule.about.id, level);
    }

    /// True if the rule is to be run.
    pub fn is_on(&self, rule: &Rule) -> bool {
        self.0.get(rule.about.id) != Some(&Level::Off)
    }
}

/// Runs all rules that are on. With `series` only what is about one of these counts. The findings stand by file, line and rule.
pub fn run(facts: &Facts, levels: &Levels, series: Option<&[String]>) -> Vec<Finding> {
    let wanted = |note: &Note| series.is_none_or(|series| note.series.as_ref().is_some_and(|of| series.contains(of)));
    let mut findings = Vec::new();
    for rule in RULES.iter().copied().filter(|rule| levels.is_on(rule)) {
        let mut notes = Notes::default();
        (rule.check)(facts, &mut notes);
        let notes = notes.into_inner().into_iter().filter(wanted);
        findings.extend(notes.map(|note| finding(rule, &note, levels)));
    }
    findings.sort_by(|a, b| (&a.path, a.line, &a.rule, &a.message).cmp(&(&b.path, b.line, &b.rule, &b.message)));
    number_equals(&mut findings);
    findings
}

fn finding(rule: &Rule, note: &Note, levels: &Levels) -> Finding {
    let severity = match levels.0.get(rule.about.id) {
        Some(Level::At(severity)) => *severity,
        _ => rule.about.severity,
    };
    let shown = |text: &str| visible(text.as_bytes());
    Finding {
        rule: rule.about.id.to_owned(),
        name: rule.about.name.to_owned(),
        severity,
        path: shown(&note.path),
        line: note.line,
        column: None,
        end_column: None,
        source: note.source.as_deref().map(shown),
        message: shown(&note.message),
        help: Some(note.help.as_deref().map_or_else(|| rule.help.to_owned(), shown)),
        fix: None,
        patch_id: None,
        subject: None,
        fingerprint: fingerprint([rule.about.id, &note.path, note.series.as_deref().unwrap_or_default()]),
        waived: None,
    }
}
