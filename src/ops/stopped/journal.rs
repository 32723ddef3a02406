//! The journal of a stopped bump: where it came from, where it goes, and what was decided so far.
//!
//! It holds no result. Whoever goes on computes everything anew from the patch set and the decisions, so a journal that
//! was written is a state to go on from, whatever happened afterwards.

use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice as _};
use serde::{Deserialize, Serialize};
use sha1::{Digest as _, Sha1};

use super::super::OpError;
use super::super::change_set::Change;
use crate::carry::{Decision, Resolution, Take};
use crate::files::write_atomic;
use crate::git::{Entry, Kind, Oid, Store};
use crate::patch_set::PatchSet;

/// The version of the journal's structure.
const SCHEMA: u32 = 1;
/// The file, in the folder of the stopped bump.
const FILE: &str = "journal.json";
/// The folder of contents that decisions name, each under its blob id.
const OBJECTS: &str = "objects";

/// What is written down of a stopped bump.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::ops) struct Journal {
    /// The version of this structure.
    pub(in crate::ops) schema: u32,
    /// The verb that stopped.
    pub(in crate::ops) verb: String,
    /// What was to happen to the set; absent for a bump.
    pub(in crate::ops) change: Option<Change>,
    /// The series in the kit; absent for a bare patch directory.
    pub(in crate::ops) series: Option<String>,
    /// The top of the kit, or the bare patch directory, as an absolute path.
    pub(in crate::ops) home: PathBuf,
    /// The tag that the set applies to.
    pub(in crate::ops) base: String,
    /// The tag that it is carried to.
    pub(in crate::ops) target: String,
    /// [`digest`] of the set.
    pub(in crate::ops) set: String,
    /// How the result is to be written.
    pub(in crate::ops) settings: Settings,
    /// What was decided, in the order in which it was.
    pub(in crate::ops) decisions: Vec<Decided>,
    /// What still waits, for `status`.
    pub(in crate::ops) open: Vec<Open>,
    /// Set just before it lands.
    pub(in crate::ops) landing: Option<LandingMark>,
}

/// The part of a journal that every version of it has.
#[derive(Deserialize)]
struct Version {
    schema: u32,
}

/// How the result of a bump is written.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(in crate::ops) struct Settings {
    pub(in crate::ops) out: Option<PathBuf>,
    pub(in crate::ops) refresh: bool,
    pub(in crate::ops) renumber: bool,
    pub(in crate::ops) replace_branch: bool,
    pub(in crate::ops) skip_patch_utility: bool,
    pub(in crate::ops) export_with_git: bool,
    #[serde(default)]
    pub(in crate::ops) skip_common: bool,
    #[serde(default)]
    pub(in crate::ops) keep_configs: bool,
    #[serde(default)]
    pub(in crate::ops) keep_references: bool,
    /// Where ChangeLogs were asked for, as the command line said it.
    #[serde(default)]
    pub(in crate::ops) changelogs: Option<String>,
}

/// A patch that waits for a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::ops) struct Open {
    /// The patch file.
    pub(in crate::ops) patch: String,
    /// Which patch of that file, from 0.
    pub(in crate::ops) part: usize,
    /// The name of its outcome.
    pub(in crate::ops) outcome: String,
    /// The name of what its files answer; absent where files cannot.
    pub(in crate::ops) question: Option<String>,
}

impl Open {
    /// The name of the folder with the files to resolve.
    pub(in crate::ops) fn folder(&self) -> String {
        folder_name(&self.patch, self.part)
    }
}

/// A patch's folder: named like its file, with the number of its part if it is not the first.
pub(in crate::ops) fn folder_name(file: &str, part: usize) -> String {
    let stem = file.strip_suffix(".patch").unwrap_or(file);
    if part == 0 { stem.to_owned() } else { format!("{stem}#{}", part + 1) }
}

/// By what a landing is recognized that was cut off before the journal went away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::ops) struct LandingMark {
    /// The branch.
    pub(in crate::ops) branch: String,
    /// Its commit.
    pub(in crate::ops) commit: String,
    /// [`digest`] of the new set of a change, which may land without a branch.
    pub(in crate::ops) set: Option<String>,
}

/// What a person decided on a patch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::ops) struct Decided {
    /// The patch file.
    pub(in crate::ops) patch: String,
    /// Which patch of that file, from 0.
    pub(in crate::ops) part: usize,
    /// What kind of decision.
    pub(in crate::ops) kind: DecidedKind,
    /// The strategy of an accepted proposal, or which of two results.
    pub(in crate::ops) strategy: Option<String>,
    /// Why the patch was dropped.
    pub(in crate::ops) reason: Option<String>,
    /// What the files answer.
    pub(in crate::ops) question: Option<String>,
    /// The files of a resolution.
    pub(in crate::ops) files: Vec<DecidedFile>,
}

/// The kinds of decisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::ops) enum DecidedKind {
    Accepted,
    Resolved,
    Skipped,
    Dropped,
}

/// A file of a resolution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::ops) struct DecidedFile {
    pub(in crate::ops) path: PathText,
    /// Mode in octal and blob id; absent for no file.
    pub(in crate::ops) entry: Option<(String, String)>,
}

/// A path of the tree: text where it is UTF-8, bytes otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(in crate::ops) enum PathText {
    Text(String),
    Bytes(Vec<u8>),
}

impl From<&BString> for PathText {
    fn from(path: &BString) -> Self {
        match path.to_str() {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Bytes(path.to_vec()),
        }
    }
}

impl From<&PathText> for BString {
    fn from(path: &PathText) -> Self {
        match path {
            PathText::Text(text) => text.as_str().into(),
            PathText::Bytes(bytes) => bytes.as_slice().into(),
        }
    }
}

impl DecidedKind {
    /// The word in reports.
    pub(in crate::ops) fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Resolved => "resolved",
            Self::Skipped => "skipped",
            Self::Dropped => "dropped",
        }
    }
}

impl Decided {
    /// A decision that needs no files.
    pub(in crate::ops) fn plain(patch: &crate::patch::Patch, kind: DecidedKind) -> Self {
        let (patch, part) = (patch.file.clone(), patch.part);
        Self { patch, part, kind, strategy: None, reason: None, question: None, files: Vec::new() }
    }

    /// The decision as carrying takes it. `None` if a file of it makes no sense, which a damaged journal only can say.
    pub(in crate::ops) fn decision(&self) -> Option<Decision> {
        if matches!(self.kind, DecidedKind::Skipped | DecidedKind::Dropped) {
            return Some(Decision::LeaveOut);
        }
        let Some(question) = &self.question else {
            let strict = self.strategy.as_deref() == Some("strict");
            return Some(Decision::Take(if strict { Take::Strict } else { Take::Merged }));
        };
        let entry = |(mode, id): &(String, String)| {
            Some(Entry { mode: u32::from_str_radix(mode, 8).ok()?, id: Oid::from_hex(id.as_bytes()).ok()? })
        };
        let file = |file: &DecidedFile| {
            let entry = match &file.entry {
                Some(written) => Some(entry(written)?),
                None => None,
            };
            Some((BString::from(&file.path), entry))
        };
        let files = self.files.iter().map(file).collect::<Option<Vec<_>>>()?;
        Some(Decision::Resolve(Resolution { question: question.clone(), files }))
    }

    /// Names the files of a resolution.
    pub(in crate::ops) fn set_files(&mut self, files: &[(BString, Option<Entry>)]) {
        let text = |entry: Entry| (format!("{:o}", entry.mode), entry.id.to_string());
        self.files =
            files.iter().map(|(path, entry)| DecidedFile { path: path.into(), entry: entry.map(text) }).collect();
    }
}

/// A name for the bytes of a set, 40 hex digits.
pub(in crate::ops) fn digest(set: &PatchSet) -> String {
    let mut hash = Sha1::new();
    for patch in &set.patches {
        hash.update(patch.file.as_bytes());
        hash.update(format!("\0{} {}\0", patch.part, patch.bytes.len()));
        hash.update(&patch.bytes);
    }
    Oid::from_bytes_or_panic(&hash.finalize()).to_string()
}

impl Journal {
    /// A journal with nothing decided.
    pub(in crate::ops) fn new(series: Option<String>, home: PathBuf, base: &str, target: &str, set: &PatchSet) -> Self {
        Self {
            schema: SCHEMA,
            verb: "bump".to_owned(),
            change: None,
            series,
            home,
            base: base.to_owned(),
            target: target.to_owned(),
            set: digest(set),
            settings: Settings::default(),
            decisions: Vec::new(),
            open: Vec::new(),
            landing: None,
        }
    }

    /// Reads the journal of a folder; `None` if there is none.
    pub(in crate::ops) fn read(folder: &Path) -> Result<Option<Self>, OpError> {
        let path = folder.join(FILE);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(OpError::because(format!("cannot read '{}'", path.display()), error)),
        };
        let broken = |error: serde_json::Error| {
            OpError::because(format!("'{}' is no journal of a stopped bump", path.display()), error)
                .hint(format!("remove '{}' to give that bump up", folder.display()))
        };
        let version: Version = serde_json::from_slice(&text).map_err(broken)?;
        if version.schema != SCHEMA {
            return Err(OpError::new(format!("'{}' was written by another version of kpatch", path.display()))
                .hint("go on with that version"));
        }
        serde_json::from_slice(&text).map(Some).map_err(broken)
    }

    /// Writes it whole or not at all.
    pub(in crate::ops) fn write(&self, folder: &Path) -> Result<(), OpError> {
        let json = serde_json::to_vec_pretty(self).expect("a journal is json");
        let path = folder.join(FILE);
        write_atomic(&path, &json)
            .map_err(|error| OpError::because(format!("cannot write '{}'", path.display()), error))
    }
}

/// The last decision on a patch.
pub(in crate::ops) fn last_on<'d>(decisions: &'d [Decided], patch: &crate::patch::Patch) -> Option<&'d Decided> {
    decisions.iter().rev().find(|decided| decided.patch == patch.file && decided.part == patch.part)
}

/// Keeps the contents that decisions name beside the journal; before the journal names them.
pub(in crate::ops) fn keep_objects(folder: &Path, store: &Store, decisions: &[Decided]) -> Result<(), OpError> {
    let objects = folder.join(OBJECTS);
    let failed = |error: std::io::Error| OpError::because(format!("cannot write '{}'", objects.display()), error);
    for id in blobs(decisions) {
        let path = objects.join(id);
        if path.exists() {
            continue;
        }
        std::fs::create_dir_all(&objects).map_err(failed)?;
        let oid = Oid::from_hex(id.as_bytes()).map_err(|error| OpError::because("cannot keep a decision", error))?;
        let content = store.blob(oid).map_err(|error| OpError::because("cannot keep a decision", error))?;
        write_atomic(&path, &content)
            .map_err(|error| OpError::because(format!("cannot write '{}'", path.display()), error))?;
    }
    Ok(())
}

/// Gives the contents that decisions name back to the store.
pub(in crate::ops) fn restore_objects(folder: &Path, store: &Store, decisions: &[Decided]) -> Result<(), OpError> {
    for id in blobs(decisions) {
        let path = folder.join(OBJECTS).join(id);
        let content = std::fs::read(&path)
            .map_err(|error| OpError::because(format!("cannot read '{}'", path.display()), error))?;
        if Oid::from_hex(id.as_bytes()).ok() != Some(store.insert(Kind::Blob, content)) {
            return Err(OpError::new(format!("'{}' is damaged", path.display())).hint("kpatch abort, and bump again"));
        }
    }
    Ok(())
}

fn blobs(decisions: &[Decided]) -> impl Iterator<Item = &String> {
    decisions.iter().flat_map(|decided| &decided.files).filter_map(|file| file.entry.as_ref().map(|(_, id)| id))
}
