//! The rules, as `kpatch lint --rules` and `--explain` show them, as `docs/rules.md` and as kpatch-rules(7).

mod pages;

use std::fmt::Write as _;

use kpatch::finding::FixClass;
use kpatch::lint::{Level, PROFILES, Profile, RULES, Rule, Sample};
use kpatch::text::visible;

use super::super::about::{self, Facts};
use super::super::table::{table, wrap};
use super::super::{Style, View, safe_code};
use super::way;

pub(crate) use pages::{markdown, page};

/// All rules, a line each.
pub(crate) fn list(view: &View) -> String {
    let row = |rule: &&Rule| {
        let fix = match rule.fix {
            Some(FixClass::Safe) => "S",
            Some(FixClass::Unsafe) => "U",
            None => "-",
        };
        about::row(&rule.about, Some(fix))
    };
    table(&RULES.iter().map(row).collect::<Vec<_>>(), 0, view)
        + "\nfix: S kpatch lint --fix, U only with --unsafe-fixes, - by hand\n"
}

/// All that there is to know of one rule.
pub(crate) fn explain(rule: &Rule, view: &View) -> String {
    let mut text = about::explain(&rule.about, &facts(rule), view);
    for (title, sample) in [("good", &rule.good), ("bad", &rule.bad)] {
        let _ = write!(text, "\n  {}\n\n", view.paint.paint(Style::Strong, &headed(title, sample)));
        match sample {
            Sample::Words(words) => text += &wrap(words, 4, 4, view),
            _ => lines(sample).iter().for_each(|line| push_line(&mut text, line)),
        }
    }
    text
}

fn push_line(text: &mut String, line: &str) {
    let indent = if line.is_empty() { "" } else { "    " };
    let _ = writeln!(text, "{indent}{line}");
}

fn facts(rule: &Rule) -> Facts {
    let mut facts = vec![("severity", severity(rule)), ("fix", rule.fix.map_or("by hand", way).to_owned())];
    if rule.check.needs_tree() {
        facts.push(("needs", "a linux tree".to_owned()));
    }
    facts.push(("source", rule.about.source.to_owned()));
    facts
}

/// The severity, and that of the profiles that have it otherwise: `error; debian: warning; rt: off`.
fn severity(rule: &Rule) -> String {
    let differs = |profile: &Profile| {
        let (_, level) = profile.levels.iter().find(|(id, _)| *id == rule.about.id)?;
        (*level != Level::At(rule.about.severity)).then(|| format!("{}: {}", profile.name, level_word(*level)))
    };
    let own = rule.about.severity.word().to_owned();
    std::iter::once(own).chain(PROFILES.iter().filter_map(differs)).collect::<Vec<_>>().join("; ")
}

fn level_word(level: Level) -> &'static str {
    match level {
        Level::Off => "off",
        Level::At(severity) => severity.word(),
    }
}

/// The title of an example, with what part of a patch it is.
fn headed(title: &str, sample: &Sample) -> String {
    let part = match sample {
        Sample::Message(_) => ", a commit message",
        Sample::Header(_) => ", the header of a mail",
        Sample::Diff(_) => ", below the '---' line",
        Sample::File(_) => ", a file",
        Sample::Names(_) => ", the files of a directory",
        Sample::Set(_) => ", the commit messages of a set",
        Sample::Words(_) => "",
    };
    format!("{title}{part}:")
}

/// The lines of an example, harmless.
fn lines(sample: &Sample) -> Vec<String> {
    let code = |text: &str| text.lines().map(safe_code).collect::<Vec<_>>();
    match sample {
        Sample::Message(text) | Sample::Header(text) | Sample::Diff(text) | Sample::Words(text) => code(text),
        Sample::File(bytes) => {
            let end = bytes.strip_suffix(b"\n").unwrap_or(bytes);
            let shown = |line: &[u8]| line.split(|byte| *byte == b'\t').map(visible).collect::<Vec<_>>().join("\t");
            end.split(|byte| *byte == b'\n').map(shown).collect()
        }
        Sample::Names(names) => names.iter().map(|name| safe_code(name)).collect(),
        Sample::Set(messages) => {
            let numbered = messages.iter().enumerate();
            numbered.flat_map(|(at, text)| [vec![format!("[{}]", at + 1)], code(text)].concat()).collect()
        }
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
