//! Small lists on the web, of which a copy is kept in the cache: asked for once in a while, and used with their age when nobody
//! answers.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::event::Interrupt;
use crate::files::write_atomic;
use crate::net::{self, Limits};
use crate::text::with_causes;

/// A copy that is younger than this is as good as the list itself.
const FRESH: Duration = Duration::from_secs(3600);
/// What fetching it may take: it is a small file, and nobody wants to wait for it.
const LIMITS: Limits =
    Limits { bytes: 4 << 20, connect: Duration::from_secs(5), time: Duration::from_secs(20), proxies: true };

/// Which list, and how it may be asked for.
pub(super) struct Ask<'a> {
    pub(super) url: &'a str,
    /// Where the copy is kept.
    pub(super) copy: Option<PathBuf>,
    pub(super) offline: bool,
    pub(super) interrupt: &'a Interrupt,
}

/// Why there is no list, as far as the web is concerned.
pub(super) enum Problem {
    /// The network is not to be used, and there is no copy.
    Offline,
    /// It could not be fetched.
    Fetch(net::Error),
}

/// The bytes of a list, and how old they are.
pub(super) struct Found<'b> {
    pub(super) bytes: &'b [u8],
    /// How long ago it was fetched.
    pub(super) age: Duration,
    /// Why a copy is used although it is not fresh.
    pub(super) stale: Option<String>,
}

/// What `read` makes of the list or of its copy. Only what it can read is kept.
pub(super) fn ask<T, E>(ask: &Ask<'_>, read: impl Fn(Found<'_>) -> Result<T, E>) -> Result<T, E>
where
    E: From<Problem> + std::error::Error + 'static,
{
    let copied = ask.copy.as_ref().and_then(|path| Some((fs::read(path).ok()?, age(path)?)));
    if let Some((bytes, age)) = copied.as_ref().filter(|(_, age)| *age < FRESH)
        && let Ok(fresh) = read(Found { bytes, age: *age, stale: None })
    {
        return Ok(fresh);
    }
    let problem = if ask.offline {
        E::from(Problem::Offline)
    } else {
        match net::fetch(ask.url, LIMITS, ask.interrupt) {
            Err(error) if error.is_interrupted() => return Err(Problem::Fetch(error).into()),
            Err(error) => Problem::Fetch(error).into(),
            Ok(bytes) => match read(Found { bytes: &bytes, age: Duration::ZERO, stale: None }) {
                Ok(list) => {
                    keep(ask.copy.as_deref(), &bytes);
                    return Ok(list);
                }
                Err(problem) => problem,
            },
        }
    };
    let reason = if ask.offline { "the network is not to be used".to_owned() } else { with_causes(&problem) };
    let old = copied.and_then(|(bytes, age)| read(Found { bytes: &bytes, age, stale: Some(reason) }).ok());
    old.ok_or(problem)
}

/// The answer is good without a copy of it, too.
fn keep(copy: Option<&Path>, bytes: &[u8]) {
    if let Some(path) = copy {
        let made = path.parent().map(fs::create_dir_all);
        let _ = made.transpose().map(|_| write_atomic(path, bytes));
    }
}

/// How long ago a file was written.
pub(super) fn age(path: &Path) -> Option<Duration> {
    let written = fs::metadata(path).ok()?.modified().ok()?;
    // A clock that was put back makes it new.
    Some(SystemTime::now().duration_since(written).unwrap_or_default())
}
