//! The findings that were there before: an old repository starts today, and only what is new counts.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::OpError;
use super::report::LintRun;
use crate::files::write_atomic;
use crate::finding::Finding;

/// The version of the file.
const SCHEMA: u32 = 1;

/// The file, as JSON.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    schema: u32,
    findings: Vec<Row>,
}

/// One finding. The path is for people: a patch may move.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    path: String,
    rule: String,
    fingerprint: String,
}

/// What was there before.
#[derive(Debug, Default)]
pub(super) struct Baseline(BTreeSet<(String, String)>);

impl Baseline {
    /// Reads the file.
    pub(super) fn read(path: &Path) -> Result<Self, OpError> {
        let failed = |error| OpError::because(format!("cannot read the baseline '{}'", path.display()), error);
        let text = fs::read(path).map_err(failed)?;
        let stored: Stored = serde_json::from_slice(&text).map_err(|error| {
            OpError::because(format!("{}:{}: not a baseline", path.display(), error.line()), error)
                .hint("write it anew: kpatch lint --write-baseline FILE")
        })?;
        if stored.schema != SCHEMA {
            return Err(OpError::new(format!("{}: a baseline of schema {}", path.display(), stored.schema))
                .hint("write it anew: kpatch lint --write-baseline FILE"));
        }
        Ok(Self(stored.findings.into_iter().map(|row| (row.rule, row.fingerprint)).collect()))
    }

    /// True if the finding was there.
    pub(super) fn knows(&self, finding: &Finding) -> bool {
        !self.0.is_empty() && self.0.contains(&(finding.rule.clone(), finding.fingerprint.clone()))
    }
}

/// Writes what is found now; returns how many findings that are. Waived ones do not need it.
pub(super) fn write(path: &Path, run: &LintRun) -> Result<usize, OpError> {
    let findings = run.reports.iter().flat_map(|report| &report.findings).filter(|finding| finding.waived.is_none());
    let mut rows: Vec<Row> = findings
        .map(|finding| Row {
            path: finding.path.clone(),
            rule: finding.rule.clone(),
            fingerprint: finding.fingerprint.clone(),
        })
        .collect();
    rows.sort();
    rows.dedup();
    let count = rows.len();
    let mut text = serde_json::to_string_pretty(&Stored { schema: SCHEMA, findings: rows })
        .map_err(|error| OpError::because("cannot write the baseline", error))?;
    text.push('\n');
    write_atomic(path, text.as_bytes())
        .map_err(|error| OpError::because(format!("cannot write the baseline '{}'", path.display()), error))?;
    Ok(count)
}
