//! All rules, one file each, in a folder for each family.

/// A patch file for the examples: its header lines, what follows them up to the `---` line, what follows that.
macro_rules! sample_mail {
    ($header:expr, $body:expr, $rest:expr) => {
        concat!(
            "From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\n",
            $header,
            "\n",
            $body,
            $rest,
            "diff --git a/mm/page.c b/mm/page.c\n--- a/mm/page.c\n+++ b/mm/page.c\n@@ -1 +1 @@\n-a\n+b\n"
        )
        .as_bytes()
    };
}

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

/// A rule says no more than this of the lines of one patch: what follows is alike.
const MOST: usize = 50;

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
