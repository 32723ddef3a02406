//! What upstream says of a patch set and of the releases that it crosses.

use serde::{Deserialize, Serialize};

use super::Word;

/// The ChangeLogs that were read in the place of history. They name commits; they prove nothing of a patch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeLogsReport {
    /// Where they are from, for display.
    pub source: String,
    /// The releases whose ChangeLogs were read, oldest first.
    pub releases: Vec<String>,
    /// Those that are not known.
    pub missing: Vec<MissingReport>,
}

/// A ChangeLog that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingReport {
    /// The release.
    pub release: String,
    /// Why, as a phrase for display.
    pub reason: String,
}

/// What upstream says of a commit that a patch is a copy of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpstreamFinding {
    /// The patch file.
    pub file: String,
    /// Which patch of that file, from 0.
    pub part: usize,
    /// Its subject, decoded for display.
    pub subject: String,
    /// `reverted`: a later commit takes it back; `fixed`: a later commit says that it fixes it; `released`: a release after the
    /// base has it; `candidate`: a release candidate has it.
    pub kind: Word,
    /// The later commit, or the copy that the release has; 40 hex digits.
    pub commit: String,
    /// Its title, decoded for display.
    pub title: String,
    /// The tag of the first release that has it; absent where that is not known.
    pub release: Option<String>,
    /// How it was recognized, as a phrase.
    pub how: Word,
}

/// The flaws that a release fixes, or that a kernel still has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CvesReport {
    /// One row for each flaw, in the order of their ids.
    pub found: Vec<CveReport>,
    /// The directory of the published flaws, for display; absent where nobody said where they are.
    pub source: Option<String>,
    /// Why there may be more, as a phrase; absent where all that is published was looked at.
    pub not_known: Option<String>,
}

/// A flaw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CveReport {
    /// Its id, `CVE-2024-26581`.
    pub id: String,
    /// The commit of the stable release that fixes it, 40 hex digits; absent where that is not known.
    pub commit: Option<String>,
    /// Its title, decoded for display; empty where it is not known.
    pub title: String,
    /// The commit of mainline that fixes it, 40 hex digits; absent where that is not known.
    pub upstream: Option<String>,
    /// The tag of the first release of the series with the fix; absent where that is not known.
    pub release: Option<String>,
    /// How it is known: `published`: the list of the kernel's CVE team says so; `message`: the message of the commit names it.
    pub how: Word,
    /// The patch of the set that has the fix too.
    pub patch: Option<String>,
}
