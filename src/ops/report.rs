//! What `bump` and `plan` return: data, from which text, markdown and json are rendered.

mod releases;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::config::ConfigChangeReport;
pub use releases::{ChangeLogsReport, CveReport, CvesReport, MissingReport, UpstreamFinding};

/// A word of a fixed vocabulary, which its field names; owned where a report was read back.
pub type Word = Cow<'static, str>;

/// What became of one patch set on its way to one target.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BumpReport {
    /// The version of this structure; it changes when a field changes its meaning or goes.
    pub schema: u32,
    /// The series in the kit, for example `6.6.x`; absent for a bare patch directory.
    pub series: Option<String>,
    /// Where the patches applied before.
    pub base: ReleaseReport,
    /// Where they are to apply now.
    pub target: ReleaseReport,
    /// How it ended.
    pub state: State,
    /// How many patches had each outcome.
    pub counts: Counts,
    /// One row for each patch, in the order of the set.
    pub patches: Vec<PatchReport>,
    /// Files that the patches touch and that upstream moved.
    pub renames: Vec<RenameReport>,
    /// The tree of the target with everything that was carried, 40 hex digits.
    pub tree: String,
    /// The commit on top of the target with everything that was carried; absent where nothing was written.
    pub commit: Option<String>,
    /// The commit of the kit that holds the change, in hex; absent where none was made.
    pub kit_commit: Option<String>,
    /// The branch in the linux tree, for example `v6.6.14-linuxkit`.
    pub branch: String,
    /// The proof that the exported files give that tree; absent if it was not reached.
    pub gate: Option<GateReport>,
    /// What changes in the kit, paths relative to its top.
    pub files: Vec<FileReport>,
    /// The kernel configurations that change with the version.
    #[serde(default)]
    pub configs: Vec<ConfigChangeReport>,
    /// The image references that change with the version.
    #[serde(default)]
    pub references: Vec<ReferenceReport>,
    /// How many commits of the target's history were searched; absent where the linux tree has no history between the
    /// two releases, and then nothing of it was checked.
    pub history: Option<usize>,
    /// The ChangeLogs that were asked in the place of history; absent where the linux tree has it, and where nobody asked.
    #[serde(default)]
    pub changelogs: Option<ChangeLogsReport>,
    /// What upstream says of the commits that the set is a copy of, as far as it is known without a network.
    #[serde(default)]
    pub upstream: Vec<UpstreamFinding>,
    /// The flaws that the target fixes and the base has; absent where nothing is known of them.
    #[serde(default)]
    pub cves: Option<CvesReport>,
    /// Where the conflicts are recorded; absent if there are none or nothing was written.
    pub record: Option<String>,
    /// What a reader should know besides.
    pub warnings: Vec<String>,
}

/// A release.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReleaseReport {
    /// Its tag.
    pub tag: String,
    /// Its commit, 40 hex digits.
    pub commit: String,
    /// Its tree, 40 hex digits.
    pub tree: String,
}

/// How a bump ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nothing was to be written (`plan`, `--dry-run`); it would land.
    WouldLand,
    /// Nothing was to be written (`plan`, `--dry-run`); it would stop.
    WouldStop,
    /// The new state is in place.
    Landed,
    /// Somebody has to decide first; the kit and its branches are as before.
    Stopped,
}

/// How many patches had each outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are the outcomes of `carry::Outcome`")]
pub struct Counts {
    pub total: usize,
    pub same: usize,
    pub offset: usize,
    pub refreshed: usize,
    pub upstreamed: usize,
    pub emptied: usize,
    pub partial: usize,
    pub resolved: usize,
    pub conflict: usize,
    pub blocked: usize,
    pub base_bad: usize,
    pub left_out: usize,
}

impl Counts {
    /// Patches in the new set.
    pub fn kept(&self) -> usize {
        self.same + self.offset + self.refreshed + self.partial + self.resolved
    }

    /// Patches that wait for a decision.
    pub fn open(&self) -> usize {
        self.emptied + self.partial + self.conflict + self.blocked + self.base_bad
    }
}

/// What became of one patch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PatchReport {
    /// The patch file.
    pub file: String,
    /// Which patch of that file, from 0.
    pub part: usize,
    /// Its subject, decoded for display.
    pub subject: String,
    /// The outcome's name.
    pub outcome: OutcomeName,
    /// One line that explains the outcome; empty for `same`.
    pub detail: String,
    /// Whether the patch file stays as it is, byte for byte; `null` if it leaves the set.
    pub bytes_kept: Option<bool>,
    /// The largest distance of a hunk from the line it names, in lines.
    pub max_offset: u64,
    /// For each file of a patch that applies unchanged: how far each hunk is from the line it names.
    pub offsets: Vec<OffsetReport>,
    /// Why it may be dropped.
    pub proof: Option<ProofReport>,
    /// The commit of the target that is, or says that it is, this patch.
    pub evidence: Option<EvidenceReport>,
    /// The patch file that it waits for.
    pub blocked_by: Option<String>,
    /// The paths that conflict.
    pub conflicts: Vec<ConflictReport>,
    /// What changed in a patch file that was written anew, as a unified diff decoded for display; absent where
    /// nothing was exported, and where every file is written anew (`--refresh`).
    pub rewrite: Option<String>,
    /// Its commit on the target, 40 hex digits; absent if it was not carried.
    pub commit: Option<String>,
    /// The tree after it on the target.
    pub tree: String,
    /// What a person decided on it; absent if there was nothing to decide, or nobody has decided yet.
    pub decision: Option<DecisionReport>,
    /// Ways to resolve it, the best first; none is taken unasked.
    pub proposals: Vec<ProposalReport>,
    /// The commits of the target's history that explain a conflict, the most telling first.
    pub causes: Vec<CauseReport>,
    /// What a merge without conflicts may hide.
    pub hazards: Vec<HazardReport>,
    /// What else helps to decide, one line each, decoded for display.
    pub notes: Vec<String>,
    /// Where the files to resolve lie; absent if there are none or nothing was written.
    pub resolve: Option<String>,
}

/// What a person decided on a patch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionReport {
    /// `accepted`: a result that was shown was taken; `resolved`: files were edited by hand; `skipped`: left out;
    /// `dropped`: left out for a reason.
    pub kind: Word,
    /// The strategy of an accepted proposal, or `strict` or `merged` where two results were at hand.
    pub strategy: Option<String>,
    /// Why it was dropped, as the person said it.
    pub reason: Option<String>,
}

/// A way to resolve a conflict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposalReport {
    /// How it was found: `recorded`, `mergiraf`, `adjacency`, `token`, `moved`.
    pub strategy: String,
    /// One line that says what it does.
    pub summary: String,
    /// The files that it decides.
    pub files: Vec<ProposedFileReport>,
}

/// A file of a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposedFileReport {
    /// The path on the target.
    pub path: String,
    /// The blob that it proposes, 40 hex digits; absent if it proposes that there be no file.
    pub blob: Option<String>,
    /// The conflicting stretches with what is proposed for each, decoded for display.
    pub stretches: Vec<StretchReport>,
    /// From the target's file to the proposed one, as a unified diff decoded for display.
    pub diff: String,
}

/// The three versions of a conflicting stretch and what is proposed for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StretchReport {
    /// The first line in the target's file, from 1.
    pub line: u32,
    /// The common ancestor's lines.
    pub base: String,
    /// The target's lines.
    pub ours: String,
    /// The patch's lines.
    pub theirs: String,
    /// The proposed lines.
    pub proposed: String,
}

/// A commit that explains a conflict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CauseReport {
    /// The commit, 40 hex digits.
    pub commit: String,
    /// Its title, decoded for display.
    pub title: String,
    /// The path that conflicts.
    pub path: String,
    /// What it did: `changed` the conflicting lines, `moved` or `deleted` the file, took the patch in `another-form`,
    /// or concerns a `prerequisite`: it took away a name that the patch uses. `named`: it says that it is the patch, and what
    /// it does is not known.
    pub how: Word,
}

/// What a merge without conflicts may hide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HazardReport {
    /// `added-twice`: the lines that the patch adds stand in the target already; `incomplete`: a line or name that the
    /// patch removes has come up elsewhere; `disagreement`: strict application and three-way merge differ.
    pub kind: Word,
    /// The path on the target.
    pub path: String,
    /// The line of the target's file, from 1; 0 if it is about the file as a whole.
    pub line: u32,
    /// The line that it is about, decoded for display.
    pub text: String,
    /// One line that says what may be wrong.
    pub detail: String,
}

/// The names of the outcomes, as they stand in reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "explained at `carry::Outcome`")]
pub enum OutcomeName {
    Same,
    Offset,
    Refreshed,
    Upstreamed,
    Emptied,
    Partial,
    Resolved,
    Conflict,
    Blocked,
    BaseBad,
    LeftOut,
}

impl OutcomeName {
    /// The name for people, as in json.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Offset => "offset",
            Self::Refreshed => "refreshed",
            Self::Upstreamed => "upstreamed",
            Self::Emptied => "emptied",
            Self::Partial => "partial",
            Self::Resolved => "resolved",
            Self::Conflict => "conflict",
            Self::Blocked => "blocked",
            Self::BaseBad => "base-bad",
            Self::LeftOut => "left-out",
        }
    }
}

/// Where the hunks of one file stand.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OffsetReport {
    /// The file.
    pub path: String,
    /// Found line minus named line, for each hunk.
    pub lines: Vec<i64>,
}

/// Why a patch may be dropped.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProofReport {
    /// `peeled`: taking it out of the target and putting it back gives the target; `empty`: merging it changes nothing;
    /// `patch-id`: a commit of the target makes the same change.
    pub kind: Word,
}

/// A commit of the target.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EvidenceReport {
    /// The commit, 40 hex digits.
    pub commit: String,
    /// Its title, decoded for display.
    pub title: String,
    /// How it was recognized: `id`, `claim`, `patch-id` or `title`.
    pub how: Word,
    /// A later commit that takes it back.
    pub reverted_by: Option<String>,
    /// The commit that it says it is the backport of, 40 hex digits.
    #[serde(default)]
    pub upstream: Option<String>,
    /// The release that it came with; absent where no ChangeLog tells it.
    #[serde(default)]
    pub release: Option<String>,
}

/// A path that conflicts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ConflictReport {
    /// The path on the target.
    pub path: String,
    /// `content`, `binary`, `add-add`, `deleted-upstream`, `deleted-by-patch`, `mode`, `in-the-way`, `rename-rename`,
    /// or `disagreement` (strict application and three-way merge give different trees).
    pub kind: Word,
    /// The blob of the common ancestor, 40 hex digits.
    pub base: Option<String>,
    /// The blob of the target.
    pub ours: Option<String>,
    /// The blob of the patch.
    pub theirs: Option<String>,
    /// The conflicting stretches of the target's file: first line (from 1) and number of lines.
    pub stretches: Vec<(u32, u32)>,
    /// The file with zdiff3 markers, decoded for display; absent where lines cannot be shown.
    pub markers: Option<String>,
}

/// A file that upstream moved.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RenameReport {
    /// The path in the base.
    pub from: String,
    /// The path in the target.
    pub to: String,
}

/// The gate: three ways to the tree of the target with the patches.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GateReport {
    /// The exported files, applied as `git am` does.
    pub git_am: String,
    /// The exported files, applied as `patch -t -F0 -N -u -p1` does; says why not where it cannot be.
    pub patch: String,
    /// The carried commits.
    pub branch: String,
    /// True if all three are one tree.
    pub holds: bool,
    /// Patch files that had to be written anew because `patch` would have put a hunk elsewhere.
    pub refreshed: Vec<String>,
    /// For a variant: the common patches of its series on top, as its images are built; absent where there are none, or where
    /// that was not checked.
    #[serde(default)]
    pub common: Option<CommonReport>,
}

/// The common patches of a series on top of those of a variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommonReport {
    /// How many they are.
    pub patches: usize,
    /// Their tree as `git am` makes it, or why there is none.
    pub git_am: String,
    /// Their tree as `patch -t -F0 -N -u -p1` makes it, or why there is none.
    pub patch: String,
    /// True if what was checked is one tree.
    pub holds: bool,
}

/// A change in the kit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileReport {
    /// The path, relative to the top of the kit.
    pub path: String,
    /// What happens to it: `written`, `removed`, or `edited`.
    pub change: Word,
}

/// A reference to one of the kit's images.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReferenceReport {
    /// The file, relative to the top of the kit, for display.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The reference as it stands there: `linuxkit/kernel:6.6.13`.
    pub old: String,
    /// The reference that should stand there; absent where that is not known, and for what is pinned.
    pub new: Option<String>,
    /// What became of it, or is to become of it.
    pub state: ReferenceState,
}

/// What becomes of a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReferenceState {
    /// It gets another tag.
    Updated,
    /// It is as it should be.
    Same,
    /// It names no kernel that the kit supports, and stays.
    Unknown,
    /// A digest says which image is meant, and it stays.
    Pinned,
    /// It has a hash, the one that it should have is not known, and it stays.
    Unhashed,
}

impl BumpReport {
    /// True if somebody has to decide something.
    pub fn needs_decision(&self) -> bool {
        matches!(self.state, State::Stopped | State::WouldStop)
    }
}
