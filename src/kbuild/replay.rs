//! Answers the questions of Kconfig files to the toolchain as a configuration has recorded them.
//!
//! A configuration tells what its compiler answered: `CONFIG_CC_HAS_X=y`, `CONFIG_GCC_VERSION=130201`. The questions are
//! replaced by these answers, so that the kernel's own tools come to the same result whatever compiler is at hand.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::ops::Range;

use super::scan::{self, Entry, Kind, Line, Token, asks, condition, tokens};
use super::sources::{Sources, cannot};
use super::{KbuildError, Known};
use crate::kconfig::Config;

/// What a configuration has recorded.
struct Record<'a> {
    /// Without `CONFIG_`.
    values: HashMap<&'a str, &'a str>,
    known: Known<'a>,
}

/// What is put in the place of a question.
#[derive(Clone, Copy)]
enum Answer {
    /// Yes or no.
    Is(bool),
    /// It stays.
    Ask,
}

impl Record<'_> {
    /// Yes if the option has a value that `holds`; no if it has another one, or had the chance to have one.
    fn answer(&self, name: &str, holds: impl FnOnce(&str) -> bool) -> Answer {
        match self.values.get(name) {
            Some(value) => Answer::Is(holds(value)),
            None if self.known.has(name) => Answer::Is(false),
            None => Answer::Ask,
        }
    }
}

impl Sources {
    /// Puts the answers of a configuration in the place of the questions. Returns the options whose questions it has no
    /// answer to, with `CONFIG_` in front: they stay, and `scripts/dummy-tools/` mostly say yes.
    pub(super) fn replay(&self, answers: &Config, known: Known<'_>) -> Result<BTreeSet<String>, KbuildError> {
        let options = answers.options.iter();
        let values = options.map(|option| (option.name.trim_start_matches("CONFIG_"), option.word()));
        let record = Record { values: values.collect(), known };
        let mut assumed = BTreeSet::new();
        for (path, text) in &self.asking {
            let path = self.dir().join(path);
            fs::write(&path, rewrite(text, &record, &mut assumed)).map_err(cannot("write", &path))?;
        }
        Ok(assumed)
    }

    /// Puts the questions back.
    pub(super) fn ask_again(&self) -> Result<(), KbuildError> {
        for (path, text) in &self.asking {
            let path = self.dir().join(path);
            fs::write(&path, text).map_err(cannot("write", &path))?;
        }
        Ok(())
    }
}

/// The text with answers in it.
fn rewrite(text: &str, record: &Record<'_>, assumed: &mut BTreeSet<String>) -> String {
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    for entry in scan::entries(text) {
        for line in &entry.lines {
            let rest = &text[line.rest.clone()];
            if !asks(rest) {
                continue;
            }
            match line_edits(&entry, line, rest, record) {
                Some(found) => edits.extend(
                    found
                        .into_iter()
                        .map(|(place, word)| (line.rest.start + place.start..line.rest.start + place.end, word)),
                ),
                None => {
                    assumed.insert(format!("CONFIG_{}", entry.name));
                }
            }
        }
    }
    let mut new = String::with_capacity(text.len());
    let mut at = 0;
    for (place, word) in edits {
        new.push_str(&text[at..place.start]);
        new.push_str(&word);
        at = place.end;
    }
    new.push_str(&text[at..]);
    new
}

/// What is put in the places of a line; `None` if one of its questions has no answer.
fn line_edits(entry: &Entry, line: &Line, rest: &str, record: &Record<'_>) -> Option<Vec<(Range<usize>, String)>> {
    let name = entry.name.as_str();
    let split = condition(rest).unwrap_or(rest.len());
    let (value, behind) = rest.split_at(split);
    let mut edits = Vec::new();
    let mentioned = || record.answer(name, |_| true);
    let is_value = matches!(line.keyword.as_str(), "def_bool" | "def_tristate" | "default");
    if asks(value) {
        match (line.keyword.as_str(), entry.kind) {
            ("default", Kind::Text | Kind::Number) => {
                edits.push((0..value.trim_end().len(), (*record.values.get(name)?).to_owned()));
            }
            ("def_bool" | "def_tristate" | "default", _) => {
                edits.extend(answered(value, record.answer(name, |value| value != "n"))?);
            }
            ("depends", _) => edits.extend(answered(value, mentioned())?),
            // A prompt or a range that is computed: nothing that a configuration records.
            _ => return None,
        }
    }
    if asks(behind) {
        let answer = match line.keyword.as_str() {
            "select" | "imply" => record.answer(value.trim(), |value| value != "n"),
            _ if is_value => {
                let value = value.trim();
                let literal = record.values.get(value).copied().unwrap_or(value);
                record.answer(name, |recorded| recorded == literal)
            }
            _ => mentioned(),
        };
        let found = answered(behind, answer)?;
        edits.extend(found.into_iter().map(|(place, word)| (split + place.start..split + place.end, word)));
    }
    Some(edits)
}

/// The answer in the place of each question of an expression; one that is negated gets the contrary.
fn answered(expression: &str, answer: Answer) -> Option<Vec<(Range<usize>, String)>> {
    let Answer::Is(yes) = answer else { return None };
    let tokens = tokens(expression);
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    // Whether the contrary counts inside of each open parenthesis.
    let mut stack = vec![false];
    let mut negated = false;
    let mut at = 0;
    while let Some((token, place)) = tokens.get(at) {
        let outer = stack.last().copied().unwrap_or_default();
        match token {
            Token::Not => negated = !negated,
            Token::Open => {
                stack.push(outer != negated);
                negated = false;
            }
            Token::Close if stack.len() > 1 => drop(stack.pop()),
            Token::Operand { asks } => {
                let compared = match (tokens.get(at + 1), tokens.get(at + 2)) {
                    (Some((Token::Compare, _)), Some((Token::Operand { asks }, place))) => Some((*asks, place.end)),
                    _ => None,
                };
                let (asks, end) = compared.map_or((*asks, place.end), |(other, end)| (*asks || other, end));
                if asks {
                    let word = if yes == (outer != negated) { "n" } else { "y" };
                    edits.push((place.start..end, word.to_owned()));
                }
                at += if compared.is_some() { 2 } else { 0 };
                negated = false;
            }
            _ => {}
        }
        at += 1;
    }
    Some(edits)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn replay(text: &str, config: &str, known: Known<'_>) -> (String, Vec<String>) {
        let config = Config::parse(config.as_bytes()).expect("a configuration");
        let values = config.options.iter().map(|option| (option.name.trim_start_matches("CONFIG_"), option.word()));
        let record = Record { values: values.collect(), known };
        let mut assumed = BTreeSet::new();
        let new = rewrite(text, &record, &mut assumed);
        (new, assumed.into_iter().collect())
    }

    #[track_caller]
    fn becomes(line: &str, config: &str, expected: &str) {
        let kind = if config.contains('"') { "\tstring\n" } else { "" };
        let text = |line: &str| format!("config X\n{kind}\t{line}\n\thelp\n\t  $(cc-option,-no)\n");
        assert_eq!(replay(&text(line), config, Known::All), (text(expected), vec![]), "{line}");
    }

    #[test]
    fn yes_and_no() {
        const YES: &str = "CONFIG_X=y\n";
        const NO: &str = "# CONFIG_X is not set\n";
        becomes("def_bool $(cc-option,-a)", YES, "def_bool y");
        becomes("def_bool $(cc-option,-a)", NO, "def_bool n");
        becomes("def_bool $(cc-option,-a)", "", "def_bool n");
        becomes("def_bool !$(cc-option,-a) && B", YES, "def_bool !n && B");
        becomes("def_bool !(B && $(cc-option,-a(b)))", YES, "def_bool !(B && n)");
        becomes("def_bool !(B && !$(a)) || $(b)", YES, "def_bool !(B && !y) || y");
        becomes("def_bool $(cc-version) >= 90100", YES, "def_bool y");
        becomes("def_bool A && (B < $(cc-version))", NO, "def_bool A && (n)");
        becomes("def_bool !(B < $(cc-version))", NO, "def_bool !(y)");
        becomes("depends on !64BIT || $(cc-option,-a)", NO, "depends on !64BIT || y");
        becomes("depends on !64BIT || $(cc-option,-a)", "", "depends on !64BIT || n");
        becomes("depends on A || \"$(COMPAT)\" != \"\"", NO, "depends on A || y");
        becomes("bool \"If so\" if $(success,test)", NO, "bool \"If so\" if y");
        becomes("default $(success,a) if 64BIT", YES, "default y if 64BIT");
        becomes("default y if A && $(success,a)", NO, "default y if A && n");
        becomes("default n if $(success,a)", NO, "default n if y");
        becomes("select T if A && $(cc-option,-a)", "CONFIG_T=y\n", "select T if A && y");
        becomes("select T if !$(cc-option,-a)", "", "select T if !y");
        becomes("default \"$(ARCH)\" != \"i386\"", "", "default \"$(ARCH)\" != \"i386\"");
    }

    #[test]
    fn numbers_and_texts() {
        becomes(
            "default \"$(CC_VERSION_TEXT)\"",
            "CONFIG_X=\"gcc (\\\"x\\\") 13\"\n",
            "default \"gcc (\\\"x\\\") 13\"",
        );
        becomes("default \"-Wa\" if B && $(cc-option,-Wa)", "CONFIG_X=\"-Wa\"\n", "default \"-Wa\" if B && y");
        becomes("default \"-Wa\" if B && $(cc-option,-Wa)", "CONFIG_X=\"\"\n", "default \"-Wa\" if B && n");
        let text = "config V\n\tint\n\tdefault $(cc-version) if CC_IS_GCC\n";
        let with = |number: &str| text.replace("$(cc-version)", number);
        assert_eq!(replay(text, "CONFIG_V=120200\n", Known::All), (with("120200"), vec![]));
        // A number cannot be "no": it stays a question, which nobody may ask.
        assert_eq!(replay(text, "", Known::All), (text.to_owned(), vec!["CONFIG_V".to_owned()]));
    }

    #[test]
    fn what_the_old_kernel_did_not_have_is_assumed() {
        let text = "config NEW\n\tdef_bool $(a)\nconfig OLD\n\tdef_bool $(a)\n\tdepends on $(b)\n";
        let (names, new) = (HashSet::from(["OLD".to_owned()]), vec!["CONFIG_NEW".to_owned()]);
        let expected = "config NEW\n\tdef_bool $(a)\nconfig OLD\n\tdef_bool n\n\tdepends on n\n";
        assert_eq!(replay(text, "", Known::Names(&names)), (expected.to_owned(), new));
        assert_eq!(replay(text, "", Known::Nothing).0, text);
    }
}
