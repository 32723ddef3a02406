//! The tag of the image that a kernel was compiled in.

use std::rc::Rc;

use super::tags::decide;
use super::{BuildError, Push, PushedTag, Ready, TagState, oci_failed, parse};
use crate::build::plan::BUILD_IMAGE;
use crate::event::Event;
use crate::image::Reference;
use crate::oci::{Descriptor, ImageConfiguration, Layout, Repository};

impl<'a> Push<'a> {
    /// Copies the image with the compiler beside the kernel, with all its architectures.
    pub(super) fn builder(&mut self, ready: &Ready<'_>, repository: &Rc<Repository<'a>>) -> Result<(), BuildError> {
        let Some(tag) = ready.image.builder_tag() else { return Ok(()) };
        let reference = format!("{}:{tag}", ready.image.repository);
        let mut labels = Vec::new();
        for (_, manifest) in &ready.manifests {
            labels.extend(label(self.layout, manifest)?);
        }
        let Some(source) = labels.iter().find(|label| is_image(label)) else {
            let what = labels.first().map_or("it is not said what compiled it".to_owned(), |label| {
                format!("{label} compiled it, which is no image")
            });
            self.report.tags.push(PushedTag {
                reference,
                state: TagState::None,
                digest: None,
                before: None,
                note: Some(what),
            });
            return Ok(());
        };
        let (row, warning) = self.copy_builder(source, repository, &tag, reference)?;
        if let Some(warning) = warning {
            self.watch.observer.event(&Event::Warning(warning));
        }
        self.report.tags.push(row);
        Ok(())
    }

    /// The row of the tag, and what to warn of. That there is no such image does not undo what was pushed.
    fn copy_builder(
        &mut self,
        source: &str,
        repository: &Rc<Repository<'a>>,
        tag: &str,
        reference: String,
    ) -> Result<(PushedTag, Option<String>), BuildError> {
        let none = |reference: String, note: String| {
            let warning = format!("{reference} is not written: {note}");
            let row = PushedTag { reference, state: TagState::None, digest: None, before: None, note: Some(note) };
            Ok((row, Some(warning)))
        };
        let parsed = parse(source)?;
        let name = parsed.digest.or(parsed.tag).unwrap_or("latest");
        let from = match self.repositories.open(source) {
            Ok(from) => from,
            Err(BuildError::Interrupted) => return Err(BuildError::Interrupted),
            Err(error) => return none(reference, error.to_string()),
        };
        let document = match from.manifest(name) {
            Ok(Some(document)) => document,
            Ok(None) => return none(reference, format!("{source} is in no registry")),
            Err(error) if error.is_interrupted() => return Err(oci_failed(error)),
            Err(error) => return none(reference, error.to_string()),
        };
        let before = repository.digest(tag).map_err(oci_failed)?.map(|digest| digest.to_string());
        let digest = document.digest.to_string();
        let state = decide(before.as_deref(), &digest, self.request.move_tags);
        if matches!(state, TagState::Created | TagState::Moved) {
            self.transfer.copy(&from, repository, &document)?;
            if !self.request.dry_run {
                repository.put(tag, &document.kind, &document.bytes).map_err(oci_failed)?;
            }
        }
        let digest = if state == TagState::Kept { before.clone() } else { Some(digest) };
        let before = before.filter(|before| Some(before) != digest.as_ref());
        Ok((PushedTag { reference, state, digest, before, note: None }, None))
    }
}

/// What compiled an image of the layout, as its label says.
fn label(layout: &Layout, manifest: &Descriptor) -> Result<Option<String>, BuildError> {
    let parts = layout.read_manifest(manifest).map_err(oci_failed)?;
    let config = layout.read(parts.config()).map_err(oci_failed)?;
    let config: ImageConfiguration = serde_json::from_slice(&config)
        .map_err(|error| BuildError::Input(format!("cannot understand {}: {error}", parts.config().digest()), None))?;
    let labels = config.config().as_ref().and_then(|config| config.labels().as_ref());
    Ok(labels.and_then(|labels| labels.get(BUILD_IMAGE).cloned()))
}

/// Whether a label names an image: what compilers are called otherwise has neither a tag nor a digest.
pub(crate) fn is_image(label: &str) -> bool {
    Reference::parse(label).is_ok_and(|reference| reference.tag.is_some() || reference.digest.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_told_from_compilers() {
        assert!(is_image("linuxkit/alpine:0123456789"));
        assert!(is_image(&format!("registry.example.org:5000/acme/alpine@sha256:{:064}", 0)));
        for other in ["debian-12/gcc-12.2.0-14+deb12u1/binutils-2.40", "alpine-3.19/gcc-13.2.1/binutils-2.41", "x", ""]
        {
            assert!(!is_image(other), "{other}");
        }
    }
}
