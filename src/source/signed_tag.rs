//! Signatures of tags: whether a tag is one that somebody who counts has made.

use std::path::Path;

use super::proof::{Error, Evidence, KeyRing, Signatures};
use crate::git::process::Git;

/// The line that a signature begins with.
const SIGNATURE: &[u8] = b"-----BEGIN PGP SIGNATURE-----";

/// Checks the signature of a tag against the keys of `evidence`. Returns the fingerprint of the signer; `None` where there are no keys to check
/// it with.
///
/// # Errors
/// When the tag has no signature, or one that is bad or of a key that does not count.
pub fn signer(git: &Git, tag: &str, evidence: &Evidence) -> Result<Option<String>, Error> {
    let Some(ring) = KeyRing::of(evidence)? else { return Ok(None) };
    let name = format!("the tag {tag}");
    let object = git.run(["cat-file", "tag", &format!("refs/tags/{tag}")]).map_err(|_| unsigned(&name))?;
    let at = bstr::ByteSlice::find(object.as_slice(), SIGNATURE).ok_or_else(|| unsigned(&name))?;
    let (signed, signature) = object.split_at(at);
    let mut signatures = Signatures::parse(Path::new(&name), signature)?;
    signatures.update(signed);
    ring.accept(signatures, &name).map(Some)
}

fn unsigned(name: &str) -> Error {
    Error::Refused { what: format!("{name} is not signed"), hint: Some("the tags of kernel.org are".into()) }
}
