//! Files from the web, kept in the cache by what they hold: each once, under its SHA-256, and for each URL which one it was.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

use crate::event::{Event, Interrupt, Observer};
use crate::files::{Lock, sha256, write_atomic};
use crate::net::{self, Download, Limits};
use crate::text::{hex, visible};

/// Where the files are, below the directory of the cache.
const FILES: &str = "sha256";
/// Where it says which file a URL was.
const URLS: &str = "urls";
/// Where downloads are that have not ended.
const PARTIAL: &str = "partial";

/// Why a file cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not in the cache.
    #[error("the network is not to be used, and {url} is not in the cache")]
    Offline {
        /// The URL, for display.
        url: String,
    },
    /// It could not be fetched.
    #[error(transparent)]
    Net(#[from] net::Error),
    /// It is not what it should be. Nothing of it is kept.
    #[error("{url} has the SHA-256 {found}, and should have {expected}")]
    Sum {
        /// The URL, for display.
        url: String,
        /// What came, 64 hex digits.
        found: String,
        /// What was promised, 64 hex digits.
        expected: String,
    },
    /// The cache cannot be used.
    #[error("cannot {what} '{}'", path.display())]
    Io {
        /// The step, as a verb.
        what: &'static str,
        /// The place.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Somebody else is downloading it.
    #[error("{url} is being downloaded by another kpatch")]
    Busy {
        /// The URL, for display.
        url: String,
    },
}

impl Error {
    /// The way out, where one is known.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Offline { .. } => Some("run once without --offline to fetch it"),
            Self::Net(net::Error::Unreachable { .. } | net::Error::TimedOut { .. }) => {
                Some("is the network there? what has come so far is kept, and the next run goes on from there")
            }
            Self::Net(error) => error.hint(),
            Self::Sum { .. } => {
                Some("the mirror may be out of step with its list of sums: try again later, or another mirror")
            }
            Self::Busy { .. } => Some("wait for it to end"),
            Self::Io { .. } => None,
        }
    }

    /// True when there is no such file.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Net(net::Error::Status { status: 404, .. }))
    }

    /// True when the user asked for the end.
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Net(error) if error.is_interrupted())
    }
}

/// A file that is in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Where it is.
    pub path: PathBuf,
    /// Its SHA-256, 64 hex digits.
    pub sum: String,
}

/// What a download may do.
#[derive(Clone, Copy)]
pub struct Access<'a> {
    /// Never touch the network.
    pub offline: bool,
    /// Is told how far it is.
    pub observer: &'a dyn Observer,
    /// Stops it.
    pub interrupt: &'a Interrupt,
}

/// The files of one cache.
#[derive(Debug, Clone)]
pub struct Downloads {
    dir: PathBuf,
}

impl Downloads {
    /// The files below the directory of the cache, which need not be there.
    pub fn new(cache: &Path) -> Self {
        Self { dir: cache.join("files") }
    }

    /// What `url` held when it was last fetched, if that is still there.
    pub fn get(&self, url: &str) -> Option<Kept> {
        let sum = fs::read_to_string(self.note(url)).ok()?;
        let sum = sum.lines().next()?.to_owned();
        let path = self.place(&sum, url);
        // For `gc`: it is still of use.
        let now = fs::FileTimes::new().set_modified(SystemTime::now());
        let file = File::options().append(true).open(&path).ok()?;
        let _ = file.set_times(now);
        Some(Kept { path, sum })
    }

    /// The file at `url`: from the cache if it is there, else fetched. With `expected`, 64 hex digits, it is that file or an error.
    ///
    /// # Errors
    /// When it cannot be fetched, or is another one than was expected; nothing but the beginning of a good download is left then.
    pub fn file(&self, url: &str, limits: Limits, expected: Option<&str>, access: Access<'_>) -> Result<Kept, Error> {
        match self.get(url) {
            Some(kept) if expected.is_none_or(|expected| expected.eq_ignore_ascii_case(&kept.sum)) => Ok(kept),
            _ if access.offline => Err(Error::Offline { url: visible(url.as_bytes()) }),
            _ => self.fetch(url, limits, expected, access),
        }
    }

    /// Fetches `url`, whatever is in the cache.
    ///
    /// # Errors
    /// As [`Downloads::file`].
    pub fn fetch(&self, url: &str, limits: Limits, expected: Option<&str>, access: Access<'_>) -> Result<Kept, Error> {
        for name in [FILES, URLS, PARTIAL] {
            let dir = self.dir.join(name);
            fs::create_dir_all(&dir).map_err(cannot("create", &dir))?;
        }
        let part = self.dir.join(PARTIAL).join(key(url));
        let lock = part.with_extension("lock");
        let _lock = Lock::acquire(&lock, "download").map_err(|_| Error::Busy { url: visible(url.as_bytes()) })?;
        let sum = loop {
            let resumed = part.exists();
            let mut meter = Meter::new(access.observer, name(url));
            let download = Download { url, to: &part, limits };
            download.run(access.interrupt, |done, total| meter.tell(done, total))?;
            let sum = sum_of(&part, url, access.interrupt)?;
            let Some(expected) = expected.filter(|expected| !expected.eq_ignore_ascii_case(&sum)) else { break sum };
            fs::remove_file(&part).map_err(cannot("remove", &part))?;
            // What was continued may have been the beginning of another file: that is tried once more as a whole.
            if !resumed {
                let (url, expected) = (visible(url.as_bytes()), expected.to_ascii_lowercase());
                return Err(Error::Sum { url, found: sum, expected });
            }
        };
        let path = self.place(&sum, url);
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir).map_err(cannot("create", dir))?;
        }
        fs::rename(&part, &path).map_err(cannot("write", &path))?;
        let note = self.note(url);
        write_atomic(&note, format!("{sum}\n{url}\n").as_bytes())
            .map_err(|error| cannot("write", &note)(io::Error::other(error)))?;
        Ok(Kept { path, sum })
    }

    /// Forgets what `url` held; the file itself goes too.
    pub fn forget(&self, url: &str) {
        if let Some(kept) = self.get(url) {
            // What is not there need not be removed.
            let _ = fs::remove_file(&kept.path);
        }
        let _ = fs::remove_file(self.note(url));
    }

    /// Where the file with this sum is: under the name that it has in the web, which says what it is.
    fn place(&self, sum: &str, url: &str) -> PathBuf {
        self.dir.join(FILES).join(sum).join(name(url))
    }

    fn note(&self, url: &str) -> PathBuf {
        self.dir.join(URLS).join(key(url))
    }
}

/// Tells how far a download is, in MiB.
struct Meter<'a> {
    observer: &'a dyn Observer,
    name: String,
    told: Option<u64>,
}

const MIB: u64 = 1 << 20;

impl<'a> Meter<'a> {
    fn new(observer: &'a dyn Observer, name: &str) -> Self {
        Self { observer, name: format!("downloading {} (MiB)", visible(name.as_bytes())), told: None }
    }

    fn tell(&mut self, done: u64, total: Option<u64>) {
        if self.told.is_none() {
            let total = total.and_then(|total| usize::try_from(total.div_ceil(MIB)).ok());
            self.observer.event(&Event::Stage { name: self.name.clone().into(), total });
        }
        let told = self.told.unwrap_or(0);
        for _ in told..done / MIB {
            self.observer.event(&Event::Step);
        }
        self.told = Some(done / MIB);
    }
}

/// The last part of a URL.
fn name(url: &str) -> &str {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let name = path.rsplit('/').next().unwrap_or_default();
    if name.is_empty() || name.starts_with('.') || name.contains(char::is_control) { "file" } else { name }
}

/// A short name for a URL.
fn key(url: &str) -> String {
    hex(&Sha256::digest(url))[..32].to_owned()
}

fn sum_of(path: &Path, url: &str, interrupt: &Interrupt) -> Result<String, Error> {
    let mut file = File::open(path).map_err(cannot("open", path))?;
    let sum = sha256(&mut file, &|| !interrupt.is_raised()).map_err(cannot("read", path))?;
    sum.ok_or_else(|| net::Error::Interrupted { url: visible(url.as_bytes()) }.into())
}

fn cannot(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io { what, path, source }
}
