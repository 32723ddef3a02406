//! What can go wrong between kpatch and a repository.

use std::path::PathBuf;

use super::Oid;

/// A failed access to a repository.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The directory is no repository, or one that cannot be read.
    #[error("cannot open the git repository '{}'", path.display())]
    Open {
        /// The directory that was tried.
        path: PathBuf,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// Objects are not there: a shallow or blobless clone, or a damaged one.
    #[error("the linux tree lacks {} object(s), the first is {}", .0.len(), first(.0))]
    Missing(Vec<Oid>),
    /// An object is there, but it is not what it should be.
    #[error("object {id} is not a valid {expected}")]
    Corrupt {
        /// The object.
        id: Oid,
        /// What it should be, for example `tree`.
        expected: &'static str,
    },
    /// A ref does not exist.
    #[error("no such tag or branch: '{0}'")]
    NoSuchRef(String),
    /// A file and a directory want the same name, or a path leads through a symbolic link.
    #[error("'{path}' cannot be written: '{obstacle}' is in the way")]
    InTheWay {
        /// The path that was to be written.
        path: String,
        /// What stands there, with its kind.
        obstacle: String,
    },
    /// The refs could not be changed; none of them was.
    #[error("cannot update the refs of the linux tree")]
    Refs(#[source] BoxError),
    /// Reading an object or a ref failed.
    #[error("cannot read {what}")]
    Read {
        /// What was read.
        what: String,
        /// Why it failed.
        #[source]
        source: BoxError,
    },
    /// Writing into the object database failed.
    #[error("cannot write '{}'", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// A fetch of missing objects failed.
    #[error("cannot fetch missing objects")]
    Fetch(#[source] BoxError),
}

/// Any error that can cross threads.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

fn first(ids: &[Oid]) -> String {
    ids.first().map_or_else(|| "unknown".into(), ToString::to_string)
}
