//! From what the user says to a linux tree: a path or a URL.

use std::path::{Path, PathBuf};

use crate::git::process::{Error as GitError, Git};
use crate::process::without_passwords;
use crate::text::visible;

/// The repository with all releases, where none is named.
pub const STABLE_TREE: &str = "https://git.kernel.org/pub/scm/linux/kernel/git/stable/linux.git";

/// Why a linux tree cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is something at the path, but no repository.
    #[error("cannot use {} as the linux tree", .path.display())]
    Path {
        /// What was given.
        path: PathBuf,
        /// What git said.
        #[source]
        source: GitError,
    },
    /// It looks like a URL of a kind that kpatch does not fetch from.
    #[error("cannot fetch from {url}: unknown kind of address")]
    Scheme {
        /// What was given, without a password, for display.
        url: String,
    },
    /// Neither an existing path nor a URL.
    #[error("{text} is neither a directory nor a URL")]
    Nothing {
        /// What was given, for display.
        text: String,
    },
}

impl Error {
    /// What the user can do about it, where that is known.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Path { path, .. } if path.is_file() => {
                Some("make a repository of it first: 'git clone' takes a bundle, 'kpatch source import' a tarball")
            }
            Self::Path { .. } => {
                Some("name the top of a work tree or a bare repository; 'git init' makes one to import tarballs into")
            }
            Self::Scheme { .. } => {
                Some("addresses begin with https://, git://, ssh:// or file://, or are user@host:path")
            }
            Self::Nothing { .. } => Some("check the spelling; a URL begins with https://, git://, ssh:// or file://"),
        }
    }
}

/// Where the kernel releases are taken from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinuxSource {
    /// An existing repository (bare or not, shallow and partial clones too), by its git directory.
    Clone(PathBuf),
    /// A repository behind a URL, of which only the wanted parts are fetched into the cache.
    Url(String),
}

impl LinuxSource {
    /// Reads what the user said. A path that exists is a path, whatever else it looks like.
    ///
    /// # Errors
    /// When it is neither a repository nor an address that can be fetched from.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let path = Path::new(text);
        if !text.is_empty() && path.exists() {
            return match Git::discover(path) {
                Ok(git) => Ok(Self::Clone(git.git_dir().to_owned())),
                Err(source) => Err(Error::Path { path: path.to_owned(), source }),
            };
        }
        if is_url(text) {
            return Ok(Self::Url(text.to_owned()));
        }
        if text.contains("://") || text.contains("::") {
            return Err(Error::Scheme { url: shown_url(text) });
        }
        Err(Error::Nothing { text: visible(text.as_bytes()) })
    }
}

/// True for an address that git may be given: `https://`, `http://`, `git://`, `ssh://`, `file://`, and
/// `host:path`. Never for what could be read as an option or as the name of a remote helper.
pub fn is_url(text: &str) -> bool {
    if text.starts_with('-') || text.contains("::") || text.chars().any(|c| c.is_control() || c == ' ') {
        return false;
    }
    if let Some((scheme, rest)) = text.split_once("://") {
        let known = ["https", "http", "git", "ssh", "file"].contains(&scheme);
        // A host that begins with a dash could become an option of ssh.
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        return known && !rest.is_empty() && !host.starts_with('-') && !rest.starts_with('-');
    }
    match text.split_once(':') {
        Some((host, path)) => {
            let name = host.rsplit_once('@').map_or(host, |(_, name)| name);
            !path.is_empty() && !host.contains('/') && !name.is_empty() && !name.starts_with('-')
        }
        None => false,
    }
}

/// A URL for messages: without a password, and with nothing that could forge a terminal.
pub(super) fn shown_url(url: &str) -> String {
    without_passwords(&visible(url.as_bytes()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn urls_are_told_from_the_rest() {
        for url in [
            "https://git.kernel.org/pub/scm/linux/kernel/git/stable/linux.git",
            "git://h/x",
            "ssh://me@h:22/x",
            "file:///srv/linux.git",
            "me@h:linux.git",
            "h:/srv/x",
        ] {
            assert_eq!(LinuxSource::parse(url).unwrap(), LinuxSource::Url(url.to_owned()));
        }
        for bad in ["ftp://h/x", "ext::sh -c x", "https://", "ssh://-oProxyCommand=x/y", "ssh://a@-oX/y", "fd::3"] {
            let error = LinuxSource::parse(bad).unwrap_err();
            assert!(matches!(error, Error::Scheme { .. }), "{bad}: {error}");
            assert!(error.hint().is_some());
        }
        for bad in ["", "linux", "./no/such:thing", "-oX:y", "--upload-pack=x", "me@-oX:y", ":x", "a\nb:c"] {
            assert!(matches!(LinuxSource::parse(bad), Err(Error::Nothing { .. })), "{bad}");
        }
        let error = LinuxSource::parse("ftp://u:secret@h/x").unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
    }

    #[test]
    fn an_existing_path_is_a_clone_or_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().canonicalize().unwrap();
        let bare = path.join("x:y.git");
        Git::new(&bare).init_bare(None).unwrap();
        let source = LinuxSource::parse(bare.to_str().unwrap()).unwrap();
        assert_eq!(source, LinuxSource::Clone(bare));
        let error = LinuxSource::parse(path.to_str().unwrap()).unwrap_err();
        assert!(matches!(error, Error::Path { .. }) && error.hint().unwrap().contains("work tree"));
        std::fs::write(path.join("linux.bundle"), "x").unwrap();
        let error = LinuxSource::parse(path.join("linux.bundle").to_str().unwrap()).unwrap_err();
        assert!(error.hint().unwrap().contains("bundle"), "{error:?}");
    }
}
