//! What text and markdown say alike about a carried patch set. Nothing here is made harmless yet.

use std::fmt::Write as _;

use kpatch::ops::config::{ConfigChangeReport, OptionReport};
use kpatch::ops::report::{
    BumpReport, CauseReport, Counts, DecisionReport, EvidenceReport, GateReport, HazardReport, OutcomeName,
    PatchReport, ReferenceReport, State,
};

use kpatch::version::{Series, Tag};

use super::{Style, count, releases};

/// Change logs that are named; of a longer way the last ones.
const CHANGELOGS: u32 = 30;

/// For example `kernel: 6.6.x v6.6.13 → v6.6.14`.
pub(super) fn title(report: &BumpReport) -> String {
    let series = report.series.as_ref().map(|series| format!("{series} ")).unwrap_or_default();
    format!("kernel: {series}{} → {}", report.base.tag, report.target.tag)
}

/// What became of a configuration, for example `6.6.x:x86_64: 2 options go, 1 comes`.
pub(super) fn config(config: &ConfigChangeReport) -> String {
    let number = |is_it: fn(&OptionReport) -> bool| config.options.iter().filter(|option| is_it(option)).count();
    let counts = [
        (number(|option| option.new.is_none()), "goes", "go"),
        (number(|option| option.old.is_some() && option.new.is_some()), "changes", "change"),
        (number(|option| option.old.is_none()), "comes", "come"),
    ];
    let mut parts: Vec<String> =
        counts.iter().filter(|(number, ..)| *number > 0).map(|(number, one, many)| count(*number, one, many)).collect();
    if let Some(first) = parts.first_mut() {
        let (number, verb) = first.split_once(' ').unwrap_or((first, ""));
        *first = format!("{number} {} {verb}", if number == "1" { "option" } else { "options" });
    } else {
        let checked = if config.evaluated { "" } else { "; the options were not checked" };
        parts.push(format!("only the version{checked}"));
    }
    if !config.assumed.is_empty() {
        parts.push(format!("{} assumed", config.assumed.len()));
    }
    format!("{}: {}", config.config, parts.join(", "))
}

/// Which references follow, for example `3 in 2 files`.
pub(super) fn references(references: &[ReferenceReport]) -> String {
    let mut files: Vec<&str> = references.iter().map(|reference| reference.file.as_str()).collect();
    files.dedup();
    format!("{} in {}", references.len(), count(files.len(), "file", "files"))
}

/// How it ended, for the title.
pub(super) fn ending(state: State) -> (Style, &'static str) {
    match state {
        State::Landed => (Style::Good, "landed"),
        State::WouldLand => (Style::Good, "would land"),
        State::Stopped => (Style::Bad, "stopped; nothing was changed"),
        State::WouldStop => (Style::Bad, "would stop"),
    }
}

/// For example `12 kept (9 same, 2 offset, 1 refreshed) · 1 dropped (upstream) · 0 conflicts`.
pub(super) fn status_line(counts: &Counts) -> String {
    let kept = [
        (counts.same, "same"),
        (counts.offset, "offset"),
        (counts.refreshed, "refreshed"),
        (counts.partial, "partial"),
        (counts.resolved, "resolved"),
    ];
    let kept: Vec<String> =
        kept.iter().filter(|(number, _)| *number > 0).map(|(number, name)| format!("{number} {name}")).collect();
    let outcomes = if kept.is_empty() { String::new() } else { format!(" ({})", kept.join(", ")) };
    let mut parts = vec![format!("{} kept{outcomes}", counts.kept())];
    parts.push(match counts.upstreamed {
        0 => "0 dropped".to_owned(),
        number => format!("{number} dropped (upstream)"),
    });
    if counts.left_out > 0 {
        parts.push(format!("{} left out", counts.left_out));
    }
    if counts.emptied > 0 {
        parts.push(format!("{} emptied", counts.emptied));
    }
    parts.push(count(counts.conflict, "conflict", "conflicts"));
    if counts.blocked > 0 {
        parts.push(format!("{} blocked", counts.blocked));
    }
    if counts.base_bad > 0 {
        parts.push(format!("{} not applying to the base", counts.base_bad));
    }
    parts.join(" · ")
}

/// The counts in a cell, for example `12 kept, 1 dropped, 2 open`.
pub(super) fn brief(counts: &Counts) -> String {
    let mut parts = vec![format!("{} kept", counts.kept())];
    if counts.upstreamed > 0 {
        parts.push(format!("{} dropped", counts.upstreamed));
    }
    if counts.open() > 0 {
        parts.push(format!("{} open", counts.open()));
    }
    parts.join(", ")
}

/// The patches that changed or wait, those that need eyes most first; in the order of the set among equals.
pub(super) fn by_need(report: &BumpReport) -> Vec<&PatchReport> {
    let mut patches: Vec<&PatchReport> = report.patches.iter().filter(|patch| !is_unchanged(patch)).collect();
    patches.sort_by_key(|patch| rank(patch));
    patches
}

/// The patches whose files stay as they are in all but line numbers.
pub(super) fn unchanged(report: &BumpReport) -> Vec<&PatchReport> {
    report.patches.iter().filter(|patch| is_unchanged(patch)).collect()
}

fn is_unchanged(patch: &PatchReport) -> bool {
    matches!(patch.outcome, OutcomeName::Same | OutcomeName::Offset)
}

/// Where a patch stands in that order, from 0.
pub(super) fn rank(patch: &PatchReport) -> u8 {
    match patch.outcome {
        OutcomeName::BaseBad => 0,
        OutcomeName::Conflict => 1,
        OutcomeName::Emptied if patch.decision.is_none() => 2,
        OutcomeName::Partial if patch.decision.is_none() => 3,
        OutcomeName::Blocked => 4,
        OutcomeName::Resolved => 5,
        OutcomeName::LeftOut => 6,
        OutcomeName::Emptied => 7,
        OutcomeName::Partial => 8,
        OutcomeName::Refreshed => 9,
        OutcomeName::Upstreamed => 10,
        OutcomeName::Offset => 11,
        OutcomeName::Same => 12,
    }
}

/// The outcome's name, and what the user decided where the name does not say it.
pub(super) fn outcome(patch: &PatchReport) -> String {
    match (&patch.decision, patch.outcome) {
        (Some(decision), OutcomeName::LeftOut) => decision.kind.to_string(),
        (Some(decision), outcome) if outcome.as_str() != decision.kind => {
            format!("{}, {}", outcome.as_str(), decision.kind)
        }
        (_, outcome) => outcome.as_str().to_owned(),
    }
}

/// How loud an outcome is.
pub(super) fn style(patch: &PatchReport) -> Style {
    match patch.outcome {
        OutcomeName::BaseBad | OutcomeName::Conflict => Style::Bad,
        OutcomeName::Emptied | OutcomeName::Partial if patch.decision.is_none() => Style::Bad,
        OutcomeName::Emptied
        | OutcomeName::Partial
        | OutcomeName::Blocked
        | OutcomeName::Refreshed
        | OutcomeName::Resolved
        | OutcomeName::LeftOut => Style::Warn,
        OutcomeName::Upstreamed => Style::Note,
        OutcomeName::Same | OutcomeName::Offset => Style::Good,
    }
}

/// The number of a patch in its set: `0007`, `0007#2` for the second of one file, the name of a file without number.
pub(super) fn number(patch: &PatchReport) -> String {
    number_of(&patch.file, patch.part)
}

/// The same by the patch's file and its place in there, from 0.
pub(super) fn number_of(file: &str, part: usize) -> String {
    let name = file.rsplit('/').next().unwrap_or(file);
    let digits = name.bytes().take_while(u8::is_ascii_digit).count();
    let number = if digits == 0 { name } else { &name[..digits] };
    if part == 0 { number.to_owned() } else { format!("{number}#{}", part + 1) }
}

/// One line why: the library's own, or what the fields say.
pub(super) fn why(patch: &PatchReport) -> String {
    if !patch.detail.is_empty() {
        return patch.detail.clone();
    }
    if let Some(by) = &patch.blocked_by {
        return format!("waits for {by}");
    }
    if let Some(found) = &patch.evidence {
        return evidence(found);
    }
    if let Some(first) = patch.hazards.first() {
        return hazard(first);
    }
    if let Some(reason) = patch.decision.as_ref().and_then(|decision| decision.reason.as_ref()) {
        return reason.clone();
    }
    patch.conflicts.iter().map(|conflict| conflict.path.as_str()).collect::<Vec<_>>().join(", ")
}

/// A commit of the target and how it was recognized.
pub(super) fn evidence(found: &EvidenceReport) -> String {
    let how = match &*found.how {
        "id" => "the patch names it",
        "claim" => "it names the patch's origin",
        "patch-id" => "it makes the same change",
        "title" => "only the title is the same",
        other => other,
    };
    let commit: String = found.commit.chars().take(12).collect();
    let reverted = match &found.reverted_by {
        Some(by) => format!("; taken back by {}", by.chars().take(12).collect::<String>()),
        None => String::new(),
    };
    // Where only a ChangeLog tells of the commit, it says more than the linux tree can.
    let logged = match (&found.release, &found.upstream) {
        (Some(release), Some(upstream)) => {
            format!("; the backport of {} in {release}", upstream.chars().take(12).collect::<String>())
        }
        (Some(release), None) => format!("; in {release}"),
        (None, _) => String::new(),
    };
    format!("{commit} {} ({how}{logged}{reverted})", found.title)
}

/// What a person decided, and why.
pub(super) fn decision(decision: &DecisionReport) -> String {
    let mut words = match &*decision.kind {
        "accepted" => "accepted as it was shown".to_owned(),
        "resolved" => "resolved by hand".to_owned(),
        "skipped" => "left out".to_owned(),
        "dropped" => "dropped".to_owned(),
        other => other.to_owned(),
    };
    if let Some(strategy) = &decision.strategy {
        let _ = write!(words, " ({strategy})");
    }
    if let Some(reason) = &decision.reason {
        let _ = write!(words, ": {reason}");
    }
    words
}

/// A commit that explains a conflict.
pub(super) fn cause(cause: &CauseReport) -> String {
    let how = match &*cause.how {
        "changed" => format!("changed these lines of {}", cause.path),
        "moved" => format!("moved {}", cause.path),
        "deleted" => format!("deleted {}", cause.path),
        "another-form" => "is this patch in another form".to_owned(),
        "named" => "says that it is this patch; what it changes is not known".to_owned(),
        "prerequisite" => "the patch builds on it, and the target lacks it".to_owned(),
        other => other.to_owned(),
    };
    let commit: String = cause.commit.chars().take(12).collect();
    format!("{commit} {} ({how})", cause.title)
}

/// What a merge may hide, with its place.
pub(super) fn hazard(hazard: &HazardReport) -> String {
    let line = if hazard.line == 0 { String::new() } else { format!(":{}", hazard.line) };
    format!("{}{line}: {}", hazard.path, hazard.detail)
}

/// How a command line names a patch: `7`, `7#2` for the second of one file, a file without number by its name.
pub(super) fn selector(patch: &PatchReport) -> String {
    let number = number(patch);
    let shorter = number.trim_start_matches('0');
    if shorter.starts_with(|c: char| c.is_ascii_digit()) { shorter.to_owned() } else { number }
}

/// True if somebody has to decide on the patch itself; one that is blocked only waits.
pub(super) fn is_open(patch: &PatchReport) -> bool {
    patch.decision.is_none()
        && matches!(
            patch.outcome,
            OutcomeName::Conflict | OutcomeName::Emptied | OutcomeName::Partial | OutcomeName::BaseBad
        )
}

/// What nothing here has looked at.
pub(super) fn not_checked(report: &BumpReport) -> Vec<String> {
    let mut facts = vec!["nothing was built, booted or tested".to_owned()];
    if report.history.is_none() {
        facts.push("no history between the two releases, so no commit of it was looked at".to_owned());
    }
    facts.extend(report.changelogs.iter().flat_map(releases::missing));
    match &report.gate {
        None => facts.push("no exported file was applied".to_owned()),
        Some(gate) => {
            let legs = [("git am", &gate.git_am), ("patch -F0", &gate.patch)];
            let missing = legs.iter().filter(|(_, tree)| !is_id(tree));
            facts.extend(missing.map(|(name, why)| format!("{name}: {why}")));
        }
    }
    facts
}

/// Where the stable team says what the releases after the base hold, up to the target; none for other tags.
pub(super) fn changelogs(report: &BumpReport) -> Vec<(String, String)> {
    let version = |tag: &str| Tag::parse(tag).ok()?.version().filter(|version| version.rc().is_none());
    let (Some(base), Some(target)) = (version(&report.base.tag), version(&report.target.tag)) else {
        return Vec::new();
    };
    let series = target.series();
    if base.series() != series {
        return Vec::new();
    }
    let Series { major, minor } = series;
    let link = |patch: u32| {
        let version = format!("{major}.{minor}.{patch}");
        let url = format!("https://cdn.kernel.org/pub/linux/kernel/v{major}.x/ChangeLog-{version}");
        (version, url)
    };
    let first = (base.patch() + 1).max(target.patch().saturating_sub(CHANGELOGS - 1));
    (first..=target.patch()).map(link).collect()
}

/// What a proof says.
pub(super) fn proof(kind: &str) -> &str {
    match kind {
        "peeled" => "taking it out of the target and putting it back gives the target again",
        "empty" => "merging it into the target changes nothing",
        "patch-id" => "a commit of the target makes the same change",
        other => other,
    }
}

/// The gate in one line.
pub(super) fn gate(gate: &GateReport) -> String {
    let own = legs(gate);
    match &gate.common {
        Some(common) => {
            format!("{own}; {} on top hold", super::count(common.patches, "common patch", "common patches"))
        }
        None => own,
    }
}

fn legs(gate: &GateReport) -> String {
    let legs = [("git am", &gate.git_am), ("patch -F0", &gate.patch), ("branch", &gate.branch)];
    let checked = legs.iter().filter(|(_, tree)| is_id(tree)).count();
    if gate.holds && checked == legs.len() {
        return format!("git am, patch -F0 and the branch give one tree, {}", &gate.branch[..12]);
    }
    let legs: Vec<String> = legs
        .iter()
        .map(
            |(name, tree)| {
                if is_id(tree) { format!("{name} {}", &tree[..12]) } else { format!("{name} not checked ({tree})") }
            },
        )
        .collect();
    format!("{}: {}", if gate.holds { "holds as far as it was checked" } else { "does not hold" }, legs.join(", "))
}

pub(super) fn is_id(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// What was searched for upstream commits.
pub(super) fn history(report: &BumpReport) -> String {
    match report.history {
        Some(commits) if report.changelogs.is_some() => {
            let logs = report.changelogs.as_ref().map(releases::changelogs).unwrap_or_default();
            format!("{} searched by name alone, in {logs}", count(commits, "commit", "commits"))
        }
        Some(commits) => format!("{} searched for the patches", count(commits, "commit", "commits")),
        None => "not searched: the linux tree has no commits between the two releases".to_owned(),
    }
}

/// The stretches of a conflict as line numbers.
pub(super) fn stretches(stretches: &[(u32, u32)]) -> String {
    let lines: Vec<String> = stretches
        .iter()
        .map(|&(first, length)| match length {
            0 | 1 => first.to_string(),
            more => format!("{first}-{}", u64::from(first) + u64::from(more) - 1),
        })
        .collect();
    match lines.as_slice() {
        [] => String::new(),
        [one] if !one.contains('-') => format!(" at line {one}"),
        many => format!(" at lines {}", many.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn the_status_line_counts() {
        let counts = Counts { total: 13, same: 9, offset: 2, refreshed: 1, upstreamed: 1, ..Counts::default() };
        assert_eq!(
            status_line(&counts),
            "12 kept (9 same, 2 offset, 1 refreshed) · 1 dropped (upstream) · 0 conflicts"
        );
        assert_eq!(status_line(&Counts::default()), "0 kept · 0 dropped · 0 conflicts");
        let open = Counts { total: 4, emptied: 1, conflict: 1, blocked: 1, base_bad: 1, ..Counts::default() };
        assert_eq!(
            status_line(&open),
            "0 kept · 0 dropped · 1 emptied · 1 conflict · 1 blocked · 1 not applying to the base"
        );
    }

    #[test]
    fn what_needs_eyes_most_comes_first() {
        let report = sample::stopping();
        let order: Vec<&str> = by_need(&report).iter().map(|patch| patch.outcome.as_str()).collect();
        assert_eq!(order, ["conflict", "partial", "blocked", "refreshed", "upstreamed"]);
        assert_eq!(unchanged(&report).len(), 2);
    }

    #[test]
    fn a_leg_that_was_not_checked_is_never_passed() {
        let report = sample::landing();
        let mut legs = report.gate.expect("the sample has a gate");
        assert_eq!(gate(&legs), "git am, patch -F0 and the branch give one tree, bbbbbbbbbbbb");
        legs.patch = "binary diff".into();
        assert_eq!(
            gate(&legs),
            "holds as far as it was checked: git am bbbbbbbbbbbb, patch -F0 not checked (binary diff), branch bbbbbbbbbbbb"
        );
    }

    #[test]
    fn lines_and_numbers() {
        assert_eq!(stretches(&[(10, 5), (30, 1)]), " at lines 10-14, 30");
        assert_eq!(stretches(&[(3, 1)]), " at line 3");
        assert_eq!(stretches(&[(u32::MAX, u32::MAX)]), " at lines 4294967295-8589934589");
        let mut patch = sample::landing().patches.remove(0);
        assert_eq!(number(&patch), "0001");
        patch.part = 1;
        assert_eq!(number(&patch), "0001#2");
        patch.file = "fix.patch".into();
        patch.part = 0;
        assert_eq!(number(&patch), "fix.patch");
    }
}
