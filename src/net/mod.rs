//! Texts from the web: what a URL holds, as bytes, and where a page keeps its raw text.

mod address;
mod download;
mod fetch;

pub use address::{Address, commit_page};
pub use download::Download;
pub use fetch::{Limits, fetch};

/// Why nothing was fetched.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The text is no URL, or not one of the web.
    #[error("'{url}' is not a URL of the web")]
    Address {
        /// What was given, for display.
        url: String,
    },
    /// No answer came.
    #[error("cannot fetch {url}")]
    Unreachable {
        /// The URL without a password, for display.
        url: String,
        /// What the connection said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server refused.
    #[error("cannot fetch {url}: the server says {status}")]
    Status {
        /// The URL, for display.
        url: String,
        /// The code of RFC 9110, for example 404.
        status: u16,
    },
    /// The server leads to too many other places, or from https to http.
    #[error("cannot fetch {url}: {reason}")]
    Redirect {
        /// The URL, for display.
        url: String,
        /// What is wrong with the place that it leads to.
        reason: String,
    },
    /// More bytes than a patch has.
    #[error("cannot fetch {url}: it has more than {limit} bytes")]
    TooLarge {
        /// The URL, for display.
        url: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// A page for people, or one that keeps programs out.
    #[error("{url} is a web page, not a patch")]
    Page {
        /// The URL, for display.
        url: String,
    },
    /// It took too long.
    #[error("cannot fetch {url}: it takes longer than {seconds} seconds")]
    TimedOut {
        /// The URL, for display.
        url: String,
        /// The limit in seconds.
        seconds: u64,
    },
    /// The file that it goes to cannot be written.
    #[error("cannot write '{}'", path.display())]
    Write {
        /// The file.
        path: std::path::PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// The user asked for the end.
    #[error("interrupted while {url} was fetched")]
    Interrupted {
        /// The URL, for display.
        url: String,
    },
    /// The file with the certificates of authorities cannot be used.
    #[error("cannot use the certificates in '{file}'")]
    Certificates {
        /// The file, for display.
        file: String,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    /// The way out, where one is known.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Address { .. } => Some("addresses begin with https:// or http://"),
            Self::Unreachable { .. } => {
                Some("is the network there, and does HTTPS_PROXY say the way? or save the mail, and add the file")
            }
            Self::Status { status: 404 | 410, .. } => Some("check the spelling of the address"),
            Self::Status { status: 401 | 403 | 429, .. } => {
                Some("the server keeps programs out: save the mail with a browser, and add the file")
            }
            Self::Page { .. } => Some("name the raw mail or the .patch, or save it with a browser and add the file"),
            Self::TooLarge { .. } => Some("is that a patch?"),
            Self::Certificates { .. } => Some("it is to hold certificates in PEM; KPATCH_CA_FILE names it"),
            _ => None,
        }
    }

    /// True when the user asked for the end.
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Interrupted { .. })
    }
}
