//! What names the output of a build before it is built.

use sha2::{Digest as _, Sha256};

use super::{Recipe, script};
use crate::text::hex;

/// 64 hex digits over all that can change a byte of the output directory: the recipe but for places and the number of jobs, the
/// script, and `identity`, which says who compiles. Equal fingerprints, equal bytes; see [`Output::is_complete`](super::Output::is_complete).
pub fn fingerprint(recipe: &Recipe, identity: &str) -> String {
    let mut hash = Sha256::new();
    // Each part with its length, so that no two lists of parts are the same text.
    let mut add = |name: &str, bytes: &[u8]| {
        hash.update(format!("{name} {}\n", bytes.len()));
        hash.update(bytes);
    };
    add("version", recipe.version.to_string().as_bytes());
    add("source", recipe.source.as_bytes());
    add("sources in the image", &[u8::from(recipe.tarball.is_some())]);
    add("config", &recipe.config.bytes);
    for fragment in &recipe.fragments {
        add("fragment", &fragment.bytes);
    }
    for (name, value) in script::variables(recipe) {
        if name != "JOBS" {
            add(name, value.as_bytes());
        }
    }
    // Also those that the script leaves to others.
    for tool in &recipe.tools {
        add("tool", tool.as_bytes());
    }
    add("builder", recipe.builder.as_deref().unwrap_or_default().as_bytes());
    add("script", script::TEXT.as_bytes());
    add("identity", identity.as_bytes());
    hex(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    #[test]
    fn only_what_changes_bytes_counts() {
        let recipe = testing::recipe();
        let first = fingerprint(&recipe, "gcc-12");
        assert_eq!(first.len(), 64);
        let mut same = recipe.clone();
        same.jobs = 7;
        same.tree = "/elsewhere".into();
        assert_eq!(fingerprint(&same, "gcc-12"), first);
        let changes: [fn(&mut Recipe); 10] = [
            |recipe| recipe.debug = true,
            |recipe| recipe.minimal = true,
            |recipe| recipe.arch = crate::arch::Arch::Aarch64,
            |recipe| recipe.source_id = "2".repeat(64),
            |recipe| recipe.config.bytes.push(b'\n'),
            |recipe| recipe.fragments.push(recipe.config.clone()),
            |recipe| recipe.local_version.push('x'),
            |recipe| recipe.epoch += 1,
            |recipe| recipe.builder = Some("linuxkit/alpine:1".into()),
            |recipe| recipe.tools.push("perf".into()),
        ];
        let mut seen = vec![first, fingerprint(&recipe, "gcc-13")];
        for change in changes {
            let mut other = recipe.clone();
            change(&mut other);
            seen.push(fingerprint(&other, "gcc-12"));
        }
        let count = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), count);
    }
}
