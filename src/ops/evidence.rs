//! What releases have to prove: what the user says, and what the kit says.

use std::path::PathBuf;

use crate::kit::{Kit, SourcesConfig};
use crate::source::proof::{self, Evidence};

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
    let settings = kit.map_or_else(SourcesConfig::default, |kit| kit.config().sources.clone());
    Evidence {
        sums: options.sums.clone(),
        signature: None,
        keys: options.keys.clone(),
        usual_keys: kit.map(|kit| kit.kernel_dir().join(proof::KEYS)),
        pins: settings.pinned(),
        required: options.require_signature || settings.require_signature,
    }
}
