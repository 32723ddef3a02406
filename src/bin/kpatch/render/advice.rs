//! What to do next.

use std::collections::BTreeSet;

use kpatch::ops::report::{BumpReport, OutcomeName, PatchReport, State};

use super::summary;

/// Commands of one step.
const LINES: usize = 4;

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
    let Some(series) = &report.series else {
        return vec![step(
            "look at the new patch files, build and test: kpatch has compared trees and built nothing",
            vec![],
        )];
    };
    let mut steps = vec![step("build and test the kernels: kpatch has compared trees and built nothing", vec![])];
    let series = quoted(series);
    if report.kit_commit.is_none() {
        let run = vec![
            format!("git add -A {}", changed(report).join(" ")),
            format!("kpatch pr-body {series} --commit-message | git commit -F -"),
        ];
        steps.push(step("commit the change of the kit", run));
    } else {
        steps.push(step("ask for a review", vec![format!("kpatch pr-body {series}")]));
    }
    steps
}

/// The folders and files at the top of the kit that something changed in, `kernel` first.
fn changed(report: &BumpReport) -> Vec<String> {
    let tops = report.files.iter().filter_map(|file| file.path.split('/').next());
    let others: BTreeSet<&str> = tops.filter(|top| *top != "kernel").collect();
    std::iter::once("kernel").chain(others).map(quoted).collect()
}

fn after_stop(report: &BumpReport) -> Vec<Step> {
    let open: Vec<&PatchReport> = report.patches.iter().filter(|patch| summary::is_open(patch)).collect();
    let (bad, open): (Vec<&PatchReport>, Vec<&PatchReport>) =
        open.into_iter().partition(|patch| patch.outcome == OutcomeName::BaseBad);
    let mut steps = Vec::new();
    if !bad.is_empty() {
        steps.push(repair(report, &bad));
    }
    if report.state == State::WouldStop {
        if !open.is_empty() {
            steps.push(step(
                format!("stop there, with the files to resolve at hand: {}", numbers(&open)),
                vec![bump(report)],
            ));
        }
        return steps;
    }
    steps.extend(take_what_is_shown(&open));
    if let Some(first) = open.iter().find(|patch| patch.outcome == OutcomeName::Conflict) {
        let place = first.resolve.as_ref().or(report.record.as_ref());
        let place = place.map_or_else(String::new, |folder| format!(", the first in {folder}"));
        let say = format!("resolve the files by hand{place}, and go on");
        steps.push(step(say, vec!["kpatch mergetool".into(), "kpatch continue".into()]));
    }
    if let Some(first) = open.first().or(bad.first()) {
        let name = quoted(&summary::selector(first));
        let run = vec![format!("kpatch skip {name}"), format!("kpatch drop {name} --reason \"…\"")];
        steps.push(step("leave a patch out, this time or for good", run));
    }
    steps.push(step("give up, with everything as it was before", vec!["kpatch abort".into()]));
    steps
}

fn repair(report: &BumpReport, bad: &[&PatchReport]) -> Step {
    let verify = match &report.series {
        Some(series) => format!("kpatch verify {}", quoted(series)),
        None => format!("kpatch verify --patches DIR --base {}", quoted(&report.base.tag)),
    };
    let say = match bad {
        [one] => format!("repair {}, which does not apply to its own base", summary::number(one)),
        many => format!("repair {} patches that do not apply to their own base: {}", many.len(), numbers(many)),
    };
    step(say, vec![verify])
}

/// The results that are at hand: what is left of a patch, a proposal, a merge that may hide something.
fn take_what_is_shown(open: &[&PatchReport]) -> Vec<Step> {
    let accept = |patches: &[&PatchReport], results: fn(&PatchReport) -> Vec<String>| -> Vec<String> {
        let lines = patches.iter().flat_map(|patch| {
            let name = summary::selector(patch);
            results(patch)
                .into_iter()
                .map(move |result| format!("kpatch continue --accept {}", quoted(&(name.clone() + &result))))
        });
        lines.take(LINES).collect()
    };
    let having = |is: fn(&PatchReport) -> bool| -> Vec<&PatchReport> {
        open.iter().copied().filter(|patch| is(patch)).collect()
    };
    let mut steps = Vec::new();
    let left = having(|patch| matches!(patch.outcome, OutcomeName::Emptied | OutcomeName::Partial));
    if !left.is_empty() {
        let say = format!("look at what is left of {}, and accept it if it is right", numbers(&left));
        steps.push(step(say, accept(&left, |_| vec![String::new()])));
    }
    let proposed = having(|patch| !patch.proposals.is_empty());
    if !proposed.is_empty() {
        let say = format!("look at the proposals for {}, and take one if it is right", numbers(&proposed));
        let first = |patch: &PatchReport| {
            patch.proposals.iter().take(1).map(|proposal| format!("={}", proposal.strategy)).collect()
        };
        steps.push(step(say, accept(&proposed, first)));
    }
    let clean = having(|patch| patch.outcome == OutcomeName::Conflict && !results(patch).is_empty());
    if !clean.is_empty() {
        let say = format!("compare the results of {}, and take one if it is right", numbers(&clean));
        steps.push(step(say, accept(&clean, |patch| results(patch).iter().map(|name| format!("={name}")).collect())));
    }
    steps
}

/// The results of a patch that was kept back although it merges: `merged`, and `strict` where the two differ.
fn results(patch: &PatchReport) -> &'static [&'static str] {
    if patch.conflicts.iter().any(|conflict| conflict.kind == "disagreement") {
        &["strict", "merged"]
    } else if patch.conflicts.is_empty() && !patch.hazards.is_empty() {
        &["merged"]
    } else {
        &[]
    }
}

fn bump(report: &BumpReport) -> String {
    let patches = if report.series.is_none() { " --patches DIR" } else { "" };
    format!("kpatch bump {} {}{patches}", quoted(&report.base.tag), quoted(&report.target.tag))
}

/// The command that shows again what became of the patches: of a landing, that the set on the target holds.
pub(super) fn again(report: &BumpReport) -> String {
    let patches = if report.series.is_none() { " --patches DIR" } else { "" };
    match (&report.series, report.state) {
        (Some(series), State::Landed) => {
            format!("kpatch verify {} --base {} --with-git", quoted(series), quoted(&report.target.tag))
        }
        (None, State::Landed) => format!("kpatch verify{patches} --base {} --with-git", quoted(&report.target.tag)),
        _ => format!("kpatch plan {} {}{patches}", quoted(&report.base.tag), quoted(&report.target.tag)),
    }
}

fn numbers(patches: &[&PatchReport]) -> String {
    let numbers: Vec<String> = patches.iter().map(|patch| summary::number(patch)).collect();
    match numbers.split_at_checked(8) {
        Some((first, rest)) if !rest.is_empty() => format!("{} and {} more", first.join(", "), rest.len()),
        _ => numbers.join(", "),
    }
}

/// A word for a shell: nothing in it is expanded, run or taken for an option's end.
pub(super) fn quoted(word: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._/+@%:,=-".contains(&b);
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
        let steps = next(&sample::hazardous());
        let lines: Vec<&str> = steps.iter().flat_map(|step| step.run.iter().map(String::as_str)).collect();
        assert_eq!(
            lines,
            [
                "kpatch continue --accept 4",
                "kpatch continue --accept 3=adjacency",
                "kpatch continue --accept 8=merged",
                "kpatch mergetool",
                "kpatch continue",
                "kpatch skip 3",
                "kpatch drop 3 --reason \"…\"",
                "kpatch abort",
            ]
        );
        assert!(steps[3].say.ends_with("the first in /linux/kpatch/resolve/0003-c, and go on"), "{steps:?}");
    }

    #[test]
    fn a_plan_advises_the_bump() {
        let mut report = sample::hazardous();
        report.state = State::WouldStop;
        let steps = next(&report);
        assert_eq!(steps.len(), 1);
        assert_eq!(steps[0].run, ["kpatch bump v6.6.13 v6.6.14"]);
        assert!(steps[0].say.ends_with("0003, 0004, 0008"), "{steps:?}");
        report.patches.retain(|patch| patch.outcome != OutcomeName::Conflict);
        report.patches[0].outcome = OutcomeName::BaseBad;
        assert_eq!(next(&report)[0].run, ["kpatch verify 6.6.x"]);
    }

    #[test]
    fn two_results_are_both_offered() {
        let mut report = sample::stopping();
        report.patches[2].proposals.clear();
        report.patches[2].conflicts[0].kind = "disagreement".into();
        report.patches[2].part = 1;
        let lines: Vec<String> = next(&report).into_iter().flat_map(|step| step.run).collect();
        assert_eq!(lines[1..3], ["kpatch continue --accept '3#2=strict'", "kpatch continue --accept '3#2=merged'"]);
    }

    #[test]
    fn a_hostile_name_stays_one_word_of_the_shell() {
        assert_eq!(quoted("6.6.x"), "6.6.x");
        assert_eq!(quoted("x; rm -rf ~"), "'x; rm -rf ~'");
        assert_eq!(quoted("a'$(b)"), r"'a'\''$(b)'");
        assert_eq!(quoted(""), "''");
    }
}
