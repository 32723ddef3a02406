//! `kpatch config`: kernel configurations, side by side and by the kernel's own tools.

mod check;
mod compiler;
pub(in crate::ops) mod derive;
mod edit;
mod refresh;
mod set;
mod split;
mod targets;
mod why;

use serde::{Deserialize, Serialize};

pub use check::{CheckOptions, CheckReport, Class, CompilersReport, ConfigState, FindingReport, check};
pub use compiler::Choice;
pub use edit::{EditOptions, EditReport, Editing, Editor, begin};
pub use refresh::{RefreshOptions, refresh};
pub use set::{CauseReport, SetOptions, SetReport, SetRow, set};
pub use split::{ConfigDiffReport, SplitFile, SplitOptions, SplitReport, diff, split};
pub use why::{ValueReport, WhyOptions, WhyReport, why};

use super::OpError;
use crate::arch::{Arch, ArchError};
use crate::kbuild::KbuildError;
use crate::kconfig::{self, Config};
use crate::text::visible;

/// An option in which two configurations differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptionReport {
    /// Its name with `CONFIG_` in front.
    pub name: String,
    /// Its value before, `n` for one that is not set; absent if the old one does not know it.
    pub old: Option<String>,
    /// Its value after.
    pub new: Option<String>,
}

/// What became of one configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigChangeReport {
    /// The series and the architecture, such as `6.6.x:x86_64`; or the file.
    pub config: String,
    /// The file, relative to the kit where it is in one.
    pub path: String,
    /// True if its bytes change.
    pub changed: bool,
    /// False if only the version in its header was looked at, since the kernel's tools could not run.
    pub evaluated: bool,
    /// The options that go, that change and that come, each by name.
    pub options: Vec<OptionReport>,
    /// Options that no configuration has a compiler's answer to; the kernel's dummy tools gave it.
    pub assumed: Vec<String>,
}

/// The options in which two configurations differ.
fn option_reports(old: &Config, new: &Config) -> Vec<OptionReport> {
    let differences = kconfig::diff(old, new).into_iter().map(|difference| OptionReport {
        name: difference.name,
        old: difference.old.map(|value| visible(value.as_bytes())),
        new: difference.new.map(|value| visible(value.as_bytes())),
    });
    differences.collect()
}

/// The architecture of that name, in any of its spellings.
pub(super) fn arch_of(name: &str) -> Result<Arch, OpError> {
    name.parse().map_err(|error: ArchError| {
        let known = Arch::ALL.map(Arch::uname).join(", ");
        OpError::new(error.to_string()).hint(format!("it is one of {known}"))
    })
}

/// Turns the error of the kernel's tools into a verb's.
#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn kbuild_error(what: &str, error: KbuildError) -> OpError {
    if error.is_interrupted() {
        return OpError::interrupted();
    }
    let hint = error.hint();
    let message = error.to_string();
    // The cause of a tool that failed is its exit code, which says less than its words.
    OpError::because(format!("cannot configure {what}"), OpError::new(message)).hint_if(hint)
}
