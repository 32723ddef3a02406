//! The images that files made of templates name.

use std::collections::BTreeMap;

use super::OpError;
use super::references::{Text, texts};
use crate::image::{ImageKind, Images, Reference};
use crate::kit::cases::words;
use crate::kit::{Kit, checker};

/// What stands in files for the marks of templates, such as `@INIT@`.
pub(super) struct TemplateImages {
    /// The image of kernels, without a tag.
    pub(super) kernel: String,
    words: Vec<(&'static str, String)>,
}

/// The marks, and the names of the images that they stand for.
const MARKS: [(&str, &str); 5] = [
    ("@INIT@", "init"),
    ("@RUNC@", "runc"),
    ("@POWEROFF@", "poweroff"),
    ("@MODPROBE@", "modprobe"),
    ("@CHECKER@", checker::IMAGE),
];
/// The image with a shell and little else.
const BASE: (&str, &str) = ("@BASE@", "alpine");

impl TemplateImages {
    /// As the texts that are `near` name them, else as most files of the kit do, else by their plain names.
    pub(super) fn of(kit: &Kit, images: &Images, near: &[String]) -> Result<Self, OpError> {
        let far: Vec<String> = texts(kit)?.into_iter().map(|Text { text, .. }| text).collect();
        let is_kernel = |reference: &Reference<'_>| images.kind(reference) == Some(ImageKind::Kernel);
        let kernel = most(near, is_kernel).or_else(|| most(&far, is_kernel));
        let kernel = kernel.and_then(|word| Some(untagged(&Reference::parse(&word).ok()?)));
        let kernel = kernel.unwrap_or_else(|| images.kernel());
        let named = |name: &str| {
            let is_it = |reference: &Reference<'_>| reference.name() == name;
            most(near, is_it).or_else(|| most(&far, is_it))
        };
        Ok(Self::with(kernel, named))
    }

    /// By their plain names, beside the image of the kernel.
    pub(super) fn plain(kernel: &str) -> Self {
        Self::with(kernel.to_owned(), |_| None)
    }

    fn with(kernel: String, named: impl Fn(&str) -> Option<String>) -> Self {
        let org = kernel.rsplit_once('/').map_or("", |(org, _)| org);
        let beside = |name: &str| if org.is_empty() { name.to_owned() } else { format!("{org}/{name}") };
        let mut words: Vec<_> =
            MARKS.iter().map(|(mark, name)| (*mark, named(name).unwrap_or_else(|| beside(name)))).collect();
        words.push((BASE.0, named(BASE.1).unwrap_or_else(|| BASE.1.to_owned())));
        Self { kernel, words }
    }

    /// A template with all marks replaced, these and those of the caller.
    pub(super) fn fill(&self, template: &str, own: &[(&str, String)]) -> String {
        let known = self.words.iter().map(|(mark, word)| (*mark, word));
        let all = known.chain(own.iter().map(|(mark, word)| (*mark, word)));
        all.fold(template.to_owned(), |text, (mark, word)| text.replace(mark, word))
    }
}

/// The tagged reference of which `is_it` is true that is there most often; of several the greatest.
fn most(texts: &[String], is_it: impl Fn(&Reference<'_>) -> bool) -> Option<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for text in texts {
        for word in words(text).into_iter().map(|place| &text[place]) {
            if Reference::parse(word).is_ok_and(|reference| reference.tag.is_some() && is_it(&reference)) {
                *counts.entry(word).or_default() += 1;
            }
        }
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(word, _)| word.to_owned())
}

/// The image without its tag.
fn untagged(reference: &Reference<'_>) -> String {
    Reference { tag: None, digest: None, ..*reference }.to_string()
}
