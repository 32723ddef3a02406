//! How much room compiling takes, and whether there is as much.

use std::path::Path;

use crate::build::{BuildError, Recipe};
use crate::kconfig::Config;

/// What every kernel takes, in bytes: programs of the build, headers, and the collected files.
const BASE: u64 = 400 << 20;
/// What an option that is set takes on the average, in bytes.
const OPTION: u64 = 600 << 10;
/// The same for one that is a module: it has objects of its own, and is copied.
const MODULE: u64 = 2 << 20;
/// How many times as much objects take with what a debugger wants to know.
const DEBUG_INFO: u64 = 6;
/// What is needed at least to go on where a build has stopped, in bytes.
const LEAST: u64 = 256 << 20;

/// About how many bytes compiling takes, on top of the sources.
pub fn estimate(recipe: &Recipe) -> u64 {
    let texts = std::iter::once(&recipe.config).chain(&recipe.fragments);
    let (mut set, mut modules, mut debug_info) = (0, 0, false);
    for text in texts {
        for option in Config::parse(&text.bytes).unwrap_or_default().options {
            match option.word() {
                "y" => set += 1,
                "m" => modules += 1,
                _ => {}
            }
            debug_info |= option.name == "CONFIG_DEBUG_INFO" && option.word() == "y";
        }
    }
    (BASE + set * OPTION + modules * MODULE) * if debug_info { DEBUG_INFO } else { 1 }
}

/// Refuses to begin what cannot come to its end.
pub(super) fn check(recipe: &Recipe, objects: &Path) -> Result<(), BuildError> {
    // What lies there already need not be written again, and nobody knows how much that is.
    let needed = if objects.join(".config").exists() { LEAST } else { estimate(recipe) };
    let Some(free) = free(&recipe.tree) else { return Ok(()) };
    if free >= needed {
        return Ok(());
    }
    let what = format!(
        "{} MiB are free in '{}', and compiling takes about {} MiB",
        free >> 20,
        recipe.tree.display(),
        needed >> 20
    );
    Err(BuildError::Input(what, Some("free some space, or name another directory: --out DIR".into())))
}

/// The bytes that an ordinary user may still write; `None` where the system does not say.
pub(crate) fn free(path: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(path).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing;
    use super::*;

    #[test]
    fn more_options_take_more_room() {
        let mut recipe = testing::recipe();
        let small = estimate(&recipe);
        recipe.config.bytes.extend_from_slice(b"CONFIG_A=m\nCONFIG_B=y\n# CONFIG_C is not set\n");
        let more = estimate(&recipe);
        assert_eq!(more, small + OPTION + MODULE);
        recipe.fragments.push(crate::build::NamedFile { name: "dbg".into(), bytes: b"CONFIG_DEBUG_INFO=y\n".to_vec() });
        assert!(estimate(&recipe) > 5 * more);
        assert!(free(Path::new("/")).is_some() && free(Path::new("/nonexistent")).is_none());
    }
}
