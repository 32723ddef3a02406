//! The tests of the kernels against the kernels.

use std::collections::BTreeSet;

use crate::drift::{Facts, Notes, Rule, TestGroup, TestKind};
use crate::finding::About;
use crate::finding::Severity::Warning;

pub(super) const RULES: &[Rule] = &[
    Rule {
        about: About {
            id: "K101",
            name: "tests-of-retired",
            severity: Warning,
            summary: "A series that is no longer built has no tests.",
            why: "They run with an image that nobody builds any more, and fail once it is gone.",
            source: "the retired series of the past left theirs behind",
        },
        good: "5.10.x is deprecated, and no group is named after it.",
        bad: "5.10.x is deprecated, and 011_config_5.10.x is there.",
        help: "remove the groups of the series: kpatch retire",
        check: tests_of_retired,
    },
    Rule {
        about: About {
            id: "K102",
            name: "missing-tests",
            severity: Warning,
            summary: "A series that is built has tests, where others have them.",
            why: "Nobody notices when its configuration, its modules or its tags break.",
            source: "each series has three groups of tests",
        },
        good: "6.6.x and 6.12.x both have their groups.",
        bad: "6.12.x is built, and only 6.6.x has groups.",
        help: "make the groups from those of another series",
        check: missing_tests,
    },
    Rule {
        about: About {
            id: "K103",
            name: "incomplete-tests",
            severity: Warning,
            summary: "The groups of a series are all there, with one number in the three hundreds.",
            why: "A part of the series is not tested; a group with another number runs among those of another series.",
            source: "0NN_config, 1NN_kmod and 2NN_tags have the same NN",
        },
        good: "011_config_6.6.x, 111_kmod_6.6.x, 211_tags_6.6.x",
        bad: "011_config_6.6.x, 112_kmod_6.6.x",
        help: "add the group that is missing, or give it the number of the others",
        check: incomplete_tests,
    },
    Rule {
        about: About {
            id: "K104",
            name: "tests-of-unknown",
            severity: Warning,
            summary: "A group of tests is named after a series of the kit.",
            why: "It tests an image that this kit does not build.",
            source: "tests are found by their directories",
        },
        good: "011_config_6.6.x, and 6.6.x in the kit.",
        bad: "011_config_4.9.x, and nothing of 4.9.x in the kit.",
        help: "remove the group",
        check: tests_of_unknown,
    },
];

fn groups<'a>(facts: &'a Facts, series: &'a str) -> impl Iterator<Item = &'a TestGroup> {
    facts.tests.iter().filter(move |group| group.series == series)
}

fn tests_of_retired(facts: &Facts, notes: &mut Notes) {
    for state in facts.series.iter().filter(|state| state.deprecated) {
        for group in groups(facts, &state.name) {
            notes.at(&group.path, None, format!("{} is no longer built", state.name)).of(&state.name);
        }
    }
}

fn missing_tests(facts: &Facts, notes: &mut Notes) {
    for state in facts.series.iter().filter(|state| state.is_built() && !facts.tests.is_empty()) {
        if groups(facts, &state.name).next().is_none() {
            let place = &state.versions[0];
            notes.at(&place.path, place.line, format!("{} has no tests, others have", state.name)).of(&state.name);
        }
    }
}

fn incomplete_tests(facts: &Facts, notes: &mut Notes) {
    let kinds: BTreeSet<TestKind> = facts.tests.iter().map(|group| group.kind).collect();
    for state in facts.series.iter().filter(|state| !state.deprecated) {
        let Some(first) = groups(facts, &state.name).next() else { continue };
        for kind in kinds.iter().filter(|kind| !groups(facts, &state.name).any(|group| group.kind == **kind)) {
            let message = format!("{} has no {} test, others have", state.name, kind.word());
            notes.at(&first.path, None, message).of(&state.name);
        }
        let expected = first.number % 100;
        for group in groups(facts, &state.name).filter(|group| group.number != group.kind.base() + expected) {
            let number = group.kind.base() + expected;
            let message = format!("its number would be {number:03}, as in '{}'", first.path);
            notes.at(&group.path, None, message).of(&state.name);
        }
    }
}

fn tests_of_unknown(facts: &Facts, notes: &mut Notes) {
    for group in &facts.tests {
        if !facts.series.iter().any(|state| state.name == group.series) {
            notes.at(&group.path, None, format!("the kit has no series {}", group.series)).of(&group.series);
        }
    }
}
