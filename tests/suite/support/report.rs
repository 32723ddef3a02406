//! What the program reports as JSON.

use std::path::Path;

use serde_json::Value;

use super::Sandbox;

/// The report of one patch set; its fields are read by name, and must be there.
#[derive(Debug, Clone)]
pub struct Report(pub Value);

impl Sandbox {
    /// Runs a verb with `--json`; it must succeed or find something. Returns its reports.
    pub fn reports(&self, folder: &Path, args: &[&str]) -> Vec<Report> {
        let mut all = args.to_vec();
        all.push("--json");
        let output = self.kpatch(folder, &all);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(matches!(output.status.code(), Some(0 | 1 | 3)), "kpatch {args:?}: {}\n{said}", output.status);
        let value: Value = serde_json::from_slice(&output.stdout).unwrap();
        value["reports"].as_array().unwrap().iter().cloned().map(Report).collect()
    }

    /// The same for a verb that has one report.
    pub fn report(&self, folder: &Path, args: &[&str]) -> Report {
        let mut reports = self.reports(folder, args);
        assert_eq!(reports.len(), 1, "kpatch {args:?}");
        reports.remove(0)
    }

    /// Runs a verb that must fail; returns what it says.
    pub fn failure(&self, folder: &Path, args: &[&str]) -> String {
        let output = self.kpatch(folder, args);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "kpatch {args:?}: {said}");
        said
    }
}

impl Report {
    /// The first report of a run with `--json`.
    pub fn parse(stdout: &[u8]) -> Self {
        let value: Value = serde_json::from_slice(stdout).unwrap();
        Self(value["reports"][0].clone())
    }

    /// A field that holds text.
    pub fn text(&self, field: &str) -> &str {
        self.0[field].as_str().unwrap_or_else(|| panic!("{field} of {}", self.0))
    }

    /// One row for each patch.
    pub fn rows(&self) -> Vec<Report> {
        self.0["patches"].as_array().unwrap().iter().cloned().map(Report).collect()
    }

    /// How many patches had an outcome.
    pub fn count(&self, outcome: &str) -> u64 {
        self.0["counts"][outcome].as_u64().unwrap_or_else(|| panic!("{outcome} of {}", self.0["counts"]))
    }

    /// The outcome of a row.
    pub fn outcome(&self) -> &str {
        self.text("outcome")
    }

    /// True for the row of a patch that is part of the new set.
    pub fn is_kept(&self) -> bool {
        matches!(self.outcome(), "same" | "offset" | "refreshed" | "partial")
    }
}
