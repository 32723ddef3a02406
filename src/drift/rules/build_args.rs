//! What the build is told of each series.

use super::most_common;
use crate::drift::{BuildArgs, Facts, Notes, Rule, SeriesFacts};
use crate::finding::About;
use crate::finding::Severity::{Error, Warning};
use crate::version::KernelVersion;

pub(super) const RULES: &[Rule] = &[
    Rule {
        about: About {
            id: "K009",
            name: "series-mismatch",
            severity: Error,
            summary: "KERNEL_SERIES is the series of KERNEL_VERSION and of the directory.",
            why: "The build looks for patches and configuration by KERNEL_SERIES, and takes those of another kernel, or none.",
            source: "the image build",
        },
        good: "6.6.x/build-args with KERNEL_VERSION=6.6.13 and KERNEL_SERIES=6.6.x.",
        bad: "6.6.x/build-args with KERNEL_VERSION=6.6.13 and KERNEL_SERIES=6.1.x.",
        help: "say the series of the directory",
        check: series_mismatch,
    },
    Rule {
        about: About {
            id: "K010",
            name: "bad-build-args",
            severity: Error,
            summary: "Each line of build-args is KEY=VALUE.",
            why: "The builder refuses the file for a blank line or a comment.",
            source: "linuxkit pkg build: invalid build-arg, must be in format 'arg=value'",
        },
        good: "KERNEL_VERSION=6.6.13",
        bad: "# the version of the kernel",
        help: "remove the line",
        check: bad_lines,
    },
    Rule {
        about: About {
            id: "K011",
            name: "other-builder",
            severity: Warning,
            summary: "All series that are built are built with one image, the IMAGE_BUILDER of the Makefile.",
            why: "The tag for the builder of a kernel is made from IMAGE_BUILDER; modules are then built with another compiler.",
            source: "external modules need the compiler of their kernel",
        },
        good: "BUILD_IMAGE=linuxkit/alpine:146f… in all of them, and IMAGE_BUILDER=linuxkit/alpine:146f….",
        bad: "BUILD_IMAGE=linuxkit/alpine:82ca… in one of them.",
        help: "name the same image, and refresh the configurations, which hold the compiler's version",
        check: other_builder,
    },
];

fn with_args(facts: &Facts) -> impl Iterator<Item = (&SeriesFacts, &BuildArgs)> + Clone {
    facts.series.iter().filter_map(|state| Some((state, state.build_args.as_ref()?)))
}

fn series_mismatch(facts: &Facts, notes: &mut Notes) {
    for (state, args) in with_args(facts) {
        let own = state.series.to_string();
        if let Some(series) =
            args.get("KERNEL_SERIES").filter(|series| series.value != own && series.value != state.name)
        {
            let message = format!("{} in the directory of {}", series.value, state.name);
            notes
                .at(&args.path, series.line, message)
                .of(&state.name)
                .source(format!("KERNEL_SERIES={}", series.value));
        }
        let version = args.get("KERNEL_VERSION");
        let parsed = version.and_then(|version| version.value.parse::<KernelVersion>().ok());
        if let (Some(version), Some(parsed)) = (version, parsed)
            && parsed.series() != state.series
        {
            let message = format!("{parsed} is of {}, in the directory of {}", parsed.series(), state.name);
            notes.at(&args.path, version.line, message).of(&state.name).source(format!("KERNEL_VERSION={parsed}"));
        }
    }
}

fn bad_lines(facts: &Facts, notes: &mut Notes) {
    for (state, args) in with_args(facts) {
        for (line, text) in &args.bad {
            let what = match text.trim() {
                "" => "a blank line",
                comment if comment.starts_with('#') => "a comment",
                _ => "a line without '='",
            };
            notes.at(&args.path, *line, format!("the builder refuses {what}")).of(&state.name).source(text);
        }
    }
}

fn other_builder(facts: &Facts, notes: &mut Notes) {
    let images = || {
        let built = with_args(facts).filter(|(state, _)| !state.deprecated);
        built.filter_map(|(state, args)| Some((state, args, args.get("BUILD_IMAGE")?)))
    };
    let all: Vec<&str> = images().map(|(_, _, image)| image.value.as_str()).collect();
    let usual = facts.builder.as_ref().map(|builder| builder.image.as_str()).or_else(|| most_common(&all));
    let Some(usual) = usual else { return };
    for (state, args, image) in images().filter(|(_, _, image)| image.value != usual) {
        let message = match &facts.builder {
            Some(builder) => format!("{} where {} has IMAGE_BUILDER={usual}", image.value, builder.path),
            None => format!("{} where others have {usual}", image.value),
        };
        notes.at(&args.path, image.line, message).of(&state.name);
    }
}
