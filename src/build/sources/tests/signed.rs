//! Tarballs that prove where they come from, or fail to.

use pgp::composed::{
    ArmorOptions, CleartextSignedMessage, DetachedSignature, KeyType, SecretKeyParamsBuilder, SignedPublicKey,
    SignedSecretKey, SubkeyParamsBuilder,
};
use pgp::crypto::hash::HashAlgorithm;
use pgp::types::{KeyDetails as _, Password, SigningKey};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::*;

/// A key that is the same in each run, with a subkey that signs.
fn key(seed: u64) -> SignedSecretKey {
    let subkey = SubkeyParamsBuilder::default().key_type(KeyType::Ed25519Legacy).can_sign(true).build().unwrap();
    let mut params = SecretKeyParamsBuilder::default();
    params.key_type(KeyType::Ed25519Legacy).can_certify(true).can_sign(true);
    params.primary_user_id(format!("Key {seed} <{seed}@example.org>")).subkey(subkey);
    params.build().unwrap().generate(StdRng::seed_from_u64(seed)).unwrap()
}

fn fingerprint(key: &SignedSecretKey) -> String {
    format!("{:X}", key.fingerprint())
}

fn public(keys: &[&SignedSecretKey]) -> Vec<u8> {
    let armored = |key: &&SignedSecretKey| {
        SignedPublicKey::from((*key).clone()).to_armored_string(ArmorOptions::default()).unwrap()
    };
    keys.iter().map(armored).collect::<String>().into_bytes()
}

fn detached(key: &impl SigningKey, bytes: &[u8], hash: HashAlgorithm) -> Vec<u8> {
    let signature = DetachedSignature::sign_binary_data(StdRng::seed_from_u64(9), key, &Password::empty(), hash, bytes);
    signature.unwrap().to_armored_bytes(ArmorOptions::default()).unwrap()
}

fn sums(key: &impl SigningKey, files: &[(&[u8], &str)]) -> String {
    let lines: Vec<String> = files.iter().map(|(bytes, name)| format!("{}  {name}\n", hex_sha256(bytes))).collect();
    let signed = CleartextSignedMessage::sign(StdRng::seed_from_u64(9), &lines.concat(), key, &Password::empty());
    signed.unwrap().to_armored_string(ArmorOptions::default()).unwrap()
}

/// A kit that pins one key, and a tarball beside which nothing lies yet.
struct Signed {
    sandbox: Sandbox,
    key: SignedSecretKey,
    tarball: Tarball,
    packed: Vec<u8>,
}

impl Signed {
    fn new() -> Self {
        let mut sandbox = Sandbox::new();
        let key = key(1);
        let settings = format!("[sources]\nkeys = [\"{}\"]\n", fingerprint(&key));
        sandbox.write("kit/kpatch.toml", settings.as_bytes());
        sandbox.kit = Kit::open(&sandbox.path("kit")).unwrap();
        let tarball = sandbox.tarball();
        let packed = fs::read(&tarball.file).unwrap();
        let signed = Self { sandbox, key, tarball, packed };
        signed.write("kit/kernel/keys.asc", &public(&[&signed.key]));
        signed
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        self.sandbox.write(name, bytes);
    }

    fn prepare(&self) -> Result<Prepared, BuildError> {
        self.sandbox.prepare(Origin::Tarball(&self.tarball))
    }

    fn note(&self) -> String {
        self.prepare().unwrap().notes.join("\n")
    }

    fn refused(&self, said: &str) {
        let error = self.prepare().expect_err(said).to_string();
        assert!(error.contains(said), "{error}");
    }
}

const SIGN: &str = "linux-6.1.176.tar.sign";
const NAME: &str = "linux-6.1.176.tar.xz";

#[test]
fn a_signature_of_the_unpacked_archive_counts() {
    let signed = Signed::new();
    let tar = signed.sandbox.tar();
    let primary = fingerprint(&signed.key);
    signed.write(SIGN, &detached(&signed.key.primary_key, &tar, HashAlgorithm::Sha256));
    assert_eq!(signed.note(), format!("{NAME} has a good signature of {primary}"));
    // Of the subkey as well; what is unpacked is checked once more.
    let tree = signed.sandbox.path("work/linux-6.1.176/Kbuild");
    fs::write(&tree, "kept").unwrap();
    signed.write(SIGN, &detached(&signed.key.secret_subkeys[0].key, &tar, HashAlgorithm::Sha512));
    assert_eq!(signed.note(), format!("{NAME} has a good signature of {primary}"));
    assert_eq!(fs::read(&tree).unwrap(), b"kept");
    signed.write(SIGN, &detached(&signed.key.primary_key, b"something else", HashAlgorithm::Sha256));
    signed.refused(&format!("{SIGN}: {NAME} is not what {primary} has signed"));
    signed.write(SIGN, b"-----BEGIN PGP SIGNATURE-----\n\nabc\n");
    signed.refused("is no OpenPGP signature");
    signed.write(SIGN, b"");
    assert!(signed.prepare().is_err());
}

#[test]
fn a_bad_signature_leaves_nothing() {
    let signed = Signed::new();
    signed.write(SIGN, &detached(&signed.key.primary_key, b"something else", HashAlgorithm::Sha256));
    signed.refused("bad signature in");
    signed.sandbox.assert_nothing_left("a bad signature");
}

#[test]
fn a_key_counts_if_it_is_pinned_and_here() {
    let signed = Signed::new();
    let (other, tar) = (key(2), signed.sandbox.tar());
    signed.write(SIGN, &detached(&other.primary_key, &tar, HashAlgorithm::Sha256));
    signed.refused(&format!("is signed with {}, which is not in", fingerprint(&other)));
    signed.write("kit/kernel/keys.asc", &public(&[&signed.key, &other]));
    signed.refused(&format!("is signed with {}, which is not a pinned key", fingerprint(&other)));
    // A key that claims the subkey of another one.
    let mut thief = SignedPublicKey::from(signed.key.clone());
    thief.public_subkeys = SignedPublicKey::from(other.clone()).public_subkeys;
    signed.write("kit/kernel/keys.asc", thief.to_armored_string(ArmorOptions::default()).unwrap().as_bytes());
    signed.write(SIGN, &detached(&other.secret_subkeys[0].key, &tar, HashAlgorithm::Sha256));
    signed.refused("which is not in");
    signed.write("kit/kernel/keys.asc", b"no keys");
    signed.refused("there is no OpenPGP key in");
    // Keys may be elsewhere.
    signed.write(SIGN, &detached(&signed.key.primary_key, &tar, HashAlgorithm::Sha256));
    signed.write("elsewhere.asc", &public(&[&other, &signed.key]));
    let tarball = Tarball { keys: Some(signed.sandbox.path("elsewhere.asc")), ..signed.tarball.clone() };
    assert!(signed.sandbox.prepare(Origin::Tarball(&tarball)).unwrap().notes[0].contains("has a good signature"));
}

#[test]
fn a_signed_list_of_sums_counts() {
    let signed = Signed::new();
    let good = sums(&signed.key.primary_key, &[(b"x", "linux-6.1.175.tar.xz"), (&signed.packed, NAME)]);
    signed.write("sha256sums.asc", good.as_bytes());
    assert!(signed.note().contains(&format!("sha256sums.asc says, which {} has signed", fingerprint(&signed.key))));
    signed.write("sha256sums.asc", good.replace(&hex_sha256(b"x"), &hex_sha256(b"y")).as_bytes());
    signed.refused("bad signature in");
    signed.refused("sha256sums.asc: the list of sums is not what");
    signed.write("sha256sums.asc", sums(&signed.key.primary_key, &[(b"x", NAME)]).as_bytes());
    signed.refused(&format!("sha256sums.asc says {}", hex_sha256(b"x")));
    signed.write("sha256sums.asc", sums(&signed.key.primary_key, &[(b"x", "linux-6.1.175.tar.xz")]).as_bytes());
    assert!(signed.note().ends_with("sha256sums.asc does not list it"), "{}", signed.note());
    signed.write("sha256sums.asc", sums(&key(2).primary_key, &[(&signed.packed, NAME)]).as_bytes());
    signed.refused("which is not in");
    signed.write("sha256sums.asc", format!("{}  {NAME}\n", hex_sha256(&signed.packed)).as_bytes());
    signed.refused("is no OpenPGP signed text");
}

#[test]
fn without_proof_there_is_a_note_or_an_error() {
    let mut signed = Signed::new();
    assert!(signed.note().ends_with("there is neither a signature nor a list of sums beside it"));
    signed.tarball.require_signature = true;
    signed.refused("has to prove where it comes from: there is neither a signature nor a list of sums");
    signed.write("sha256sums.asc", sums(&signed.key.primary_key, &[(&signed.packed, NAME)]).as_bytes());
    assert!(signed.note().contains("has signed"));
    fs::remove_file(signed.sandbox.path("kit/kernel/keys.asc")).unwrap();
    signed.refused("there are no keys");
    signed.tarball.require_signature = false;
    assert!(signed.note().contains("there are no keys"));
    // A wrong sum is wrong, whoever says so.
    signed.write("sha256sums.asc", sums(&signed.key.primary_key, &[(b"x", NAME)]).as_bytes());
    signed.refused("has the SHA-256");
    fs::remove_file(signed.sandbox.path("sha256sums.asc")).unwrap();
    signed.write("kit/kpatch.toml", b"[sources]\nrequire_signature = true\n");
    signed.sandbox.kit = Kit::open(&signed.sandbox.path("kit")).unwrap();
    signed.refused("has to prove where it comes from");
}
