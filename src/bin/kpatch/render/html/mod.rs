//! The report of `bump` and `plan` as one page that needs nothing else: no network, no script, no other file.
//!
//! The page forbids the browser to load or to run anything, and no text of a patch becomes markup ([`markup`]).

mod markup;
mod patch;
mod side_by_side;
mod table;

use kpatch::ops::report::{BumpReport, PatchReport, State};

use super::{Style, advice, overview, releases, summary};
use markup::Markup;

/// What a browser may do with the page: use its style sheet, and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// All reports as one page.
pub(crate) fn page(reports: &[BumpReport]) -> String {
    let mut html = Markup::default();
    html.own("<!DOCTYPE html>\n");
    html.element("html", &[("lang", "en")], |html| {
        html.element("head", &[], |html| head(reports, html));
        html.element("body", &[], |html| {
            if reports.is_empty() {
                html.line("p", "", "nothing to carry");
            }
            if reports.len() > 1 {
                html.line("h1", "", &title(reports));
                overview(reports, html);
            }
            for (which, report) in reports.iter().enumerate() {
                one(report, which, html);
            }
            let made = format!("written by kpatch {}", env!("CARGO_PKG_VERSION"));
            html.element("footer", &[], |html| html.line("p", "", &made));
        });
    });
    html.into_string() + "\n"
}

fn head(reports: &[BumpReport], html: &mut Markup) {
    html.void("meta", &[("charset", "utf-8")]);
    html.void("meta", &[("http-equiv", "Content-Security-Policy"), ("content", POLICY)]);
    html.void("meta", &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")]);
    html.void("meta", &[("name", "color-scheme"), ("content", "light dark")]);
    html.line("title", "", &title(reports));
    html.element("style", &[], |style| style.own(include_str!("style.css")));
}

fn title(reports: &[BumpReport]) -> String {
    match reports {
        [one] => summary::title(one),
        many => format!("kernel: {} bumps", many.len()),
    }
}

/// The reports at a glance, and the way to each.
fn overview(reports: &[BumpReport], html: &mut Markup) {
    html.element("table", &[("class", "overview")], |html| {
        for row in overview::grid(reports) {
            html.element("tr", &[], |html| row.iter().for_each(|cell| html.line("td", tone(cell.0), &cell.1)));
        }
    });
    html.element("ul", &[("class", "contents")], |html| {
        for (which, report) in reports.iter().enumerate() {
            html.element("li", &[], |html| {
                let target = format!("#{}", section(which));
                html.element("a", &[("href", &target)], |html| html.text(&summary::title(report)));
            });
        }
    });
}

fn one(report: &BumpReport, which: usize, html: &mut Markup) {
    let id = section(which);
    html.element("section", &[("class", "report"), ("id", &id)], |html| {
        let (style, ending) = summary::ending(report.state);
        html.element("h2", &[], |html| {
            html.text(&summary::title(report));
            html.text(" ");
            html.line("span", badge_class(style), ending);
        });
        html.line("p", "counts", &summary::status_line(&report.counts));
        for warning in &report.warnings {
            html.line("p", "warning", &format!("warning: {warning}"));
        }
        next(report, html);
        table::show(report, which, html);
        html.line("h3", "", "patch by patch");
        for (at, patch) in in_order(report) {
            patch::show(patch, at, report, which, html);
        }
        html.line("h3", "", "facts");
        facts(report, html);
        lists(report, html);
    });
}

/// Every patch with its place in the set, those that need eyes most first.
fn in_order(report: &BumpReport) -> Vec<(usize, &PatchReport)> {
    let mut patches: Vec<(usize, &PatchReport)> = report.patches.iter().enumerate().collect();
    patches.sort_by_key(|(_, patch)| summary::rank(patch));
    patches
}

fn next(report: &BumpReport, html: &mut Markup) {
    let steps = advice::next(report);
    if steps.is_empty() {
        return;
    }
    html.element("details", &[("class", "next"), ("open", "")], |html| {
        html.line("summary", "", "what to do next");
        html.element("ul", &[], |html| {
            for step in steps {
                html.element("li", &[], |html| {
                    html.text(&step.say);
                    if !step.run.is_empty() {
                        html.lines(step.run.iter().map(String::as_str));
                    }
                });
            }
        });
    });
}

fn facts(report: &BumpReport, html: &mut Markup) {
    html.element("dl", &[("class", "facts")], |html| {
        let mut fact = |name: &str, text: &str| {
            html.line("dt", "", name);
            html.line("dd", "", text);
        };
        fact("gate", &report.gate.as_ref().map_or("not reached, nothing is proved".to_owned(), summary::gate));
        if let Some(gate) = &report.gate {
            for (name, tree) in [("git am", &gate.git_am), ("patch -F0", &gate.patch), ("branch", &gate.branch)] {
                fact(name, tree);
            }
            if !gate.refreshed.is_empty() {
                fact("written anew, since patch would put a hunk elsewhere", &gate.refreshed.join(", "));
            }
        }
        fact("history", &summary::history(report));
        if let Some(cves) = releases::fixed(report) {
            fact("CVEs", &releases::cves(cves, "fixed", 0));
        }
        for words in summary::not_checked(report) {
            fact("not checked", &words);
        }
        fact("base", &format!("{} {}", report.base.tag, report.base.commit));
        fact("target", &format!("{} {}", report.target.tag, report.target.commit));
        fact("tree", &report.tree);
        if let Some(commit) = &report.commit {
            fact("branch", &format!("{} at {commit}", report.branch));
        }
        if let Some(commit) = &report.kit_commit {
            fact("commit of the kit", commit);
        }
        fact("to see it again", &advice::again(report));
    });
}

/// The files of the kit, what upstream moved, and what the releases hold.
fn lists(report: &BumpReport, html: &mut Markup) {
    list("what upstream says", releases::findings(report).into_iter(), html);
    let cves = report.cves.iter().flat_map(|cves| &cves.found).map(releases::cve);
    list("CVEs fixed", cves.collect::<Vec<_>>().into_iter(), html);
    let verb = if report.state == State::Landed { "files of the kit" } else { "files of the kit that would change" };
    list(verb, report.files.iter().map(|file| format!("{}: {}", file.change, file.path)), html);
    list("moved upstream", report.renames.iter().map(|rename| format!("{} → {}", rename.from, rename.to)), html);
    let logs = summary::changelogs(report);
    if !logs.is_empty() {
        html.element("p", &[("class", "changelogs")], |html| {
            html.text("what the releases hold:");
            for (version, url) in &logs {
                html.text(" ");
                html.element("a", &[("href", url), ("rel", "noreferrer")], |html| html.text(version));
            }
        });
    }
}

fn list(name: &str, lines: impl ExactSizeIterator<Item = String>, html: &mut Markup) {
    if lines.len() == 0 {
        return;
    }
    html.element("details", &[], |html| {
        html.line("summary", "", &format!("{name} ({})", lines.len()));
        html.element("ul", &[], |html| lines.for_each(|line| html.line("li", "", &line)));
    });
}

/// The name of a report's section.
fn section(which: usize) -> String {
    format!("report-{}", which + 1)
}

/// The name of a patch's place.
fn anchor(which: usize, at: usize) -> String {
    format!("patch-{}-{}", which + 1, at + 1)
}

/// What became of a patch, as a coloured word.
fn badge(patch: &PatchReport, html: &mut Markup) {
    html.line("span", badge_class(summary::style(patch)), &summary::outcome(patch));
}

fn badge_class(style: Style) -> &'static str {
    match style {
        Style::Good => "badge good",
        Style::Warn => "badge warn",
        Style::Bad => "badge bad",
        Style::Note => "badge note",
        Style::Plain | Style::Strong | Style::Dim => "badge",
    }
}

fn tone(style: Style) -> &'static str {
    match style {
        Style::Good => "good",
        Style::Warn => "warn",
        Style::Bad => "bad",
        Style::Note => "note",
        Style::Dim => "dim",
        Style::Plain | Style::Strong => "",
    }
}

#[cfg(test)]
mod tests;
