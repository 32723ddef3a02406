//! What `kpatch lint` says.

use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Severity};

/// All sets that were looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LintRun {
    /// One report for each set, in the order of the command line or of the kit.
    pub reports: Vec<LintReport>,
    /// The waivers of `kpatch.toml` that do not serve: nothing that they waive was found, or their time is over.
    pub waivers: Vec<WaiverReport>,
}

/// One set, or some files of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LintReport {
    /// The directory, for display.
    pub set: String,
    /// The series in the kit; absent for other directories.
    pub series: Option<String>,
    /// The profile.
    pub profile: String,
    /// The tag that the patches were applied to; absent without a linux tree.
    pub base: Option<String>,
    /// How many files were read.
    pub files: usize,
    /// How many patches are in them.
    pub patches: usize,
    /// How many findings there are of each kind.
    pub counts: LintCounts,
    /// The findings: by file in the order in which they apply, by line, by rule; the directory itself first.
    pub findings: Vec<Finding>,
    /// Rules that were not checked.
    pub not_checked: Vec<NotChecked>,
    /// Findings that were mended, or would be: then they do not stand among `findings`.
    pub fixed: Vec<Finding>,
    /// Files that change, and how.
    pub changes: Vec<FixedFile>,
}

/// How many findings there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LintCounts {
    /// Errors that count.
    pub error: usize,
    /// Warnings that count.
    pub warning: usize,
    /// Notes that count.
    pub info: usize,
    /// Findings with a waiver, which stand among the findings and do not count.
    pub waived: usize,
    /// Findings that the baseline knows, which do not stand among the findings.
    pub baseline: usize,
}

impl LintCounts {
    /// How many findings of a severity count.
    pub fn of(&self, severity: Severity) -> usize {
        match severity {
            Severity::Info => self.info,
            Severity::Warning => self.warning,
            Severity::Error => self.error,
        }
    }
}

/// Rules that were not checked, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotChecked {
    /// Their ids.
    pub rules: Vec<String>,
    /// Why, as a phrase.
    pub reason: String,
}

/// A waiver that does not serve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaiverReport {
    /// The rule.
    pub rule: String,
    /// The patch, as the waiver names it.
    pub patch: String,
    /// The reason that it gives.
    pub reason: String,
    /// `unused` or `expired`.
    pub state: String,
    /// The line of `kpatch.toml`, from 1.
    pub line: usize,
}

/// A file that a fix changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixedFile {
    /// Its path, for display.
    pub path: String,
    /// `edited`, `renamed`, `removed`, or `written` for a new one.
    pub change: String,
    /// Its new path, if it has one.
    pub to: Option<String>,
    /// The change as a unified diff, for display; absent where it was not asked for.
    pub diff: Option<String>,
}
