//! Why a kernel could not be configured.

use std::io;
use std::path::PathBuf;

use crate::git::GitError;
use crate::process;

/// Why the kernel's configuration tools gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum KbuildError {
    /// The tree is no kernel's, or of one without Kconfig.
    #[error("the tree has no Kconfig and Makefile at its top")]
    NoKconfig,
    /// The tree has no such architecture.
    #[error("the kernel has no '{0}', so nothing can be configured for this architecture")]
    NoArch(&'static str),
    /// Programs that the kernel's tools are built with are not installed.
    #[error("the kernel's configuration tools need {}, which {} not installed", .missing.join(", "), if .missing.len() == 1 { "is" } else { "are" })]
    Tools {
        /// The programs.
        missing: Vec<String>,
        /// The Debian packages that have them.
        packages: Vec<String>,
    },
    /// A path in the tree that would leave the directory.
    #[error("the tree has '{0}', which is not a path inside it")]
    Path(String),
    /// Reading the tree failed.
    #[error("cannot read the tree")]
    Git(#[from] GitError),
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
    /// The kernel's own tools failed.
    #[error("the kernel's configuration tools failed: {said}")]
    Make {
        /// The last line that they said.
        said: String,
        /// How it ended.
        source: process::Error,
    },
    /// The result of a configuration changes each time that it is configured again.
    #[error("the configuration does not come to rest: `make defconfig` changes its own result again and again")]
    Restless,
    /// The Kconfig files of a tree cannot be read here.
    #[error("cannot read the Kconfig files: {0}")]
    Parse(String),
    /// The user asked to stop.
    #[error("interrupted")]
    Interrupted,
}

impl KbuildError {
    /// The way out, where there is one.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Tools { packages, .. } => Some(format!("install them: apt-get install {}", packages.join(" "))),
            Self::NoKconfig => Some("name a linux tree with the sources of the kernel".into()),
            _ => None,
        }
    }

    /// True when the user asked for the end.
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Interrupted)
    }
}
