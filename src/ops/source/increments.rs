//! A release that is made of an older one of the linux tree, where kernel.org's patches lead to it.

use super::{OpError, SourceReport, Watch, forget, from_mirror};
use crate::event::Event;
use crate::git::{Git, Store};
use crate::source::cache_dir;
use crate::source::changelogs::ChangeLogs;
use crate::source::increments::{Error, Made, Way};
use crate::source::proof::Evidence;
use crate::text::with_causes;
use crate::version::KernelVersion;

/// The release, and where it may come from.
pub(super) struct Wanted<'a> {
    pub(super) place: &'a str,
    pub(super) version: &'a KernelVersion,
    pub(super) evidence: &'a Evidence,
    pub(super) offline: bool,
}

/// Makes the release; `None` where there is no way to it, and the tarball has to serve.
pub(super) fn make(git: &Git, wanted: &Wanted<'_>, watch: Watch<'_>) -> Result<Option<SourceReport>, OpError> {
    let failed = |error| OpError::because("cannot read the linux tree", error);
    let store = Store::open(git.git_dir()).map_err(failed)?;
    // The files of older releases would have to be fetched one by one.
    if store.is_partial() {
        return Ok(None);
    }
    let Some(way) = Way::find(&store.tags().map_err(failed)?, wanted.version) else { return Ok(None) };
    let Wanted { place, evidence, offline, .. } = *wanted;
    let cache = cache_dir();
    let logs = ChangeLogs::new(place, cache.as_deref(), offline).held_to(evidence, cache.as_deref());
    let fetched = from_mirror(place, evidence, offline, watch, |mirror| way.fetch(mirror, &logs, watch.interrupt))?;
    if watch.interrupt.is_raised() {
        return Err(OpError::interrupted());
    }
    let fetched = match fetched {
        Ok(Some(fetched)) => fetched,
        Ok(None) => return Ok(None),
        Err(error) => {
            give_up(&way, &error, watch);
            return Ok(None);
        }
    };
    match way.make(git, &store, &fetched) {
        Ok(made) => Ok(Some(report(&way, made))),
        Err(Error::Process(error)) if error.is_interrupted() => Err(OpError::interrupted()),
        Err(error) => {
            fetched.patches.iter().for_each(|patch| forget(&patch.url));
            give_up(&way, &error, watch);
            Ok(None)
        }
    }
}

/// The tarball is another way, and has proofs of its own.
fn give_up(way: &Way, error: &(dyn std::error::Error + 'static), watch: Watch<'_>) {
    let why = with_causes(error);
    watch.observer.event(&Event::Warning(format!("{} cannot be made of {}: {why}", way.target, way.base)));
}

fn report(way: &Way, made: Made) -> SourceReport {
    let names: Vec<&str> = way.patches.iter().map(|(_, name)| name.as_str()).collect();
    let base = &way.base;
    let mut notes = vec![format!("made of {base} and {}: as sure as the {base} that was there", names.join(", "))];
    notes.extend(made.notes);
    SourceReport { tag: made.tag, commit: made.commit.to_string(), new: true, notes }
}
