//! All rules, one file each, in a folder for each family.

mod dco;
mod format;
mod hunks;
mod message;
mod names;
mod provenance;
#[cfg(test)]
mod real_patches;
mod safety;
mod series;
#[cfg(test)]
pub(in crate::lint) mod testing;
mod upstream;

use std::sync::LazyLock;

use super::rule::Rule;

/// The rules of a family, by id.
type Family = &'static [&'static Rule];

/// All rules, by id.
pub static RULES: LazyLock<Vec<&'static Rule>> = LazyLock::new(|| {
    let families: [Family; 9] = [
        dco::RULES,
        format::RULES,
        hunks::RULES,
        message::RULES,
        names::RULES,
        provenance::RULES,
        series::RULES,
        upstream::RULES,
        safety::RULES,
    ];
    families.concat()
});
