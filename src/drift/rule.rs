//! What a rule is.

use super::{Facts, Notes, RULES};
use crate::finding::About;

/// A rule over the facts of a kit.
#[derive(Debug)]
pub struct Rule {
    /// Who it is.
    pub about: About,
    /// Where it does not fire, in words.
    pub good: &'static str,
    /// Where it fires, in words.
    pub bad: &'static str,
    /// What to do where it fires.
    pub help: &'static str,
    /// What it looks at.
    pub check: fn(&Facts, &mut Notes),
}

/// The rule of that id or name.
pub fn rule(name: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.about.id.eq_ignore_ascii_case(name) || rule.about.name == name)
}

/// The rules that a word stands for: one by id or name, or several by the beginning of their ids, such as `K1`.
pub fn rules_of(word: &str) -> Vec<&'static Rule> {
    if let Some(rule) = rule(word) {
        return vec![rule];
    }
    let upper = word.to_ascii_uppercase();
    let is_beginning = (1..4).contains(&upper.len()) && upper.starts_with('K');
    RULES.iter().copied().filter(|rule| is_beginning && rule.about.id.starts_with(&upper)).collect()
}
