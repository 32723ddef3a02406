//! What releases have to prove: what the user says, and what the kit says.

use std::path::PathBuf;

use crate::kit::Kit;
use crate::source::proof::Evidence;

/// What the user says of proofs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProofOptions {
    /// The list of sums, signed in the clear; `sha256sums.asc` beside a tarball if absent.
    pub sums: Option<PathBuf>,
    /// The public keys; `keys.asc` in the kit's kernel directory if absent.
    pub keys: Option<PathBuf>,
    /// Refuse what has no good signature; the kit may ask for that as well.
    pub require_signature: bool,
}

/// All that counts as a proof.
pub(super) fn evidence(options: &ProofOptions, kit: Option<&Kit>) -> Evidence {
    let usual = kit.map_or_else(Evidence::without_kit, Evidence::of_kit);
    Evidence {
        sums: options.sums.clone(),
        keys: options.keys.clone(),
        required: options.require_signature || usual.required,
        ..usual
    }
}
