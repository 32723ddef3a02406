//! Why an image could not be built.

use std::io;
use std::path::{Path, PathBuf};

use crate::kit::KitError;
use crate::process;

/// Why building did not work. What could not be done leaves no half-written image, index or tag.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The system refused something.
    #[error("cannot {what} '{}'", path.display())]
    Io {
        /// The step, as a verb.
        what: &'static str,
        /// What it was to be done to.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Programs are not installed.
    #[error("{stage} needs {}, which {} not installed", .missing.join(", "), if .missing.len() == 1 { "is" } else { "are" })]
    Tools {
        /// What needs them.
        stage: String,
        /// The programs.
        missing: Vec<String>,
        /// The Debian packages that have them.
        packages: Vec<String>,
    },
    /// A stage of the build ran and failed.
    #[error("{stage} failed: {said}")]
    Stage {
        /// The stage, such as `compiling 6.6.13 for amd64`.
        stage: String,
        /// The line that says why.
        said: String,
        /// Everything that was said.
        log: Option<PathBuf>,
        /// The way out, where one is known.
        hint: Option<String>,
        /// How it ended.
        source: Option<Box<process::Error>>,
    },
    /// Something that the user gave, or that was found, is not as it must be.
    #[error("{0}")]
    Input(String, Option<String>),
    /// The kit cannot be read.
    #[error("{}", said(.0))]
    Kit(Box<KitError>),
    /// An image could not be written, read or sent.
    #[error(transparent)]
    Oci(crate::oci::Error),
    /// The user asked to stop.
    #[error("interrupted")]
    Interrupted,
}

/// What an error says, with its cause.
fn said(error: &KitError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// Turns an `io::Error` into one that names the step and the path.
pub(crate) fn cannot(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BuildError {
    let path = path.to_owned();
    move |source| BuildError::Io { what, path, source }
}

/// Turns a kit's error into one of building.
pub(crate) fn kit_failed(error: KitError) -> BuildError {
    BuildError::Kit(Box::new(error))
}

impl From<crate::oci::Error> for BuildError {
    fn from(error: crate::oci::Error) -> Self {
        match error {
            crate::oci::Error::Interrupted => Self::Interrupted,
            crate::oci::Error::Io { what, path, source } => Self::Io { what, path, source },
            other => Self::Oci(other),
        }
    }
}

impl BuildError {
    /// The ways out, where there are any.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Tools { packages, .. } => vec![format!("install them: apt-get install {}", packages.join(" "))],
            Self::Stage { log, hint, .. } => {
                let log = log.iter().map(|log| format!("the log is {}", log.display()));
                hint.iter().cloned().chain(log).collect()
            }
            Self::Input(_, hint) => hint.iter().cloned().collect(),
            Self::Oci(error) => error.hint().into_iter().collect(),
            Self::Kit(error) => error.hint().map(str::to_owned).into_iter().collect(),
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                vec!["free some space, or name another directory: --out DIR; what is done so far is kept".into()]
            }
            Self::Io { .. } | Self::Interrupted => Vec::new(),
        }
    }

    /// True when the user asked for the end.
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Interrupted)
    }
}
