//! What a check says of one place, as data: the library makes findings, the binary shows them.

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha1::{Digest as _, Sha1};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Info,
    /// It should be otherwise.
    Warning,
    /// It breaks an import, a build, or loses where a patch comes from.
    Error,
}

impl Severity {
    /// All of them, the mildest first.
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Error];

    /// `info`, `warning` or `error`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Severity {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|severity| severity.word() == text).ok_or(())
    }
}

/// How far a fix may be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FixClass {
    /// The files give the same trees as before; that is checked before a byte is written.
    Safe,
    /// It may change what the patch does, or what its message says.
    Unsafe,
}

/// Whether a rule counts, and how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// It is not run.
    Off,
    /// Its findings are as bad as this.
    At(Severity),
}

impl FromStr for Level {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        if word == "off" { Ok(Self::Off) } else { word.parse().map(Self::At) }
    }
}

/// Who a rule is: what catalogues and reports say of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// A letter for its family and three digits; never given to another rule.
    pub id: &'static str,
    /// What is wrong where it fires, in kebab case: it reads well after "allow".
    pub name: &'static str,
    /// How bad it is, unless the finding itself or the settings say otherwise.
    pub severity: Severity,
    /// What it checks, in one sentence.
    pub summary: &'static str,
    /// Why: what breaks or gets lost otherwise.
    pub why: &'static str,
    /// Who says so.
    pub source: &'static str,
}

/// What one rule says of one place.
///
/// Texts that come from patches and paths are made fit for display.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The id of the rule, such as `D001`.
    pub rule: String,
    /// The name of the rule, such as `missing-signed-off-by`.
    pub name: String,
    /// How bad it is, by the profile and the settings.
    pub severity: Severity,
    /// The file, or the directory if it is about the set as a whole; relative to where the set was found.
    pub path: String,
    /// The line of the file, from 1; absent if it is about the file as a whole.
    pub line: Option<usize>,
    /// The first column, from 1, in characters of `source`; absent if it is about the whole line.
    pub column: Option<usize>,
    /// The column behind the last one.
    pub end_column: Option<usize>,
    /// The line itself.
    pub source: Option<String>,
    /// What is wrong, in lower case, without a full stop.
    pub message: String,
    /// The way out, in the imperative.
    pub help: Option<String>,
    /// Whether `--fix` can mend it; absent if only a person can.
    pub fix: Option<FixClass>,
    /// The patch that it is about, by its id: 40 hex digits, as `git patch-id --stable` prints it.
    pub patch_id: Option<String>,
    /// The subject of that patch.
    pub subject: Option<String>,
    /// The same for the same finding wherever its line moves: 16 hex digits, and `:2` and so on for more of a kind.
    pub fingerprint: String,
    /// Why it does not count, if somebody said so.
    pub waived: Option<String>,
}

/// What a finding is known by wherever its line moves: 16 hex digits of SHA-1 over `parts`, each with its length in front.
pub fn fingerprint(parts: [&str; 3]) -> String {
    let mut hash = Sha1::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hex(&hash.finalize()[..8])
}

/// Gives findings that are alike different fingerprints, by their order.
pub fn number_equals<'f>(findings: impl IntoIterator<Item = &'f mut Finding>) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for finding in findings {
        let count = seen.entry(finding.fingerprint.clone()).or_insert(0);
        *count += 1;
        if *count > 1 {
            finding.fingerprint = format!("{}:{count}", finding.fingerprint);
        }
    }
}

/// Bytes as hex digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
