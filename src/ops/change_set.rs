//! Changes of a patch set where it stands: patches come, go, move or get another text, and the base stays.
//!
//! The patches that a change leaves alone are carried onto the same release once more, each by a three-way merge
//! against its own parent; what is the same afterwards keeps its bytes.

mod change;
mod compute;
mod finish;
mod resume;
mod setting;

use std::path::PathBuf;

use serde::Serialize;

pub use change::{Added, Bytes, Change, Dropped, Edited, Trees};
pub(super) use compute::{compute, read_one};
pub(super) use finish::finish;
pub(super) use resume::{as_stopped, resume};
pub(super) use setting::{Setting, set_out, the_set};

use super::report::BumpReport;
use super::stopped::{self, Stopped};
use super::{OpError, Places, Watch};

/// Which patch set is changed, and how carefully.
#[derive(Debug, Clone, Default)]
pub struct ChangeOptions {
    /// Where the kit and the linux tree are.
    pub places: Places,
    /// A bare directory of patches instead of a kit; needs `base`.
    pub patches: Option<PathBuf>,
    /// The series (`6.6.x`); may be left out in a kit that has one.
    pub series: Option<String>,
    /// The tag that the set applies to, instead of the version in the kit.
    pub base: Option<String>,
    /// Write nothing.
    pub dry_run: bool,
    /// Go on although `kernel/` has changes that are not committed.
    pub allow_dirty: bool,
    /// Skip the `patch -F0` leg of the gate, for sets with binary diffs.
    pub skip_patch_utility: bool,
}

/// What became of a patch set that was changed. Base and target of the report are the one release that it stands on.
#[derive(Debug, Clone, Serialize)]
pub struct ChangeReport {
    /// The patches that leave.
    pub dropped: Vec<DroppedReport>,
    /// The patches that come, in their order.
    pub added: Vec<AddedReport>,
    /// The files of patches with another text.
    pub edited: Vec<String>,
    /// The files of the new set, in order; empty if it was not reached.
    pub set: Vec<SetFileReport>,
    /// What becomes of `<tag>-linuxkit`: `moved` with the set, `left` as it is since it has other commits or is checked
    /// out, `unchanged`, or `absent`.
    pub branch_change: &'static str,
    /// How the patches were carried; the patches that leave have no row.
    #[serde(flatten)]
    pub report: BumpReport,
}

/// A patch that leaves the set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DroppedReport {
    /// Its file.
    pub file: String,
    /// Which patch of that file, from 0.
    pub part: usize,
    /// Its subject, decoded for display.
    pub subject: String,
    /// Why, as the person said it.
    pub reason: Option<String>,
}

/// A patch that comes into the set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AddedReport {
    /// Its file in the new set.
    pub file: String,
    /// Its subject, decoded for display.
    pub subject: String,
    /// What it was: `commit <id>`, a file name, or a URL.
    pub source: String,
    /// The link that its `Origin:` line holds; absent if it has no such line.
    pub origin: Option<String>,
}

/// A file of the new set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SetFileReport {
    /// Its name.
    pub file: String,
    /// Its name before; absent for a new one.
    pub was: Option<String>,
    /// `kept` byte for byte, `renamed` with the same bytes, `rewritten`, or `new`.
    pub change: &'static str,
}

impl ChangeReport {
    /// True if no file of the set changes.
    pub fn is_unchanged(&self) -> bool {
        !self.report.needs_decision() && self.report.files.is_empty()
    }
}

/// Makes one change: opens the kit and the linux tree, asks `make` for the change, computes it, and lands it.
pub(super) fn run(
    options: &ChangeOptions,
    verb: &'static str,
    watch: Watch<'_>,
    make: impl FnOnce(&mut Setting<'_>) -> Result<Change, OpError>,
) -> Result<ChangeReport, OpError> {
    set_out(options, verb, watch, |setting| {
        let change = make(setting)?;
        let earlier = stopped::folder(setting.store(), &setting.job.place, setting.job.from.as_str());
        if Stopped::read(earlier)?.is_some_and(|stopped| stopped.is_at(&setting.job.place)) {
            return Err(OpError::new("a change of this set is stopped").hint("kpatch continue, or kpatch abort"));
        }
        let changed = compute(setting, &change, &[])?;
        finish(setting, &change, &changed, Vec::new(), None)
    })
}
