//! What every rule says of itself, for the terminal, in markdown and as a manual page.

use std::fmt::Write as _;

use clap_mangen::roff::{Roff, bold, roman};

use kpatch::finding::{About, Severity};

use super::table::{Cell, wrap};
use super::{Style, View};

/// What is short enough for a line: a key and words.
pub(super) type Facts = Vec<(&'static str, String)>;

/// Its row in a list; `extra` is what only the rules of a verb have.
pub(super) fn row(about: &About, extra: Option<&'static str>) -> Vec<Cell> {
    let severity = Cell(style(about.severity), about.severity.word().to_owned());
    let words = extra.into_iter().chain([about.name, about.summary]).map(Cell::plain);
    [Cell(Style::Strong, about.id.to_owned()), severity].into_iter().chain(words).collect()
}

/// What it is and why, for `--explain`.
pub(super) fn explain(about: &About, facts: &Facts, view: &View) -> String {
    let mut text = format!("{}\n\n", view.paint.paint(Style::Strong, &format!("{} {}", about.id, about.name)));
    for words in [about.summary, about.why] {
        text += &wrap(words, 2, 2, view);
        text.push('\n');
    }
    for (key, words) in facts {
        text += &wrap(&format!("{key}: {words}"), 2, 4, view);
    }
    text
}

/// Its section in `docs/rules.md`.
pub(super) fn section(about: &About, facts: &Facts) -> String {
    let words = [about.summary, about.why].map(prose);
    let mut text = format!("\n### {} {}\n\n{}\n\n{}\n\n", about.id, about.name, words[0], words[1]);
    for (key, words) in facts {
        let _ = writeln!(text, "- {key}: {}", prose(words));
    }
    text
}

/// Its section in kpatch-rules(7).
pub(super) fn describe(roff: &mut Roff, about: &About, facts: &Facts) {
    roff.control("SS", [&*format!("{} {}", about.id, about.name)]).text([roman(about.summary)]);
    roff.control("PP", []).text([roman(about.why)]);
    for (key, words) in facts {
        roff.control("PP", []).text([bold(format!("{key}: ")), roman(words)]);
    }
}

pub(super) fn style(severity: Severity) -> Style {
    match severity {
        Severity::Info => Style::Note,
        Severity::Warning => Style::Warn,
        Severity::Error => Style::Bad,
    }
}

/// The anchor of its heading in `docs/rules.md`, as forges make it.
pub(super) fn anchor(rule: &About) -> String {
    format!("{}-{}", rule.id.to_ascii_lowercase(), rule.name)
}

/// Our own words in markdown: what would be markup is text.
pub(super) fn prose(words: &str) -> String {
    words.chars().fold(String::with_capacity(words.len()), |mut out, c| {
        match c {
            '<' => out += "&lt;",
            '&' => out += "&amp;",
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' => out.extend(['\\', c]),
            _ => out.push(c),
        }
        out
    })
}
