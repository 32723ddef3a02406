//! Words of a text.

use std::ops::Range;

/// The words of a text that may be references, versions or paths.
pub fn words(text: &str) -> Vec<Range<usize>> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '/' | ':' | '-' | '@');
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        if is_part(c) {
            start.get_or_insert(at);
        } else if let Some(start) = start.take() {
            let word = text[start..at].trim_end_matches(['.', ':', '/', '-']);
            if !word.is_empty() {
                words.push(start..start + word.len());
            }
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_and_versions_are_words() {
        let text =
            "image: org/kernel:6.6.13-dbg # FROM host:5000/a/kernel-perf:6.6.13.\nX=\"kernel:6.6.13\" a@b kernel:";
        let found: Vec<&str> = words(text).into_iter().map(|word| &text[word]).collect();
        assert_eq!(
            found,
            [
                "image",
                "org/kernel:6.6.13-dbg",
                "FROM",
                "host:5000/a/kernel-perf:6.6.13",
                "X",
                "kernel:6.6.13",
                "a@b",
                "kernel"
            ]
        );
    }
}
