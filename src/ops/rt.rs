//! `kpatch rt`: sets of the -rt project as variants of series.

mod import;
mod known;
mod mend;
mod status;

pub use import::{LocalReport, MendedReport, RtImportOptions, RtImportReport, import};
pub use status::{RtStatusReport, status};

use super::OpError;
use crate::source::rt::Error;

/// The variant that the sets become.
const VARIANT: &str = "-rt";

/// Turns an error of a source into a verb's.
fn source_error(error: Error) -> OpError {
    if error.is_interrupted() {
        return OpError::interrupted();
    }
    let hint = error.hint();
    OpError::of(error, hint)
}
