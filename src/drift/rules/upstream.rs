//! The kernels of the kit against what has been released.

use crate::drift::{Facts, Notes, ReleaseFacts, Rule, SeriesFacts};
use crate::finding::About;
use crate::finding::Severity::Warning;

pub(super) const RULES: &[Rule] = &[
    Rule {
        about: About {
            id: "K301",
            name: "end-of-life",
            severity: Warning,
            summary: "A series that is built still gets releases.",
            why: "Its security holes are no longer closed.",
            source: "the list of releases of kernel.org",
        },
        good: "6.6.x is longterm.",
        bad: "6.5.x is marked as end of life, or no longer listed.",
        help: "retire the series: kpatch retire",
        check: end_of_life,
    },
    Rule {
        about: About {
            id: "K302",
            name: "behind-upstream",
            severity: Warning,
            summary: "A series that is built is at its newest release.",
            why: "What has been fixed since is not in its images.",
            source: "the list of releases of kernel.org",
        },
        good: "6.6.14 is listed, and is the newest release of 6.6.x.",
        bad: "6.6.13 is listed, and 6.6.14 has been released.",
        help: "kpatch bump",
        check: behind_upstream,
    },
];

/// The series that are built and of which something is known.
fn known(facts: &Facts) -> impl Iterator<Item = (&SeriesFacts, &ReleaseFacts)> {
    let releases = facts.releases.as_deref().unwrap_or_default();
    let built = facts.series.iter().filter(|state| state.is_built());
    built.filter_map(|state| Some((state, releases.iter().find(|release| release.series == state.series)?)))
}

fn end_of_life(facts: &Facts, notes: &mut Notes) {
    for (state, _) in known(facts).filter(|(_, release)| release.is_eol) {
        let place = &state.versions[0];
        notes.at(&place.path, place.line, format!("no more releases of {} are to come", state.name)).of(&state.name);
    }
}

fn behind_upstream(facts: &Facts, notes: &mut Notes) {
    for (state, release) in known(facts) {
        let Some(newest) = &release.newest else { continue };
        let newest_listed = state.versions.iter().max_by(|a, b| a.version.cmp(&b.version));
        if let Some(place) = newest_listed.filter(|place| place.version < *newest) {
            let message = format!("{} has been released, the kit lists {}", newest, place.version);
            notes
                .at(&place.path, place.line, message)
                .of(&state.name)
                .help(format!("kpatch bump {} --to v{newest}", state.name));
        }
    }
}
