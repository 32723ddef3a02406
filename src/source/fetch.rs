//! Releases from a git server: first the trees of single tags, later the few blobs that are looked at.
//!
//! A whole stable tree is gigabytes. The trees of two tags are a few megabytes, and the blobs that a patch set
//! touches are a few more.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

use super::cache::{REMOTE, is_cache};
use super::resolve::{is_url, shown_url};
use crate::event::{Event, Observer};
use crate::git::process::{Error as GitError, Git, check_ref_name};
use crate::text::visible;

mod commit;
mod log;

pub use commit::fetch_commit;
pub use log::fetch_log;

/// Why something could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not an address that kpatch fetches from.
    #[error("cannot fetch from {url}: unknown kind of address")]
    Scheme {
        /// What was given, for display.
        url: String,
    },
    /// The cache directory cannot be made.
    #[error("cannot create the cache directory {}", .path.display())]
    CacheDir {
        /// Its path.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The cache repository was made for another URL.
    #[error("{} holds what was fetched from {found}, not from {url}", .path.display())]
    OtherUrl {
        /// The git directory of the cache repository.
        path: PathBuf,
        /// The URL in its configuration, for display.
        found: String,
        /// The URL that was asked for, for display.
        url: String,
    },
    /// The server has no such tag.
    #[error("no tag {tag} at {url}")]
    UnknownTag {
        /// The first one that is missing.
        tag: String,
        /// Where it was looked for, for display.
        url: String,
        /// What git said.
        #[source]
        source: Box<GitError>,
    },
    /// No connection.
    #[error("cannot reach {url}")]
    Unreachable {
        /// The URL, for display.
        url: String,
        /// What git said.
        #[source]
        source: Box<GitError>,
    },
    /// The server wants credentials that it did not get.
    #[error("access to {url} was denied")]
    Denied {
        /// The URL, for display.
        url: String,
        /// What git said.
        #[source]
        source: Box<GitError>,
    },
    /// There is something at the URL, but no repository, or nothing at all.
    #[error("there is no git repository at {url}")]
    NotARepository {
        /// The URL, for display.
        url: String,
        /// What git said.
        #[source]
        source: Box<GitError>,
    },
    /// Not the id of an object: 40 or 64 hex digits.
    #[error("'{id}' is not an object id")]
    BadId {
        /// What was given, for display.
        id: String,
    },
    /// The server does not have, or does not give out, an object.
    #[error("{url} did not send {missing} of the {wanted} objects asked for, such as {example}")]
    Missing {
        /// Where they were asked for, for display.
        url: String,
        /// How many objects are missing.
        missing: usize,
        /// How many were asked for.
        wanted: usize,
        /// The id of one of them.
        example: String,
        /// What git said, where it failed.
        #[source]
        source: Option<Box<GitError>>,
    },
    /// The directory of packs cannot be read.
    #[error("cannot read {}", .path.display())]
    Packs {
        /// Its path.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Anything else that git failed at.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl Error {
    /// What the user can do about it, where that is known.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Scheme { .. } => {
                Some("addresses begin with https://, git://, ssh:// or file://, or are user@host:path")
            }
            Self::UnknownTag { .. } => {
                Some("a first release is tagged v6.7, not v6.7.0; -rt releases have their own repository")
            }
            Self::Unreachable { .. } => Some("releases that were fetched or imported before need no network"),
            Self::Denied { .. } => {
                Some("kpatch uses your git credentials and ssh agent; try 'git ls-remote' on the address")
            }
            Self::OtherUrl { .. } => Some("remove that directory; it is only a cache"),
            _ => None,
        }
    }

    /// True when the user asked for the end.
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Git(source) if source.is_interrupted())
    }
}

/// What [`fetch_tags`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedTags {
    /// The tags that came over the network, in the order asked for.
    pub fetched: Vec<String>,
    /// The tags that were there already.
    pub present: Vec<String>,
    /// Bytes that the packs of the repository grew by.
    pub bytes: u64,
    /// False when the server cannot filter and sent all blobs along.
    pub filtered: bool,
}

/// Fetches what is named, and nothing besides.
const FETCH: [&str; 5] =
    ["fetch", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--recurse-submodules=no"];

/// Fetches the named tags from `url`, which may also be the name of a remote of the repository. What is there
/// already is not fetched again.
///
/// Into a repository of the cache comes each tag with its trees only, without history and without blobs, see
/// [`fetch_blobs`]. A repository of the user is neither made shallow nor partial: it gets the tags as
/// `git fetch` would bring them.
///
/// # Errors
/// When a tag is unknown there, the server is not reached, or it is no git server. Nothing is fetched then.
pub fn fetch_tags(git: &Git, url: &str, tags: &[&str], observer: &dyn Observer) -> Result<FetchedTags, Error> {
    let (remote, cached) = remote(git, url)?;
    for tag in tags {
        check_ref_name(tag)?;
    }
    let there = existing_tags(git)?;
    let mut result = FetchedTags { fetched: Vec::new(), present: Vec::new(), bytes: 0, filtered: cached };
    let mut seen = BTreeSet::new();
    for tag in tags.iter().filter(|tag| seen.insert(**tag)) {
        let list = if there.contains(*tag) { &mut result.present } else { &mut result.fetched };
        list.push((*tag).to_owned());
    }
    if result.fetched.is_empty() {
        return Ok(result);
    }
    observer.event(&Event::Stage { name: "fetching releases".into(), total: None });
    let before = pack_bytes(git)?;
    let mut args = FETCH.to_vec();
    if cached {
        args.extend(["--depth=1", "--filter=blob:none"]);
    }
    args.extend(["--", &remote]);
    let refspecs: Vec<String> = result.fetched.iter().map(|tag| format!("+refs/tags/{tag}:refs/tags/{tag}")).collect();
    args.extend(refspecs.iter().map(String::as_str));
    let network = git.network();
    let output = network.command().args(args).run().map_err(|error| classify(error.into(), url))?;
    result.bytes = pack_bytes(git)?.saturating_sub(before);
    if cached && contains(&output.stderr, "filtering not recognized by server") {
        result.filtered = false;
        let warning = format!("{} cannot leave out files; the whole releases were fetched", shown_url(url));
        observer.event(&Event::Warning(warning));
    }
    Ok(result)
}

/// The names of all tags at `url`. Nothing is fetched but their list.
///
/// # Errors
/// When the server is not reached, or it is no git server.
pub fn list_tags(git: &Git, url: &str, observer: &dyn Observer) -> Result<Vec<String>, Error> {
    let (remote, _) = remote(git, url)?;
    observer.event(&Event::Stage { name: "asking for releases".into(), total: None });
    let args = ["ls-remote", "--tags", "--refs", "--", &remote];
    let output = git.network().run(args).map_err(|error| classify(error, url))?;
    let names = String::from_utf8_lossy(&output);
    let names = names.lines().filter_map(|line| line.split_once("refs/tags/")).map(|(_, name)| name.to_owned());
    Ok(names.collect())
}

/// What [`fetch_blobs`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchedBlobs {
    /// How many objects came over the network.
    pub fetched: usize,
    /// How many of the wanted ones were there already.
    pub present: usize,
    /// Bytes that the packs of the repository grew by.
    pub bytes: u64,
}

/// Fetches the objects with the given ids (hex) in one go, from the remote `remote` or the URL.
///
/// # Errors
/// [`Error::Missing`] when the server lacks some, and what [`fetch_tags`] fails with.
pub fn fetch_blobs(git: &Git, url: &str, ids: &[String], observer: &dyn Observer) -> Result<FetchedBlobs, Error> {
    let (remote, _) = remote(git, url)?;
    let wanted: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
    let is_id = |id: &str| matches!(id.len(), 40 | 64) && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if let Some(bad) = wanted.iter().find(|id| !is_id(id)) {
        return Err(Error::BadId { id: visible(bad.as_bytes()) });
    }
    let version = Git::check_version()?;
    // An older git would fetch the objects one by one while it is only asked whether they are there.
    let missing = if version.can_refuse_lazy_fetch() { missing(git, &wanted)? } else { wanted.clone() };
    let present = wanted.len() - missing.len();
    if missing.is_empty() {
        return Ok(FetchedBlobs { fetched: 0, present, bytes: 0 });
    }
    observer.event(&Event::Stage { name: "fetching files".into(), total: Some(missing.len()) });
    let before = pack_bytes(git)?;
    let mut list = String::new();
    for id in &missing {
        list.push_str(id);
        list.push('\n');
    }
    let mut args = vec!["-c", "fetch.negotiationAlgorithm=noop"];
    args.extend(FETCH);
    args.extend(["--filter=blob:none", "--stdin", "--", &remote]);
    let fetched = git.network().run_with_input(args, list);
    let bytes = pack_bytes(git)?.saturating_sub(before);
    let source = match fetched {
        Ok(_) => None,
        Err(source) if source.stderr().is_some_and(is_about_objects) => Some(Box::new(source)),
        Err(source) => return Err(classify(source, url)),
    };
    let left = if version.can_refuse_lazy_fetch() { self::missing(git, &wanted)? } else { BTreeSet::new() };
    if source.is_some() || !left.is_empty() {
        let example = left.first().or(missing.first()).map_or_else(String::new, |id| (*id).to_owned());
        let (url, wanted) = (shown_url(url), wanted.len());
        return Err(Error::Missing { url, missing: left.len().max(1), wanted, example, source });
    }
    for _ in &missing {
        observer.event(&Event::Step);
    }
    Ok(FetchedBlobs { fetched: missing.len(), present, bytes })
}

/// What to name the source of `url` to git, and whether the repository is one of the cache.
fn remote(git: &Git, url: &str) -> Result<(String, bool), Error> {
    if is_cache(git)? {
        let found = git.run(["config", "--local", "--get", &format!("remote.{REMOTE}.url")])?;
        let found = String::from_utf8_lossy(found.trim_ascii()).into_owned();
        if url != REMOTE && url.trim_end_matches('/') != found.trim_end_matches('/') {
            let path = git.git_dir().to_owned();
            return Err(Error::OtherUrl { path, found: shown_url(&found), url: shown_url(url) });
        }
        return Ok((REMOTE.to_owned(), true));
    }
    let is_remote = || {
        let output = git.output(["config", "--get", &format!("remote.{url}.url")])?;
        Ok::<_, GitError>(output.status.success())
    };
    if is_url(url) || (check_ref_name(url).is_ok() && is_remote()?) {
        return Ok((url.to_owned(), false));
    }
    Err(Error::Scheme { url: shown_url(url) })
}

/// The names of all tags that are there.
fn existing_tags(git: &Git) -> Result<BTreeSet<String>, Error> {
    let list = git.run(["for-each-ref", "--format=%(refname:lstrip=2)", "refs/tags/"])?;
    Ok(String::from_utf8_lossy(&list).lines().map(str::to_owned).collect())
}

/// Those of `ids` that the repository does not have.
fn missing<'a>(git: &Git, ids: &BTreeSet<&'a str>) -> Result<BTreeSet<&'a str>, Error> {
    let mut list = String::new();
    for id in ids {
        list.push_str(id);
        list.push('\n');
    }
    let answer = git.run_with_input(["cat-file", "--batch-check=%(objectname)"], list)?;
    let answer = String::from_utf8_lossy(&answer);
    let lacking: BTreeSet<&str> = answer.lines().filter_map(|line| line.strip_suffix(" missing")).collect();
    Ok(ids.iter().copied().filter(|id| lacking.contains(id)).collect())
}

/// The size of all packs, in bytes.
fn pack_bytes(git: &Git) -> Result<u64, Error> {
    let objects = git.run(["rev-parse", "--git-path", "objects"])?;
    let objects = bstr::ByteSlice::to_path_lossy(objects.strip_suffix(b"\n").unwrap_or(&objects)).into_owned();
    let path = git.git_dir().join(objects).join("pack");
    let read = || -> io::Result<u64> {
        let mut bytes = 0;
        for entry in std::fs::read_dir(&path)? {
            let entry = entry?;
            if std::path::Path::new(&entry.file_name()).extension().is_some_and(|ext| ext == "pack") {
                bytes += entry.metadata()?.len();
            }
        }
        Ok(bytes)
    };
    match read() {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(Error::Packs { path, source }),
        bytes => Ok(bytes.unwrap_or(0)),
    }
}

fn contains(stderr: &[u8], text: &str) -> bool {
    String::from_utf8_lossy(stderr).contains(text)
}

/// True for the messages about objects that the other side lacks or keeps to itself.
fn is_about_objects(stderr: &str) -> bool {
    ["not our ref", "unadvertised object", "did not send all necessary objects"]
        .iter()
        .any(|text| stderr.contains(text))
}

/// From what git says (in the C locale) to what it means.
fn classify(source: GitError, url: &str) -> Error {
    const UNREACHABLE: &[&str] = &[
        "Could not resolve",
        "unable to look up",
        "unable to connect",
        "Failed to connect",
        "Couldn't connect",
        "Connection refused",
        "Connection timed out",
        "Connection reset",
        "No route to host",
        "Network is unreachable",
        "timed out",
        "Temporary failure in name resolution",
        "Name or service not known",
        "requested URL returned error: 5",
    ];
    const DENIED: &[&str] = &[
        "Authentication failed",
        "could not read Username",
        "could not read Password",
        "Permission denied",
        "requested URL returned error: 401",
        "requested URL returned error: 403",
        "Host key verification failed",
    ];
    const NO_REPOSITORY: &[&str] = &[
        "not appear to be a git repository",
        "' not found",
        "not valid: is this a git repository",
        "requested URL returned error: 404",
        "access denied or repository not exported",
        "no such repository",
    ];
    let Some(stderr) = source.stderr() else {
        return Error::Git(source);
    };
    let says = |texts: &[&str]| texts.iter().any(|text| stderr.contains(text));
    let tag = stderr.split_once("couldn't find remote ref refs/tags/");
    let tag = tag.and_then(|(_, rest)| rest.lines().next()).map(str::to_owned);
    let (unreachable, denied, nothing) = (says(UNREACHABLE), says(DENIED), says(NO_REPOSITORY));
    let url = shown_url(url);
    match tag {
        Some(tag) => Error::UnknownTag { tag, url, source: Box::new(source) },
        None if unreachable => Error::Unreachable { url, source: Box::new(source) },
        None if denied => Error::Denied { url, source: Box::new(source) },
        None if nothing => Error::NotARepository { url, source: Box::new(source) },
        None => Error::Git(source),
    }
}

#[cfg(test)]
mod tests;
