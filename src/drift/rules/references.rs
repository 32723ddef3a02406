//! References to the images of the kit, in tests, examples and Dockerfiles.

use crate::drift::{Facts, Notes, ReferenceFacts, ReferenceKind, Rule};
use crate::finding::About;
use crate::finding::Severity::{Error, Warning};

pub(super) const RULES: &[Rule] = &[
    Rule {
        about: About {
            id: "K201",
            name: "stale-reference",
            severity: Warning,
            summary: "A reference names the kernel that the kit builds now.",
            why: "What uses it runs another kernel than the one that is built and tested.",
            source: "a bare version follows the newest series, one with a hash stays in its series",
        },
        good: "linuxkit/kernel:6.6.14, which the kit lists.",
        bad: "linuxkit/kernel:6.6.13, where the kit lists 6.6.14.",
        help: "kpatch update-yaml",
        check: stale,
    },
    Rule {
        about: About {
            id: "K202",
            name: "unknown-series-reference",
            severity: Error,
            summary: "A reference names a kernel of a series that the kit has.",
            why: "Nothing keeps it up to date, and one day the image is gone.",
            source: "references follow the series of the kit",
        },
        good: "linuxkit/kernel:6.6.14, and 6.6.x in the kit.",
        bad: "linuxkit/kernel:4.9.38, and nothing of 4.9.x in the kit.",
        help: "name a kernel that the kit builds",
        check: unknown_series,
    },
    Rule {
        about: About {
            id: "K203",
            name: "dirty-reference",
            severity: Error,
            summary: "A reference names no image that was made of a tree with uncommitted changes.",
            why: "Nobody else can make that image, or say what is in it.",
            source: "such tags are never to be published",
        },
        good: "linuxkit/kernel:6.6.14-c0d9… as committed.",
        bad: "linuxkit/kernel:6.6.14-c0d9…-dirty",
        help: "commit the kernel's change, then kpatch update-yaml",
        check: dirty,
    },
    Rule {
        about: About {
            id: "K204",
            name: "unknown-variant-reference",
            severity: Error,
            summary: "A reference to a variant names one that the kit has.",
            why: "There is no such image, or there will be none after the next bump.",
            source: "examples that use a -rt kernel of a series without one",
        },
        good: "linuxkit/kernel:5.11.4-rt, and 5.11.x-rt in the kit.",
        bad: "linuxkit/kernel:6.6.71-rt, and no 6.6.x-rt in the kit.",
        help: "name a variant that the kit builds, or the plain kernel",
        check: unknown_variant,
    },
    Rule {
        about: About {
            id: "K205",
            name: "builder-out-of-step",
            severity: Warning,
            summary: "The builder that a file names is that of the kernel in the same file.",
            why: "Modules are refused by a kernel that was built with another compiler.",
            source: "modules for one kernel built with the builder of another",
        },
        good: "kernel:6.12.59 and kernel:6.12.59-builder",
        bad: "kernel:6.12.59 and kernel:6.6.71-builder",
        help: "name the builder of that kernel",
        check: builder_out_of_step,
    },
    Rule {
        about: About {
            id: "K206",
            name: "tool-out-of-step",
            severity: Warning,
            summary: "The tools that a file names are those of the kernel in the same file.",
            why: "They are built from the sources and headers of one kernel.",
            source: "bcc for one kernel beside another",
        },
        good: "kernel:6.12.59 and kernel-bcc:6.12.59",
        bad: "kernel:6.12.59 and kernel-bcc:5.4.113",
        help: "name the tools of that kernel",
        check: tool_out_of_step,
    },
    Rule {
        about: About {
            id: "K207",
            name: "checker-out-of-step",
            severity: Warning,
            summary: "Tests use the checker of configurations as the repository has it.",
            why: "An older one does not know the newer series.",
            source: "the checker's image is updated after the checker by hand",
        },
        good: "The tag is the hash of the checker's directory.",
        bad: "The tag is the hash of an older state of it.",
        help: "name the image of the present checker",
        check: checker_out_of_step,
    },
];

/// The series with its variant that a reference names.
fn name(reference: &ReferenceFacts) -> Option<String> {
    let version = reference.version.as_ref()?;
    Some(format!("{}{}", version.series(), version.variant()))
}

/// `text` in a file, with what is wrong.
fn say(notes: &mut Notes, reference: &ReferenceFacts, why: &str) {
    let note = notes.at(&reference.path, reference.line, format!("{} {why}", reference.text));
    if let Some(series) = name(reference) {
        note.of(series);
    }
}

/// References whose kernel the kit has, and that are not dirty: for the others a rule of their own speaks.
fn known(facts: &Facts) -> impl Iterator<Item = &ReferenceFacts> {
    facts.references.iter().filter(|reference| {
        let has = |name: String| facts.series.iter().any(|state| state.name == name);
        !reference.is_dirty && name(reference).is_none_or(has)
    })
}

fn stale(facts: &Facts, notes: &mut Notes) {
    for reference in known(facts).filter(|reference| reference.kind == ReferenceKind::Kernel) {
        if let Some(now) = &reference.now {
            say(notes, reference, &format!("would be {now} now"));
        }
    }
}

fn unknown_series(facts: &Facts, notes: &mut Notes) {
    for reference in &facts.references {
        let Some(version) = &reference.version else { continue };
        if !facts.series.iter().any(|state| state.series == version.series()) {
            say(notes, reference, &format!("is of {}, which the kit does not have", version.series()));
        }
    }
}

fn dirty(facts: &Facts, notes: &mut Notes) {
    for reference in facts.references.iter().filter(|reference| reference.is_dirty) {
        say(notes, reference, "was made of a tree that was not committed");
    }
}

fn unknown_variant(facts: &Facts, notes: &mut Notes) {
    for reference in &facts.references {
        let Some(version) = reference.version.as_ref().filter(|version| !version.variant().is_empty()) else {
            continue;
        };
        let of_series = |variant: &str| {
            facts
                .series
                .iter()
                .any(|state| state.series == version.series() && (variant.is_empty() || state.variant == variant))
        };
        if of_series("") && !of_series(version.variant()) {
            say(notes, reference, &format!("is a variant of {} that the kit does not have", version.series()));
        }
    }
}

/// The reference to another kernel than those that the file names as kernels.
fn out_of_step(facts: &Facts, notes: &mut Notes, kind: ReferenceKind) {
    for reference in known(facts).filter(|reference| reference.kind == kind) {
        let of_file = facts.references.iter().filter(|other| other.path == reference.path);
        let kernels: Vec<_> = of_file.filter(|other| other.kind == ReferenceKind::Kernel).collect();
        let has_its_kernel = kernels.iter().any(|other| other.version == reference.version);
        if reference.version.is_some() && !kernels.is_empty() && !has_its_kernel {
            say(notes, reference, &format!("is not for {}, the kernel of the same file", kernels[0].text));
        } else if let (Some(now), true) = (&reference.now, kernels.is_empty()) {
            say(notes, reference, &format!("would be {now} now"));
        }
    }
}

fn builder_out_of_step(facts: &Facts, notes: &mut Notes) {
    out_of_step(facts, notes, ReferenceKind::Builder);
}

fn tool_out_of_step(facts: &Facts, notes: &mut Notes) {
    out_of_step(facts, notes, ReferenceKind::Tool);
}

fn checker_out_of_step(facts: &Facts, notes: &mut Notes) {
    for reference in known(facts).filter(|reference| reference.kind == ReferenceKind::Checker) {
        if let Some(now) = &reference.now {
            say(notes, reference, &format!("would be {now} now"));
        }
    }
}
