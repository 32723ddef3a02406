//! Files and directories that nothing needs.

use crate::drift::{Facts, Notes, Rule};
use crate::finding::About;
use crate::finding::Severity::{Error, Warning};

pub(super) const RULES: &[Rule] = &[
    Rule {
        about: About {
            id: "K004",
            name: "orphaned-patches",
            severity: Warning,
            summary: "A patch directory is of a series that the kit lists.",
            why: "No kernel is built with its patches, and nobody carries them on.",
            source: "a retired series leaves with all its files, or is listed as deprecated",
        },
        good: "patches-4.19.x, and 4.19.325 among the deprecated versions.",
        bad: "patches-4.19.x, and no version of 4.19.x anywhere.",
        help: "list a version of the series, mark it as deprecated, or remove the directory",
        check: orphaned_patches,
    },
    Rule {
        about: About {
            id: "K007",
            name: "leftover",
            severity: Warning,
            summary: "Nothing below kernel/ is what an editor, patch or sed left behind, or for an architecture that is not known.",
            why: "It goes into every image's hash, and a copy of a patch may be applied a second time.",
            source: "stray backup files in the history of the kit",
        },
        good: "config-6.6.x-x86_64",
        bad: "config-6.6.x-x86_64.orig",
        help: "remove it, or give it the name that it was to have",
        check: leftovers,
    },
    Rule {
        about: About {
            id: "K008",
            name: "empty-patches",
            severity: Error,
            summary: "A patch directory has patches in it.",
            why: "The build takes '*.patch' for the name of a file where there are none, and fails.",
            source: "the image build",
        },
        good: "No directory for a series without patches.",
        bad: "patches-6.6.x with a README alone.",
        help: "remove the directory",
        check: empty_patches,
    },
];

fn orphaned_patches(facts: &Facts, notes: &mut Notes) {
    for state in facts.series.iter().filter(|state| state.versions.is_empty() && !state.deprecated) {
        if let Some((path, 1..)) = &state.patches {
            notes.at(path, None, format!("the kit lists no version of {}", state.name)).of(&state.name);
        }
    }
}

fn leftovers(facts: &Facts, notes: &mut Notes) {
    for (path, what) in &facts.strays {
        notes.at(path, None, format!("it looks like {what}"));
    }
}

fn empty_patches(facts: &Facts, notes: &mut Notes) {
    for state in &facts.series {
        if let Some((path, 0)) = &state.patches {
            notes.at(path, None, "there is no patch in it").of(&state.name);
        }
    }
}
