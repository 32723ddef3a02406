//! The kernel's list of releases, for all verbs that look at it.

use std::path::Path;

use super::{OpError, Watch};
use crate::event::Event;
use crate::kit::Kit;
use crate::source::cache_dir;
use crate::source::releases::{self, Releases};
use crate::text::with_causes;

/// The list that the environment, the kit or kernel.org has; or why there is none.
pub(super) fn released(
    kit: Option<&Kit>,
    offline: bool,
    watch: Watch<'_>,
) -> Result<Result<Releases, String>, OpError> {
    let setting = kit.and_then(|kit| kit.config().releases.as_deref());
    let place = releases::place(setting, kit.map_or(Path::new("."), Kit::top));
    watch.observer.event(&Event::Stage { name: "asking for releases".into(), total: None });
    let found = releases::releases(&place, cache_dir().as_deref(), offline, watch.interrupt);
    if watch.interrupt.is_raised() {
        return Err(OpError::interrupted());
    }
    Ok(found.map_err(|error| with_causes(&error)))
}
