//! What proves that a tarball is what kernel.org released.
//!
//! Two things do: a signature of the unpacked archive (`linux-6.6.13.tar.sign`), and a signed list of sums (`sha256sums.asc`). Both are
//! looked for beside the tarball. What is there has to be right, whether it is asked for or not.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::hex_sha256;
use super::keys::{KeyRing, Signatures, SignedText};
use super::{SourceRequest, Tarball};
use crate::build::BuildError;
use crate::build::error::cannot;

/// The names that files with proofs and keys have.
const SUMS: &str = "sha256sums.asc";
const KEYS: &str = "keys.asc";

/// The files that may prove a tarball, as they are.
pub(super) struct Proof {
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
pub(super) struct Check {
    name: String,
    ring: Option<KeyRing>,
    signatures: Option<Signatures>,
    required: bool,
    good: Vec<String>,
    lacking: Vec<String>,
}

impl Proof {
    /// Reads what there is beside the tarball, or was named.
    pub(super) fn gather(tarball: &Tarball, request: &SourceRequest<'_>) -> Result<Self, BuildError> {
        let file = &tarball.file;
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let stem = ["xz", "gz"].iter().find_map(|end| name.strip_suffix(&format!(".{end}"))).unwrap_or(&name);
        let settings = &request.kit.config().sources;
        let named = |path: &Option<PathBuf>, usual: PathBuf| match path {
            Some(path) => read(path).map(Some),
            None => match fs::metadata(&usual) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                _ => read(&usual).map(Some),
            },
        };
        Ok(Self {
            sums: named(&tarball.sums, file.with_file_name(SUMS))?,
            signature: named(&None, file.with_file_name(format!("{stem}.sign")))?,
            keys: named(&tarball.keys, request.kit.kernel_dir().join(KEYS))?,
            pins: settings.pinned(),
            required: tarball.require_signature || settings.require_signature,
            name,
        })
    }

    /// Names all that the outcome depends on, besides the tarball.
    pub(super) fn id(&self) -> String {
        let mut text = format!("{}\n{}\n", self.required, self.pins.join(" "));
        for found in [&self.sums, &self.signature, &self.keys] {
            text.push_str(&found.as_ref().map_or_else(|| "none".into(), |found| hex_sha256(&found.bytes)));
            text.push('\n');
        }
        hex_sha256(text.as_bytes())
    }

    /// Checks what can be checked by the tarball's sum, in 64 hex digits, and begins with the rest.
    pub(super) fn begin(self, sum: &str) -> Result<Check, BuildError> {
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
                    return Err(BuildError::Input(
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
    pub(super) fn needs_archive(&self) -> bool {
        self.ring.is_some() && self.signatures.is_some()
    }

    /// Takes in the next bytes of the unpacked archive.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        if let (Some(_), Some(signatures)) = (&self.ring, &mut self.signatures) {
            signatures.update(bytes);
        }
    }

    /// The outcome, once all of the archive was read: what to tell the user.
    pub(super) fn finish(mut self) -> Result<Vec<String>, BuildError> {
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
            return Err(BuildError::Input(
                format!("{} has to prove where it comes from: {why}", self.name),
                Some(hint.into()),
            ));
        }
        Ok(vec![format!("not checked where {} comes from: {why}", self.name)])
    }
}

fn read(path: &Path) -> Result<Found, BuildError> {
    Ok(Found { path: path.to_owned(), bytes: fs::read(path).map_err(cannot("read", path))? })
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
