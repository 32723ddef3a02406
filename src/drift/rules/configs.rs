//! Configurations against the versions, and against each other.

use std::collections::BTreeSet;

use super::most_common;
use crate::drift::{Facts, Notes, Rule, SeriesFacts};
use crate::finding::About;
use crate::finding::Severity::{Error, Info, Warning};

pub(super) const RULES: &[Rule] = &[
    Rule {
        about: About {
            id: "K001",
            name: "missing-config",
            severity: Warning,
            summary: "A series that is built has a configuration for each architecture that all others have one for.",
            why: "Without it the image of that architecture cannot be built, and its users stay behind.",
            source: "the kernels of a kit are built for the same architectures",
        },
        good: "6.6.x and 6.12.x both have config-x86_64 and config-aarch64.",
        bad: "6.6.x has both, 6.12.x has config-x86_64 alone.",
        help: "derive it from the previous series, or list the kernel for the other architectures only",
        check: missing_config,
    },
    Rule {
        about: About {
            id: "K002",
            name: "no-config",
            severity: Error,
            summary: "A series that is built has a configuration.",
            why: "The build copies one into the tree and fails where there is none.",
            source: "the image build",
        },
        good: "6.6.13 is listed, and config-6.6.x-x86_64 is there.",
        bad: "6.6.13 is listed, and there is no configuration of 6.6.x at all.",
        help: "derive one from another series, or take the version out of the list",
        check: no_config,
    },
    Rule {
        about: About {
            id: "K003",
            name: "orphaned-config",
            severity: Warning,
            summary: "A configuration is of a series that the kit lists.",
            why: "What no kernel is built with is neither refreshed nor tested, and misleads who reads it.",
            source: "a retired series leaves with all its files, or is listed as deprecated",
        },
        good: "config-4.19.x-x86_64, and 4.19.325 among the deprecated versions.",
        bad: "config-4.19.x-x86_64, and no version of 4.19.x anywhere.",
        help: "list a version of the series, mark it as deprecated, or remove the file",
        check: orphaned_config,
    },
    Rule {
        about: About {
            id: "K005",
            name: "stale-config-header",
            severity: Error,
            summary: "The header of a configuration names the version that is listed.",
            why: "The build compares the configuration with what the kernel makes of it, header and all, and fails on a difference.",
            source: "the finality rule: make defconfig changes nothing",
        },
        good: "# Linux/x86 6.6.13 Kernel Configuration, and 6.6.13 in the list.",
        bad: "# Linux/x86 6.6.12 Kernel Configuration, and 6.6.13 in the list.",
        help: "refresh the configuration with the kernel's own tools: kpatch config refresh",
        check: stale_header,
    },
    Rule {
        about: About {
            id: "K006",
            name: "other-local-version",
            severity: Info,
            summary: "CONFIG_LOCALVERSION is the same in all configurations of kernels that are built.",
            why: "The build replaces one known suffix to mark variants; what has another one is not marked.",
            source: "the image build",
        },
        good: "CONFIG_LOCALVERSION=\"-linuxkit\" in all of them.",
        bad: "CONFIG_LOCALVERSION=\"\" in one of them.",
        help: "set it as the others have it",
        check: other_local_version,
    },
];

fn built(facts: &Facts) -> impl Iterator<Item = &SeriesFacts> + Clone {
    facts.series.iter().filter(|state| state.is_built())
}

fn archs(state: &SeriesFacts) -> BTreeSet<&str> {
    state.configs.iter().map(|config| config.arch.as_str()).collect()
}

fn missing_config(facts: &Facts, notes: &mut Notes) {
    for state in built(facts).filter(|state| !state.configs.is_empty() && !state.is_partial) {
        let others = || built(facts).filter(|other| other.name != state.name && !other.is_partial);
        let mut shared = others().map(archs);
        let Some(first) = shared.next() else { continue };
        let shared = shared.fold(first, |all, one| all.intersection(&one).copied().collect());
        for arch in shared.difference(&archs(state)) {
            let place = &state.versions[0];
            let message = format!("{} has no configuration for {arch}, which all others have one for", state.name);
            notes.at(&place.path, place.line, message).of(&state.name);
        }
    }
}

fn no_config(facts: &Facts, notes: &mut Notes) {
    for state in built(facts).filter(|state| state.configs.is_empty()) {
        let place = &state.versions[0];
        notes.at(&place.path, place.line, format!("{} has no configuration at all", state.name)).of(&state.name);
    }
}

fn orphaned_config(facts: &Facts, notes: &mut Notes) {
    for state in facts.series.iter().filter(|state| state.versions.is_empty() && !state.deprecated) {
        for config in &state.configs {
            notes.at(&config.path, None, format!("the kit lists no version of {}", state.name)).of(&state.name);
        }
    }
}

fn stale_header(facts: &Facts, notes: &mut Notes) {
    for state in facts.series.iter().filter(|state| !state.deprecated && !state.versions.is_empty()) {
        let listed: Vec<String> = state.versions.iter().map(|listed| listed.version.plain().to_string()).collect();
        for config in &state.configs {
            let Some((line, version)) = &config.header else { continue };
            if !listed.contains(version) {
                let message = format!("the header says {version}, the kit lists {}", listed.join(" and "));
                notes.at(&config.path, *line, message).of(&state.name);
            }
        }
    }
}

fn other_local_version(facts: &Facts, notes: &mut Notes) {
    let all = || {
        let configs = built(facts).flat_map(|state| state.configs.iter().map(move |config| (state, config)));
        configs.filter_map(|(state, config)| Some((state, config, config.local_version.as_ref()?)))
    };
    let values: Vec<&str> = all().map(|(_, _, (_, value))| value.as_str()).collect();
    let Some(usual) = most_common(&values) else { return };
    for (state, config, (line, value)) in all().filter(|(_, _, (_, value))| value != usual) {
        notes.at(&config.path, *line, format!("{value} where others have {usual}")).of(&state.name);
    }
}
