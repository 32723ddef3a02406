//! Image references as words of a text.

use std::ops::Range;

/// The name of the kernel's image, without the organisation; tools are named `kernel-perf`.
const KERNEL: &str = "kernel";

/// A reference to an image with a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Image<'t> {
    /// What stands in front of the tag: `linuxkit/kernel`.
    pub repository: &'t str,
    /// The tag.
    pub tag: &'t str,
}

impl<'t> Image<'t> {
    /// Reads a word; `None` if it is no reference with a tag.
    pub fn read(word: &'t str) -> Option<Self> {
        let (repository, tag) = word.rsplit_once(':')?;
        let is_plain = !repository.is_empty() && !tag.is_empty() && !tag.contains('/') && !word.contains('@');
        is_plain.then_some(Self { repository, tag })
    }

    /// The last part of the repository.
    pub fn name(&self) -> &'t str {
        self.repository.rsplit('/').next().unwrap_or(self.repository)
    }
}

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

/// Whether an image is a kernel or a tool of one.
pub fn is_kernel(image: &Image<'_>) -> bool {
    let name = image.name();
    let is_ours = name == KERNEL || name.strip_prefix(KERNEL).is_some_and(|rest| rest.starts_with('-'));
    is_ours && series_of_tag(image.tag).is_some()
}

/// The series of a tag that begins with a version, as in `6.6.13-dbg-c0d9…`: major and minor number.
pub fn series_of_tag(tag: &str) -> Option<String> {
    let version: crate::version::KernelVersion = tag.split('-').next()?.parse().ok()?;
    Some(version.series().to_string())
}

/// The tag for another version: what stands behind the version stays, but for the hash. Where the new one is not known,
/// none stands there.
pub fn retagged(tag: &str, version: &str, hash: Option<&str>) -> String {
    let mut new = vec![version];
    let mut parts = tag.split('-').skip(1).peekable();
    while let Some(part) = parts.next() {
        if part.len() == 40 && part.bytes().all(|b| b.is_ascii_hexdigit()) {
            new.extend(hash);
            // A dirty hash says, perhaps, of what.
            if parts.next_if_eq(&"dirty").is_some() {
                parts.next_if(|part| part.len() == 7 && part.bytes().all(|b| b.is_ascii_hexdigit()));
            }
        } else {
            new.push(part);
        }
    }
    new.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_words() {
        let text =
            "image: org/kernel:6.6.13-dbg # FROM host:5000/a/kernel-perf:6.6.13.\nX=\"kernel:6.6.13\" a@b kernel:";
        let found: Vec<&str> = words(text).into_iter().map(|word| &text[word]).collect();
        let images: Vec<&str> =
            found.iter().filter(|word| Image::read(word).is_some_and(|image| is_kernel(&image))).copied().collect();
        assert_eq!(images, ["org/kernel:6.6.13-dbg", "host:5000/a/kernel-perf:6.6.13", "kernel:6.6.13"]);
        for other in [
            "host:5000/kernel",
            "kernels:6.6.13",
            "kernel:latest",
            "my-kernel:6.6.13",
            ":6.6.13",
            "kernel:6.6.13@sha256:aa",
        ] {
            assert!(!Image::read(other).is_some_and(|image| is_kernel(&image)), "{other}");
        }
    }

    #[test]
    fn a_tag_keeps_what_is_not_version_or_hash() {
        let hash = "0123456789012345678901234567890123456789";
        let new = "abcdefabcdefabcdefabcdefabcdefabcdefabcd";
        assert_eq!(retagged("6.6.13", "7.0.5", Some(new)), "7.0.5");
        assert_eq!(retagged("6.6.13-builder", "7.0.5", Some(new)), "7.0.5-builder");
        assert_eq!(retagged(&format!("6.6.13-dbg-{hash}-arm64"), "7.0.5", Some(new)), format!("7.0.5-dbg-{new}-arm64"));
        assert_eq!(retagged(&format!("6.6.13-{hash}-dirty-1d75567"), "7.0.5", Some(new)), format!("7.0.5-{new}"));
        assert_eq!(retagged(&format!("6.6.13-{hash}-amd64"), "7.0.5", None), "7.0.5-amd64");
    }
}
