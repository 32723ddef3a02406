//! All rules, by what they hold against each other.

mod build_args;
mod configs;
mod files;
mod references;
#[cfg(test)]
mod testing;
mod tests_dir;
mod upstream;
mod versions;

use std::sync::LazyLock;

use super::Rule;

/// All rules, by id.
pub static RULES: LazyLock<Vec<&'static Rule>> = LazyLock::new(|| {
    let families = [
        configs::RULES,
        versions::RULES,
        build_args::RULES,
        files::RULES,
        tests_dir::RULES,
        references::RULES,
        upstream::RULES,
    ];
    let mut all: Vec<&'static Rule> = families.into_iter().flatten().collect();
    all.sort_by_key(|rule| rule.about.id);
    all
});

/// The word that most items have; of several the first.
fn most_common<'a>(items: &[&'a str]) -> Option<&'a str> {
    let times = |word: &str| items.iter().filter(|other| **other == word).count();
    let mut best: Option<(&str, usize)> = None;
    for word in items {
        let count = times(word);
        if best.is_none_or(|(_, most)| count > most) {
            best = Some((word, count));
        }
    }
    best.map(|(word, _)| word)
}
