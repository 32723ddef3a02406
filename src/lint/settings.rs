//! What the rules are to hold to: a profile, and what the kit and the command line say besides.

use std::collections::{BTreeMap, BTreeSet};

use super::profile::{Profile, profile};
use super::rule::{Rule, rule};
pub use crate::finding::Level;
use crate::finding::Severity;

/// What the rules are to hold to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The custom of the place.
    pub profile: &'static Profile,
    /// Where all patches of the set come from, if they come from one place.
    pub origin: Option<String>,
    /// What somebody said of single rules, by id.
    levels: BTreeMap<&'static str, Level>,
    /// If there are any, only these rules are run.
    selected: BTreeSet<&'static str>,
}

impl Settings {
    /// What a profile says.
    pub fn new(profile: &'static Profile) -> Self {
        Self { profile, origin: None, levels: BTreeMap::new(), selected: BTreeSet::new() }
    }

    /// Says what to make of a rule.
    pub fn set(&mut self, rule: &'static Rule, level: Level) {
        self.levels.insert(rule.about.id, level);
    }

    /// Runs only the rules that were selected; those that are off by themselves come on.
    pub fn select(&mut self, rule: &'static Rule) {
        self.selected.insert(rule.about.id);
    }

    /// True if the rule is to be run.
    pub fn is_on(&self, rule: &Rule) -> bool {
        if !self.selected.is_empty() {
            return self.selected.contains(rule.about.id);
        }
        self.level(rule) != Some(Level::Off)
    }

    /// How bad a finding of the rule is, whose note says `said`.
    pub fn severity(&self, rule: &Rule, said: Option<Severity>) -> Severity {
        match self.level(rule) {
            Some(Level::At(severity)) => severity,
            _ => said.unwrap_or(rule.about.severity),
        }
    }

    fn level(&self, rule: &Rule) -> Option<Level> {
        let by_profile = || self.profile.levels.iter().find(|(id, _)| *id == rule.about.id).map(|(_, level)| *level);
        self.levels.get(rule.about.id).copied().or_else(by_profile)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new(profile("linuxkit").expect("it is there"))
    }
}

/// The rules that a word stands for: one by id or name, or a family by the beginning of its ids, such as `P` or `P0`.
pub fn rules_of(word: &str) -> Vec<&'static Rule> {
    if let Some(rule) = rule(word) {
        return vec![rule];
    }
    let is_family = word.chars().next().is_some_and(|c| c.is_ascii_alphabetic())
        && word.len() < 4
        && word.chars().skip(1).all(|c| c.is_ascii_digit());
    let upper = word.to_ascii_uppercase();
    let all = super::RULES.iter().copied();
    if is_family { all.filter(|rule| rule.about.id.starts_with(&upper)).collect() } else { Vec::new() }
}
