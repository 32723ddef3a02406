//! Findings as a comment on a pull request, or as the summary of a job.

use std::fmt::Write as _;

use kpatch::finding::{Finding, FixClass, Severity};
use kpatch::ops::lint::report::{LintReport, LintRun};

use super::super::count;
use super::super::escape::{clipped, inline};
use super::super::markdown::{CELL, LIMIT, Part, assemble, cells};
use super::{Tool, Total, complaint, counted, kinds, name, not_checked, place, word};

/// What was found, never longer than a forge takes. Findings milder than `from` are only counted.
pub(crate) fn markdown(run: &LintRun, from: Severity) -> String {
    of(&Tool::lint(), run, from)
}

/// What a verb found.
pub(crate) fn of(tool: &Tool, run: &LintRun, from: Severity) -> String {
    let total = Total::of(&run.reports);
    let kinds = kinds(&total.counts, |_| true);
    let title = if kinds.is_empty() { "nothing found".to_owned() } else { kinds };
    let mut parts = vec![Part::Fixed(format!("## kpatch {}: {title}\n\n{}\n", tool.verb, total.words()))];
    for report in &run.reports {
        one(report, from, run.reports.len() > 1, &mut parts);
    }
    parts.push(Part::Fixed(rest(run)));
    assemble(&parts, LIMIT)
}

fn one(report: &LintReport, from: Severity, has_title: bool, parts: &mut Vec<Part>) {
    let open = || report.findings.iter().filter(|finding| finding.waived.is_none() && finding.severity >= from);
    let rows: Vec<String> = open().filter(|finding| finding.severity > Severity::Info).map(row).collect();
    if has_title {
        parts.push(Part::Fixed(format!("\n### {}\n\n{}\n", inline(&name(report)), Total::of([report]).words())));
    }
    if !rows.is_empty() {
        parts.push(Part::Table { head: "\n| | rule | where | what |\n|---|---|---|---|\n".to_owned(), rows });
    }
    let notes: Vec<String> = open().filter(|finding| finding.severity == Severity::Info).map(item).collect();
    let waived: Vec<String> = report.findings.iter().filter_map(waived).collect();
    let fixed: Vec<String> = report.fixed.iter().map(item).collect();
    for (summary, lines) in [
        (counted(notes.len(), Severity::Info), notes),
        (format!("{} waived", waived.len()), waived),
        (format!("{} fixed", fixed.len()), fixed),
    ] {
        if !lines.is_empty() {
            parts.push(Part::Folded { summary, lines, code: false });
        }
    }
}

fn row(finding: &Finding) -> String {
    let fix = match finding.fix {
        Some(FixClass::Safe) => " (fix: --fix)",
        Some(FixClass::Unsafe) => " (fix: --fix --unsafe-fixes)",
        None => "",
    };
    let rule = format!("{} {}", finding.rule, finding.name);
    let what = format!("{}{fix}", inline(&clipped(&finding.message, 2 * CELL)));
    let cell = |text: &str| inline(&clipped(text, CELL));
    cells([word(finding.severity).to_owned(), cell(&rule), cell(&place(finding)), what].into_iter())
}

fn item(finding: &Finding) -> String {
    let words = format!("{} {}: {}", finding.rule, place(finding), finding.message);
    format!("- {}", inline(&clipped(&words, 4 * CELL)))
}

fn waived(finding: &Finding) -> Option<String> {
    let reason = finding.waived.as_ref()?;
    Some(format!("{}; waived: {}", item(finding), inline(&clipped(reason, 2 * CELL))))
}

/// What was not looked at, and waivers that do not serve.
fn rest(run: &LintRun) -> String {
    let mut text = String::new();
    for waiver in &run.waivers {
        let words = format!("{} (line {} of kpatch.toml)", complaint(waiver), waiver.line);
        let _ = write!(text, "\n> **warning:** {}\n", inline(&clipped(&words, 4 * CELL)));
    }
    let not = not_checked(run);
    if !not.is_empty() {
        text.push('\n');
    }
    for (reason, rules) in not {
        let words = format!("{}: {reason}", count(rules.len(), "rule", "rules"));
        let _ = writeln!(text, "- not checked: {}", inline(&clipped(&words, 4 * CELL)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_comment_reads_so() {
        assert_eq!(
            markdown(&sample::run(), Severity::Info),
            "\
## kpatch lint: 1 error, 1 warning, 1 note

1 error, 1 warning, 1 note in 3 files; 1 can be fixed with --fix, 1 more with --unsafe-fixes; 1 waived; 12 in the baseline

| | rule | where | what |
|---|---|---|---|
| error | D001 missing-signed-off-by | patches/0001-mm-fix.patch:4 | no &#39;Signed-off-by:&#39; line |
| warning | D001 missing-signed-off-by | patches/0001-mm-fix.patch:4 | the line ends with blanks (fix: --fix) |

<details><summary>1 note</summary>

- D001 patches: a gap between 0001 and 0003

</details>

<details><summary>1 waived</summary>

- D001 patches/0001-mm-fix.patch:4: no &#39;Signed-off-by:&#39; line; waived: its author is gone

</details>

> **warning:** the waiver of M003 for &#39;0002-net.patch&#39; waives nothing (line 12 of kpatch.toml)

- not checked: 2 rules: the tree has no history
"
        );
    }

    #[test]
    fn milder_findings_are_counted_only() {
        let text = markdown(&sample::run(), Severity::Warning);
        assert!(text.contains("1 note in 3 files") && !text.contains("gap"), "{text}");
        let clean = LintRun { reports: vec![sample::report("a", Vec::new())], waivers: Vec::new() };
        assert_eq!(markdown(&clean, Severity::Info), "## kpatch lint: nothing found\n\nnothing found in 3 files\n");
    }

    #[test]
    fn nothing_pings_or_breaks_out() {
        let text = markdown(&sample::hostile(), Severity::Info);
        assert!(sample::is_harmless(&text), "{text}");
        assert!(!text.contains("@everyone") && !text.contains(" #1") && !text.contains("GH-2"), "{text}");
        assert_eq!(text.matches("<details>").count(), text.matches("</details>").count(), "{text}");
        let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| error")).collect();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].matches('|').count(), 5, "{text}");
        assert!(!text.lines().any(|line| line.starts_with("::") || line.starts_with('@')), "{text}");
    }

    #[test]
    fn thousands_of_findings_fit() {
        let finding = sample::finding(Severity::Error, &"|".repeat(150));
        let note = sample::finding(Severity::Info, &"@".repeat(150));
        let findings = [vec![finding; 2_000], vec![note; 2_000]].concat();
        let run = LintRun { reports: vec![sample::report("a", findings)], waivers: Vec::new() };
        let text = markdown(&run, Severity::Info);
        assert!(text.len() <= LIMIT && text.contains("more; other formats have them"), "{}", text.len());
    }
}
