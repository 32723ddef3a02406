//! Findings for a terminal, each below the line that it is about.

use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use kpatch::finding::{Finding, Severity};
use kpatch::ops::lint::report::{LintReport, LintRun, WaiverReport};

use super::super::table::wrap;
use super::super::{Detail, Paint, Style, View, count, safe, safe_code};
use super::{Tool, Total, WAIVERS, complaint, kinds, name, not_checked, place, way};

/// So many rules are named; more are counted.
const NAMED: usize = 4;
/// The columns before the words of a note, for files of up to 999 lines.
const MARGIN: usize = 12;

/// All that was found. Findings milder than `from` are only counted.
pub(crate) fn text(run: &LintRun, from: Severity, view: &View) -> String {
    of(&Tool::lint(), run, from, view)
}

/// What a verb found.
pub(crate) fn of(tool: &Tool, run: &LintRun, from: Severity, view: &View) -> String {
    let mut text = String::new();
    if view.detail > Detail::Head {
        let drawn = Drawn::new(tool.verb, view);
        for finding in super::findings(run).filter(|finding| is_shown(finding, from, view)) {
            text += &drawn.finding(finding);
        }
        let hidden = kinds(&Total::of(&run.reports).counts, |severity| severity < from);
        if !hidden.is_empty() {
            let _ = writeln!(text, "and {hidden}; -v shows them");
        }
    }
    text += &summary(run, view);
    if view.detail > Detail::Head {
        text += &rest(tool.verb, run, view);
    }
    text
}

fn is_shown(finding: &Finding, from: Severity, view: &View) -> bool {
    match finding.waived {
        Some(_) => view.detail == Detail::Full,
        None => finding.severity >= from,
    }
}

/// A line for each set, and one for all; one alone if there is nothing to tell them apart.
fn summary(run: &LintRun, view: &View) -> String {
    let line = |name: &str, total: &Total| {
        let style = match total.counts {
            counts if counts.error > 0 => Style::Bad,
            counts if counts.warning > 0 => Style::Warn,
            _ => Style::Good,
        };
        format!("{}: {}\n", view.paint.paint(Style::Strong, name), view.paint.paint(style, &total.words()))
    };
    let each = |report: &LintReport| line(&name(report), &Total::of([report]));
    let total = Total::of(&run.reports);
    match &*run.reports {
        [] => "nothing to check\n".to_owned(),
        [report] => each(report),
        reports => {
            let all = line(&count(reports.len(), "set", "sets"), &total);
            let is_clean = kinds(&total.counts, |_| true).is_empty();
            let is_short = view.detail == Detail::Head || (is_clean && view.detail == Detail::Usual);
            if is_short { all } else { reports.iter().map(each).chain([all]).collect() }
        }
    }
}

/// What was not looked at, what does not serve, and what was mended.
fn rest(verb: &'static str, run: &LintRun, view: &View) -> String {
    let mut text = String::new();
    for (reason, rules) in not_checked(run) {
        let rules = match rules.len() {
            few if few <= NAMED || view.detail == Detail::Full => rules.join(", "),
            many => format!("{many} rules"),
        };
        text += &wrap(&format!("not checked: {rules}: {reason}"), 0, 2, view);
    }
    if !run.waivers.is_empty() {
        text.push('\n');
        let drawn = Drawn::new(verb, view);
        run.waivers.iter().for_each(|waiver| text += &drawn.waiver(waiver));
    }
    for report in run.reports.iter().filter(|report| !report.fixed.is_empty() || !report.changes.is_empty()) {
        text += &fixed(report, view);
    }
    text
}

/// What a fix mends, and the files that it changes for that.
fn fixed(report: &LintReport, view: &View) -> String {
    let set = view.paint.paint(Style::Strong, &safe(&report.set));
    let fixes = count(report.fixed.len(), "fix", "fixes");
    let changed = count(report.changes.len(), "file", "files");
    let mut text = format!("\n{set}: {fixes}, {changed} changed\n");
    for finding in &report.fixed {
        let words = format!("{} {}: {}", safe(&finding.rule), place(finding), safe(&finding.message));
        text += &wrap(&words, 2, 4, view);
    }
    for change in &report.changes {
        let to = change.to.as_ref().map(|to| format!(" → {}", safe(to))).unwrap_or_default();
        let _ = writeln!(text, "  {}: {}{to}", safe(&change.change), safe(&change.path));
        for line in change.diff.iter().flat_map(|diff| diff.lines()) {
            let style = match line.as_bytes().first() {
                Some(b'+') => Style::Good,
                Some(b'-') => Style::Bad,
                Some(b'@') => Style::Note,
                _ => Style::Plain,
            };
            // With the bar no line is taken for anything but a part of a diff.
            let _ = writeln!(text, "  | {}", view.paint.paint(style, &safe_code(line)));
        }
    }
    text
}

/// Draws findings as rustc does.
struct Drawn<'a> {
    renderer: Renderer,
    verb: &'static str,
    view: &'a View,
}

impl<'a> Drawn<'a> {
    fn new(verb: &'static str, view: &'a View) -> Self {
        let renderer = if let Paint(true) = view.paint { Renderer::styled() } else { Renderer::plain() };
        // The renderer adds to the width.
        Self { renderer: renderer.term_width(view.width.min(10_000)), verb, view }
    }

    fn finding(&self, finding: &Finding) -> String {
        let level = match finding.severity {
            _ if finding.waived.is_some() => Level::NOTE.with_name("waived"),
            Severity::Info => Level::NOTE,
            Severity::Warning => Level::WARNING,
            Severity::Error => Level::ERROR,
        };
        let title = level.primary_title(safe(&finding.message)).id(safe(&finding.rule));
        let mut group = source(Group::with_title(title), finding);
        if let Some(help) = &finding.help {
            group = group.element(Level::HELP.message(self.wrapped(help)));
        }
        if let Some(class) = finding.fix.filter(|_| finding.waived.is_none()) {
            group = group.element(Level::NOTE.with_name("fix").message(way(class)));
        }
        if let Some(reason) = &finding.waived {
            group = group.element(Level::NOTE.message(self.wrapped(&format!("waived: {reason}"))));
        }
        if self.view.detail == Detail::Full {
            group = group.element(Level::NOTE.message(self.wrapped(&about(self.verb, finding))));
        }
        self.renderer.render(&[group]) + "\n\n"
    }

    fn waiver(&self, waiver: &WaiverReport) -> String {
        let group = Group::with_title(Level::WARNING.primary_title(complaint(waiver)))
            .element(Origin::path(WAIVERS).line(waiver.line))
            .element(Level::NOTE.message(self.wrapped(&format!("its reason: {}", waiver.reason))));
        self.renderer.render(&[group]) + "\n"
    }

    /// Harmless words in lines that fit beside the bar.
    fn wrapped(&self, words: &str) -> String {
        let width = self.view.width.saturating_sub(MARGIN).max(20);
        wrap(&safe(words), 0, 0, &View { width, ..*self.view }).trim_end().to_owned()
    }
}

/// The name of the rule, and the patch.
fn about(verb: &str, finding: &Finding) -> String {
    let mut words = format!("{}, see kpatch {verb} --explain {}", finding.name, finding.rule);
    if let Some(subject) = &finding.subject {
        let _ = write!(words, "; patch: {subject}");
    }
    words
}

/// Where the finding is, with the line and a mark below its columns.
fn source<'a>(group: Group<'a>, finding: &Finding) -> Group<'a> {
    let path = safe(&finding.path);
    let (Some(line), Some(source)) = (finding.line, &finding.source) else {
        let origin = Origin::path(path);
        return group.element(match finding.line {
            Some(line) => origin.line(line),
            None => origin,
        });
    };
    let source = safe_code(source);
    let offset = |column: usize| {
        let at = source.char_indices().nth(column.saturating_sub(1));
        at.map_or(source.len(), |(offset, _)| offset)
    };
    let (path, mark) = match finding.column {
        Some(column) => {
            let end = finding.end_column.unwrap_or(column.saturating_add(1));
            (path, AnnotationKind::Primary.span(offset(column)..offset(end).max(offset(column))))
        }
        // Without a mark the line would not be named.
        None => (format!("{path}:{line}"), AnnotationKind::Visible.span(0..source.len())),
    };
    group.element(Snippet::source(source).line_start(line).path(path).annotation(mark))
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
