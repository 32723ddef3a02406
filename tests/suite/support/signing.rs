//! Throw-away keys, and what is signed with them.

use pgp::composed::{
    ArmorOptions, CleartextSignedMessage, DetachedSignature, KeyType, SecretKeyParamsBuilder, SignedPublicKey,
    SignedSecretKey,
};
use pgp::crypto::hash::HashAlgorithm;
use pgp::types::Password;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use sha2::{Digest as _, Sha256};

/// A key; the same for the same number.
pub fn key(seed: u64) -> SignedSecretKey {
    let mut params = SecretKeyParamsBuilder::default();
    params.key_type(KeyType::Ed25519Legacy).can_certify(true).can_sign(true);
    params.primary_user_id(format!("Key {seed} <{seed}@example.org>"));
    params.build().unwrap().generate(StdRng::seed_from_u64(seed)).unwrap()
}

/// Its public part, as files hold it.
pub fn public(key: &SignedSecretKey) -> String {
    SignedPublicKey::from(key.clone()).to_armored_string(ArmorOptions::default()).unwrap()
}

/// A signature beside what was signed.
pub fn detached(key: &SignedSecretKey, bytes: &[u8]) -> Vec<u8> {
    let (chance, hash) = (StdRng::seed_from_u64(9), HashAlgorithm::Sha256);
    let signature = DetachedSignature::sign_binary_data(chance, &key.primary_key, &Password::empty(), hash, bytes);
    signature.unwrap().to_armored_bytes(ArmorOptions::default()).unwrap()
}

/// A list of sums of files, with their names, signed in the clear.
pub fn signed_list(key: &SignedSecretKey, files: &[(&str, &[u8])]) -> Vec<u8> {
    let row = |(name, bytes): &(&str, &[u8])| format!("{}  {name}\n", kpatch::text::hex(&Sha256::digest(bytes)));
    let text: String = files.iter().map(row).collect();
    let signed = CleartextSignedMessage::sign(StdRng::seed_from_u64(9), &text, &key.primary_key, &Password::empty());
    signed.unwrap().to_armored_string(ArmorOptions::default()).unwrap().into_bytes()
}
