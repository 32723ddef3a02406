//! Versions against each other.

use crate::drift::{Facts, Notes, Rule};
use crate::finding::About;
use crate::finding::Severity::{Info, Warning};

pub(super) const RULES: &[Rule] = &[
    Rule {
        about: About {
            id: "K012",
            name: "several-versions",
            severity: Warning,
            summary: "A series has one version.",
            why: "Its patches and configurations are for one version; the other is built with what is not meant for it.",
            source: "there is one directory of patches and one configuration for each series",
        },
        good: "KERNELS_all=6.6.13 5.15.27",
        bad: "KERNELS_all=6.6.13 6.6.12",
        help: "keep the newest alone",
        check: several_versions,
    },
    Rule {
        about: About {
            id: "K013",
            name: "lagging-variant",
            severity: Warning,
            summary: "A variant is of the same version as the plain kernel of its series.",
            why: "The patches of the plain kernel are applied to the variant, too; on another version they may not apply.",
            source: "the image build: first the patches of the variant, then those of the series",
        },
        good: "6.6.13 and 6.6.13-rt",
        bad: "6.6.13 and 6.6.7-rt",
        help: "bump the variant, or take it out until its patches are for the new version",
        check: lagging_variant,
    },
    Rule {
        about: About {
            id: "K014",
            name: "variant-in-list",
            severity: Info,
            summary: "A list of kernels to build names no variant.",
            why: "The build takes the word for the version of a release, and there is no tarball of that name.",
            source: "the image build",
        },
        good: "KERNELS_all=6.6.13",
        bad: "KERNELS_all=6.6.13-rt",
        help: "build the variant with EXTRA, or mark it as deprecated",
        check: variant_in_list,
    },
];

fn several_versions(facts: &Facts, notes: &mut Notes) {
    for state in facts.series.iter().filter(|state| state.is_listed) {
        for place in state.versions.iter().skip(1) {
            let message = format!(
                "{} is a second version of {}, besides {}",
                place.version, state.name, state.versions[0].version
            );
            notes.at(&place.path, place.line, message).of(&state.name);
        }
    }
}

fn lagging_variant(facts: &Facts, notes: &mut Notes) {
    for state in facts.series.iter().filter(|state| !state.variant.is_empty() && state.is_listed && !state.deprecated) {
        let plain = facts.series.iter().find(|plain| plain.series == state.series && plain.variant.is_empty());
        let Some(plain) = plain.filter(|plain| plain.is_listed) else { continue };
        for place in &state.versions {
            if !plain.versions.iter().any(|listed| listed.version == place.version.plain()) {
                let message =
                    format!("{} is not of {}, the version of {}", place.version, plain.versions[0].version, plain.name);
                notes.at(&place.path, place.line, message).of(&state.name);
            }
        }
    }
}

fn variant_in_list(facts: &Facts, notes: &mut Notes) {
    for state in facts.series.iter().filter(|state| !state.variant.is_empty() && state.is_listed && !state.deprecated) {
        for place in state.versions.iter().filter(|place| place.path.ends_with("Makefile")) {
            let message = format!("{} is no version of a release", place.version);
            notes.at(&place.path, place.line, message).of(&state.name);
        }
    }
}
