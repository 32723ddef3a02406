//! Why an image could not be written, read, or sent.

use std::io;
use std::path::{Path, PathBuf};

/// Why something with an image did not work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system refused a step.
    #[error("cannot {what} '{}'", path.display())]
    Io {
        /// The step, as a verb.
        what: &'static str,
        /// What it was to be done to.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// What was written could not be taken in where it goes.
    #[error("cannot write the archive")]
    Sink(#[source] io::Error),
    /// A file that no archive can hold, or that changes while it is read.
    #[error("'{}' {why}", path.display())]
    Entry {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, as a phrase that follows its name.
        why: &'static str,
    },
    /// A directory that is no layout, or not one that can be read.
    #[error("'{}' is no OCI image layout: {why}", path.display())]
    Layout {
        /// The directory.
        path: PathBuf,
        /// What is wrong with it, as a sentence.
        why: String,
    },
    /// A blob that is not what its name says.
    #[error("the blob '{}' is damaged: its content has another digest", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// A document that cannot be understood.
    #[error("cannot understand {what}")]
    Json {
        /// What it describes, or its digest.
        what: String,
        /// Where it goes wrong.
        source: serde_json::Error,
    },
    /// Something that the OCI specifications do not allow.
    #[error("this is no image of the OCI specification")]
    Spec(#[source] oci_spec::OciSpecError),
    /// What was asked for is not in an image, or is no image.
    #[error("{what} {why}")]
    Missing {
        /// The image, quoted.
        what: String,
        /// What is missing, as a phrase that follows its name.
        why: String,
    },
    /// The files of an image cannot be read.
    #[error("cannot read the files of '{image}'")]
    Layer {
        /// The image.
        image: String,
        /// Why not.
        source: io::Error,
    },
    /// A registry did not do what it was asked to.
    #[error("cannot {what}: {why}")]
    Registry {
        /// What was tried, with the name of the image or the registry.
        what: String,
        /// What came of it.
        why: String,
        /// The way out, where one is known.
        hint: Option<String>,
    },
    /// The user asked to stop.
    #[error("interrupted")]
    Interrupted,
}

/// Turns an `io::Error` into one that names the step and the path.
pub(super) fn cannot(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io { what, path, source }
}

impl Error {
    /// What went wrong at the place where an archive goes to; a writer may say in this way that the user asked to stop.
    pub(super) fn sink(error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(inner) => inner,
            Err(error) => Self::Sink(error),
        }
    }

    /// The way out, where one is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Registry { hint, .. } => hint.clone(),
            Self::Damaged { .. } => Some("remove the file, and build the image again".into()),
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                Some("free some space; what is done so far is kept".into())
            }
            _ => None,
        }
    }

    /// True when the user asked for the end.
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Interrupted)
    }
}
