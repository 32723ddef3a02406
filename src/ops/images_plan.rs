//! From the places of a command line to a plan of images.

use super::workspace::{kit, kit_error};
use super::{OpError, Places, Watch};
use crate::build::plan::{Plan, PlanRequest};
use crate::build::{self, BuildError};
use crate::kit::Kit;
use crate::oci;

/// The kit and what is asked of it.
pub(super) fn plan(places: &Places, request: &PlanRequest) -> Result<(Kit, Plan), OpError> {
    let kit = kit(places)?;
    let plan = Plan::of(&kit, request).map_err(build_error)?;
    Ok((kit, plan))
}

/// Turns an error of building into a verb's.
pub(super) fn build_error(error: BuildError) -> OpError {
    if error.is_interrupted() {
        return OpError::interrupted();
    }
    if let BuildError::Kit(error) = error {
        return kit_error(*error);
    }
    let hints = error.hints();
    let message = error.to_string();
    let out = match std::error::Error::source(&error) {
        Some(source) => OpError::because(message, source.to_string()),
        None => OpError::new(message),
    };
    hints.into_iter().fold(out, OpError::hint)
}

/// Turns an error of images into a verb's.
pub(super) fn oci_error(error: oci::Error) -> OpError {
    build_error(error.into())
}

/// How the build library talks to the outside.
pub(super) fn building(watch: Watch<'_>) -> build::Watch<'_> {
    build::Watch { observer: watch.observer, interrupt: watch.interrupt }
}
