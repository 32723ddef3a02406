//! What proves that a tarball is what kernel.org released.
//!
//! Two things do: a signature of the unpacked archive (`linux-6.6.13.tar.sign`), and a signed list of sums (`sha256sums.asc`). Both are
//! looked for beside the tarball. What is there has to be right, whether it is asked for or not.

use std::fs;
use std::io::{self, Read as _, Seek as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::tarball::reader::decompressed;
use crate::files::sha256;
use crate::kit::{Kit, SourcesConfig};
use crate::text::hex;

mod keys;

use keys::SignedText;
pub(crate) use keys::{KeyRing, Signatures};

/// The names that files with proofs and keys have.
const SUMS: &str = "sha256sums.asc";
/// The name of the file with the keys in a kit's kernel directory.
pub const KEYS: &str = "keys.asc";

/// Why something is not proved.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read.
    #[error("cannot read '{}'", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Something else was signed than what is there.
    #[error("{what}")]
    Forged {
        /// What is wrong, with the names of the files.
        what: String,
    },
    /// A sum or a signature is not what it has to be, or is missing where it is required.
    #[error("{what}")]
    Refused {
        /// What is wrong, with the names of the files.
        what: String,
        /// The way out.
        hint: Option<String>,
    },
}

impl Error {
    fn refused(what: String, hint: Option<String>) -> Self {
        Self::Refused { what, hint }
    }

    /// The way out, where one is known.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Refused { hint, .. } => hint.as_deref(),
            Self::Forged { .. } => Some("download it again"),
            Self::Read { .. } => None,
        }
    }

    /// True where a signature is there and is not that of what it is beside.
    pub fn is_forged(&self) -> bool {
        matches!(self, Self::Forged { .. })
    }
}

/// Where proofs of a tarball are looked for, and what they have to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The list of sums, signed in the clear; `sha256sums.asc` beside the tarball if absent.
    pub sums: Option<PathBuf>,
    /// The signature of the unpacked archive; `linux-6.6.13.tar.sign` beside `linux-6.6.13.tar.xz` if absent.
    pub signature: Option<PathBuf>,
    /// The public keys. A file of this name has to be there.
    pub keys: Option<PathBuf>,
    /// Where keys are if none are named; there need not be any.
    pub usual_keys: Option<PathBuf>,
    /// The fingerprints of the primary keys that count, in capitals.
    pub pins: Vec<String>,
    /// Refuse what has no good signature.
    pub required: bool,
}

impl Evidence {
    /// What a kit says: its keys, which of them count, and whether a proof is required.
    pub fn of_kit(kit: &Kit) -> Self {
        let settings = &kit.config().sources;
        Self {
            usual_keys: Some(kit.kernel_dir().join(KEYS)),
            pins: settings.pinned(),
            required: settings.require_signature,
            ..Self::default()
        }
    }

    /// Where there is no kit: the keys of kernel.org count.
    pub fn without_kit() -> Self {
        Self { pins: SourcesConfig::default().pinned(), ..Self::default() }
    }

    /// Whether there are keys to prove something with.
    ///
    /// # Errors
    /// When a file of keys is there and cannot be read, or was named and is not there.
    pub fn has_keys(&self) -> Result<bool, Error> {
        Ok(keys_of(self)?.is_some())
    }
}

/// The files that may prove a tarball, as they are.
pub(crate) struct Proof {
    /// The tarball, for messages and in lists.
    name: String,
    sums: Option<Found>,
    signature: Option<Found>,
    keys: Option<Found>,
    pins: Vec<String>,
    required: bool,
}

/// A file with its bytes.
struct Found {
    path: PathBuf,
    bytes: Vec<u8>,
}

/// A proof in progress: the archive is still to be read.
pub(crate) struct Check {
    name: String,
    ring: Option<KeyRing>,
    signatures: Option<Signatures>,
    required: bool,
    good: Vec<String>,
    lacking: Vec<String>,
}

impl Proof {
    /// Reads what there is beside the tarball, or was named.
    pub(crate) fn gather(file: &Path, evidence: &Evidence) -> Result<Self, Error> {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let stem = ["xz", "gz"].iter().find_map(|end| name.strip_suffix(&format!(".{end}"))).unwrap_or(&name);
        Ok(Self {
            sums: named(evidence.sums.as_ref(), Some(&file.with_file_name(SUMS)))?,
            signature: named(evidence.signature.as_ref(), Some(&file.with_file_name(format!("{stem}.sign"))))?,
            keys: keys_of(evidence)?,
            pins: evidence.pins.clone(),
            required: evidence.required,
            name,
        })
    }

    /// Begins with the proof of a file that was just opened, of which all is hashed for it. It is at its beginning again afterwards.
    pub(crate) fn begin_file(file: &mut fs::File, path: &Path, evidence: &Evidence) -> Result<Check, Error> {
        let failed = |source| Error::Read { path: path.to_owned(), source };
        let sum = sha256(file, &|| true).map_err(failed)?.unwrap_or_default();
        file.rewind().map_err(failed)?;
        Self::gather(path, evidence)?.begin(&sum)
    }

    /// Names all that the outcome depends on, besides the tarball.
    pub(crate) fn id(&self) -> String {
        let mut text = format!("{}\n{}\n", self.required, self.pins.join(" "));
        for found in [&self.sums, &self.signature, &self.keys] {
            text.push_str(&found.as_ref().map_or_else(|| "none".into(), |found| sum_of(&found.bytes)));
            text.push('\n');
        }
        sum_of(text.as_bytes())
    }

    /// Checks what can be checked by the tarball's sum, in 64 hex digits, and begins with the rest.
    pub(crate) fn begin(self, sum: &str) -> Result<Check, Error> {
        let (name, mut good, mut lacking) = (self.name, Vec::new(), Vec::new());
        let ring = self.keys.map(|keys| KeyRing::parse(&keys.path, &keys.bytes, self.pins)).transpose()?;
        if ring.is_none() {
            lacking.push(format!("there are no keys: neither {KEYS} in the kit's kernel directory nor others"));
        }
        if let Some(sums) = self.sums {
            let from = sums.path.display().to_string();
            let SignedText { text, signatures } = SignedText::parse(&sums.path, &sums.bytes)?;
            let signer = ring.as_ref().map(|ring| ring.accept(signatures, "the list of sums")).transpose()?;
            match (listed(&text, &name), signer) {
                (Some(listed), _) if !listed.eq_ignore_ascii_case(sum) => {
                    return Err(Error::refused(
                        format!("{name} has the SHA-256 {sum}, but {from} says {listed}"),
                        Some("download the tarball again".into()),
                    ));
                }
                (Some(_), Some(signer)) => good.push(format!("{name} is as {from} says, which {signer} has signed")),
                (Some(_), None) => {}
                (None, _) => lacking.push(format!("{from} does not list it")),
            }
        }
        let signatures = self.signature.map(|found| Signatures::parse(&found.path, &found.bytes)).transpose()?;
        let check = Check { name, ring, signatures, required: self.required, good, lacking };
        // What nothing in the archive can prove need not be unpacked.
        if check.required && check.good.is_empty() && !check.needs_archive() {
            return check.finish().map(|_| unreachable!("what has to be proved and is not is an error"));
        }
        Ok(check)
    }
}

impl Check {
    /// True if the archive has to be read for it.
    pub(crate) fn needs_archive(&self) -> bool {
        self.ring.is_some() && self.signatures.is_some()
    }

    /// Takes in the next bytes of the unpacked archive.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        if let (Some(_), Some(signatures)) = (&self.ring, &mut self.signatures) {
            signatures.update(bytes);
        }
    }

    /// The outcome, once all of the archive was read: what to tell the user.
    pub(crate) fn finish(mut self) -> Result<Vec<String>, Error> {
        match (&self.ring, self.signatures) {
            (Some(ring), Some(signatures)) => {
                let signer = ring.accept(signatures, &self.name)?;
                self.good.push(format!("{} has a good signature of {signer}", self.name));
            }
            (Some(_), None) if self.good.is_empty() && self.lacking.is_empty() => {
                self.lacking.push("there is neither a signature nor a list of sums beside it".into());
            }
            _ => {}
        }
        if !self.good.is_empty() {
            return Ok(self.good);
        }
        let why = self.lacking.join("; ");
        if self.required {
            let hint = "put its .tar.sign or sha256sums.asc beside it, and the keys into kernel/keys.asc, or name them: --keys FILE";
            return Err(Error::refused(
                format!("{} has to prove where it comes from: {why}", self.name),
                Some(hint.into()),
            ));
        }
        Ok(vec![format!("not checked where {} comes from: {why}", self.name)])
    }
}

/// Checks what there is to prove where a tarball comes from. Returns what to tell the user, also that nothing could be checked.
///
/// # Errors
/// When what is there does not fit, and when a proof is required and there is none.
pub fn prove(file: &Path, evidence: &Evidence) -> Result<Vec<String>, Error> {
    let failed = |source| Error::Read { path: file.to_owned(), source };
    let mut opened = fs::File::open(file).map_err(failed)?;
    let mut check = Proof::begin_file(&mut opened, file, evidence)?;
    if check.needs_archive() {
        let mut archive = decompressed(opened).map_err(failed)?;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match archive.read(&mut buffer).map_err(failed)? {
                0 => break,
                count => check.update(&buffer[..count]),
            }
        }
    }
    check.finish()
}

/// The SHA-256 of a file as a list of sums says it, in hex; `None` if it does not list the file. The list is held to the keys of `evidence`, where
/// there are keys.
///
/// # Errors
/// When the list is none, or its signature does not count.
pub(crate) fn listed_sum(list: &Path, name: &str, evidence: &Evidence) -> Result<Option<String>, Error> {
    let found = read(list)?;
    let SignedText { text, signatures } = SignedText::parse(list, &found.bytes)?;
    if let Some(ring) = KeyRing::of(evidence)? {
        ring.accept(signatures, "the list of sums")?;
    }
    Ok(listed(&text, name).map(str::to_owned))
}

impl KeyRing {
    /// The keys of `evidence`; `None` where there are none.
    pub(crate) fn of(evidence: &Evidence) -> Result<Option<Self>, Error> {
        let keys = keys_of(evidence)?;
        keys.map(|keys| Self::parse(&keys.path, &keys.bytes, evidence.pins.clone())).transpose()
    }
}

/// The file with the keys.
fn keys_of(evidence: &Evidence) -> Result<Option<Found>, Error> {
    named(evidence.keys.as_ref(), evidence.usual_keys.as_ref())
}

/// The file that was named, which has to be there; else the usual one, which need not.
fn named(path: Option<&PathBuf>, usual: Option<&PathBuf>) -> Result<Option<Found>, Error> {
    match (path, usual) {
        (Some(path), _) => read(path).map(Some),
        (None, Some(usual)) => match fs::metadata(usual) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            _ => read(usual).map(Some),
        },
        (None, None) => Ok(None),
    }
}

fn read(path: &Path) -> Result<Found, Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    Ok(Found { path: path.to_owned(), bytes: fs::read(path).map_err(failed)? })
}

/// The SHA-256 of bytes, in hex.
fn sum_of(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// What a list of sums, as sha256sum writes it, says of a file.
fn listed<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.lines().find_map(|line| {
        let (sum, file) = line.trim_end().split_once(' ')?;
        let file = file.strip_prefix([' ', '*'])?;
        let is_sum = sum.len() == 64 && sum.bytes().all(|byte| byte.is_ascii_hexdigit());
        (is_sum && file == name).then_some(sum)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_sums_names_whole_files() {
        let sum = "0".repeat(64);
        let text = format!(
            "{}  linux-6.6.13.tar.xz.old\r\n{sum}  linux-6.6.13.tar.xz\r\nshort  linux-6.6.14.tar.xz\r\n",
            "1".repeat(64)
        );
        assert_eq!(listed(&text, "linux-6.6.13.tar.xz"), Some(sum.as_str()));
        assert_eq!(listed(&text, "linux-6.6.14.tar.xz"), None);
        assert_eq!(listed(&text, "6.6.13.tar.xz"), None);
    }
}
