//! `OpenPGP`: which signatures count, and whose.
//!
//! A key counts by the fingerprint of its primary key, which is pinned; what others say of it does not matter, nor when it expires: an
//! old copy of a pinned key is still that key. A subkey counts if its primary key says that it may sign and it says the same of its primary
//! key. What has been revoked does not count.

use std::path::Path;

use pgp::composed::{CleartextSignedMessage, Deserializable as _, DetachedSignature, SignedPublicKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Signature, SignatureType, SignatureVersion};
use pgp::types::{KeyDetails, VerifyingKey};

use super::Error;

/// The line that an armored key begins with.
const BLOCK: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";

/// Public keys, and which of them count.
#[derive(Debug)]
pub(crate) struct KeyRing {
    /// The name of the file that they come from, for messages.
    name: String,
    keys: Vec<SignedPublicKey>,
    /// Fingerprints in capitals.
    pins: Vec<String>,
}

/// Signatures over one file, and what was hashed of it so far.
pub(crate) struct Signatures {
    /// The file with the signatures, for messages.
    name: String,
    open: Vec<(Signature, Hasher)>,
}

/// A text with its signatures.
pub(crate) struct SignedText {
    /// The text, with line ends as they are signed: CR LF.
    pub(crate) text: String,
    /// Its signatures, which have seen the text.
    pub(crate) signatures: Signatures,
}

/// What one signature is worth.
enum Verdict {
    /// It was made with this pinned key.
    Good(String),
    /// Something else was signed.
    Forged(String),
    /// Nothing that counts, for a reason.
    Foreign(String),
}

impl KeyRing {
    /// Reads keys, armored (in one block or several) or binary.
    pub(crate) fn parse(path: &Path, bytes: &[u8], pins: Vec<String>) -> Result<Self, Error> {
        let name = path.display().to_string();
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let mut keys: Vec<SignedPublicKey> = Vec::new();
        // What is no key that can be read here, such as one of an outdated kind, signs nothing that is accepted.
        if text.contains(BLOCK) {
            for (start, _) in text.match_indices(BLOCK) {
                let rest = &text[start..];
                let end = rest[BLOCK.len()..].find(BLOCK).map_or(rest.len(), |end| end + BLOCK.len());
                if let Ok((found, _)) = SignedPublicKey::from_armor_many(&rest.as_bytes()[..end]) {
                    keys.extend(found.flatten());
                }
            }
        } else if let Ok(found) = SignedPublicKey::from_bytes_many(bytes) {
            keys.extend(found.flatten());
        }
        if keys.is_empty() {
            return Err(Error::refused(
                format!("there is no OpenPGP key in {name}"),
                Some("export the keys into it: gpg --armor --export FINGERPRINT…".into()),
            ));
        }
        Ok(Self { name, keys, pins })
    }

    /// Fails unless every signature is right, as far as the keys are here, and one of them is of a pinned key, whose fingerprint is returned.
    /// `signed` names what was signed.
    pub(crate) fn accept(&self, signatures: Signatures, signed: &str) -> Result<String, Error> {
        let name = signatures.name;
        let (mut good, mut foreign) = (None, None);
        for (signature, mut hasher) in signatures.open {
            match self.judge(&signature, &hasher(None)) {
                Verdict::Good(key) => good = good.or(Some(key)),
                Verdict::Foreign(why) => foreign = foreign.or(Some(why)),
                Verdict::Forged(key) => {
                    let what = format!("bad signature in {name}: {signed} is not what {key} has signed");
                    return Err(Error::Forged { what });
                }
            }
        }
        good.ok_or_else(|| {
            let why = foreign.unwrap_or_else(|| "holds no signature".into());
            let hint = "keys count that are pinned by their fingerprint: keys = […] under [sources] in kpatch.toml";
            Error::refused(format!("{name} {why}"), Some(hint.into()))
        })
    }

    fn judge(&self, signature: &Signature, digest: &[u8]) -> Verdict {
        let mut tried = None;
        for key in &self.keys {
            let primary = format!("{:X}", key.primary_key.fingerprint());
            for signer in signers(key).filter(|signer| is_issuer(*signer, signature)) {
                if !verifies(signer, signature, digest) {
                    tried = tried.or(Some(primary.clone()));
                } else if !self.pins.contains(&primary) {
                    return Verdict::Foreign(format!("is signed with {primary}, which is not a pinned key"));
                } else if is_revoked(key) {
                    return Verdict::Foreign(format!("is signed with {primary}, which has been revoked"));
                } else {
                    return Verdict::Good(primary);
                }
            }
        }
        match tried {
            Some(primary) => Verdict::Forged(primary),
            None => Verdict::Foreign(format!("is signed with {}, which is not in {}", issuer(signature), self.name)),
        }
    }
}

impl Signatures {
    /// Reads detached signatures, armored or binary.
    pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, Error> {
        let name = path.display().to_string();
        let read = || -> pgp::errors::Result<Vec<Signature>> {
            let (found, _) = DetachedSignature::from_reader_many(bytes)?;
            found.map(|found| found.map(|found| found.signature)).collect()
        };
        let signatures = read().map_err(|error| unreadable(&name, "signature", &error))?;
        if let Some(other) = signatures.iter().find(|signature| signature.typ() != Some(SignatureType::Binary)) {
            let kind = format!("{name} holds a signature of kind {:?}, not one of a file", other.typ());
            return Err(Error::refused(kind, None));
        }
        Self::open(name, signatures)
    }

    fn open(name: String, signatures: Vec<Signature>) -> Result<Self, Error> {
        let open = signatures.into_iter().map(|signature| {
            let hasher = hasher(&signature, &name)?;
            Ok((signature, hasher))
        });
        Ok(Self { open: open.collect::<Result<_, Error>>()?, name })
    }

    /// Takes in the next bytes of what was signed.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        for (_, hasher) in &mut self.open {
            hasher(Some(bytes));
        }
    }
}

impl SignedText {
    /// Reads a text that was signed in the clear.
    pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, Error> {
        let name = path.display().to_string();
        let (message, _) =
            CleartextSignedMessage::from_armor(bytes).map_err(|error| unreadable(&name, "signed text", &error))?;
        let text = message.signed_text();
        let mut signatures = Signatures::open(name, message.signatures().to_vec())?;
        signatures.update(text.as_bytes());
        Ok(Self { text, signatures })
    }
}

/// The hash of what a signature is over: takes in bytes, or gives the digest at the end of them. The type behind it has no name that is
/// public.
type Hasher = Box<dyn FnMut(Option<&[u8]>) -> Vec<u8>>;

/// Begins the hash of one signature.
fn hasher(signature: &Signature, name: &str) -> Result<Hasher, Error> {
    let refused = |why: String| Error::refused(format!("{name} holds a signature {why}"), None);
    let (SignatureVersion::V4, Some(config)) = (signature.version(), signature.config()) else {
        return Err(refused("of another version of OpenPGP than 4".into()));
    };
    if !is_strong(config.hash_alg) {
        return Err(refused(format!("by means of {}, which is no longer secure", config.hash_alg)));
    }
    let config = config.clone();
    let unknown = |error: &dyn std::fmt::Display| refused(format!("that cannot be checked: {error}"));
    let mut hasher = config.hash_alg.new_hasher().map_err(|error| unknown(&error))?;
    // What is signed of the signature itself does not depend on the file, so a trouble with it shows now.
    let mut probe = config.hash_alg.new_hasher().map_err(|error| unknown(&error))?;
    let length = config.hash_signature_data(&mut probe).map_err(|error| unknown(&error))?;
    let trailer = config.trailer(length).map_err(|error| unknown(&error))?;
    Ok(Box::new(move |bytes| {
        if let Some(bytes) = bytes {
            hasher.update(bytes);
            return Vec::new();
        }
        // It went well a moment ago, and a digest without it verifies nothing.
        let _ = config.hash_signature_data(&mut hasher);
        hasher.update(&trailer);
        hasher.finalize_reset().into_vec()
    }))
}

fn is_strong(algorithm: HashAlgorithm) -> bool {
    !matches!(algorithm, HashAlgorithm::Md5 | HashAlgorithm::Sha1 | HashAlgorithm::Ripemd160 | HashAlgorithm::None)
}

/// The keys of a certificate that may sign files.
fn signers(key: &SignedPublicKey) -> impl Iterator<Item = &dyn VerifyingKey> {
    let primary = &key.primary_key;
    let subkeys = key.public_subkeys.iter().filter(move |subkey| {
        let of_kind = |kind| subkey.signatures.iter().filter(move |signature| signature.typ() == Some(kind));
        let holds = |signature: &Signature| signature.verify_subkey_binding(primary, &subkey.key).is_ok();
        let may_sign = |signature: &Signature| {
            let back = signature.embedded_signature();
            signature.key_flags().sign()
                && back.is_some_and(|back| back.verify_primary_key_binding(&subkey.key, primary).is_ok())
        };
        let mut bindings = of_kind(SignatureType::SubkeyBinding);
        let mut revocations = of_kind(SignatureType::SubkeyRevocation);
        bindings.any(|binding| may_sign(binding) && holds(binding)) && !revocations.any(holds)
    });
    std::iter::once(primary as &dyn VerifyingKey).chain(subkeys.map(|subkey| &subkey.key as &dyn VerifyingKey))
}

fn is_revoked(key: &SignedPublicKey) -> bool {
    key.details.revocation_signatures.iter().any(|signature| signature.verify_key(&key.primary_key).is_ok())
}

/// Whether a signature says that a key made it. One that says nothing may be of every key.
fn is_issuer(key: &dyn VerifyingKey, signature: &Signature) -> bool {
    let (ids, fingerprints) = (signature.issuer_key_id(), signature.issuer_fingerprint());
    (ids.is_empty() && fingerprints.is_empty())
        || ids.iter().any(|id| **id == key.legacy_key_id())
        || fingerprints.iter().any(|fingerprint| **fingerprint == key.fingerprint())
}

fn issuer(signature: &Signature) -> String {
    let fingerprint = signature.issuer_fingerprint().first().map(|fingerprint| format!("{fingerprint:X}"));
    let id = || signature.issuer_key_id().first().map(|id| id.to_string().to_uppercase());
    fingerprint.or_else(id).unwrap_or_else(|| "a key that it does not name".into())
}

/// RFC 9580, section 5.2.4: the digest is what the key has signed, and its first two bytes stand in the signature.
fn verifies(key: &dyn VerifyingKey, signature: &Signature, digest: &[u8]) -> bool {
    let (Some(algorithm), Some(bytes)) = (signature.hash_alg(), signature.signature()) else { return false };
    let begins = signature.signed_hash_value().is_some_and(|first| digest.starts_with(&first));
    begins && key.verify(algorithm, digest, bytes).is_ok()
}

fn unreadable(name: &str, what: &str, error: &pgp::errors::Error) -> Error {
    Error::refused(format!("{name} is no OpenPGP {what}: {error}"), Some("download it again".into()))
}

#[cfg(test)]
mod tests {
    use pgp::crypto::public_key::PublicKeyAlgorithm;
    use pgp::packet::SignatureConfig;
    use pgp::types::SignatureBytes;

    use super::*;

    #[test]
    fn hashes_that_can_be_forged_do_not_count() {
        for (hash, accepted) in
            [(HashAlgorithm::Md5, false), (HashAlgorithm::Sha1, false), (HashAlgorithm::Sha256, true)]
        {
            let config = SignatureConfig::v4(SignatureType::Binary, PublicKeyAlgorithm::RSA, hash);
            let signature = Signature::from_config(config, [0, 0], SignatureBytes::Native(Vec::new().into()));
            assert_eq!(hasher(&signature.expect("a signature"), "x").is_ok(), accepted, "{hash}");
        }
    }
}
