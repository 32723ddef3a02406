//! What to do next.

use kpatch::ops::report::{BumpReport, OutcomeName, PatchReport, State};

use super::{count, summary};

/// One thing to do, and what to type for it. Commands are quoted for a shell, but not made harmless for a terminal.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// What, in the imperative.
    pub(super) say: String,
    /// How.
    pub(super) run: Vec<String>,
}

fn step(say: impl Into<String>, run: Vec<String>) -> Step {
    Step { say: say.into(), run }
}

/// The steps after a report, in order.
pub(super) fn next(report: &BumpReport) -> Vec<Step> {
    match report.state {
        State::Landed => after_landing(report),
        State::WouldLand => vec![step("land it", vec![bump(report)])],
        State::Stopped | State::WouldStop => after_stop(report),
    }
}

fn after_landing(report: &BumpReport) -> Vec<Step> {
    if report.series.is_none() {
        return vec![step(
            "look at the new patch files, build and test: kpatch has compared trees and built nothing",
            vec![],
        )];
    }
    vec![
        step("build and test the kernels: kpatch has compared trees and built nothing", vec![]),
        step(
            "commit the change of the kit",
            vec!["git add -A kernel".into(), format!("git commit -a -m {}", quoted(&summary::title(report)))],
        ),
    ]
}

fn after_stop(report: &BumpReport) -> Vec<Step> {
    let having = |wanted: &[OutcomeName]| -> Vec<&PatchReport> {
        report.patches.iter().filter(|patch| patch.decision.is_none() && wanted.contains(&patch.outcome)).collect()
    };
    let mut steps = Vec::new();
    let bad = having(&[OutcomeName::BaseBad]);
    if !bad.is_empty() {
        let verify = match &report.series {
            Some(series) => format!("kpatch verify {}", quoted(series)),
            None => format!("kpatch verify --patches DIR --base {}", quoted(&report.base.tag)),
        };
        steps.push(step(
            format!(
                "repair {} ({}) that does not apply to its own base",
                count(bad.len(), "patch", "patches"),
                numbers(&bad)
            ),
            vec![verify],
        ));
    }
    let acceptable = having(&[OutcomeName::Emptied, OutcomeName::Partial]);
    if !acceptable.is_empty() {
        let accept = acceptable.iter().filter_map(|patch| plain_number(patch)).collect::<Vec<_>>().join(",");
        let run = if accept.is_empty() { vec![] } else { vec![format!("{} --accept {accept}", bump(report))] };
        steps
            .push(step(format!("look at what is left of {}, and accept it if it is right", numbers(&acceptable)), run));
    }
    let conflicts = having(&[OutcomeName::Conflict, OutcomeName::Blocked]);
    if !conflicts.is_empty() {
        steps.push(by_hand(report, conflicts.len()));
    }
    if let Some(record) = &report.record {
        steps.push(step(format!("read the conflicting files with their markers in {record}"), vec![]));
    }
    steps
}

/// The rebase that git does right: onto the target, from the base, of a copy of the branch.
fn by_hand(report: &BumpReport, open: usize) -> Step {
    let (base, target) = (quoted(&report.base.tag), quoted(&report.target.tag));
    let old = match report.branch.strip_prefix(&report.target.tag) {
        Some(suffix) => quoted(&format!("{}{suffix}", report.base.tag)),
        None => quoted(&format!("{}-linuxkit", report.base.tag)),
    };
    let new = quoted(&report.branch);
    let set = report.series.as_ref().map_or_else(|| "--patches DIR".to_owned(), |series| quoted(series));
    step(
        format!("resolve {} on a branch of the linux tree, and write it back", count(open, "patch", "patches")),
        vec![
            format!("kpatch import {set} --base {base}"),
            format!("git switch -c {new} {old}"),
            format!("git rebase --onto {target} {base} {new}"),
            format!("kpatch export {set} --base {target}"),
        ],
    )
}

fn bump(report: &BumpReport) -> String {
    let patches = if report.series.is_none() { " --patches DIR" } else { "" };
    format!("kpatch bump {} {}{patches}", quoted(&report.base.tag), quoted(&report.target.tag))
}

fn numbers(patches: &[&PatchReport]) -> String {
    let numbers: Vec<String> = patches.iter().map(|patch| summary::number(patch)).collect();
    match numbers.split_at_checked(8) {
        Some((first, rest)) if !rest.is_empty() => format!("{} and {} more", first.join(", "), rest.len()),
        _ => numbers.join(", "),
    }
}

/// The number that `--accept` takes.
fn plain_number(patch: &PatchReport) -> Option<String> {
    let number = summary::number(patch);
    number.split('#').next()?.parse::<u32>().ok().map(|number| number.to_string())
}

/// A word for a shell: nothing in it is expanded, run or taken for an option's end.
pub(super) fn quoted(word: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._/+@%:,-".contains(&b);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn after_a_stop_it_says_how_to_go_on() {
        let steps = next(&sample::stopping());
        let lines: Vec<&str> = steps.iter().flat_map(|step| step.run.iter().map(String::as_str)).collect();
        assert_eq!(
            lines,
            [
                "kpatch bump v6.6.13 v6.6.14 --accept 4",
                "kpatch import 6.6.x --base v6.6.13",
                "git switch -c v6.6.14-linuxkit v6.6.13-linuxkit",
                "git rebase --onto v6.6.14 v6.6.13 v6.6.14-linuxkit",
                "kpatch export 6.6.x --base v6.6.14",
            ]
        );
    }

    #[test]
    fn a_hostile_name_stays_one_word_of_the_shell() {
        assert_eq!(quoted("6.6.x"), "6.6.x");
        assert_eq!(quoted("x; rm -rf ~"), "'x; rm -rf ~'");
        assert_eq!(quoted("a'$(b)"), r"'a'\''$(b)'");
        assert_eq!(quoted(""), "''");
    }
}
