//! What `bisect` returns.

use serde::Serialize;

use super::super::report::{CauseReport, EvidenceReport, OutcomeName, PatchReport};
use super::Until;

/// How far one patch carries.
#[derive(Debug, Clone, Serialize)]
pub struct BisectReport {
    /// The series in the kit; absent for a bare patch directory.
    pub series: Option<String>,
    /// The tag below the set.
    pub base: String,
    /// The patch file.
    pub file: String,
    /// Which patch of that file, from 0.
    pub part: usize,
    /// Its subject, decoded for display.
    pub subject: String,
    /// What counted as its end.
    pub until: Until,
    /// How many releases there are, the first one included.
    pub releases: usize,
    /// The releases that were looked at, oldest version first.
    pub probes: Vec<ProbeReport>,
    /// The last release before the end; absent if there is no end, or if it comes with the first release.
    pub last_good: Option<String>,
    /// The release where it ends; absent if no end was found.
    pub first_bad: Option<String>,
    /// The first commit that ends it; absent if it was not asked for, or not found.
    pub commit: Option<CommitReport>,
    /// Why no commit was found although it was asked for; absent otherwise.
    pub no_commit: Option<&'static str>,
}

impl BisectReport {
    /// What was seen of a release.
    pub fn probe(&self, release: &str) -> Option<&ProbeReport> {
        self.probes.iter().find(|probe| probe.release == release)
    }

    /// What was seen of the release after the one where the patch ends.
    pub fn after(&self) -> Option<&ProbeReport> {
        let first_bad = self.first_bad.as_deref()?;
        let at = self.probes.iter().position(|probe| probe.release == first_bad)?;
        self.probes.get(at + 1).filter(|probe| probe.place == self.probes[at].place + 1)
    }
}

/// What becomes of the patch on one release.
#[derive(Debug, Clone, Serialize)]
pub struct ProbeReport {
    /// The tag.
    pub release: String,
    /// Where it stands among all releases of the search, from 0.
    pub place: usize,
    /// Its commit, 40 hex digits.
    pub commit: String,
    /// The rest.
    #[serde(flatten)]
    pub end: End,
}

/// What becomes of the patch, and why.
#[derive(Debug, Clone, Serialize)]
pub struct End {
    /// The outcome's name.
    pub outcome: OutcomeName,
    /// Whether that counts as its end.
    pub stops: bool,
    /// One line that explains the outcome; empty for `same`.
    pub detail: String,
    /// The paths that conflict.
    pub paths: Vec<String>,
    /// The patch file that it waits for.
    pub blocked_by: Option<String>,
    /// The commit of the release that is, or says that it is, this patch.
    pub evidence: Option<EvidenceReport>,
    /// Commits that explain a conflict, the most telling first.
    pub causes: Vec<CauseReport>,
}

impl End {
    pub(super) fn of(row: PatchReport, until: Until) -> Self {
        Self {
            outcome: row.outcome,
            stops: until.is_end(row.outcome),
            detail: row.detail,
            paths: row.conflicts.into_iter().map(|conflict| conflict.path).collect(),
            blocked_by: row.blocked_by,
            evidence: row.evidence,
            causes: row.causes,
        }
    }
}

/// The first commit that ends a patch.
#[derive(Debug, Clone, Serialize)]
pub struct CommitReport {
    /// The commit, 40 hex digits.
    pub commit: String,
    /// Its title, decoded for display.
    pub title: String,
    /// How many first-parent commits lead from the last good release, or from where its series parted, to the first bad
    /// one.
    pub of: usize,
    /// What becomes of the patch there.
    #[serde(flatten)]
    pub end: End,
}
